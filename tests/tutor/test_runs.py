"""Runs of the room's code as browsers report them: told once, never believed (Z1, Z3, Z4)."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import uuid4

import pytest
from django.http import Http404
from pycrdt import Doc, Text

from classroom.board import access as board_access
from classroom.board.log import update_append
from classroom.board.models import Document, Kind
from classroom.people.models import User
from classroom.rooms import actions, frames, projection
from classroom.rooms.frames import FrameError
from classroom.rooms.models import Event, Room
from classroom.rooms.verbs import MAX_OUTPUT
from tests.tutor.turns import log_of, rights
from tutor.controls import controls_save
from tutor.models import Answer, Shard, Step
from tutor.passages import QUOTE_MAX
from tutor.runs import code_passage, run_words

pytestmark = pytest.mark.django_db
RAN = {
    "sha256": "ab" * 32,
    "ok": True,
    "output": "hello\n",
    "tests": {"passed": 2, "total": 3, "failed": ["f(1) == 2"]},
}


def run(user: User, room: Room, ref: str = "", **change: Any) -> int:
    data = {**RAN, **change}
    asked = frames.decode(frames.encode({"type": "code.run", "id": ref or str(uuid4()), "data": data}))
    return int(actions.perform(user, room.pk, asked)["seq"])


def refused(user: User, room: Room, **change: Any) -> FrameError:
    with pytest.raises(FrameError) as caught:
        run(user, room, **change)
    assert not Event.objects.exists()
    return caught.value


def test_z1_a_run_is_told_with_who_ran_it(room: Room, bob: User) -> None:
    seq = run(bob, room)
    (told,) = log_of(room)
    assert (told["seq"], told["type"], told["by"]["name"]) == (seq, "code.ran", "Bob Baker")
    assert told["data"] == {**RAN, "cut": False, "ending": "done"}


def test_z1_the_same_report_is_told_once(room: Room, bob: User) -> None:
    ref = str(uuid4())
    assert run(bob, room, ref) == run(bob, room, ref)
    assert Event.objects.count() == 1


def test_z1_it_stands_in_the_state_of_who_comes_later(room: Room, bob: User, alice: User) -> None:
    seq = run(bob, room)
    (item,) = projection.state_read(rights(alice, room), seq)["items"]
    assert item["kind"] == "run"
    assert (item["output"], item["tests"]["passed"], item["by"]["name"]) == ("hello\n", 2, "Bob Baker")


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"output": "x" * (MAX_OUTPUT + 1)}, "too_long", "data.output"),
        ({"output": "a\0b"}, "bad_field", "data.output"),
        ({"sha256": "AB" * 32}, "bad_field", "data.sha256"),
        ({"ok": True, "ending": "stopped"}, "bad_field", "data.ok"),
        ({"tests": {"passed": 4, "total": 3}}, "bad_field", "data.tests.passed"),
        ({"tests": {"passed": -1, "total": 3}}, "bad_field", "data.tests.passed"),
        ({"tests": {"passed": 0, "total": 1, "failed": ["a\0"]}}, "bad_field", "data.tests.failed"),
        ({"tests": {"passed": 101, "total": 101}}, "bad_field", "data.tests.passed"),
        ({"verified": True}, "bad_field", "data.verified"),
    ],
)
def test_z1_a_report_that_cannot_be_is_refused(
    change: dict[str, Any], code: str, field: str, room: Room, bob: User
) -> None:
    error = refused(bob, room, **change)
    assert (error.code, error.field) == (code, field)


def test_z1_no_output_and_blank_output_are_reports(room: Room, bob: User) -> None:
    run(bob, room, output="", tests=None)
    run(bob, room, output="\n\n", ok=False)
    assert [event["data"]["output"] for event in log_of(room)] == ["", "\n\n"]


def test_z3_staff_say_who_may_run(room: Room, bob: User, alice: User) -> None:
    controls_save(by=alice, room=room, wanted={**projection.CONTROLS, "run": "staff"})
    Event.objects.all().delete()
    error = refused(bob, room)
    assert (error.code, str(error)) == ("forbidden", "In this room only the teacher may run the code.")
    assert run(alice, room) > 0


def test_z3_an_observer_a_closed_room_and_charlie_run_nothing(room: Room, bob: User, olga: User, charlie: User) -> None:
    assert refused(olga, room).code == "forbidden"
    Room.objects.filter(pk=room.pk).update(state=Room.State.CLOSED)
    assert refused(bob, room).code == "room_closed"
    with pytest.raises(Http404):
        run(charlie, room)


def test_z4_nothing_is_verified_by_a_report(room: Room, bob: User) -> None:
    run(bob, room, tests={"passed": 3, "total": 3})
    assert not Step.objects.exists()
    assert [event["type"] for event in log_of(room)] == ["code.ran"]


def test_c3_an_older_rule_knows_nothing_of_runs(room: Room, bob: User) -> None:
    state = projection.empty(projection.room_head(room), None, None)
    older = {name: "staff" for name in projection.CONTROLS if name != "run"}
    frame = {"type": "controls.changed", "seq": 1, "at": "", "by": None, "data": {"controls": older}}
    assert projection.apply(state, frame)["controls"] == {**older, "run": "everybody"}


# ---- A14: asking about the code


def written(room: Room, text: str) -> Document:
    """The room's code, with this text in its log."""
    document = board_access.document_of(room, Kind.CODE)
    doc: Doc[Any] = Doc()
    code = doc.get("code", type=Text)
    code += text
    update_append(document, doc.get_update(), author=None, origin="test")
    return document


@pytest.mark.django_db(transaction=True)
def test_a14_the_code_goes_along_with_what_a_browser_said_of_it(room: Room, bob: User) -> None:
    code = "print('é')\n"
    document = written(room, code)
    run(bob, room, sha256="00" * 32)
    before = code_passage(rights(bob, room), str(document.pk))
    assert before.text == "```python\nprint('é')\n```", "a report of other code says nothing of this"
    seq = run(bob, room, sha256=hashlib.sha256(code.encode()).hexdigest())
    passage = code_passage(rights(bob, room), str(document.pk))
    assert passage.text.endswith("```\n2 of 3 tests passed in the browser that ran it: a report, no proof.")
    assert "hello" not in passage.text, "what was printed is not quoted"
    assert passage.data["document"] == str(document.pk)
    assert (passage.seq, passage.by) == (seq, None)


@pytest.mark.django_db(transaction=True)
def test_a14_long_code_is_cut_and_its_own_fences_stay_inside(room: Room, bob: User) -> None:
    document = written(room, "s = '```'\n" + "x = 1\n" * 900)
    text = code_passage(rights(bob, room), str(document.pk)).text
    assert len(text) <= QUOTE_MAX
    assert text.startswith("````python\n")
    assert text.endswith("…\n````")


@pytest.mark.django_db(transaction=True)
def test_a14_what_is_no_code_of_this_room_cannot_be_asked_about(
    room: Room, bob: User, alice: User, charlie: User
) -> None:
    other = Room.objects.create(school_class=room.school_class, title="Other", created_by=alice)
    empty = board_access.document_of(room, Kind.CODE)
    wrong = [board_access.document_of(room, Kind.BOARD).pk, written(other, "x").pk, empty.pk, uuid4(), "code"]
    for document in wrong:
        with pytest.raises(FrameError) as caught:
            code_passage(rights(bob, room), str(document))
        assert (caught.value.code, caught.value.field) == ("bad_field", "data.about.document")
    about = {"text": "why?", "about": {"document": str(empty.pk)}}
    asked = frames.decode(frames.encode({"type": "answer.ask", "id": str(uuid4()), "data": about}))
    with pytest.raises(FrameError, match="no code yet"):
        actions.perform(bob, room.pk, asked)
    with pytest.raises(Http404):
        actions.perform(charlie, room.pk, asked)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ending": "time", "ok": False}, "ended before"),
        ({"ok": False}, "with an error"),
        ({"tests": None}, "came to its end"),
        ({}, "a report, no proof"),
    ],
)
def test_a14_a_report_is_told_as_one(change: dict[str, Any], said: str) -> None:
    words = run_words({**RAN, "ending": "done", **change})
    assert said in words
    assert "verified" not in words


@pytest.mark.django_db(transaction=True)
def test_a14_the_tutor_reads_it_as_a_passage_and_not_as_a_board(room: Room, bob: User, redis_url: str) -> None:
    Shard.objects.create(pk=0, epoch=1)
    about = {"text": "Why?", "about": {"document": str(written(room, "x = 1").pk)}}
    asked = frames.decode(frames.encode({"type": "answer.ask", "id": str(uuid4()), "data": about}))
    actions.perform(bob, room.pk, asked)
    question = Answer.objects.get().words
    assert question.startswith("About this passage:\n> ```python\n> x = 1\n> ```")
