"""Waiting for SQLite's write lock: in line, with short looks, and not for ever."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.db.utils import OperationalError
from django.test.utils import CaptureQueriesContext

from classroom.people.models import Role, User
from classroom.rooms.offload import reading
from classroom.sqlite3 import base
from tests.services import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def holder() -> Iterator[sqlite3.Connection]:
    """Another program that has begun to write."""
    with closing(
        sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None, check_same_thread=False)
    ) as it:
        it.execute("BEGIN IMMEDIATE")
        yield it


def written(name: str) -> str:
    try:
        with transaction.atomic():
            User.objects.create(username=name, role=Role.STUDENT)
        return name
    finally:
        connection.close()


def renamed(name: str) -> int:
    """One UPDATE outside any transaction; how many rows it has changed."""
    try:
        return User.objects.update(first_name=name)
    finally:
        connection.close()


def test_it_is_the_house_s_database() -> None:
    assert settings.DATABASES["default"]["ENGINE"] == "classroom.sqlite3"
    assert connection.vendor == "sqlite"


def test_whoever_waits_begins_when_the_other_has_ended(holder: sqlite3.Connection) -> None:
    names = [f"waits{number}" for number in range(6)]
    with ThreadPoolExecutor(len(names)) as pool:
        waiting = [pool.submit(written, name) for name in names]
        wait_until(base._line.locked, "one of them is first in line")
        assert not any(one.done() for one in waiting)
        holder.execute("ROLLBACK")
        assert [one.result(10) for one in waiting] == names
    assert User.objects.filter(username__in=names).count() == len(names)
    assert not base._line.locked()


def test_nobody_waits_for_ever(holder: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "timeout", 0.05)
    with pytest.raises(OperationalError, match="locked"), transaction.atomic():
        pass
    assert not base._line.locked()
    with base._line, pytest.raises(OperationalError, match="locked"), transaction.atomic():
        pass
    holder.execute("ROLLBACK")
    with transaction.atomic():
        assert User.objects.count() == 0


def test_who_only_reads_waits_for_nobody_and_keeps_one_view(
    holder: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody writes and has not ended: a room is joined all the same."""
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "timeout", 0.05)
    with reading():
        assert User.objects.filter(username="late").count() == 0
        holder.execute("UPDATE people_user SET first_name = '' WHERE 0")
        holder.execute("COMMIT")
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(written, "late").result(10) == "late"
        assert User.objects.filter(username="late").count() == 0, "as it was at the first look"
    assert User.objects.filter(username="late").count() == 1
    with CaptureQueriesContext(connection) as queries, transaction.atomic():
        pass
    assert queries[0]["sql"] == "BEGIN IMMEDIATE", "who may write takes the lock at once again"


def test_a_single_statement_waits_too_and_not_for_ever(
    holder: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(renamed, "late")
        wait_until(base._line.locked, "it is in line")
        assert not waiting.done()
        holder.execute("ROLLBACK")
        assert waiting.result(10) == 0
    holder.execute("BEGIN IMMEDIATE")
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "timeout", 0.05)
    with pytest.raises(OperationalError, match="locked"):
        renamed("never")
    assert not base._line.locked()


def test_who_waits_does_not_hold_up_whoever_ends_a_cursor_of_hers() -> None:
    """As the garbage collector of the thread that writes does; each waited for the other until both gave up."""
    lent: list[Any] = []
    ready, written = threading.Event(), threading.Event()

    def waits() -> int:
        lent.append(connection.cursor())
        lent[0].execute("SELECT 1 UNION SELECT 2")
        ready.set()
        assert written.wait(20)
        return renamed("waits")

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(waits)
        assert ready.wait(20)
        with transaction.atomic():
            User.objects.create(username="writes", role=Role.STUDENT)
            written.set()
            wait_until(base._line.locked, "the other waits for the lock")
            begun = time.monotonic()
            lent.pop().close()
            assert time.monotonic() - begun < 5
            assert not waiting.done()
        assert waiting.result(10) == 1


def test_what_is_no_lock_is_said_at_once() -> None:
    connection.ensure_connection()
    connection.connection.execute("BEGIN")
    try:
        with pytest.raises(OperationalError, match="within a transaction"), transaction.atomic():
            pass
    finally:
        connection.connection.execute("ROLLBACK")
    assert not base._line.locked()
