"""Who may read transcripts: authorised and written down in one call and one transaction.

An admin reads all, a teacher those of her classes. Members of the class who may not read get ``PermissionDenied``,
everybody else ``Http404``.
"""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from classroom.people.access import TEACHING_ROLES, Person, classes_of
from classroom.people.models import Role, SchoolClass, User
from classroom.review import services
from classroom.rooms.access import RoomRights, room_for
from classroom.rooms.models import Room


def classes_reviewed(user: Person) -> QuerySet[SchoolClass]:
    return classes_of(user, TEACHING_ROLES)


def rooms_reviewed(user: Person) -> QuerySet[Room]:
    return Room.objects.filter(school_class__in=classes_reviewed(user))


def require_reviewer(user: Person) -> None:
    """For the list: a teacher may look at an empty one."""
    if not isinstance(user, User) or (user.role not in TEACHING_ROLES and not classes_reviewed(user).exists()):
        raise PermissionDenied(_("Transcripts are for teachers."))


@transaction.atomic
def transcript_opened(user: User, room_id: UUID, *, verb: str, detail: str = "", names: bool = True) -> RoomRights:
    """The room whose transcript this person reads from here on; that she does is on record when this returns.

    ``names`` False is an export without names; one with names is for admins alone.
    """
    rights = room_for(user, room_id)
    if rights.role not in TEACHING_ROLES:
        raise PermissionDenied(_("Transcripts are for the teachers of the class."))
    if verb == services.EXPORT and names and rights.role != Role.ADMIN:
        raise PermissionDenied(_("Only an admin may export names."))
    services.read_record(room=rights.room, actor=user, actor_name=user.name, verb=verb, detail=detail)
    return rights
