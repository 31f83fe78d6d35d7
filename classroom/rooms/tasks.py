"""Work in the background of one event loop that is held on to, and whose end is never silent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

log = structlog.get_logger(__name__)
AGAIN_S = 1.0


class Tasks:
    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)  # the loop itself only holds it weakly
        task.add_done_callback(self._done)
        return task

    def keep(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Spawn work that must not end: whatever broke it has been logged, and it begins again."""

        def again(task: asyncio.Task[Any]) -> None:
            if not task.cancelled():
                asyncio.get_running_loop().call_later(AGAIN_S, self.keep, work)

        self.spawn(work()).add_done_callback(again)

    def cancel(self) -> None:
        for task in list(self._running):
            task.cancel()

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("background_task_failed", task=task.get_name(), exc_info=task.exception())
