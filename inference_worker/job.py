"""The contract between the teaching side and the model side: plain data, JSON both ways, and the names of the Redis keys.

This module imports nothing of ours and nothing heavy, so that both sides can hold it. The model side learns no person,
no room and no class: ``room_key`` and ``class_key`` are opaque and serve fairness only.

Offsets and lengths count Unicode code points of the *raw* text (everything the model wrote, thoughts included).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypedDict

PREFIX = "cs:"
OUTPUTS = PREFIX + "outputs:{shard}"  # Redis Stream worker -> scribe; one field, OUTPUT_FIELD, holding Output.to_json()
OUTPUT_FIELD = "o"
JOBS = PREFIX + "jobs"  # Redis list of Job.entry; LPUSH by the web, taken in fair turns by a ticket
JOB = PREFIX + "job:{answer}:{attempt}"  # the Job as JSON, expires after JOB_TTL_S
TAKEN = PREFIX + "taken:{answer}:{attempt}"  # the worker that took the job, JOB_TTL_S long: an attempt runs once
STOP = PREFIX + "stop:{answer}"  # exists once an answer was stopped; looked at before a job starts
PAUSE = (
    PREFIX + "pause:{answer}"
)  # exists while an answer is paused; looked at like STOP, and when the listener was away
CONTROL = PREFIX + "control"  # pub/sub, Control.to_json(): takes effect at the next token
PERSISTED = PREFIX + "persisted"  # pub/sub, Persisted.to_json(): the scribe says how far the log has come
WORKER = PREFIX + "worker:{name}"  # heartbeat, WorkerState.to_json(), every HEARTBEAT_S, expires after WORKER_TTL_S
LEFT = (
    PREFIX + "left:{name}"
)  # exists once a worker has left in order, JOB_TTL_S long: what it let go is nobody's failure
JOB_TTL_S = 3600
HEARTBEAT_S = 1.0
WORKER_TTL_S = 5
QUEUE = "inference"  # the Celery queue of tickets
OWN_QUEUE = QUEUE + ".{name}"  # tickets for one worker, which knows the room that asks
TICKET = "inference_worker.tasks.ticket"  # the Celery task: no arguments, pops one job
BACKGROUND = (
    "background"  # the class_key of what nobody waits for: it goes behind every other job and gives up its place
)

OutputKind = Literal["started", "text", "done"]
PresetName = Literal["seed", "solve", "hint"]  # what a text is for; how the model is then sampled, the worker knows
THINK = ("<think>", "</think>")  # around a thought in the raw text, whatever the model's own markers are
FinishReason = Literal["stop", "length", "cancelled", "deadline", "error", "preempted"]


def _plain(flat: Any) -> dict[str, Any]:
    """The fields of a dataclass with slots. ``asdict`` would copy all that is in them, for each chunk of each answer."""
    return {name: getattr(flat, name) for name in flat.__slots__}


class Message(TypedDict):
    """One chat turn as the chat template of the model wants it."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to draw tokens. ``temperature`` 0 means greedy; ``seed`` None means a fresh one.

    ``stop`` and ``stop_ids`` end the text before them. ``loop_tokens``: end a text whose last so many tokens are one
    piece repeated four times or more; 0 lets it go on. Engines without a tokenizer know no ``stop_ids``.
    """

    max_tokens: int = 512
    temperature: float = 0.3
    top_p: float = 0.9
    top_k: int = 0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    stop_ids: tuple[int, ...] = ()
    loop_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """One attempt at one answer. Raises ValueError for an answer, class or room whose name cannot stand in ``entry``.

    ``prefix`` is the raw text that is already in the log: generation goes on right behind it, and the first Output of
    this attempt has offset ``len(prefix)``. ``cut``: what stands before it is in ``messages`` already, because somebody
    put in a word there; the model continues ``prefix[cut:]``. ``deadline_s`` is the longest that this attempt may run,
    in seconds. ``preset``: a PresetName, whose values for the model replace those of ``sampling``, or "" to keep them;
    ``sampling.max_tokens`` bounds the text that is shown. ``language``: what the reply is to be in, where that needs saying
    ("zh-hans").
    """

    answer: str
    attempt: int
    messages: tuple[Message, ...]
    sampling: Sampling = field(default_factory=Sampling)
    prefix: str = ""
    cut: int = 0
    deadline_s: float = 120.0
    room_key: str = ""
    class_key: str = ""
    trace: str = ""
    preset: str = ""
    language: str = ""

    def __post_init__(self) -> None:
        for name in ("answer", "class_key", "room_key"):
            if ":" in getattr(self, name):
                raise ValueError(f"{name} holds a colon, which stands between the names in the list of jobs")

    @property
    def entry(self) -> str:
        """Its place in JOBS, with all that choosing the next one needs. Who takes jobs throws away what has other colons."""
        return f"{self.answer}:{self.attempt}:{self.class_key}:{self.room_key}"

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> Job:
        raw = json.loads(text)
        sampling = raw.pop("sampling")
        for name in ("stop", "stop_ids"):
            sampling[name] = tuple(sampling.get(name, ()))
        raw["messages"] = tuple(raw["messages"])
        return cls(sampling=Sampling(**sampling), **raw)


@dataclass(frozen=True, slots=True)
class Output:
    """What a worker sends to the scribe.

    * ``started``: a worker has taken the job. ``info``: model, engine, worker. It may come twice; the second changes
      nothing.
    * ``text``: ``text`` stands at ``offset`` of the raw text of this answer.
    * ``done``: exactly one for an attempt, the last. ``offset`` = raw length, ``sha256`` of the whole raw text (UTF-8),
      ``reason`` a FinishReason, ``info``: prompt_tokens, completion_tokens (of the whole answer), first_token_ms (None
      without any), total_ms; for ``error`` message, fit for the room, and unavailable: the worker has no model to use.
    """

    answer: str
    attempt: int
    kind: OutputKind
    offset: int
    text: str = ""
    reason: str = ""
    sha256: str = ""
    info: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        return json.dumps(_plain(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> Output:
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class Control:
    """A hand on a running answer: of one ``attempt`` (0: whichever runs). A pause keeps what the model has in memory.

    ``resume``: the log has ``raw_length`` of the raw text; what was written beyond it and dropped is sent again.
    """

    verb: Literal["stop", "pause", "resume"]
    answer: str
    attempt: int = 0
    raw_length: int = 0

    def to_json(self) -> str:
        return json.dumps(_plain(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> Control:
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class Persisted:
    """The scribe's word to the worker: this much of the raw text is committed.

    The worker keeps the whole text until ``done`` is true for its (answer, attempt). ``hole`` asks it to send again
    from ``raw_length`` on.
    """

    answer: str
    attempt: int
    raw_length: int
    done: bool = False
    hole: bool = False

    def to_json(self) -> str:
        return json.dumps(_plain(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> Persisted:
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class WorkerState:
    """A worker's heartbeat. ``state``: loading, ready (first token generated) or broken; ``reason`` names what is wrong.

    ``running`` holds "answer:attempt" of every job that this worker has and has not yet seen confirmed. ``context``: how
    many tokens a prompt and its answer may have together, 0 when the engine does not say. ``figures``: its counts, by name.
    ``tools``: its model is known to call tools well. ``waiting``: those of ``running`` that wait in the engine, or did a
    moment ago, so that no text of theirs is to be expected.
    """

    name: str
    state: Literal["loading", "ready", "broken"]
    engine: str
    model: str
    reason: str = ""
    running: tuple[str, ...] = ()
    context: int = 0
    figures: dict[str, float] = field(default_factory=dict)
    tools: bool = False
    waiting: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # A setting or a file's name may hold bytes that are no UTF-8, and everybody is told of it.
        for name in ("name", "engine", "model", "reason"):
            object.__setattr__(self, name, getattr(self, name).encode(errors="replace").decode())

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> WorkerState:
        raw = json.loads(text)
        raw["running"], raw["waiting"] = tuple(raw["running"]), tuple(raw.get("waiting", ()))
        return cls(**raw)
