"""What the staff's pages do to rooms and to those who may enter them. Each call is one transaction, guards first.

Whoever gains or loses a room by a change of people, groups or rooms is written into that room's log
(``member.joined``, ``member.removed``): the hub acts on it, and the transcript keeps it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from classroom.people import services as people
from classroom.people.access import role_in
from classroom.people.models import Enrolment, Group, SchoolClass, User
from classroom.rooms import broadcast, journal, wiring
from classroom.rooms.access import RoomRights, rights_of, rooms_of
from classroom.rooms.code_tests import tests_checked
from classroom.rooms.models import Event, Problem, Room
from classroom.rooms.projection import problem_head

STATEMENT_LIMIT = 20_000  # characters of a problem
Rights = dict[tuple[UUID, UUID], RoomRights]


# ---- people of rooms


@contextmanager
def access_changes(
    *, school_class: SchoolClass, by: User, room: Room | None = None, person: UUID | None = None
) -> Iterator[None]:
    """Around any change of enrolments, groups or a room's group: logs who has gained or lost which room.

    Everything inside is one transaction. Somebody who gains a closed room is not announced there. Where the change is
    about one ``room`` or one ``person``, say so: each pair of a large class that is compared holds everybody's writing up.
    """
    with transaction.atomic():
        role = role_in(by, school_class)
        before = _rights(school_class, room, person)
        yield
        after = _rights(school_class, room, person)
        _log_differences(before, after, journal.person(by, role or role_in(by, school_class)), by)
        lost = before.keys() - after.keys()
        if lost or any(before[pair].role != after[pair].role for pair in before.keys() & after.keys()):
            # What may be done there is another, and a board's socket hears no event of the room: none must wait for H5.
            transaction.on_commit(partial(broadcast.everywhere_tell, {"type": "rights.changed"}))


def _rights(school_class: SchoolClass, room: Room | None, person: UUID | None) -> Rights:
    rooms = [room.pk] if room else [*Room.objects.filter(school_class=school_class).values_list("pk", flat=True)]
    enrolled = Enrolment.objects.filter(school_class=school_class).values_list("user", flat=True)
    users = [person] if person else [*enrolled]
    return rights_of((user, room) for user in users for room in rooms)


def _log_differences(before: Rights, after: Rights, by: dict[str, str], actor: User) -> None:
    changes = [("member.removed", before[pair]) for pair in before.keys() - after.keys()]
    changes += [("member.joined", after[pair]) for pair in after.keys() - before.keys()]
    # In id order, as every writer of several rooms locks them; people by name, so that a log reads the same each time.
    changes.sort(key=lambda change: (change[1].room.pk, change[1].user.name, change[1].user.pk))
    for kind, rights in changes:
        if kind == "member.removed" or rights.room.state == Room.State.OPEN:
            journal.append(rights.room.pk, type=kind, data={"user": rights.by}, actor=actor, by=by)


def class_join(*, user: User, code: str) -> SchoolClass:
    """Enter another class by its code. Raises ValidationError for ``join_code``."""
    try:
        school_class = people.class_by_code(code)
    except ValidationError as error:
        raise ValidationError({"join_code": error}) from None
    with access_changes(school_class=school_class, by=user, person=user.pk):
        people.class_join(user=user, code=code)
    return school_class


@transaction.atomic
def newcomer_announce(*, user: User) -> None:
    """Tell the open rooms that a fresh account may enter them."""
    rooms = rooms_of(user).filter(state=Room.State.OPEN)
    for room in sorted(rooms, key=lambda room: room.pk):
        person = journal.person(user, role_in(user, room.school_class))
        journal.append(room.pk, type="member.joined", data={"user": person}, actor=user, by=person)


def member_remove(*, school_class: SchoolClass, user_id: UUID, by: User) -> None:
    with access_changes(school_class=school_class, by=by, person=user_id):
        people.enrolment_remove(school_class=school_class, user_id=user_id)


def member_restore(*, school_class: SchoolClass, user_id: UUID, by: User) -> None:
    with access_changes(school_class=school_class, by=by, person=user_id):
        people.enrolment_restore(school_class=school_class, user_id=user_id)


def group_save(
    *, school_class: SchoolClass, group: Group | None, name: str, members: Iterable[User], by: User
) -> Group:
    """Make a group (``group`` None) or give it this name and exactly these members."""
    with access_changes(school_class=school_class, by=by):
        if group is None:
            return people.group_create(school_class=school_class, name=name, members=members)
        people.group_rename(group=group, name=name)
        people.group_set_members(group=group, members=members)
        return group


# ---- rooms


@transaction.atomic
def room_create(
    *, by: User, school_class: SchoolClass, title: str, problem: Problem | None, group: Group | None, language: str = ""
) -> Room:
    _guard_room(school_class, title, group)
    room = Room.objects.create(
        school_class=school_class, title=title, problem=problem, group=group, language=language, created_by=by
    )
    wiring.problem_set(room)
    return room


def room_update(
    *, by: User, room: Room, title: str, problem: Problem | None, group: Group | None, language: str | None = None
) -> Room:
    """Give the room this title, problem and group; whoever loses it by that is put out of it.

    ``language``: what the tutor replies in from the next answer on; None leaves it.
    """
    _guard_room(room.school_class, title, group)
    with access_changes(school_class=room.school_class, by=by, room=room):
        fresh = Room.objects.select_for_update(of=("self",)).get(pk=room.pk)
        is_new = fresh.problem_id != (problem.pk if problem else None)
        shown = is_new or fresh.title != title
        fresh.title, fresh.problem, fresh.group = title, problem, group
        fresh.language = fresh.language if language is None else language
        fresh.save(update_fields=["title", "problem", "group", "language"])
        if shown:
            event = _log_change(fresh, by)
        if is_new:
            wiring.ladder_begin(fresh, event.seq)
            wiring.problem_set(fresh)
    return fresh


def room_close(*, by: User, room: Room) -> bool:
    """Close the room: nobody writes any more. False: it was closed already."""
    return _state_set(by, room, Room.State.CLOSED, "room.closed")


def room_reopen(*, by: User, room: Room) -> bool:
    return _state_set(by, room, Room.State.OPEN, "room.reopened")


@transaction.atomic
def _state_set(by: User, room: Room, state: Room.State, kind: str) -> bool:
    # Compare-and-swap: of two who press the button at once, one writes the event.
    if not Room.objects.filter(pk=room.pk).exclude(state=state).update(state=state):
        return False
    journal.append(room.pk, type=kind, data={}, actor=by, by=_by(by, room))
    return True


def _guard_room(school_class: SchoolClass, title: str, group: Group | None) -> None:
    if not title.strip():
        raise ValidationError({"title": _("A room needs a title.")})
    if group is not None and group.school_class_id != school_class.pk:
        raise ValidationError({"group": _("This group belongs to another class.")})


def _log_change(room: Room, by: User) -> Event:
    data = {"title": room.title, "problem": problem_head(room.problem), "ladder": wiring.ladder_head(room)}
    return journal.append(room.pk, type="room.changed", data=data, actor=by, by=_by(by, room))


def _by(user: User, room: Room) -> dict[str, str]:
    return journal.person(user, role_in(user, room.school_class))


# ---- problems


@transaction.atomic
def problem_create(*, by: User, title: str, statement: str, course: str, lesson: str, code_tests: str = "") -> Problem:
    problem = Problem(title=title, statement=statement, course=course, lesson=lesson, created_by=by, source=by.name)
    problem.slug, problem.code_tests = f"own-{problem.pk}", tests_checked(code_tests)
    _guard_problem(problem)
    problem.save()
    return problem


@transaction.atomic
def problem_update(
    *, by: User, problem: Problem, title: str, statement: str, course: str, lesson: str, code_tests: str | None = None
) -> None:
    """Change a problem; the rooms that work on it are told, in id order. ``code_tests`` None: they stay as they are."""
    problem.title, problem.statement, problem.course, problem.lesson = title, statement, course, lesson
    if code_tests is not None:
        problem.code_tests = tests_checked(code_tests)
    _guard_problem(problem)
    problem.save(update_fields=["title", "statement", "course", "lesson", "code_tests"])
    rooms = Room.objects.select_for_update(of=("self",)).filter(problem=problem)
    for room in rooms.select_related("school_class", "problem").order_by("pk"):
        _log_change(room, by)
        wiring.problem_set(room)


def _guard_problem(problem: Problem) -> None:
    problem.full_clean(exclude=["created_by"])
    # Django checks the length of a TextField in forms alone.
    if len(problem.statement) > STATEMENT_LIMIT:
        raise ValidationError({"statement": _("A problem has at most %(n)s characters.") % {"n": STATEMENT_LIMIT}})
