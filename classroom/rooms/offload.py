"""Database work off the event loop: a small pool of its own, so that a slow query elsewhere never holds up a stream.

Channels' ``database_sync_to_async`` runs everything of a process on one thread; a 300 ms query there delays every socket.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import Error, close_old_connections, connection, connections, transaction

P = ParamSpec("P")
R = TypeVar("R")
THREADS = 4
_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="rooms-db")


def connections_rest() -> None:
    """Between two pieces of work on a thread that lives long: PostgreSQL's connection goes back to its pool, and SQLite's
    stays. SQLite folds the whole log into its file, with two syncs, whenever the last one closes.
    """
    for each in connections.all(initialized_only=True):
        if each.vendor == "sqlite":
            each.close_at = None
    close_old_connections()


@contextmanager
def reading() -> Iterator[None]:
    """Several queries in one transaction that writes nothing.

    On SQLite a transaction of ours takes the one write lock at its beginning; everybody who joined waited for the scribe
    and for all who wrote, and made them wait while her snapshot was read.
    """
    lockless = getattr(connection, "reading", nullcontext)  # of classroom.sqlite3
    with lockless(), transaction.atomic():
        yield


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
