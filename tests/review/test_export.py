"""The export as JSON lines: schema, order, end, and no name of anybody unless an admin wants it."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import AsyncClient

from classroom.people import services as people
from classroom.people.models import User
from classroom.review import export
from classroom.review.export import Export
from classroom.review.management.commands.export_transcripts import operator
from classroom.review.models import ReadAudit
from classroom.review.pseudonyms import pseudonym
from classroom.rooms.models import Event, Room
from tests.conftest import ClientFor
from tests.review.conftest import Say
from tutor.models import Answer

PEOPLE = ("Bob", "Baker", "bob", "Alice", "Archer", "alice")


def rows(room: Room, **options: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in "".join(Export(room, **options).pieces()).splitlines()]


def test_the_first_line_names_the_schema_and_the_last_counts(talk: Room) -> None:
    header, *_, end = rows(talk)
    assert header["kind"] == "header"
    assert (header["schema"], header["version"]) == ("chalkstream.transcript", 1)
    assert header["room"] == {"id": str(talk.pk), "state": "open", "title": "Table one", "class": "Year 9"}
    assert (header["head"], header["pseudonymised"], header["deltas"]) == (10, True, False)
    assert end == {"kind": "end", "events": 9, "answers": 1, "boards": 0}


def test_events_come_in_order_and_deltas_on_request(talk: Room) -> None:
    plain = [row for row in rows(talk) if row["kind"] == "event"]
    whole = [row for row in rows(talk, deltas=True) if row["kind"] == "event"]
    assert [row["seq"] for row in whole] == list(range(1, 11))
    assert [row for row in whole if row["type"] != "answer.delta"] == plain
    assert all(set(row) == {"kind", "seq", "type", "at", "by", "trace", "data"} for row in whole)


def test_answers_follow_with_how_they_came_about_but_never_the_private_text(talk: Room, answer: Answer) -> None:
    (row,) = [row for row in rows(talk, names=True, audiences=None) if row["kind"] == "answer"]
    assert row["answer"] == str(answer.pk)
    assert (row["model"], row["engine"], row["prompt_version"]) == ("tiny-model", "scripted", "seed-1")
    assert (row["prompt_tokens"], row["completion_tokens"], row["state"]) == (31, 7, "completed")
    assert row["finished_at"] > row["started_at"] > row["asked_at"]
    assert "PRIVATE" not in "".join(Export(talk, names=True, audiences=None).pieces())


def test_no_name_is_left(talk: Room, alice: User, bob: User) -> None:
    text = "".join(Export(talk, deltas=True).pieces())
    for name in (*PEOPLE, str(alice.pk), str(bob.pk)):
        assert name not in text
    assert pseudonym(str(bob.pk)) in text
    assert "sha256" not in text


def test_names_stay_when_asked_for(talk: Room, bob: User) -> None:
    text = "".join(Export(talk, names=True).pieces())
    assert "Bob Baker" in text
    assert str(bob.pk) in text
    assert "sha256" in text


def test_the_same_person_is_the_same_in_every_export(talk: Room, bob: User, alice: User, say: Say) -> None:
    other = Room.objects.create(school_class=talk.school_class, title="Table two", created_by=alice)
    say(other, "message.posted", bob, text="again")
    first = {row["by"]["id"] for row in rows(talk) if row["kind"] == "event" and row["by"]}
    second = {row["by"]["id"] for row in rows(other) if row["kind"] == "event" and row["by"]}
    assert second < first


def test_people_who_left_or_changed_their_name_are_not_named(talk: Room, bob: User, say: Say, alice: User) -> None:
    people.enrolment_remove(school_class=talk.school_class, user_id=bob.pk)
    User.objects.filter(pk=bob.pk).update(display_name="Robert Neuman")
    say(talk, "message.posted", alice, "teacher", text="Bob Baker is Robert Neuman now")
    text = "".join(Export(talk).pieces())
    for name in (*PEOPLE, "Robert", "Neuman"):
        assert name not in text


def test_names_in_titles_go_too(talk: Room, alice: User) -> None:
    Room.objects.update(title="Bob's table")
    talk.school_class.name = "Alice's class"
    talk.school_class.save()
    header = rows(talk)[0]["room"]
    assert "Bob" not in header["title"]
    assert "Alice" not in header["class"]


def test_an_admin_called_in_from_outside_is_not_named(talk: Room, root: User, say: Say) -> None:
    say(talk, "message.posted", root, "admin", text="Root was here")
    assert "Root" not in "".join(Export(talk).pieces())


def test_teachers_get_no_events_for_one_person_alone(talk: Room, bob: User, alice: User, say: Say) -> None:
    say(talk, "message.posted", alice, "teacher", audience=f"user:{bob.pk}", text="private word")
    assert "private word" not in "".join(Export(talk).pieces())
    assert "private word" in "".join(Export(talk, audiences=None).pieces())


def test_what_is_said_while_exporting_is_left_out(
    talk: Room, bob: User, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "BATCH", 2)
    pieces = Export(talk).pieces()
    text = next(pieces)
    say(talk, "message.posted", bob, text="too late")
    text += "".join(pieces)
    assert "too late" not in text
    assert json.loads(text.splitlines()[-1])["events"] == 9


def test_a_long_log_comes_in_pieces_of_whole_lines(talk: Room, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "BATCH", 3)
    pieces = list(Export(talk).pieces())
    assert len(pieces) == 1 + 3 + 1 + 1
    assert all(piece.endswith("\n") for piece in pieces)


def test_an_empty_room_has_a_header_and_an_end(room: Room) -> None:
    assert [row["kind"] for row in rows(room)] == ["header", "end"]


# ---- by page


@pytest.mark.django_db(transaction=True)
async def test_the_page_streams_the_file(talk: Room, alice: User) -> None:
    client = AsyncClient()
    await client.aforce_login(alice)
    answer = await client.get(f"/review/{talk.pk}/export.jsonl")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/jsonl; charset=utf-8"
    assert answer["Content-Disposition"] == f'attachment; filename="transcript-{talk.pk}.jsonl"'
    assert "no-store" in answer["Cache-Control"]
    text = b"".join([piece async for piece in answer.streaming_content]).decode()
    assert text.splitlines()[-1] == '{"kind":"end","events":9,"answers":1,"boards":0}'
    assert not [name for name in PEOPLE if name in text]
    read = await ReadAudit.objects.aget()
    assert (read.verb, read.detail, read.actor_name) == ("export", "pseudonymised", "Alice Archer")


@pytest.mark.django_db(transaction=True)
async def test_an_admin_may_have_names_and_deltas(talk: Room, root: User) -> None:
    client = AsyncClient()
    await client.aforce_login(root)
    answer = await client.get(f"/review/{talk.pk}/export.jsonl?names=1&deltas=1")
    text = b"".join([piece async for piece in answer.streaming_content]).decode()
    assert "Bob Baker" in text
    assert "answer.delta" in text
    assert (await ReadAudit.objects.aget()).detail == "with names"


def test_outsiders_and_students_get_no_file(talk: Room, bob: User, charlie: User, client_for: ClientFor) -> None:
    assert client_for(bob).get(f"/review/{talk.pk}/export.jsonl").status_code == 403
    assert client_for(charlie).get(f"/review/{talk.pk}/export.jsonl").status_code == 404
    assert not ReadAudit.objects.exists()


# ---- by command


def test_the_command_writes_a_file_a_room_and_receipts(talk: Room, alice: User, tmp_path: Path) -> None:
    Room.objects.create(school_class=talk.school_class, title="Table two", created_by=alice)
    call_command("export_transcripts", str(tmp_path / "out"), stderr=StringIO())
    files = sorted((tmp_path / "out").iterdir())
    assert len(files) == 2
    text = (tmp_path / "out" / f"transcript-{talk.pk}.jsonl").read_text(encoding="utf-8")
    assert not [name for name in PEOPLE if name in text]
    assert json.loads(text.splitlines()[0])["pseudonymised"] is True
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    reads = ReadAudit.objects.all()
    assert {(read.actor, read.verb, read.actor_name) for read in reads} == {
        (None, "command", f"command line: {operator()}")
    }
    assert reads.count() == 2


def test_the_command_takes_rooms_classes_names_and_deltas(talk: Room, alice: User, tmp_path: Path) -> None:
    Room.objects.create(school_class=talk.school_class, title="Table two", created_by=alice)
    call_command("export_transcripts", str(tmp_path), "--room", str(talk.pk), "--names", "--deltas")
    (path,) = tmp_path.iterdir()
    assert "Bob Baker" in path.read_text(encoding="utf-8")
    assert ReadAudit.objects.get().detail == "with names"
    call_command("export_transcripts", str(tmp_path / "class"), "--class", str(talk.school_class_id))
    assert len(list((tmp_path / "class").iterdir())) == 2


def test_without_a_folder_all_rooms_go_to_standard_output(talk: Room, alice: User) -> None:
    Room.objects.create(school_class=talk.school_class, title="Table two", created_by=alice)
    out = StringIO()
    call_command("export_transcripts", stdout=out, stderr=StringIO())
    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [row["kind"] for row in rows if row["kind"] in ("header", "end")] == ["header", "end"] * 2
    assert not [name for name in PEOPLE if name in out.getvalue()]
    assert ReadAudit.objects.count() == 2


def test_the_command_names_a_room_that_is_not_there(talk: Room, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no such room: 9b2d7f7e"):
        call_command("export_transcripts", str(tmp_path), "--room", "9b2d7f7e-0000-4000-8000-000000000000")
    assert list(tmp_path.iterdir()) == []
    assert not ReadAudit.objects.exists()


def test_a_file_that_was_cut_off_has_not_its_name(talk: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(self: Export, room: Room) -> Any:
        raise OSError("disk full")

    monkeypatch.setattr(Export, "_answers", breaks)
    with pytest.raises(OSError, match="disk full"):
        call_command("export_transcripts", str(tmp_path))
    assert not list(tmp_path.glob("*.jsonl"))
    assert Event.objects.count() == 10
