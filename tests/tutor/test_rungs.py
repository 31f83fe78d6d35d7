"""The ladder as state of the server (rules N1, N4, N5, N8): who moves it, how far asking reaches, and what all see of it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.http import Http404

from classroom.people.models import SchoolClass, User
from classroom.rooms import actions, frames, journal, projection, services
from classroom.rooms.clock import database_now
from classroom.rooms.frames import FrameError
from classroom.rooms.models import Event, Problem, Room
from tests.tutor.turns import ask, log_of, rights, types
from tutor import rules, rungs
from tutor.models import HintRules, Ladder
from tutor.rungs import Rules, refusal, wanted

pytestmark = pytest.mark.django_db(transaction=True)
NOW = database_now


def at_once(works: list[Callable[[], Any]]) -> list[Any]:
    """What each gives back, or the error it raised; all begin together."""

    def run(work: Callable[[], Any]) -> Any:
        try:
            return work()
        except (FrameError, ValidationError) as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def move(user: User, room: Room, rung: int, ref: str = "") -> dict[str, Any]:
    frame = frames.decode(frames.encode({"type": "teacher.rung", "id": ref or str(uuid4()), "data": {"rung": rung}}))
    return actions.perform(user, room.pk, frame)


def ladder(room: Room) -> Ladder:
    return Ladder.objects.get(room=room, problem=room.problem)


def rules_set(place: Room | SchoolClass, by: User, **change: Any) -> HintRules:
    wanted: Any = {"ceiling": 4, "budget": None, "attempt_first": True, "solution_at": None, **change}
    return rules.rules_save(by=by, place=place, wanted=wanted)


def seen(user: User, room: Room) -> Any:
    """The ladder in this person's snapshot, which must be what folding the log gives."""
    fresh = Room.objects.get(pk=room.pk)
    state = projection.state_read(rights(user, room), fresh.last_seq)
    begun: Any = {**(rungs.ladder_head(Ladder(), Rules())), "tried": False}
    folded = projection.empty(state["room"], state["problem"], begun)
    for frame in log_of(room):
        folded = projection.apply(folded, frame)
    assert folded["ladder"] == state["ladder"]
    assert folded["items"] == state["items"]
    return state["ladder"]


# ---- N1: where there is one


def test_n1_a_problem_begins_at_the_bottom_and_a_free_room_has_no_ladder(room: Room, bob: User, alice: User) -> None:
    begun = {"rung": 0, "reached": 0, "more": False, "given": 0, "tried": False}
    assert seen(bob, room) == {
        **begun, "ceiling": 4, "budget": None, "attempt_first": True, "solution_at": None,
    }  # fmt: skip
    free = Room.objects.create(school_class=room.school_class, title="Free", created_by=alice)
    assert projection.state_read(rights(bob, free), 0)["ladder"] is None
    assert rungs.rung_of(free) == 0
    with pytest.raises(FrameError, match="no problem") as caught:
        move(alice, free, 3)
    assert caught.value.code == "forbidden"
    assert not Event.objects.exists()


def test_n1_each_problem_of_a_room_has_its_own(room: Room, alice: User, bob: User, problem: Problem) -> None:
    move(alice, room, 3)
    other = Problem.objects.create(slug="other", title="Other", statement="Another.")
    services.room_update(by=alice, room=room, title=room.title, problem=other, group=None)
    assert seen(bob, room)["rung"] == 0
    services.room_update(by=alice, room=room, title=room.title, problem=problem, group=None)
    assert seen(bob, room)["rung"] == 3, "it has not forgotten how far they had come"
    services.room_update(by=alice, room=room, title=room.title, problem=None, group=None)
    assert projection.state_read(rights(bob, room), 9)["ladder"] is None


def test_n1_a_try_counts_for_the_problem_that_it_was_made_on(room: Room, alice: User, bob: User) -> None:
    ask(bob, room, "is it 2?")
    assert seen(bob, room)["tried"] is True
    services.room_update(by=alice, room=room, title="Renamed", problem=room.problem, group=None)
    assert seen(bob, room)["tried"] is True
    other = Problem.objects.create(slug="other", title="Other", statement="Another.")
    services.room_update(by=alice, room=room, title="Renamed", problem=other, group=None)
    assert seen(bob, room)["tried"] is False
    ask(bob, room, "is it 3?")
    assert seen(bob, room)["tried"] is True


# ---- N5: staff move it


def test_n5_staff_move_the_rung_and_everybody_sees_who(room: Room, alice: User, tom: User, bob: User) -> None:
    for user, rung, before in ((alice, 5, 0), (tom, 2, 5), (alice, 0, 2)):
        assert move(user, room, rung)["seq"] == Room.objects.get(pk=room.pk).last_seq
        moved = log_of(room)[-1]
        assert (moved["type"], moved["by"]["name"]) == ("rung.moved", user.name)
        assert (moved["data"]["rung"], moved["data"]["before"]) == (rung, before)
        assert seen(bob, room)["rung"] == rung == ladder(room).rung
        assert rungs.rung_of(room) == rung


def test_n5_the_same_frame_moves_once(room: Room, alice: User) -> None:
    ref = str(uuid4())
    first = move(alice, room, 3, ref)
    move(alice, room, 1)
    assert move(alice, room, 3, ref) == first
    assert ladder(room).rung == 1
    assert types(room) == ["rung.moved"] * 2


@pytest.mark.parametrize("who", ["bob", "olga", "charlie"])
def test_n5_nobody_else_moves_it(room: Room, request: pytest.FixtureRequest, who: str) -> None:
    request.getfixturevalue("charlie")
    with pytest.raises((FrameError, Http404)) as caught:
        move(User.objects.get(username=who), room, 5)
    assert getattr(caught.value, "code", "forbidden") == "forbidden"
    assert not Ladder.objects.exists()
    assert not Event.objects.exists()


def test_n5_not_in_a_closed_room(room: Room, alice: User) -> None:
    Room.objects.filter(pk=room.pk).update(state=Room.State.CLOSED)
    with pytest.raises(FrameError) as caught:
        move(alice, room, 5)
    assert caught.value.code == "room_closed"


def test_n5_many_moves_at_once_are_one_after_the_other(either_database: str, room: Room, alice: User) -> None:
    at_once([partial(move, alice, room, rung) for rung in (1, 2, 3, 4, 5, 0)])
    moved = [(frame["data"]["before"], frame["data"]["rung"]) for frame in log_of(room)]
    assert [before for before, _ in moved] == [0, *(rung for _, rung in moved[:-1])]
    assert ladder(room).rung == moved[-1][1]


# ---- N4: how far asking reaches


def test_n4_the_next_rung() -> None:
    assert wanted(Ladder()) == 1
    assert wanted(Ladder(rung=2, reached=2)) == 3
    assert wanted(Ladder(rung=2, reached=2, more=True)) == 2, "another written hint belongs to it"
    assert wanted(Ladder(rung=4, reached=1)) == 4, "staff have opened it"


@pytest.mark.parametrize(
    ("stands", "change", "words"),
    [
        ({}, {}, None),
        ({}, {"ceiling": 0}, "all the hints"),
        ({"rung": 2, "reached": 2}, {"ceiling": 2}, "all the hints"),
        ({"rung": 2, "reached": 2, "more": True}, {"ceiling": 2}, None),
        ({"rung": 4, "reached": 4}, {}, "all the hints"),
        ({"rung": 4, "reached": 4}, {"ceiling": 5}, "all the hints"),
        ({"rung": 5, "reached": 4}, {"ceiling": 0, "budget": 0}, None),
        ({"rung": 5, "reached": 5}, {}, "already"),
        ({"given": 2}, {"budget": 2}, "No hints are left"),
        ({"given": 2}, {"budget": 3}, None),
        ({"given": 0}, {"budget": 0}, "No hints are left"),
    ],
)
def test_n4_ceiling_and_budget(stands: dict[str, Any], change: dict[str, Any], words: str | None) -> None:
    refused = refusal(Ladder(**stands), Rules(**change), NOW())
    assert refused is None if words is None else words in str(refused)
    later = Rules(**change, solution_at=NOW() + timedelta(seconds=60))
    assert refusal(Ladder(**stands), later, NOW()) == refused, "a date that has not come changes nothing"


def test_n4_from_its_date_on_nothing_is_held_back_but_what_is_given_twice() -> None:
    past = Rules(ceiling=0, budget=0, solution_at=NOW())
    assert refusal(Ladder(rung=4, reached=4, given=9), past, NOW()) is None
    assert refusal(Ladder(rung=5, reached=5), past, NOW()) == "The solution has been given already."


def test_n4_the_rooms_rules_then_the_classs_then_the_houses(room: Room, alice: User) -> None:
    assert rungs.rules_for(room) == Rules()
    rules_set(room.school_class, alice, ceiling=2, budget=7)
    assert rungs.rules_for(room) == Rules(ceiling=2, budget=7)
    rules_set(room, alice, ceiling=3, attempt_first=False)
    assert rungs.rules_for(room) == Rules(ceiling=3, attempt_first=False), "a room's own count alone"
    assert rules.rules_drop(by=alice, place=room) is True
    assert rungs.rules_for(room) == Rules(ceiling=2, budget=7)
    assert rules.rules_drop(by=alice, place=room) is False


# ---- N8: rules are told


def test_n8_new_rules_are_told_where_they_hold(room: Room, alice: User, bob: User, problem: Problem) -> None:
    own = Room.objects.create(school_class=room.school_class, title="Own", problem=problem, created_by=alice)
    free = Room.objects.create(school_class=room.school_class, title="Free", created_by=alice)
    elsewhere = SchoolClass.objects.create(name="Year 7", created_by=alice)
    other = Room.objects.create(school_class=elsewhere, title="Elsewhere", problem=problem, created_by=alice)
    when = NOW() + timedelta(days=1)
    rules_set(own, alice, ceiling=1)
    rules_set(room.school_class, alice, ceiling=2, budget=3, attempt_first=False, solution_at=when)
    assert {place.title: types(place) for place in (room, own, free, other)} == {
        "Table one": ["rules.changed"], "Own": ["rules.changed"], "Free": [], "Elsewhere": [],
    }  # fmt: skip
    told = seen(bob, room)
    assert (told["ceiling"], told["budget"], told["attempt_first"]) == (2, 3, False)
    assert told["solution_at"] == frames.time_text(when)
    assert seen(bob, own)["ceiling"] == 1
    rules.rules_drop(by=alice, place=room.school_class)
    assert (seen(bob, room)["ceiling"], types(own)) == (4, ["rules.changed"])


@pytest.mark.parametrize(
    ("change", "field"), [({"ceiling": 5}, "ceiling"), ({"ceiling": -1}, "ceiling"), ({"budget": 51}, "budget")]
)
def test_n8_rules_that_cannot_be_are_refused_by_their_field(
    room: Room, alice: User, change: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        rules_set(room, alice, **change)
    assert list(caught.value.message_dict) == [field]
    assert not HintRules.objects.exists()
    assert types(room) == []


def test_n8_a_whisper_is_a_try_for_nobody_else(room: Room, alice: User, bob: User) -> None:
    with transaction.atomic():
        journal.append(room.pk, type="message.posted", data={"text": "7"}, actor=bob, audience=journal.only(bob.pk))
    tried = {user.username: projection.state_read(rights(user, room), 1)["ladder"]["tried"] for user in (alice, bob)}
    assert tried == {"alice": False, "bob": True}
    assert rungs.tried_since(room, 0) is False, "and the room has not tried"
