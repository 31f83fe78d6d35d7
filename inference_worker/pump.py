"""Carries the engine's words to the runs, all of them on one thread.

A thread for each run would be woken by every token: for 32 answers that is 32 changes of threads in each of the model's
steps, and on a machine with few cores it is the model that waits for them. Here one wakes up, and finds all that the
step has made.
"""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Protocol

from inference_worker.engines.base import Event, Finish, Handle

log = logging.getLogger(__name__)
LOOK_S = 0.25  # so long a run for which nothing comes is not looked at


class Flow(Protocol):
    """What becomes of one request's events. Called on the pump's thread only, which it must not hold up."""

    def hear(self, event: Event | None, now: float) -> Finish | None:
        """The next event, or None: no event, but time has gone by. The end, when that was it."""

    def due(self) -> float | None:
        """The time by ``time.monotonic`` at which it wants to be looked at, whatever comes."""


@dataclass(slots=True)
class Carried:
    flow: Flow
    end: Future[Finish] = field(default_factory=Future)
    look_at: float = 0.0  # also when nothing comes


class Pump:
    """``start`` once, ``carry`` from any thread, ``stop`` once: whatever is carried then ends with ``preempted``."""

    def __init__(self) -> None:
        self._events: SimpleQueue[tuple[Handle, Event] | None] = SimpleQueue()
        self._carried: dict[Handle, Carried] = {}
        self._lock = threading.Lock()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="pump", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        with self._lock:
            self._stopped = True
            left, self._carried = list(self._carried.values()), {}
        for one in left:
            one.end.set_result(Finish("preempted"))
        self._events.put(None)
        self._thread.join(timeout_s)

    def carry(self, handle: Handle, flow: Flow) -> Finish:
        """Waits until the flow says that it is over. Raises what the flow raises."""
        carried = Carried(flow)
        with self._lock:
            if self._stopped:
                return Finish("preempted")
            self._carried[handle] = carried
        handle.send_to(self._events)
        self._events.put(None)  # the thread may sleep until somebody else's time
        return carried.end.result()

    # ---- the thread

    def _run(self) -> None:
        while not self._stopped:
            with suppress(Empty):
                self._pass_on(self._events.get(timeout=self._nap()))
            now = time.monotonic()
            for handle, one in self._all():
                if now >= one.look_at:
                    self._tell(handle, None, now)

    def _all(self) -> list[tuple[Handle, Carried]]:
        with self._lock:
            return list(self._carried.items())

    def _nap(self) -> float | None:
        times = [one.look_at for _, one in self._all()]
        return max(0.0, min(times) - time.monotonic()) if times else None

    def _pass_on(self, found: tuple[Handle, Event] | None) -> None:
        """What has come, and what came with it. Not what comes meanwhile: the clock waits too."""
        now = time.monotonic()
        for more in range(self._events.qsize(), -1, -1):
            if found is not None:
                self._tell(*found, now)
            if more:
                found = self._events.get_nowait()

    def _tell(self, handle: Handle, event: Event | None, now: float) -> None:
        one = self._carried.get(handle)
        if one is None:
            return  # it was given up before its end
        try:
            finish = one.flow.hear(event, now)
            due = one.flow.due()
        except Exception as error:  # an edge: one run's accident is its own
            log.exception("a run has failed")
            handle.cancel()
            if self._drop(handle):
                one.end.set_exception(error)
            return
        one.look_at = now + LOOK_S if due is None else min(due, now + LOOK_S)
        if finish is not None and self._drop(handle):
            one.end.set_result(finish)

    def _drop(self, handle: Handle) -> bool:
        """False when ``stop`` has ended it meanwhile."""
        with self._lock:
            return self._carried.pop(handle, None) is not None
