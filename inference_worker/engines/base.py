"""What every engine is: ``submit(request) -> handle``; ``handle.events()`` yields Chunk … and then exactly one Finish.

Rules that the contract suite holds every engine to:

* E1 the concatenated text of the chunks is the answer's raw text behind ``request.prefix``; no chunk is empty, holds
  half a character, or holds text at or behind a stop string, also one that begins in the prefix.
* E2 there is exactly one Finish, the last event, whatever happens; a request that fails does not disturb others.
* E3 ``cancel`` is idempotent, takes effect at the next token (at once while the request waits), and never blocks.
* E4 ``sampling.max_tokens`` and ``completion_tokens`` count the whole answer: the prefix's tokens and the new ones.
* E5 temperature 0 is greedy; a request with a seed draws the same text whenever it is run.
* E6 ``deadline_s`` counts from ``submit``, but not while a request that had begun gives way to others.
* E7 ``pause`` and ``resume`` are idempotent and take effect at the next token. A paused request says nothing and its
  deadline's clock stands still; what it needs to go on is kept while there is room, and when others need that room it
  ends with ``preempted``. The text is the same as without the pause. A cancel ends it at once.

Engines are thread-safe: any thread may submit, cancel, pause, resume and ask for stats. Several samples of one prompt
are several requests with different seeds; the engines that can share the reading of the prompt do so by themselves.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from inference_worker.job import FinishReason, Message, Sampling

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How to make an engine. 0 and "" are the engine's own choice.

    ``slots``: requests that run at the same time. ``rate``: tokens/s, the scripted engine only. The rest is for the
    batching engine: ``dtype`` (float32, bfloat16), ``device`` (cpu, cuda), ``kv_tokens``: tokens of context in memory,
    running and kept, ``prefill``: prompt tokens a step may read, ``fair``: whether rooms take turns or the oldest
    request comes first, ``reuse``: whether the beginning of a prompt that was read before is taken from memory.
    """

    model: str
    data_dir: Path
    slots: int = 0
    rate: float = 40.0
    dtype: str = ""
    device: str = ""
    kv_tokens: int = 0
    prefill: int = 0
    fair: bool = True
    reuse: bool = True


@dataclass(frozen=True, slots=True)
class Request:
    """One run. ``id`` names it in logs; ``room_key`` and ``class_key`` are opaque, and share the engine fairly.

    ``ids``: the prompt as the model's own tokens, in place of ``messages``; an engine without a tokenizer refuses it.
    """

    id: str
    messages: tuple[Message, ...]
    sampling: Sampling
    prefix: str = ""
    deadline_s: float = 120.0
    room_key: str = ""
    class_key: str = ""
    ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some text, made of ``tokens`` tokens."""

    text: str
    tokens: int = 1


@dataclass(frozen=True, slots=True)
class Finish:
    """The end. ``message`` says in words what went wrong when ``reason`` is ``error``, and what else there is to say."""

    reason: FinishReason
    prompt_tokens: int = 0
    completion_tokens: int = 0
    message: str = ""


Event = Chunk | Finish


class Outbox(Protocol):
    """Where the events of many handles go; ``put`` does not block."""

    def put(self, item: tuple[Handle, Event]) -> None: ...


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts since the start, except for the first two and ``paused``, ``kv_used``, which are now."""

    running: int
    waiting: int
    tokens: int  # generated
    paused: int = 0
    prompt_tokens: int = 0  # read by the model
    reused_tokens: int = 0  # taken from memory instead
    prefix_hits: int = 0  # requests that took some
    kv_used: int = 0  # tokens of context in memory
    kv_room: int = 0  # and how many there may be
    steps: int = 0
    step_ms: float = 0.0  # the last ones' mean


class Handle:
    """One submitted request: the engine's end (begin, due, emit, finish) and the caller's (events, poll, cancel, pause).

    ``notify`` is called, without a lock held, when the caller has asked for something.
    """

    def __init__(self, request: Request, notify: Callable[[], None] | None = None) -> None:
        self.request = request
        self._notify = notify
        self._deadline = time.monotonic() + request.deadline_s
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._outbox: Outbox | None = None
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._asked: FinishReason | None = None
        self._paused_at: float | None = None
        self._still_from: float | None = None  # since when the deadline's clock stands
        self._begun = self._aside = False
        self._finished = False

    @property
    def deadline(self) -> float:
        """By ``time.monotonic``; while paused or set aside it moves along."""
        with self._lock:
            return self._deadline_now()

    @property
    def paused_at(self) -> float | None:
        return self._paused_at

    @property
    def over(self) -> bool:
        return self._finished

    @property
    def waits(self) -> bool:
        """It has not begun, or has given way to others: no word of it is to be expected."""
        return not self._begun or self._aside

    @property
    def aside(self) -> bool:
        return self._aside

    # ---- the caller's end

    def events(self) -> Iterator[Event]:
        """Chunks, then one Finish. One consumer."""
        while True:
            event = self._events.get()
            yield event
            if isinstance(event, Finish):
                return

    def poll(self, timeout_s: float | None) -> Event | None:
        """The next event, or None when none came in time."""
        try:
            return self._events.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def send_to(self, outbox: Outbox) -> None:
        """All events go there, with this handle beside each, and no longer to ``events`` and ``poll``."""
        with self._lock:
            self._outbox = outbox
            while not self._events.empty():
                outbox.put((self, self._events.get_nowait()))

    def cancel(self, reason: FinishReason = "cancelled") -> None:
        with self._lock:
            self._asked = self._asked or reason
            waiting = not self._begun
            self._changed.notify_all()
        if waiting:
            self.finish(Finish(reason))
        self._tell()

    def pause(self) -> None:
        with self._lock:
            if self._paused_at is None and not self._finished:
                self._paused_at = time.monotonic()
                self._clock()
        self._tell()

    def resume(self) -> None:
        with self._lock:
            self._paused_at = None
            self._clock()
            self._changed.notify_all()
        self._tell()

    # ---- the engine's end

    def begin(self) -> bool:
        """False if the request was ended while it waited: then there is nothing to run."""
        with self._lock:
            self._begun, self._aside = not self._finished, False
            self._clock()
            return self._begun

    def stand_aside(self) -> None:
        """It has begun and gives way to others; ``begin`` comes again."""
        with self._lock:
            self._aside = True
            self._clock()

    def due(self) -> FinishReason | None:
        """Why to end now, asked before every token; None to go on."""
        if self._asked is not None:
            return self._asked
        return "deadline" if time.monotonic() >= self.deadline else None

    def rest(self, seconds: float) -> None:
        """Sleep, but wake up for a cancel and at the deadline."""
        until = max(0.0, min(seconds, self.deadline - time.monotonic()))
        with self._changed:
            self._changed.wait_for(lambda: self._asked is not None, until)

    def halt(self) -> float:
        """Sleep while paused and not cancelled. The seconds that it took."""
        begun = time.monotonic()
        with self._changed:
            if self._paused_at is None:
                return 0.0
            self._changed.wait_for(lambda: self._paused_at is None or self._asked is not None)
        return time.monotonic() - begun

    def emit(self, text: str, tokens: int = 1) -> None:
        with self._lock:
            if text and not self._finished:
                self._put(Chunk(text, tokens))

    def finish(self, finish: Finish) -> None:
        """The first one counts."""
        with self._lock:
            if not self._finished:
                self._finished = True
                self._put(finish)

    def _put(self, event: Event) -> None:
        if self._outbox is None:
            self._events.put(event)
        else:
            self._outbox.put((self, event))

    def _clock(self) -> None:
        """Let the deadline's clock stand, or go on."""
        self._deadline = self._deadline_now()
        is_still = self._paused_at is not None or self._aside
        self._still_from = time.monotonic() if is_still else None

    def _deadline_now(self) -> float:
        return self._deadline + (0.0 if self._still_from is None else time.monotonic() - self._still_from)

    def _tell(self) -> None:
        if self._notify is not None:
            self._notify()


class Engine(Protocol):
    """``name`` is its word in INFERENCE_ENGINE, ``model`` what it runs, ``slots`` how many requests run at once.

    ``takes_turns``: of more requests than that it lets rooms take turns, and one that has many places gives some up.
    """

    name: str
    model: str
    slots: int
    takes_turns: bool

    def start(self, progress: Progress) -> None:
        """Load the model and generate one token. Raises ModelError. ``progress`` is told of slow steps."""

    def submit(self, request: Request) -> Handle: ...

    def stats(self) -> Stats: ...

    def drain(self, timeout_s: float) -> None:
        """End everything with ``preempted`` and wait for it. What is submitted afterwards is preempted too."""
