"""Who may read transcripts, and that no read is without its receipt. Charlie and other teachers find nothing."""

from __future__ import annotations

import uuid

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.http import Http404

from classroom.people import services as people
from classroom.people.models import Role, SchoolClass, User
from classroom.review import access, services
from classroom.review.models import ReadAudit
from classroom.rooms.models import Room
from tests.conftest import enrol, person


@pytest.mark.parametrize("who", ["alice", "root"])
def test_a_reader_gets_the_room_and_leaves_a_receipt(request: pytest.FixtureRequest, room: Room, who: str) -> None:
    user = request.getfixturevalue(who)
    assert access.transcript_opened(user, room.pk, verb=services.VIEW, detail="page 1").room == room
    read = ReadAudit.objects.get()
    assert (read.actor, read.actor_name, read.room, read.room_title) == (user, user.name, room, "Table one")
    assert (read.verb, read.detail) == ("view", "page 1")


@pytest.mark.parametrize("who", ["tom", "olga", "bob"])
def test_members_who_do_not_teach_are_refused(request: pytest.FixtureRequest, room: Room, who: str) -> None:
    with pytest.raises(PermissionDenied):
        access.transcript_opened(request.getfixturevalue(who), room.pk, verb=services.VIEW)
    assert not ReadAudit.objects.exists()


def test_outsiders_find_no_room(room: Room, other_class: SchoolClass, charlie: User) -> None:
    hedda = person("hedda", Role.TEACHER)
    enrol(hedda, other_class, Role.TEACHER)
    for user in (charlie, hedda):
        for room_id in (room.pk, uuid.uuid4()):
            with pytest.raises(Http404):
                access.transcript_opened(user, room_id, verb=services.VIEW)
    assert not ReadAudit.objects.exists()


def test_names_are_for_admins(room: Room, alice: User, root: User) -> None:
    with pytest.raises(PermissionDenied, match="names"):
        access.transcript_opened(alice, room.pk, verb=services.EXPORT, names=True)
    assert not ReadAudit.objects.exists()
    access.transcript_opened(alice, room.pk, verb=services.EXPORT, names=False)
    access.transcript_opened(root, room.pk, verb=services.EXPORT, names=True)
    assert ReadAudit.objects.count() == 2


def test_without_a_receipt_nothing_is_opened(room: Room, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(**_: object) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr(services, "read_record", fails)
    with pytest.raises(DatabaseError):
        access.transcript_opened(alice, room.pk, verb=services.VIEW)


def test_a_teacher_made_observer_reads_no_more(room: Room, alice: User) -> None:
    enrol(person("second", Role.TEACHER), room.school_class, Role.TEACHER)
    people.enrolment_role_set(school_class=room.school_class, user_id=alice.pk, role=Role.OBSERVER)
    with pytest.raises(PermissionDenied):
        access.transcript_opened(alice, room.pk, verb=services.VIEW)
    assert list(access.rooms_reviewed(alice)) == []


def test_the_list_is_for_teachers(
    room: Room, alice: User, root: User, tom: User, olga: User, bob: User, charlie: User
) -> None:
    access.require_reviewer(alice)
    access.require_reviewer(root)
    access.require_reviewer(person("new", Role.TEACHER))
    for user in (tom, olga, bob, charlie, AnonymousUser()):
        with pytest.raises(PermissionDenied):
            access.require_reviewer(user)
        assert list(access.rooms_reviewed(user)) == []


def test_receipts_outlive_people_and_rooms(room: Room, alice: User, root: User) -> None:
    access.transcript_opened(root, room.pk, verb=services.VIEW)
    root.delete()
    room.delete()
    read = ReadAudit.objects.get()
    assert (read.actor, read.room) == (None, None)
    assert (read.actor_name, read.room_title) == ("Root", "Table one")
    assert str(read)
