"""Who may do what in a room: loaded and authorised in one call, from live state, never from an id alone.

Unknown and foreign look the same: both raise Http404.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404

from classroom.people.access import effective_role
from classroom.people.models import STAFF_ROLES, Enrolment, Role, User
from classroom.rooms.models import Room
from classroom.rooms.prepared import Prepared

# What each verb needs, as data. "look": may be in the room; "write": also not an observer, and the room is open; "staff":
# also of the class's staff.
VERB_NEEDS: dict[str, str] = {
    "join": "look",
    "ping": "look",
    "auth.refresh": "look",
    "typing.show": "write",
    "message.post": "write",
    "answer.ask": "write",
    "answer.stop": "write",
    "answer.pause": "write",
    "answer.resume": "write",
    "answer.insert": "write",
    "step.submit": "write",
    "code.run": "write",
    "highlight.set": "write",
    "hint.request": "write",
    "teacher.rung": "staff",
    "board.mode": "staff",
    "board.grant": "staff",
    "board.reveal": "staff",
    "hand.raise": "write",
    "hand.lower": "write",
}


@dataclass(frozen=True, slots=True)
class RoomRights:
    """One person in one room, at this moment."""

    room: Room
    user: User
    role: str

    @property
    def staff(self) -> bool:
        return self.role in STAFF_ROLES

    @property
    def may_write(self) -> bool:
        return self.role != Role.OBSERVER

    @property
    def may_ask(self) -> bool:
        return self.may_write

    @property
    def audiences(self) -> frozenset[str]:
        """Audiences whose events this person gets in full."""
        own = {"all", f"user:{self.user.pk}"}
        if self.staff or self.role == Role.OBSERVER:
            own.add("staff")
        return frozenset(own)

    def read_after(self, epoch: str, seq: int) -> bool:
        """Whether they were read when the log had this event: the room's row is read before all that rights hang on."""
        return self.room.epoch == epoch and self.room.last_seq >= seq

    @property
    def by(self) -> dict[str, str]:
        return {"id": str(self.user.pk), "name": self.user.name, "role": self.role}


_USER: Prepared[User] = Prepared(lambda user: User.objects.filter(pk=user))
# Without class, group and problem, which most frames have no use for: joining them takes longer than all the rest.
_ROOM: Prepared[Room] = Prepared(lambda room: Room.objects.filter(pk=room))
_ENROLLED_AS: Prepared[tuple[str]] = Prepared(
    lambda user, school_class: Enrolment.objects.filter(
        user=user, school_class=school_class, removed_at=None
    ).values_list("role")
)
_GROUPED: Prepared[tuple[UUID]] = Prepared(
    lambda user, group: User.work_groups.through.objects.filter(user=user, group=group).values_list("group_id")
)


def room_for(user: User | UUID, room_id: UUID | str) -> RoomRights:
    """The room and what this person (or her id) may do in it. Raises Http404 for a room that is not there or not hers.

    As ``rights_of``, whose one pair stands on the way of every frame.
    """
    try:
        key = room_id if isinstance(room_id, UUID) else UUID(room_id)
    except ValueError:
        raise Http404("no such room") from None
    person, room = _USER.first(user.pk if isinstance(user, User) else user), _ROOM.first(key)
    rights = None
    if person is not None and room is not None:
        enrolled_as = _ENROLLED_AS.first(person.pk, room.school_class_id) or (None,)
        in_group = room.group_id is None or bool(_GROUPED(person.pk, room.group_id))
        rights = _rights(person, room, enrolled_as[0], in_group=in_group)
    if rights is None:
        raise Http404("no such room")
    return rights


def room_now(room_id: UUID) -> Room:
    """The room's row as it is, without any right. Raises Room.DoesNotExist."""
    room = _ROOM.first(room_id)
    if room is None:
        raise Room.DoesNotExist(str(room_id))
    return room


def _rights(user: User, room: Room, enrolled_as: str | None, *, in_group: bool) -> RoomRights | None:
    if not user.is_active or (user.role != Role.ADMIN and enrolled_as is None):
        return None
    role = effective_role(user, enrolled_as or Role.ADMIN)
    return None if role == Role.STUDENT and not in_group else RoomRights(room, user, role)


def rights_of(pairs: Iterable[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], RoomRights]:
    """Rights of many (user, room) pairs in four queries at most, whatever their number; pairs without any right are missing.

    Rooms come before enrolments and groups (``RoomRights.read_after`` rests on it).
    """
    wanted = set(pairs)
    users = User.objects.in_bulk({user_id for user_id, _ in wanted})
    rooms = Room.objects.in_bulk({room_id for _, room_id in wanted})
    classes = {room.school_class_id for room in rooms.values()}
    enrolled = Enrolment.objects.filter(user__in=users, school_class__in=classes, removed_at=None)
    enrolments = {
        (user_id, class_id): role for user_id, class_id, role in enrolled.values_list("user", "school_class", "role")
    }
    groups = {room.group_id for room in rooms.values() if room.group_id}
    members = User.work_groups.through.objects.filter(user_id__in=users, group_id__in=groups)
    grouped = set(members.values_list("user_id", "group_id")) if groups else set()
    found = {}
    for user_id, room_id in wanted:
        user, room = users.get(user_id), rooms.get(room_id)
        if user is not None and room is not None:
            in_group = room.group_id is None or (user_id, room.group_id) in grouped
            enrolled_as = enrolments.get((user_id, room.school_class_id))
            rights = _rights(user, room, enrolled_as, in_group=in_group)
            if rights is not None:
                found[user_id, room_id] = rights
    return found


def rooms_of(user: User) -> QuerySet[Room]:
    """Rooms that this person may enter."""
    rooms = Room.objects.select_related("school_class", "group", "problem")
    if user.role == Role.ADMIN:
        return rooms
    active = Enrolment.objects.filter(user=user, removed_at=None)
    student_by = [role for role in Role if effective_role(user, role) == Role.STUDENT]
    as_student = active.filter(role__in=student_by).values("school_class")
    otherwise = active.exclude(role__in=student_by).values("school_class")
    return rooms.filter(
        Q(school_class__in=otherwise)
        | Q(school_class__in=as_student, group=None)
        | Q(school_class__in=as_student, group__in=user.work_groups.values("pk"))
    )
