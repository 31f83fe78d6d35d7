"""Database work off the event loop: a small pool of its own, so that a slow query elsewhere never holds up a stream.

Channels' ``database_sync_to_async`` runs everything of a process on one thread; a 300 ms query there delays every socket.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import Error, close_old_connections, connections

P = ParamSpec("P")
R = TypeVar("R")
THREADS = 4
_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="rooms-db")


def connections_rest() -> None:
    """Between two pieces of work on a thread that lives long: PostgreSQL's connection goes back to its pool, and SQLite's
    stays. SQLite folds the whole log into its file, with two syncs, whenever the last one closes.
    """
    for connection in connections.all(initialized_only=True):
        if connection.vendor == "sqlite":
            connection.close_at = None
    close_old_connections()


async def offload(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run blocking ``work`` on the pool, giving its database connection back afterwards."""

    def run() -> R:
        connections_rest()
        try:
            return work(*args, **kwargs)
        except Error:
            connections.close_all()  # whatever is wrong with it, the next work begins anew
            raise
        finally:
            connections_rest()

    return await sync_to_async(run, thread_sensitive=False, executor=_pool)()
