"""Who may look at the wall, and at which rooms."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from classroom.people.access import LOOKING_ROLES, TEACHING_ROLES, Person, classes_of
from classroom.people.models import User
from classroom.rooms.models import Room


def may_look(user: Person) -> bool:
    """Staff and observers of some class; a teacher also before she has one."""
    if not isinstance(user, User) or not user.is_active:
        return False
    return user.role in TEACHING_ROLES or classes_of(user, LOOKING_ROLES).exists()


def require_looking(user: Person) -> None:
    if not may_look(user):
        raise PermissionDenied(_("The dashboard is for the staff of a class."))


def rooms_looked_at(user: Person) -> QuerySet[Room]:
    """All rooms of the classes in which this person looks after more than her own work."""
    return Room.objects.filter(school_class__in=classes_of(user, LOOKING_ROLES))
