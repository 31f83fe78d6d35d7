"""Who is what in a class, and what that lets her do. Charlie studies elsewhere and finds nothing here."""

from __future__ import annotations

import uuid

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils import timezone

from classroom.people import access
from classroom.people.models import Enrolment, Role, SchoolClass, User
from tests.conftest import enrol, person


def test_each_member_has_the_role_of_her_enrolment(
    school_class: SchoolClass, alice: User, tom: User, olga: User, bob: User
) -> None:
    roles = [access.role_in(user, school_class) for user in (alice, tom, olga, bob)]
    assert roles == [Role.TEACHER, Role.ASSISTANT, Role.OBSERVER, Role.STUDENT]


def test_outsiders_and_strangers_have_no_role(
    school_class: SchoolClass, other_class: SchoolClass, charlie: User
) -> None:
    assert access.role_in(charlie, school_class) is None
    assert access.role_in(AnonymousUser(), school_class) is None


def test_an_admin_has_a_role_everywhere_even_when_enrolled_as_less(school_class: SchoolClass, root: User) -> None:
    assert access.role_in(root, school_class) == Role.ADMIN
    enrol(root, school_class, Role.STUDENT)
    assert access.role_in(root, school_class) == Role.ADMIN


def test_a_removed_member_has_no_role(school_class: SchoolClass, bob: User) -> None:
    Enrolment.objects.filter(user=bob).update(removed_at=timezone.now())
    assert access.role_in(bob, school_class) is None


def test_a_disabled_account_has_no_role(school_class: SchoolClass, alice: User, root: User) -> None:
    for user in (alice, root):
        user.is_active = False
        user.save()
        assert access.role_in(user, school_class) is None
        assert not access.classes_of(user).exists()


@pytest.mark.parametrize(
    ("account", "enrolled_as", "role"),
    [
        (Role.STUDENT, Role.TEACHER, Role.STUDENT),
        (Role.STUDENT, Role.ASSISTANT, Role.STUDENT),
        (Role.STUDENT, Role.OBSERVER, Role.STUDENT),
        (Role.OBSERVER, Role.TEACHER, Role.OBSERVER),
        (Role.OBSERVER, Role.STUDENT, Role.OBSERVER),
        (Role.ASSISTANT, Role.TEACHER, Role.ASSISTANT),
        (Role.ASSISTANT, Role.STUDENT, Role.STUDENT),
        (Role.TEACHER, Role.ASSISTANT, Role.ASSISTANT),
        (Role.TEACHER, Role.STUDENT, Role.STUDENT),
        (Role.TEACHER, Role.ADMIN, Role.TEACHER),
        (Role.ADMIN, Role.STUDENT, Role.ADMIN),
    ],
)
def test_an_enrolment_never_makes_more_of_an_account_than_it_is(account: Role, enrolled_as: Role, role: Role) -> None:
    assert access.effective_role(User(role=account), enrolled_as) == role


def test_every_pair_of_roles_stays_within_the_account() -> None:
    for account in Role:
        for enrolled_as in Role:
            assert access.effective_role(User(role=account), enrolled_as) in access.MAY_BE[account]


@pytest.mark.parametrize(
    ("who", "looks", "staff", "teaches"),
    [
        ("alice", True, True, True),
        ("tom", True, True, False),
        ("olga", True, False, False),
        ("bob", False, False, False),
        ("root", True, True, True),
    ],
)
def test_rights_follow_the_role(
    request: pytest.FixtureRequest, school_class: SchoolClass, who: str, looks: bool, staff: bool, teaches: bool
) -> None:
    user = request.getfixturevalue(who)
    rights = access.class_for(user, school_class.pk)
    assert (rights.looks, rights.staff, rights.teaches) == (looks, staff, teaches)
    for allowed, load in ((staff, access.class_for_staff), (teaches, access.class_for_teacher)):
        if allowed:
            assert load(user, school_class.pk).school_class == school_class
        else:
            with pytest.raises(PermissionDenied):
                load(user, school_class.pk)


def test_a_foreign_class_and_an_unknown_one_look_the_same(
    school_class: SchoolClass, other_class: SchoolClass, charlie: User
) -> None:
    for load in (access.class_for, access.class_for_staff, access.class_for_teacher):
        for class_id in (school_class.pk, uuid.uuid4()):
            with pytest.raises(Http404, match="no such class"):
                load(charlie, class_id)


def test_classes_of_lists_by_role(
    school_class: SchoolClass, other_class: SchoolClass, alice: User, bob: User, charlie: User, root: User
) -> None:
    enrol(alice, other_class, Role.OBSERVER)
    assert set(access.classes_of(alice)) == {school_class, other_class}
    assert set(access.classes_of(alice, access.TEACHING_ROLES)) == {school_class}
    assert set(access.classes_of(alice, access.LOOKING_ROLES)) == {school_class, other_class}
    assert set(access.classes_of(bob, access.LOOKING_ROLES)) == set()
    assert set(access.classes_of(charlie)) == {other_class}
    assert set(access.classes_of(root)) == {school_class, other_class}
    assert not access.classes_of(root, frozenset({Role.STUDENT})).exists()
    assert not access.classes_of(AnonymousUser()).exists()


def test_a_student_enrolled_as_teacher_by_mistake_has_no_class_to_teach(school_class: SchoolClass) -> None:
    dora = person("dora", Role.STUDENT)
    enrol(dora, school_class, Role.TEACHER)
    assert access.role_in(dora, school_class) == Role.STUDENT
    assert not access.classes_of(dora, access.TEACHING_ROLES).exists()
    with pytest.raises(PermissionDenied):
        access.class_for_teacher(dora, school_class.pk)


def test_only_teachers_and_admins_create_classes(alice: User, root: User, tom: User, olga: User, bob: User) -> None:
    access.require_class_creator(alice)
    access.require_class_creator(root)
    for user in (tom, olga, bob, AnonymousUser()):
        with pytest.raises(PermissionDenied):
            access.require_class_creator(user)
