"""Connections of threads that live long."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection

from classroom.rooms.offload import connections_rest, offload
from tests.databases import connected_to
from tests.services import Postgres


def opened() -> object:
    """What this thread's connection speaks over; None while it is closed."""
    return connection.connection


def used() -> object:
    connection.ensure_connection()
    return connection.connection


def in_one_thread(*works: object) -> list[object]:
    def run() -> list[object]:
        try:
            return [work() for work in works if callable(work)]
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


@pytest.mark.django_db(transaction=True)
def test_sqlite_stays_open() -> None:
    first, _, kept = in_one_thread(used, connections_rest, opened)
    assert first is kept is not None


@pytest.mark.django_db(transaction=True)
def test_one_that_failed_is_closed() -> None:
    def fails() -> None:
        connection.ensure_connection()
        seen.append((connection.connection, threading.get_ident()))
        raise OperationalError("disk I/O error")

    async def again_and_again() -> None:
        with pytest.raises(OperationalError):
            await offload(fails)
        for _ in range(12):
            seen.append(await offload(lambda: (used(), threading.get_ident())))

    seen: list[tuple[object, int]] = []
    asyncio.run(again_and_again())
    failed, thread = seen[0]
    assert all(one is not failed for one, where in seen[1:] if where == thread)


@pytest.mark.django_db(transaction=True)
def test_postgresql_goes_back_to_its_pool(postgres: Postgres) -> None:
    with connected_to(postgres.database()):
        *_, after = in_one_thread(used, connections_rest, opened)
    assert after is None


@pytest.mark.django_db(transaction=True)
def test_work_finds_the_connection_of_the_work_before() -> None:
    async def several() -> set[object]:
        return {await offload(used) for _ in range(12)}

    assert len(asyncio.run(several())) <= 4, "one for each thread of the pool"
