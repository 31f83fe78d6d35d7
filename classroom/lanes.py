"""A few threads for all pages and HTTP calls of a process, in place of a new one, with connections of its own, for each.

Django runs the synchronous half of a request on a thread that is made for it. When a class came back at once, as many threads
opened as many connections to database and Redis: memory stayed at that height, and SQLite keeps the descriptor of a closed
connection while another one of the process is open. A request that waits (an event stream, a long poll) holds no lane.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, ParamSpec, TypeVar

from asgiref.sync import ThreadSensitiveContext

LANES: Final = 8  # what takes long there (a board's picture, a password's hash) must leave lanes for the others

P = ParamSpec("P")
R = TypeVar("R")
Application = Callable[[dict[str, Any], Any, Any], Any]


class Lane(ThreadPoolExecutor):
    """One thread. ``pending``: what it does and what waits for it."""

    def __init__(self, number: int) -> None:
        super().__init__(1, thread_name_prefix=f"http-{number}")
        self.pending: set[Future[Any]] = set()

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        future = super().submit(fn, *args, **kwargs)
        self.pending.add(future)
        future.add_done_callback(self.pending.discard)
        return future


class Lanes:
    """An ASGI application whose requests each have a lane for as long as they last: the one in which least waits."""

    def __init__(self, application: Application, count: int = LANES) -> None:
        self._application = application
        self._lanes = deque(Lane(number) for number in range(count))

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self._lanes.rotate(-1)  # of those that are alike each in turn
        lane = min(self._lanes, key=lambda one: len(one.pending))
        async with ThreadSensitiveContext(executor=lane):
            await self._application(scope, receive, send)
