"""What a tile says, for whom, and at what cost. Charlie studies elsewhere; no student gets a tile."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from classroom.dashboard.access import may_look, require_looking, rooms_looked_at
from classroom.dashboard.selectors import TEXT_SHOWN, Tile, tiles_for
from classroom.people import services as people
from classroom.people.models import Role, SchoolClass, User
from classroom.rooms import journal
from classroom.rooms.models import Event, Room
from tests.conftest import enrol, person
from tutor.models import Answer


def happen(room: Room, kind: str, by: User | None = None, role: str = "student", **data: Any) -> Event:
    with transaction.atomic():
        who = journal.person(by, role) if by else None
        return journal.append(room.pk, type=kind, data=data, actor=by, by=who)


def raise_hand(room: Room, user: User) -> None:
    happen(room, "hand.raised", user)


def lower_hand(room: Room, user: User, by: User) -> None:
    happen(room, "hand.lowered", by, user=journal.person(user, "student"))


def tile(user: User, room: Room) -> Tile:
    (found,) = tiles_for(user, [room.pk])
    return found


def ask(room: Room, user: User, text: str = "Why?", state: str = "queued") -> Answer:
    answer = Answer(room=room, asked_by=user, question=text, state=state, asked_at=timezone.now(), asked_seq=0)
    answer.asked_seq = happen(room, "answer.asked", user, answer=str(answer.pk), text=text).seq
    answer.save()
    return answer


# ---- who


@pytest.mark.parametrize("who", ["alice", "tom", "olga", "root"])
def test_staff_observers_and_admins_see_the_rooms_of_their_classes(
    request: pytest.FixtureRequest, room: Room, who: str
) -> None:
    user = request.getfixturevalue(who)
    assert may_look(user)
    assert [found["room"] for found in tiles_for(user)] == [str(room.pk)]


@pytest.mark.parametrize("who", ["bob", "charlie"])
def test_students_see_none(request: pytest.FixtureRequest, room: Room, who: str) -> None:
    user = request.getfixturevalue(who)
    assert tiles_for(user) == []
    assert tiles_for(user, [room.pk]) == []
    with pytest.raises(PermissionDenied):
        require_looking(user)


def test_a_teacher_sees_no_class_in_which_she_is_a_student(room: Room, other_class: SchoolClass, alice: User) -> None:
    elsewhere = Room.objects.create(school_class=other_class, title="Elsewhere", created_by=alice)
    enrol(alice, other_class, Role.STUDENT)
    assert list(rooms_looked_at(alice)) == [room]
    assert tiles_for(alice, [elsewhere.pk]) == []


def test_a_teacher_without_a_class_may_look_at_nothing(db: None) -> None:
    hedda = person("hedda", Role.TEACHER)
    require_looking(hedda)
    assert tiles_for(hedda) == []


def test_strangers_and_disabled_accounts_may_not_look(room: Room, alice: User) -> None:
    alice.is_active = False
    for user in (AnonymousUser(), alice):
        assert not may_look(user)
        assert tiles_for(user) == []


def test_a_removed_assistant_sees_nothing_more(room: Room, tom: User) -> None:
    people.enrolment_remove(school_class=room.school_class, user_id=tom.pk)
    assert tiles_for(tom) == []
    assert not may_look(tom)


# ---- what


def test_a_quiet_room(room: Room, alice: User) -> None:
    assert tile(alice, room) == {
        "room": str(room.pk), "title": "Table one", "class": "Year 9", "group": None, "state": "open", "present": [],
        "last": None, "answer": None, "hands": [], "idle": False, "url": f"/rooms/{room.pk}/",
        "board": None,
    }  # fmt: skip


def test_the_group_and_the_state(room: Room, alice: User) -> None:
    room.group = people.group_create(school_class=room.school_class, name="Group one")
    room.state = Room.State.CLOSED
    room.save()
    found = tile(alice, room)
    assert (found["group"], found["state"], found["idle"]) == ("Group one", "closed", False)


def test_the_last_line_is_the_latest_of_people_and_tutor(room: Room, alice: User, bob: User) -> None:
    happen(room, "message.posted", bob, text="first")
    assert tile(alice, room)["last"]["text"] == "first"
    answer = ask(room, bob, "Why is it so?")
    last = tile(alice, room)["last"]
    assert last is not None
    assert (last["by"], last["text"]) == ("Bob Baker", "Why is it so?")
    happen(room, "answer.delta", answer=str(answer.pk), offset=0, text="Because", part="text")
    assert tile(alice, room)["last"] == last
    happen(room, "answer.completed", answer=str(answer.pk), text="Because.", reason="stop")
    last = tile(alice, room)["last"]
    assert last is not None
    assert (last["by"], last["text"]) == (None, "Because.")
    event = happen(room, "message.posted", bob, text="Thanks")
    last = tile(alice, room)["last"]
    assert last == {"by": "Bob Baker", "text": "Thanks", "at": event.at.isoformat()}


def test_a_stopped_answer_is_the_tutors_line_and_a_failed_one_says_why(room: Room, alice: User, bob: User) -> None:
    answer = ask(room, bob)
    happen(room, "answer.stopped", bob, answer=str(answer.pk), text="Bec", reason="stopped")
    assert tile(alice, room)["last"]["by"] is None
    happen(room, "answer.failed", answer=str(answer.pk), text="", reason="error", message="No worker")
    assert tile(alice, room)["last"]["text"] == "No worker"


def test_long_lines_are_cut(room: Room, alice: User, bob: User) -> None:
    happen(room, "message.posted", bob, text="😀" * 8_000)
    assert tile(alice, room)["last"]["text"] == "😀" * TEXT_SHOWN


def test_what_is_for_one_person_alone_is_on_no_wall(room: Room, alice: User, bob: User) -> None:
    with transaction.atomic():
        audience = journal.only(bob.pk)
        journal.append(room.pk, type="message.posted", data={"text": "secret"}, actor=bob, audience=audience)
    assert tile(alice, room)["last"] is None


def test_a_running_answer_goes_before_a_queued_one(room: Room, alice: User, bob: User, tom: User) -> None:
    ask(room, bob)
    assert tile(alice, room)["answer"] == {"state": "queued", "by": "Bob Baker"}
    ask(room, tom, state="running")
    ask(room, bob, state="queued")
    assert tile(alice, room)["answer"] == {"state": "running", "by": "Tom Tutor"}
    Answer.objects.update(state="completed")
    assert tile(alice, room)["answer"] is None


def test_an_answer_whose_asker_is_gone_has_no_name(room: Room, alice: User) -> None:
    Answer.objects.create(room=room, asked_by=None, question="?", asked_at=timezone.now(), asked_seq=1)
    assert tile(alice, room)["answer"] == {"state": "queued", "by": ""}


def test_hands_go_up_and_down(room: Room, alice: User, bob: User) -> None:
    dora = person("dora", Role.STUDENT, "Dora")
    raise_hand(room, bob)
    raise_hand(room, dora)
    assert tile(alice, room)["hands"] == ["Bob Baker", "Dora"]
    lower_hand(room, bob, by=alice)
    assert tile(alice, room)["hands"] == ["Dora"]
    raise_hand(room, bob)
    raise_hand(room, dora)  # again: her hand is the newer one now
    assert tile(alice, room)["hands"] == ["Bob Baker", "Dora"]
    happen(room, "member.removed", alice, user=journal.person(bob, "student"))
    assert tile(alice, room)["hands"] == ["Dora"]


def test_a_room_without_a_persons_action_is_idle(room: Room, alice: User, bob: User, settings) -> None:
    long_ago = timezone.now() - timedelta(seconds=settings.IDLE_BADGE_S + 60)
    Room.objects.update(created_at=long_ago)
    assert tile(alice, room)["idle"]
    happen(room, "message.posted", bob, text="hello")
    assert not tile(alice, room)["idle"]
    Event.objects.update(at=long_ago)
    happen(room, "answer.completed", answer=str(uuid.uuid4()), text="the tutor is no person", reason="stop")
    assert tile(alice, room)["idle"]
    Room.objects.update(state=Room.State.CLOSED)
    assert not tile(alice, room)["idle"]


def test_open_rooms_come_first_then_class_and_title(room: Room, alice: User) -> None:
    for title, state in (("B", "closed"), ("A", "open"), ("Z", "open")):
        Room.objects.create(school_class=room.school_class, title=title, state=state, created_by=alice)
    assert [found["title"] for found in tiles_for(alice)] == ["A", "Table one", "Z", "B"]


# ---- cost


def test_the_number_of_queries_does_not_grow_with_rooms_or_events(
    room: Room, alice: User, bob: User, django_assert_num_queries
) -> None:
    rooms = [
        Room.objects.create(school_class=room.school_class, title=f"Room {number}", created_by=alice)
        for number in range(15)
    ]
    for one in rooms:
        happen(one, "message.posted", bob, text="hello")
        raise_hand(one, bob)
        ask(one, bob)
    with django_assert_num_queries(5):
        assert len(tiles_for(alice)) == 16
    with django_assert_num_queries(5):
        tiles_for(alice, [rooms[0].pk])
