"""Reading people and classes, with a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypedDict
from uuid import UUID

from django.db.models import Count, Prefetch, Q, QuerySet

from classroom.people.access import Person, classes_of, effective_role
from classroom.people.models import Enrolment, Group, Role, SchoolClass, User


class PersonBrief(TypedDict):
    """How a person stands in events: ``role`` is the one in the class."""

    id: str
    name: str
    role: str


def person_brief(user: User, role: str) -> PersonBrief:
    return {"id": str(user.pk), "name": user.name, "role": str(role)}


@dataclass(frozen=True, slots=True)
class Member:
    user: User
    role: Role
    enrolled_as: Role
    removed: bool
    groups: tuple[str, ...]


def members_of(school_class: SchoolClass, *, removed: bool = False) -> list[Member]:
    """Who is (or, with ``removed``, was) in the class: teachers first, then by name."""
    groups = Prefetch("user__work_groups", queryset=Group.objects.filter(school_class=school_class))
    rows = (
        Enrolment.objects.filter(school_class=school_class, removed_at__isnull=not removed)
        .select_related("user")
        .prefetch_related(groups)
    )
    rank = {role: place for place, role in enumerate((Role.TEACHER, Role.ASSISTANT, Role.OBSERVER, Role.STUDENT))}
    members = [
        Member(
            user=row.user,
            role=effective_role(row.user, row.role),
            enrolled_as=Role(row.role),
            removed=row.removed_at is not None,
            groups=tuple(group.name for group in row.user.work_groups.all()),
        )
        for row in rows
    ]
    return sorted(members, key=lambda member: (rank.get(member.role, 9), member.user.name.casefold()))


def groups_of(school_class: SchoolClass) -> QuerySet[Group]:
    return Group.objects.filter(school_class=school_class).prefetch_related("members").order_by("name")


def classes_with_counts(user: Person) -> QuerySet[SchoolClass]:
    """The person's classes, each with ``people``, its number of members."""
    active = Q(enrolments__removed_at=None)
    return classes_of(user).annotate(people=Count("enrolments", filter=active, distinct=True)).order_by("name")


def names_known(class_id: UUID) -> Iterator[tuple[str, str]]:
    """(user id, name) for display names and usernames of everybody who is or was in the class."""
    users = User.objects.filter(enrolments__school_class=class_id).values_list("pk", "display_name", "username")
    for user_id, display_name, username in users:
        yield str(user_id), username
        if display_name:
            yield str(user_id), display_name
