"""A backup is one moment of everything; a restore is that moment again, with a new epoch for every room."""

from __future__ import annotations

import gzip
import json
import threading
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from classroom.people.models import Enrolment, User
from classroom.rooms import journal
from classroom.rooms.management.commands.backup import one_moment
from classroom.rooms.models import Event, Room
from tests.conftest import person


def say(room: Room, user: User, text: str) -> int:
    with transaction.atomic():
        return journal.append(room.pk, type="message.posted", data={"text": text}, actor=user).seq


def counts() -> dict[str, int]:
    return {model._meta.label: model._base_manager.count() for model in apps.get_models()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "school.backup"


def test_everything_is_back_and_every_epoch_is_new(
    either_database: str, room: Room, alice: User, bob: User, path: Path
) -> None:
    say(room, bob, "before 长 👩‍🏫")
    room.refresh_from_db()
    rows, made = counts(), room.created_at
    call_command("backup", path, verbosity=0)
    assert path.stat().st_mode & 0o077 == 0
    say(room, bob, "afterwards")
    Enrolment.objects.filter(user=bob).delete()
    person("late", "student")
    call_command("restore", path, "--yes", verbosity=0)
    again = Room.objects.get(pk=room.pk)
    assert counts() == rows
    assert (again.last_seq, again.created_at, again.title) == (1, made, room.title)
    assert again.epoch != room.epoch
    assert Event.objects.get(room=room).data == {"text": "before 长 👩‍🏫"}
    assert bob.check_password("correct-horse-9") == User.objects.get(pk=bob.pk).check_password("correct-horse-9")
    assert say(again, alice, "it goes on") == 2  # the database's own counters stand behind what was restored


def test_a_backup_is_one_moment(either_database: str, room: Room, bob: User) -> None:
    """Somebody writes while it is read: nobody waits, and it is not half in."""

    def write() -> None:
        say(room, bob, "meanwhile")
        connection.close()

    with one_moment():
        assert Event.objects.count() == 0
        writer = threading.Thread(target=write)
        writer.start()
        writer.join(20)
        assert not writer.is_alive()
        assert Event.objects.count() == 0
    assert Event.objects.count() == 1


def test_it_is_all_or_nothing(either_database: str, room: Room, bob: User, path: Path, tmp_path: Path) -> None:
    say(room, bob, "kept")
    call_command("backup", path, verbosity=0)
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    broken = tmp_path / "broken"
    broken.write_bytes(gzip.compress("\n".join([*lines[:-1], lines[-1][:-9]]).encode()))
    other = tmp_path / "other"
    head = {**json.loads(lines[0]), "migrations": ["rooms.0001_initial"]}
    other.write_bytes(gzip.compress("\n".join([json.dumps(head), *lines[1:]]).encode()))
    strange = tmp_path / "strange"
    strange.write_bytes(gzip.compress(b"hello\n"))
    for given, words in (
        ([path], "--yes"),
        ([broken, "--yes"], "Nothing has changed"),
        ([other, "--yes"], "another version"),
        ([strange, "--yes"], "not written by"),
        ([tmp_path / "missing", "--yes"], "cannot be restored"),
    ):
        with pytest.raises(CommandError, match=words):
            call_command("restore", *given, verbosity=0)
        assert Event.objects.get(room=room).data == {"text": "kept"}
        assert Room.objects.get(pk=room.pk).epoch == room.epoch
