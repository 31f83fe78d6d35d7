"""What staff do to rooms stands in the rooms' logs, and whoever loses a room is named there."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

import pytest
from django.core.exceptions import ValidationError

from classroom.people import services as people
from classroom.people.models import Enrolment, Group, Role, SchoolClass, User
from classroom.rooms import broadcast, services, wiring
from classroom.rooms.access import rights_of
from classroom.rooms.models import Event, Problem, Room
from tests.conftest import enrol, person


def told(room: Room) -> list[tuple[str, str]]:
    """(type, who it is about) of a room's log, in order."""
    events = Event.objects.filter(room=room).order_by("seq")
    return [(event.type, event.data.get("user", {}).get("name", "")) for event in events]


@pytest.fixture
def group(school_class: SchoolClass, bob: User) -> Group:
    return people.group_create(school_class=school_class, name="Group one", members=[bob])


@pytest.fixture
def group_room(school_class: SchoolClass, group: Group, alice: User) -> Room:
    return Room.objects.create(school_class=school_class, title="Table two", group=group, created_by=alice)


# ---- rooms


def test_a_room_is_made_without_an_event(school_class: SchoolClass, alice: User, problem: Problem) -> None:
    room = services.room_create(by=alice, school_class=school_class, title="New", problem=problem, group=None)
    assert (room.state, room.last_seq, room.created_by) == (Room.State.OPEN, 0, alice)


def test_a_room_needs_a_title_and_a_group_of_its_class(
    school_class: SchoolClass, other_class: SchoolClass, alice: User
) -> None:
    foreign = people.group_create(school_class=other_class, name="Theirs")
    for title, group, field in ((" ", None, "title"), ("New", foreign, "group")):
        with pytest.raises(ValidationError, match=field):
            services.room_create(by=alice, school_class=school_class, title=title, problem=None, group=group)
    assert not Room.objects.exists()


def test_closing_and_reopening_happen_once_each(room: Room, alice: User) -> None:
    assert services.room_close(by=alice, room=room)
    assert not services.room_close(by=alice, room=room)
    room.refresh_from_db()
    assert room.state == Room.State.CLOSED
    assert services.room_reopen(by=alice, room=room)
    assert not services.room_reopen(by=alice, room=room)
    assert [kind for kind, _ in told(room)] == ["room.closed", "room.reopened"]
    assert Event.objects.filter(room=room).first().by == {
        "id": str(alice.pk), "name": "Alice Archer", "role": "teacher",
    }  # fmt: skip


def test_a_new_title_or_problem_is_told(room: Room, alice: User, problem: Problem) -> None:
    services.room_update(by=alice, room=room, title="Table 1", problem=problem, group=None)
    services.room_update(by=alice, room=room, title="Table 1", problem=None, group=None)
    services.room_update(by=alice, room=room, title="Table 1", problem=None, group=None)  # nothing new: not told
    first, second = Event.objects.filter(room=room).order_by("seq")
    assert first.data == {
        "title": "Table 1",
        "problem": {"id": str(problem.pk), "title": "A sum", "statement": "What is $1+1$?"},
        "ladder": wiring.ladder_head(room),
    }
    assert second.data == {"title": "Table 1", "problem": None, "ladder": None}


def test_a_problem_that_changes_is_told_in_all_its_rooms(room: Room, alice: User, problem: Problem) -> None:
    unrelated = Room.objects.create(school_class=room.school_class, title="Other", created_by=alice)
    services.problem_update(by=alice, problem=problem, title="A sum", statement="What is $2+2$?", course="", lesson="")
    assert Event.objects.get(room=room).data["problem"]["statement"] == "What is $2+2$?"
    assert told(unrelated) == []


def test_a_problem_of_ones_own_gets_a_slug_and_its_author(alice: User) -> None:
    problem = services.problem_create(by=alice, title="Mine", statement="$x$?", course="", lesson="")
    problem.refresh_from_db()
    assert problem.slug == f"own-{problem.pk}"
    assert problem.created_by == alice


@pytest.mark.parametrize(("field", "value"), [("title", ""), ("title", "x" * 201), ("statement", "x" * 20_001)])
def test_a_problem_too_long_or_empty_is_refused_by_field(alice: User, field: str, value: str) -> None:
    fields = {"title": "T", "statement": "S", "course": "", "lesson": "", field: value}
    with pytest.raises(ValidationError, match=field):
        services.problem_create(by=alice, **fields)


# ---- who gains and loses rooms


def test_a_removed_student_is_put_out_of_every_room_she_had(
    room: Room, group_room: Room, alice: User, bob: User
) -> None:
    services.member_remove(school_class=room.school_class, user_id=bob.pk, by=alice)
    for place in (room, group_room):
        assert told(place) == [("member.removed", "Bob Baker")]
    assert rights_of([(bob.pk, room.pk), (bob.pk, group_room.pk)]) == {}
    event = Event.objects.filter(room=room).get()
    assert event.by == {"id": str(alice.pk), "name": "Alice Archer", "role": "teacher"}
    assert event.data["user"] == {"id": str(bob.pk), "name": "Bob Baker", "role": "student"}


def test_a_student_let_back_in_gets_the_rooms_of_the_class_but_not_of_the_group(
    room: Room, group_room: Room, alice: User, bob: User
) -> None:
    services.member_remove(school_class=room.school_class, user_id=bob.pk, by=alice)
    services.member_restore(school_class=room.school_class, user_id=bob.pk, by=alice)
    assert told(room)[-1] == ("member.joined", "Bob Baker")
    assert told(group_room) == [("member.removed", "Bob Baker")]


def test_closed_rooms_hear_who_is_gone_but_not_who_came(room: Room, alice: User, bob: User) -> None:
    services.room_close(by=alice, room=room)
    services.member_remove(school_class=room.school_class, user_id=bob.pk, by=alice)
    services.member_restore(school_class=room.school_class, user_id=bob.pk, by=alice)
    assert [kind for kind, _ in told(room)] == ["room.closed", "member.removed"]


def test_leaving_a_group_is_losing_its_rooms(
    room: Room, group_room: Room, group: Group, alice: User, bob: User
) -> None:
    dora = person("dora", Role.STUDENT, "Dora")
    enrol(dora, room.school_class, Role.STUDENT)
    services.group_save(school_class=room.school_class, group=group, name="Group 1", members=[dora], by=alice)
    assert told(group_room) == [("member.removed", "Bob Baker"), ("member.joined", "Dora")] or told(group_room) == [
        ("member.joined", "Dora"),
        ("member.removed", "Bob Baker"),
    ]
    assert told(room) == []


def test_giving_a_room_to_a_group_puts_the_others_out(room: Room, alice: User, bob: User) -> None:
    empty = people.group_create(school_class=room.school_class, name="Nobody")
    services.room_update(by=alice, room=room, title=room.title, problem=room.problem, group=empty)
    assert told(room) == [("member.removed", "Bob Baker")]
    services.room_update(by=alice, room=room, title=room.title, problem=room.problem, group=None)
    assert told(room)[-1] == ("member.joined", "Bob Baker")


def test_staff_lose_no_room_by_groups(group_room: Room, group: Group, alice: User, tom: User, olga: User) -> None:
    services.group_save(school_class=group_room.school_class, group=group, name=group.name, members=[], by=alice)
    assert [name for _, name in told(group_room)] == ["Bob Baker"]


def test_an_assistant_made_student_loses_the_rooms_of_groups(
    room: Room, group_room: Room, alice: User, tom: User
) -> None:
    with services.access_changes(school_class=room.school_class, by=alice):
        people.enrolment_role_set(school_class=room.school_class, user_id=tom.pk, role=Role.STUDENT)
    assert told(group_room) == [("member.removed", "Tom Tutor")]
    assert told(room) == []


def test_another_role_in_the_same_rooms_is_told_to_every_process(
    room: Room, alice: User, tom: User, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks
) -> None:
    said: list[dict[str, str]] = []
    monkeypatch.setattr(broadcast, "everywhere_tell", said.append)
    for _ in range(2):
        with (
            django_capture_on_commit_callbacks(execute=True),
            services.access_changes(school_class=room.school_class, by=alice),
        ):
            people.enrolment_role_set(school_class=room.school_class, user_id=tom.pk, role=Role.OBSERVER)
    assert said == [{"type": "rights.changed"}]
    assert told(room) == []


def test_joining_by_code_is_told_in_the_open_rooms_of_the_class(
    room: Room, group_room: Room, school_class: SchoolClass, charlie: User
) -> None:
    services.class_join(user=charlie, code=school_class.join_code)
    services.class_join(user=charlie, code=school_class.join_code)  # a second time changes nothing
    assert told(room) == [("member.joined", "Charlie Clark")]
    assert told(group_room) == []
    assert Event.objects.get(room=room).by["role"] == "student"


def test_a_refused_change_leaves_no_trace(room: Room, alice: User, charlie: User) -> None:
    with pytest.raises(ValidationError):
        services.member_remove(school_class=room.school_class, user_id=charlie.pk, by=alice)
    with pytest.raises(ValidationError):
        services.member_remove(school_class=room.school_class, user_id=alice.pk, by=alice)
    with pytest.raises(ValidationError, match="join_code"):
        services.class_join(user=charlie, code="NOSUCHCD")
    assert not Event.objects.exists()
    assert Enrolment.objects.filter(removed_at=None, school_class=room.school_class).count() == 4


def test_other_classes_hear_nothing(room: Room, other_class: SchoolClass, alice: User, bob: User) -> None:
    elsewhere = Room.objects.create(school_class=other_class, title="Elsewhere", created_by=alice)
    services.member_remove(school_class=room.school_class, user_id=bob.pk, by=alice)
    assert told(elsewhere) == []


def test_the_cost_of_a_removal_does_not_grow_with_the_class(
    room: Room, alice: User, bob: User, django_assert_max_num_queries
) -> None:
    for number in range(20):
        enrol(person(f"pupil{number}", Role.STUDENT), room.school_class, Role.STUDENT)
    with django_assert_max_num_queries(30):
        services.member_remove(school_class=room.school_class, user_id=bob.pk, by=alice)


def test_a_room_is_changed_without_looking_at_the_others(
    room: Room, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People times rooms of a large class took a second, with everybody's writing held up."""
    pupils = [person(f"pupil{number}", Role.STUDENT) for number in range(5)]
    for pupil in pupils:
        enrol(pupil, room.school_class, Role.STUDENT)
    for number in range(5):
        Room.objects.create(school_class=room.school_class, title=f"Table {number}", created_by=alice)
    looked_at: list[int] = []

    def counted(pairs: Iterable[tuple[UUID, UUID]]) -> services.Rights:
        wanted = list(pairs)
        looked_at.append(len(wanted))
        return rights_of(wanted)

    monkeypatch.setattr(services, "rights_of", counted)
    people_of_class, rooms_of_class = 4 + 5, 1 + 5
    services.room_update(by=alice, room=room, title="Other", problem=None, group=None)
    assert looked_at == [people_of_class] * 2
    services.member_remove(school_class=room.school_class, user_id=bob.pk, by=alice)
    assert looked_at[2:] == [rooms_of_class] * 2
