"""Who may see and change a class: load and authorise in one call.

An outsider gets ``Http404`` (a class that is not hers does not exist for her); a member who lacks the right gets
``PermissionDenied``.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from classroom.people.models import STAFF_ROLES, Enrolment, Role, SchoolClass, User

# The account's role is the most that a person may be; the enrolment says what she is in one class.
MAY_BE: dict[str, frozenset[Role]] = {
    Role.STUDENT: frozenset({Role.STUDENT}),
    Role.OBSERVER: frozenset({Role.OBSERVER}),
    Role.ASSISTANT: frozenset({Role.ASSISTANT, Role.OBSERVER, Role.STUDENT}),
    Role.TEACHER: frozenset({Role.TEACHER, Role.ASSISTANT, Role.OBSERVER, Role.STUDENT}),
    Role.ADMIN: frozenset(Role),
}
# Who sees every room of a class, whichever group it belongs to.
LOOKING_ROLES = STAFF_ROLES | {Role.OBSERVER}
TEACHING_ROLES = frozenset({Role.TEACHER, Role.ADMIN})

Person = User | AnonymousUser


class PageRequest(HttpRequest):
    """The request of a view behind ``login_required``: for the type checker alone."""

    user: User


@dataclass(frozen=True, slots=True)
class ClassRights:
    """A class together with what this person is in it."""

    school_class: SchoolClass
    role: Role

    @property
    def looks(self) -> bool:
        """Sees all rooms, groups and people of the class."""
        return self.role in LOOKING_ROLES

    @property
    def staff(self) -> bool:
        """Runs rooms and groups."""
        return self.role in STAFF_ROLES

    @property
    def teaches(self) -> bool:
        """Decides about people, the join code and transcripts."""
        return self.role in TEACHING_ROLES


def effective_role(user: User, enrolled_as: str) -> Role:
    """What an enrolment is worth for this account: never more than the account's own role."""
    role = Role(enrolled_as)
    if user.role == Role.ADMIN:
        return Role.ADMIN
    return role if role in MAY_BE[user.role] else Role(user.role)


def role_in(user: Person, school_class: SchoolClass) -> Role | None:
    """The person's role in the class, or None for an outsider, a removed member or a disabled account."""
    if not isinstance(user, User) or not user.is_active:
        return None
    if user.role == Role.ADMIN:
        return Role.ADMIN
    enrolled_as = (
        Enrolment.objects.filter(school_class=school_class, user=user, removed_at=None)
        .values_list("role", flat=True)
        .first()
    )
    return effective_role(user, enrolled_as) if enrolled_as else None


def class_for(user: Person, class_id: UUID) -> ClassRights:
    school_class = SchoolClass.objects.filter(pk=class_id).first()
    role = role_in(user, school_class) if school_class else None
    if school_class is None or role is None:
        raise Http404("no such class")
    return ClassRights(school_class, role)


def class_for_staff(user: Person, class_id: UUID) -> ClassRights:
    rights = class_for(user, class_id)
    if not rights.staff:
        raise PermissionDenied(_("Only the staff of this class may do this."))
    return rights


def class_for_teacher(user: Person, class_id: UUID) -> ClassRights:
    rights = class_for(user, class_id)
    if not rights.teaches:
        raise PermissionDenied(_("Only a teacher of this class may do this."))
    return rights


def classes_of(user: Person, roles: frozenset[Role] = frozenset(Role)) -> QuerySet[SchoolClass]:
    """The classes in which the person has one of these roles (an admin: all)."""
    if not isinstance(user, User) or not user.is_active:
        return SchoolClass.objects.none()
    if user.role == Role.ADMIN:
        return SchoolClass.objects.all() if Role.ADMIN in roles else SchoolClass.objects.none()
    enrolled_as = [role for role in Role if effective_role(user, role) in roles]
    mine = Enrolment.objects.filter(user=user, removed_at=None, role__in=enrolled_as)
    return SchoolClass.objects.filter(pk__in=mine.values("school_class"))


def require_class_creator(user: Person) -> None:
    if not isinstance(user, User) or user.role not in TEACHING_ROLES:
        raise PermissionDenied(_("Only teachers may create classes."))
