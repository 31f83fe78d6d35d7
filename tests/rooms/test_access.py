"""Who may do what in a room: every role against every kind of room, and Charlie against all of them."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.http import Http404
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from classroom.people.models import Enrolment, Group, Role, SchoolClass, User
from classroom.rooms import access, frames
from classroom.rooms.models import Room
from tests.conftest import enrol, person

CAST = ("alice", "tom", "olga", "bob", "mia", "charlie", "root")
# who → (role in the class's open room, role in the room of Bob's group)
MATRIX: dict[str, tuple[str | None, str | None]] = {
    "alice": ("teacher", "teacher"),
    "tom": ("assistant", "assistant"),
    "olga": ("observer", "observer"),
    "bob": ("student", "student"),
    "mia": ("student", None),
    "charlie": (None, None),
    "root": ("admin", "admin"),
}


@pytest.fixture
def mia(school_class: SchoolClass) -> User:
    """A student of the class who belongs to no group."""
    made = person("mia", Role.STUDENT)
    enrol(made, school_class, Role.STUDENT)
    return made


@pytest.fixture
def group_room(school_class: SchoolClass, bob: User, alice: User) -> Room:
    group = Group.objects.create(school_class=school_class, name="Red")
    group.members.add(bob)
    return Room.objects.create(school_class=school_class, group=group, title="Red table", created_by=alice)


@pytest.fixture
def cast(request: pytest.FixtureRequest) -> dict[str, User]:
    return {name: request.getfixturevalue(name) for name in CAST}


def role_in(user: User, room: Room) -> str | None:
    try:
        return access.room_for(user, room.pk).role
    except Http404:
        return None


def enrolment(user: User, school_class: SchoolClass) -> Enrolment:
    return Enrolment.objects.get(user=user, school_class=school_class)


def test_every_role_in_every_kind_of_room(room: Room, group_room: Room, cast: dict[str, User]) -> None:
    for name, user in cast.items():
        assert (role_in(user, room), role_in(user, group_room)) == MATRIX[name], name


def test_the_list_of_rooms_is_what_one_may_enter(room: Room, group_room: Room, cast: dict[str, User]) -> None:
    for name, user in cast.items():
        mine = {r.pk for r in (room, group_room) if role_in(user, r)}
        assert set(access.rooms_of(user).values_list("pk", flat=True)) == mine, name


def test_many_pairs_are_judged_like_one(
    room: Room, group_room: Room, cast: dict[str, User], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    pairs = [(user.pk, r.pk) for user in cast.values() for r in (room, group_room)] + [(uuid4(), room.pk)]
    with django_assert_max_num_queries(4):
        found = access.rights_of(pairs)
    for name, user in cast.items():
        for place, r in enumerate((room, group_room)):
            rights = found.get((user.pk, r.pk))
            assert (rights.role if rights else None) == MATRIX[name][place], name
    assert access.rights_of([]) == {}


def test_charlie_unknown_and_foreign_look_the_same(room: Room, charlie: User) -> None:
    said = []
    for room_id in (room.pk, str(room.pk), uuid4(), "not-an-id", ""):
        with pytest.raises(Http404) as caught:
            access.room_for(charlie, room_id)
        said.append(str(caught.value))
    assert set(said) == {"no such room"}


def test_a_text_id_opens_the_room_as_well(room: Room, bob: User) -> None:
    assert access.room_for(bob, str(room.pk)).room == room


def test_who_is_removed_loses_the_room(room: Room, bob: User, school_class: SchoolClass) -> None:
    Enrolment.objects.filter(pk=enrolment(bob, school_class).pk).update(removed_at=timezone.now())
    assert role_in(bob, room) is None
    assert not access.rooms_of(bob).exists()


def test_a_disabled_account_loses_the_room(room: Room, bob: User, alice: User) -> None:
    for user in (bob, alice):
        user.is_active = False
        user.save()
        assert role_in(user, room) is None


def test_leaving_the_group_loses_its_room(room: Room, group_room: Room, bob: User) -> None:
    assert group_room.group is not None
    group_room.group.members.remove(bob)
    assert (role_in(bob, group_room), role_in(bob, room)) == (None, "student")


def test_an_enrolment_is_never_worth_more_than_the_account(room: Room, bob: User, school_class: SchoolClass) -> None:
    Enrolment.objects.filter(pk=enrolment(bob, school_class).pk).update(role=Role.TEACHER)
    assert role_in(bob, room) == "student"


def test_a_teacher_may_be_a_student_elsewhere(school_class: SchoolClass, group_room: Room, room: Room) -> None:
    colleague = person("greta", Role.TEACHER)
    enrol(colleague, school_class, Role.STUDENT)
    assert (role_in(colleague, room), role_in(colleague, group_room)) == ("student", None)
    assert list(access.rooms_of(colleague)) == [room]


def test_a_closed_room_may_still_be_looked_at(room: Room, bob: User) -> None:
    Room.objects.filter(pk=room.pk).update(state=Room.State.CLOSED)
    assert access.room_for(bob, room.pk).room.state == "closed"


def test_what_each_role_may_do(room: Room, cast: dict[str, User]) -> None:
    may = {}
    for name, user in cast.items():
        if role_in(user, room):
            rights = access.room_for(user, room.pk)
            may[name] = (rights.staff, rights.may_write, rights.may_ask)
    assert may == {
        "alice": (True, True, True),
        "tom": (True, True, True),
        "olga": (False, False, False),
        "bob": (False, True, True),
        "mia": (False, True, True),
        "root": (True, True, True),
    }


def test_f4_audiences_follow_the_role(room: Room, cast: dict[str, User]) -> None:
    for name in ("alice", "tom", "olga", "root"):
        assert access.room_for(cast[name], room.pk).audiences == {"all", "staff", f"user:{cast[name].pk}"}
    assert access.room_for(cast["bob"], room.pk).audiences == {"all", f"user:{cast['bob'].pk}"}


def test_by_is_the_name_and_the_role_in_this_room(room: Room, bob: User) -> None:
    assert access.room_for(bob, room.pk).by == {"id": str(bob.pk), "name": "Bob Baker", "role": "student"}


def test_every_verb_says_what_it_needs() -> None:
    assert access.VERB_NEEDS.keys() == frames.VERBS.keys()
    assert set(access.VERB_NEEDS.values()) == {"look", "write", "staff"}


def test_rights_are_as_old_as_the_event_that_their_log_ended_with(room: Room, bob: User) -> None:
    """Rule F8: rights that were read before an event say nothing about who may have it; of another log, nothing at all."""
    rights = access.room_for(bob, room.pk)
    assert rights.read_after(room.epoch, room.last_seq)
    assert not rights.read_after(room.epoch, room.last_seq + 1)
    assert not rights.read_after("another log", room.last_seq)


def test_a_rooms_row_is_the_present_one_and_not_that_of_a_room_that_is_not_there(room: Room) -> None:
    Room.objects.filter(pk=room.pk).update(title="Changed meanwhile")
    assert access.room_now(room.pk).title == "Changed meanwhile"
    with pytest.raises(Room.DoesNotExist):
        access.room_now(uuid4())
