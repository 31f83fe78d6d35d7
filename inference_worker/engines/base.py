"""The interface of every engine (E1–E5), and the handle that most of them share.

E1 ``events()`` yields Started, then Chunks, then exactly one Finish, whatever happens. E2 the concatenated chunks are the
text behind the request's prefix: no token lost or doubled, no character split. E3 ``cancel`` takes effect at the next
token; it may be called from any thread, any number of times, also after the end. E4 a deadline ends a request as a cancel
does, with its own reason. E5 the same request with the same seed and prefix gives the same text.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from inference_worker.job import FinishReason, Message, Sampling


class EngineError(Exception):
    """The model cannot be used: says in words for people which file or setting is wrong."""


@dataclass(frozen=True, slots=True)
class Request:
    """One generation. ``prefix`` is text that the model has written already; ``deadline_s`` counts from submit."""

    request_id: str
    messages: tuple[Message, ...]
    sampling: Sampling = field(default_factory=Sampling)
    prefix: str = ""
    deadline_s: float = 120.0
    room_key: str = ""
    class_key: str = ""


@dataclass(frozen=True, slots=True)
class Started:
    """The request has left the queue; ``prompt_tokens`` includes the prefix."""

    prompt_tokens: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """New text: whole characters."""

    text: str


@dataclass(frozen=True, slots=True)
class Finish:
    """The end. ``message`` explains an ``error``."""

    reason: FinishReason
    completion_tokens: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class Stats:
    running: int
    waiting: int


Step = Started | Chunk | Finish


class Handle:
    """A running request: the engine's thread pushes, the task's thread reads ``events``."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.until = time.monotonic() + request.deadline_s
        self._events: queue.SimpleQueue[Step] = queue.SimpleQueue()
        self._cancel = threading.Event()
        self._reason: FinishReason = "cancelled"
        self._finished = threading.Event()

    def events(self) -> Iterator[Step]:
        while True:
            step = self._events.get()
            yield step
            if isinstance(step, Finish):
                return

    def cancel(self, reason: FinishReason = "cancelled") -> None:
        if not self._cancel.is_set():
            self._reason = reason
            self._cancel.set()

    def ended_by(self) -> FinishReason | None:
        """Why the engine must stop now, or None: asked before every token."""
        if self._cancel.is_set():
            return self._reason
        return "deadline" if time.monotonic() > self.until else None

    def wait(self, seconds: float) -> bool:
        """Sleep, but wake at once for a cancel; True if cancelled."""
        return self._cancel.wait(seconds)

    def push(self, step: Step) -> None:
        if not self._finished.is_set():
            if isinstance(step, Finish):
                self._finished.set()
            self._events.put(step)


class Engine(Protocol):
    """Thread-safe. ``load`` may take minutes and raises EngineError; after it one token has been generated."""

    name: str
    model: str

    def load(self) -> None: ...

    def submit(self, request: Request) -> Handle: ...

    def stats(self) -> Stats: ...

    def drain(self, reason: FinishReason = "preempted") -> None:
        """Cancel everything that runs or waits."""
        ...
