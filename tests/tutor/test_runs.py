"""Runs of the room's code as browsers report them: told once, never believed (Z1, Z3, Z4)."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.http import Http404

from classroom.people.models import User
from classroom.rooms import actions, frames, projection
from classroom.rooms.frames import FrameError
from classroom.rooms.models import Event, Room
from classroom.rooms.verbs import MAX_OUTPUT
from tests.tutor.turns import log_of, rights
from tutor.controls import controls_save
from tutor.models import Step

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
