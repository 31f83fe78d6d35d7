"""Engines that run each request in a thread of its own, a few at a time, first come first served."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial

from inference_worker.engines.base import EngineOptions, Finish, Handle, Progress, Request, Stats
from inference_worker.engines.errors import RequestError

log = logging.getLogger(__name__)
FAILED = "The model failed on this question."


class PooledEngine(ABC):
    """Subclasses give ``name``, ``start`` and ``_generate``; what ``_generate`` raises fails that request alone."""

    name = ""
    takes_turns = False

    def __init__(self, options: EngineOptions, *, slots: int) -> None:
        self.options = options
        self.model = options.model
        self.slots = options.slots or slots
        self._pool = ThreadPoolExecutor(self.slots, thread_name_prefix=f"engine-{self.name}")
        self._lock = threading.Lock()
        self._live: dict[Handle, Future[None]] = {}
        self._running: set[Handle] = set()
        self._made = 0
        self._draining = False

    @abstractmethod
    def start(self, progress: Progress) -> None: ...

    @abstractmethod
    def _generate(self, handle: Handle) -> Finish: ...

    def submit(self, request: Request) -> Handle:
        handle = Handle(request, self._make_room)
        with self._lock:
            if self._draining:
                handle.finish(Finish("preempted"))
                return handle
            future = self._pool.submit(self._run, handle)
            self._live[handle] = future
        future.add_done_callback(partial(self._settle, handle))
        self._make_room()
        return handle

    def stats(self) -> Stats:
        with self._lock:
            live = [handle for handle in self._live if not handle.over]  # its end is heard before its thread is free
            running = sum(handle in self._running for handle in live)
            paused = sum(handle.paused_at is not None for handle in live)
            return Stats(running, len(live) - running, self._made, paused)

    def drain(self, timeout_s: float) -> None:
        with self._lock:
            self._draining = True
            live = dict(self._live)
        for handle in live:
            handle.cancel("preempted")
        wait(live.values(), timeout_s)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self, handle: Handle) -> None:
        if not handle.begin():
            return
        with self._lock:
            self._running.add(handle)
        try:
            handle.finish(self._generate(handle))
        finally:
            with self._lock:
                self._running.discard(handle)

    def _make_room(self) -> None:
        """A paused request keeps its thread until another one needs it: then whoever pauses longest is sent away."""
        with self._lock:
            waiting = sum(handle not in self._running and handle.paused_at is None for handle in self._live)
            leaving = [handle for handle in self._running if handle.due() is not None]
            paused = [(handle.paused_at, handle) for handle in self._running if handle not in leaving]
            free = self.slots - len(self._running) + len(leaving)
        resting = sorted(((at, handle) for at, handle in paused if at is not None), key=lambda pair: pair[0])
        for _, handle in resting[: max(0, waiting - free)]:
            handle.cancel("preempted")

    def _emit(self, handle: Handle, text: str) -> None:
        """One token's text, perhaps empty."""
        with self._lock:
            self._made += 1
        handle.emit(text)

    def _settle(self, handle: Handle, future: Future[None]) -> None:
        with self._lock:
            self._live.pop(handle, None)
        if future.cancelled():
            handle.finish(Finish("preempted"))
            return
        error = future.exception()
        if isinstance(error, RequestError):
            handle.finish(Finish("error", message=str(error)))
        elif error is not None:
            log.error("request %s failed", handle.request.id, exc_info=error)
            handle.finish(Finish("error", message=f"{FAILED} ({type(error).__name__})"))
