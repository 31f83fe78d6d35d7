"""Taking a job from Redis: in fair turns, at most once for each (answer, attempt), and never without a word about it.

One script (take.lua) chooses and pops the job, marks the attempt as taken and puts ``started`` into the output stream,
all or nothing. So there is no moment at which a job is gone from the list while nobody but a dying worker knows of it:
from ``started`` on the other side sees that the attempt runs, and hands it on when this worker's heartbeat stops.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from inference_worker.job import (
    BACKGROUND,
    JOB,
    JOB_TTL_S,
    JOBS,
    OUTPUT_FIELD,
    OUTPUTS,
    PAUSE,
    PREFIX,
    STOP,
    TAKEN,
    WORKER,
    Job,
)

SHARD: Final = 0  # one output stream in this version
STREAM: Final = OUTPUTS.format(shard=SHARD)

SHARES: Final = PREFIX + "shares"  # what each class and room has had; see take.lua
HOMES: Final = PREFIX + "homes"  # room -> the worker that served it last, and may still have its text in memory
PASSED: Final = PREFIX + "passed"  # entry -> when a worker first left it to the room's own
HOME_MS: Final = 1_000  # so long a job waits for the worker that knows its room
OUTPUT_WEIGHT: Final = (
    2  # a token that is written costs twice one that is read (as in VTC, arXiv 2401.00588); take.lua too
)
_TAKE: Final = Path(__file__).with_name("take.lua").read_text()


class Elsewhere(Exception):
    """All jobs that wait are left to workers that know their rooms, for a moment: ring ``home``, ask again soon."""

    def __init__(self, home: str) -> None:
        super().__init__(home)
        self.home = home


@dataclass(frozen=True, slots=True)
class Taken:
    """A job of ours. ``job`` is None when what lay in Redis cannot be read; ``stopped`` when nobody wants it.

    Whoever has it calls ``settle`` once, whatever becomes of it: its class and room have been charged with ``reserved``.
    """

    answer: str
    attempt: int
    job: Job | None
    stopped: bool = False
    fault: str = ""
    class_key: str = ""
    room_key: str = ""
    reserved: float = 0.0  # weighted tokens


class Jobs:
    """``client``: a redis.Redis with ``decode_responses=True``. Every method may raise redis.RedisError."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._take = client.register_script(_TAKE)

    def take(self, worker: str, info: Mapping[str, Any]) -> Taken | None:
        """The job whose turn it is, or None. ``info`` goes into its ``started``; it must not be empty. Raises Elsewhere."""
        arguments = [JOB, TAKEN, STOP, WORKER, worker, JOB_TTL_S, json.dumps(dict(info)), OUTPUT_FIELD, HOME_MS]
        arguments.append(BACKGROUND)
        found = self._take(keys=[JOBS, STREAM, SHARES, HOMES, PASSED], args=arguments)
        if isinstance(found, str):
            raise Elsewhere(found)
        if not found:
            return None
        answer, attempt, text, stopped, class_key, room_key, reserved = found
        taken = Taken(
            answer, int(attempt), None, bool(stopped), class_key=class_key, room_key=room_key, reserved=float(reserved)
        )
        try:
            return replace(taken, job=Job.from_json(text))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            return replace(taken, fault=f"{type(error).__name__}: {error}")

    def settle(self, taken: Taken, *, prompt_tokens: int, completion_tokens: int) -> None:
        """Give the class and the room back what was reserved and not used (or charge what was used beyond).

        The tokens are those of this attempt: what an earlier one has written was paid for then.
        """
        if taken.class_key == BACKGROUND:
            return
        rest = prompt_tokens + OUTPUT_WEIGHT * completion_tokens - taken.reserved
        with self._client.pipeline(transaction=False) as pipeline:
            pipeline.hincrbyfloat(SHARES, f"class:{taken.class_key}", rest)
            pipeline.hincrbyfloat(SHARES, f"room:{taken.room_key}", rest)
            pipeline.execute()

    def waiting(self) -> list[tuple[str, str]]:
        """Class and room of every job that waits, the oldest first."""
        entries = [entry.split(":") for entry in reversed(self._client.lrange(JOBS, 0, -1))]
        return [(words[2], words[3]) for words in entries if len(words) == 4]

    def said(self, answer: str) -> tuple[bool, bool]:
        """Whether the answer was stopped, and whether it is paused."""
        stopped, paused = self._client.mget(STOP.format(answer=answer), PAUSE.format(answer=answer))
        return stopped is not None, paused is not None
