"""The log of SQLite's writes is folded while somebody writes, and no commit is left to do it."""

from __future__ import annotations

import threading

from django.db import connection, transaction

from classroom.people.models import User
from classroom.rooms.models import Room
from tutor.folding import Folding


def test_the_log_is_folded_while_somebody_writes(either_database: str, room: Room, alice: User) -> None:
    Room.objects.create(school_class=room.school_class, title="Table two", created_by=alice)
    told: list[tuple[int, int]] = []

    def fold() -> None:
        told.append(Folding().tick())
        connection.close()

    with transaction.atomic():
        Room.objects.filter(pk=room.pk).update(title="Held")
        thread = threading.Thread(target=fold)
        thread.start()
        thread.join(5)
        assert not thread.is_alive(), "it waits for no writer"
    [(pages, folded)] = told
    assert pages == folded
    assert (pages > 0) == (either_database == "sqlite")


def test_no_commit_folds_before_the_log_is_long(either_database: str) -> None:
    if either_database == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_autocheckpoint")
            assert cursor.fetchone() == (8_000,)
