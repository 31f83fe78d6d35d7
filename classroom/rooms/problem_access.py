"""Who may look at the collection of problems and change one: load and authorise in one call.

Problems belong to no class. Students never see the collection, only the problem of the room they are in.
"""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.translation import gettext as _

from classroom.people.access import LOOKING_ROLES, TEACHING_ROLES, Person
from classroom.people.models import Role, User
from classroom.rooms.models import Problem


def require_looking(user: Person) -> None:
    if not isinstance(user, User) or user.role not in LOOKING_ROLES:
        raise PermissionDenied(_("The collection of problems is for staff."))


def may_write(user: Person) -> bool:
    return isinstance(user, User) and user.role in TEACHING_ROLES


def require_writing(user: Person) -> None:
    if not may_write(user):
        raise PermissionDenied(_("Only teachers may write problems."))


def problem_for(user: Person, problem_id: UUID) -> Problem:
    require_looking(user)
    problem = Problem.objects.select_related("created_by").filter(pk=problem_id).first()
    if problem is None:
        raise Http404("no such problem")
    return problem


def may_edit(user: Person, problem: Problem) -> bool:
    """An admin any, a teacher her own; imported problems have no owner."""
    if not isinstance(user, User):
        return False
    return user.role == Role.ADMIN or (user.role == Role.TEACHER and problem.created_by_id == user.pk)


def problem_for_editing(user: Person, problem_id: UUID) -> Problem:
    problem = problem_for(user, problem_id)
    if not may_edit(user, problem):
        raise PermissionDenied(_("Only the author of a problem may change it."))
    return problem
