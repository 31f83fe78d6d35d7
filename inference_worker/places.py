"""How many runs a worker has at once, and who is let in when that many are there."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence

import redis

from inference_worker.engines.schedule import Group, gives_way
from inference_worker.job import BACKGROUND
from inference_worker.jobs import Jobs
from inference_worker.runs import Run

log = logging.getLogger(__name__)
SPARE = 8  # tickets that wait beside those that are served, and places above the count where an engine lets rooms take turns


class Places:
    """``runs``: those in hand. Any thread may call.

    A job that must wait stays in Redis, where every worker sees it. But where one room has all places and another has
    none, an engine that lets rooms take turns is given one request above its count: the room with many then waits.
    """

    def __init__(self, jobs: Jobs, runs: Callable[[], Sequence[Run]]) -> None:
        self._jobs, self._runs = jobs, runs
        self._changed = threading.Condition()
        self._entering = threading.Lock()  # one at a time looks whether it may come in above the count
        self._count, self._takes_turns = 1, False
        self._taken = 0

    def open(self, count: int, *, takes_turns: bool) -> None:
        with self._changed:
            self._count, self._takes_turns = count, takes_turns
            self._changed.notify_all()

    @property
    def tickets(self) -> int:
        """How many to hold at once. Not more: who holds one and waits keeps it from an idle worker."""
        return self._count + SPARE

    def enter(self, wait_s: float) -> bool:
        """Take a place, if there is one within that time. Else a run may be asked to leave, and the next try succeed."""
        if self._take(0.0) or self._take_turn() or self._take(wait_s):
            return True
        self._make_way()
        return False

    def leave(self) -> None:
        with self._changed:
            self._taken -= 1
            self._changed.notify()

    def _take(self, wait_s: float, *, more: int = 0) -> bool:
        with self._changed:
            if not self._changed.wait_for(lambda: self._taken < self._count + more, wait_s):
                return False
            self._taken += 1
            return True

    def _take_turn(self) -> bool:
        if not self._takes_turns:
            return False
        with self._entering:
            runs = self._runs()
            paused = sum(run.paused for run in runs)  # they have no place in the engine
            if self._taken > len(runs) or any(run.pending for run in runs):
                return False  # somebody is coming in: who gives way for that one is not known yet
            if self._taken - paused < self._count or self._deserved(runs):
                return self._take(0.0, more=SPARE)
            return False

    def _deserved(self, runs: Sequence[Run]) -> bool:
        places = Counter(run.group for run in runs if not run.paused and not run.aside)
        return any(gives_way(places, group) is not None for group in set(self._waiting()))

    def _make_way(self) -> None:
        """Somebody waits and nothing is free: the run that was paused first gives up its place, and keeps its text; without
        one, what is written in the background, should it be a room that waits. An engine that lets rooms take turns does
        that better, as long as there are places above the count."""
        waiting = self._waiting()
        if not waiting or (self._takes_turns and self._taken < self._count + SPARE):
            return  # there are more tickets than jobs now and then
        runs = self._runs()
        gives = next((run for run in runs if run.paused), None)
        if gives is None and any(name != BACKGROUND for name, _ in waiting):
            gives = next((run for run in reversed(runs) if run.background), None)
        if gives is not None:
            gives.abandon()

    def _waiting(self) -> list[Group]:
        try:
            return self._jobs.waiting()
        except redis.RedisError:
            return []
