"""Classes, enrolments and groups change as asked, and refusals name the field at fault."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from classroom.people import services
from classroom.people.models import CODE_ALPHABET, CODE_LENGTH, Enrolment, Group, Role, SchoolClass, User
from classroom.people.selectors import classes_with_counts, groups_of, members_of, names_known
from classroom.rooms.models import Room
from tests.conftest import enrol, person


def refused(field: str, words: str):
    """Expects a ValidationError for ``field`` that says ``words``."""
    return pytest.raises(ValidationError, match=rf"'{field}': .*{words}")


# ---- classes


def test_a_new_class_has_a_code_and_its_creator_as_teacher(alice: User) -> None:
    made = services.class_create(by=alice, name="Year 10")
    assert made.created_by == alice
    assert len(made.join_code) == CODE_LENGTH
    assert set(made.join_code) <= set(CODE_ALPHABET)
    assert Enrolment.objects.get(school_class=made).role == Role.TEACHER


@pytest.mark.parametrize("who", ["bob", "tom", "olga", "charlie"])
def test_nobody_else_makes_classes(request: pytest.FixtureRequest, who: str) -> None:
    with refused("name", "Only teachers"):
        services.class_create(by=request.getfixturevalue(who), name="Mine")
    assert not SchoolClass.objects.exists()


def test_a_class_keeps_a_name(school_class: SchoolClass) -> None:
    services.class_rename(school_class=school_class, name="Year 9 b")
    school_class.refresh_from_db()
    assert school_class.name == "Year 9 b"
    with refused("name", "needs a name"):
        services.class_rename(school_class=school_class, name="  ")


def test_a_renewed_code_ends_the_old_one(school_class: SchoolClass) -> None:
    old = school_class.join_code
    fresh = services.join_code_renew(school_class=school_class)
    assert fresh != old
    assert services.class_by_code(fresh) == school_class
    with pytest.raises(ValidationError, match="No class has this join code"):
        services.class_by_code(old)


def test_a_code_may_be_typed_in_any_way(school_class: SchoolClass) -> None:
    code = school_class.join_code
    for typed in (code.lower(), f" {code[:4]} {code[4:]} ", f"{code[:4]}-{code[4:]}"):
        assert services.class_by_code(typed) == school_class


@pytest.mark.parametrize("typed", ["", "????", "NOTACODE", "x" * 500, "' OR 1=1 --"])
def test_other_texts_are_no_code(school_class: SchoolClass, typed: str) -> None:
    with pytest.raises(ValidationError, match="No class has this join code"):
        services.class_by_code(typed)


# ---- joining


def test_a_student_joins_once(school_class: SchoolClass, other_class: SchoolClass, charlie: User) -> None:
    for _ in range(2):
        enrolment = services.class_join(user=charlie, code=school_class.join_code)
    assert enrolment.role == Role.STUDENT
    assert Enrolment.objects.filter(user=charlie, school_class=school_class).count() == 1


def test_a_shut_class_lets_nobody_in(school_class: SchoolClass, charlie: User) -> None:
    services.join_open_set(school_class=school_class, is_open=False)
    with refused("join_code", "does not accept"):
        services.class_join(user=charlie, code=school_class.join_code)
    services.join_open_set(school_class=school_class, is_open=True)
    services.class_join(user=charlie, code=school_class.join_code)


def test_a_removed_student_does_not_come_back_by_the_code(school_class: SchoolClass, bob: User) -> None:
    services.enrolment_remove(school_class=school_class, user_id=bob.pk)
    with refused("join_code", "removed from this class"):
        services.class_join(user=bob, code=school_class.join_code)
    services.enrolment_restore(school_class=school_class, user_id=bob.pk)
    assert services.class_join(user=bob, code=school_class.join_code).removed_at is None


@pytest.mark.parametrize("who", ["tom", "olga", "root"])
def test_codes_are_for_students(request: pytest.FixtureRequest, other_class: SchoolClass, who: str) -> None:
    with refused("join_code", "for students"):
        services.class_join(user=request.getfixturevalue(who), code=other_class.join_code)


def test_registering_makes_a_student_whatever_the_account_was(school_class: SchoolClass) -> None:
    sly = person("sly", Role.TEACHER)
    services.student_register(user=sly, display_name="Sly", code=school_class.join_code)
    sly.refresh_from_db()
    assert (sly.role, sly.name) == (Role.STUDENT, "Sly")


# ---- enrolment by the teacher


def test_a_teacher_adds_by_username(school_class: SchoolClass, charlie: User) -> None:
    assert services.enrolment_add(school_class=school_class, username="charlie", role=Role.STUDENT).user == charlie
    with refused("username", "is in this class already"):
        services.enrolment_add(school_class=school_class, username="charlie", role=Role.STUDENT)


def test_adding_a_removed_member_lets_her_in_again(school_class: SchoolClass, tom: User) -> None:
    services.enrolment_remove(school_class=school_class, user_id=tom.pk)
    enrolment = services.enrolment_add(school_class=school_class, username="tom", role=Role.STUDENT)
    assert (enrolment.removed_at, enrolment.role) == (None, Role.STUDENT)


def test_unknown_and_disabled_accounts_are_not_added(school_class: SchoolClass, charlie: User) -> None:
    charlie.is_active = False
    charlie.save()
    for username in ("charlie", "nobody", ""):
        with refused("username", "No active account"):
            services.enrolment_add(school_class=school_class, username=username, role=Role.STUDENT)


@pytest.mark.parametrize(
    ("who", "role"), [("charlie", Role.TEACHER), ("charlie", Role.ASSISTANT), ("charlie", Role.ADMIN)]
)
def test_nobody_is_made_more_than_her_account(
    request: pytest.FixtureRequest, school_class: SchoolClass, who: str, role: Role
) -> None:
    request.getfixturevalue(who)
    with refused("role", "may not be"):
        services.enrolment_add(school_class=school_class, username=who, role=role)


def test_roles_change_within_the_account(school_class: SchoolClass, tom: User, bob: User) -> None:
    services.enrolment_role_set(school_class=school_class, user_id=tom.pk, role=Role.OBSERVER)
    assert Enrolment.objects.get(user=tom).role == Role.OBSERVER
    with refused("role", "may not be"):
        services.enrolment_role_set(school_class=school_class, user_id=bob.pk, role=Role.ASSISTANT)
    with refused("user", "not in the class"):
        services.enrolment_role_set(school_class=school_class, user_id=person("eve", "student").pk, role=Role.STUDENT)


def test_a_class_keeps_its_last_teacher(school_class: SchoolClass, alice: User) -> None:
    with refused("user", "at least one teacher"):
        services.enrolment_remove(school_class=school_class, user_id=alice.pk)
    with refused("user", "at least one teacher"):
        services.enrolment_role_set(school_class=school_class, user_id=alice.pk, role=Role.OBSERVER)
    enrol(person("second", Role.TEACHER), school_class, Role.TEACHER)
    services.enrolment_remove(school_class=school_class, user_id=alice.pk)
    services.enrolment_remove(school_class=school_class, user_id=alice.pk)  # again: changes nothing
    assert Enrolment.objects.get(user=alice).removed_at is not None


# ---- groups


def test_groups_hold_students_of_their_class_only(
    school_class: SchoolClass, bob: User, tom: User, charlie: User
) -> None:
    group = services.group_create(school_class=school_class, name="Group one", members=[bob])
    assert set(group.members.all()) == {bob}
    for stranger in (charlie, tom):
        with refused("members", "Only students of this class"):
            services.group_set_members(group=group, members=[bob, stranger])
    assert set(group.members.all()) == {bob}
    services.group_set_members(group=group, members=[])
    assert not group.members.exists()


def test_a_refused_group_is_not_made(school_class: SchoolClass, charlie: User) -> None:
    with refused("members", "Only students"):
        services.group_create(school_class=school_class, name="Group one", members=[charlie])
    assert not Group.objects.exists()


def test_group_names_are_unique_in_a_class(school_class: SchoolClass, other_class: SchoolClass) -> None:
    group = services.group_create(school_class=school_class, name="A")
    services.group_create(school_class=other_class, name="A")
    second = services.group_create(school_class=school_class, name="B")
    with refused("name", "already"):
        services.group_create(school_class=school_class, name="A")
    with refused("name", "already"):
        services.group_rename(group=second, name="A")
    services.group_rename(group=group, name="A")  # its own name is free for it


def test_leaving_the_class_or_the_students_is_leaving_the_groups(
    school_class: SchoolClass, bob: User, tom: User
) -> None:
    services.enrolment_role_set(school_class=school_class, user_id=tom.pk, role=Role.STUDENT)
    group = services.group_create(school_class=school_class, name="A", members=[bob, tom])
    services.enrolment_remove(school_class=school_class, user_id=bob.pk)
    services.enrolment_role_set(school_class=school_class, user_id=tom.pk, role=Role.ASSISTANT)
    assert not group.members.exists()
    services.enrolment_restore(school_class=school_class, user_id=bob.pk)
    assert not group.members.exists()


def test_a_group_with_rooms_stays(school_class: SchoolClass, room: Room) -> None:
    group = services.group_create(school_class=school_class, name="A")
    room.group = group
    room.save()
    with refused("group", "Rooms belong to this group"):
        services.group_delete(group=group)
    room.delete()
    services.group_delete(group=group)
    assert not Group.objects.exists()


# ---- reading


def test_members_come_teachers_first_and_in_few_queries(
    school_class: SchoolClass, bob: User, django_assert_num_queries
) -> None:
    for number in range(12):
        enrol(person(f"pupil{number}", Role.STUDENT), school_class, Role.STUDENT)
    services.group_create(school_class=school_class, name="A", members=[bob])
    with django_assert_num_queries(2):
        members = members_of(school_class)
    assert [member.role for member in members[:3]] == [Role.TEACHER, Role.ASSISTANT, Role.OBSERVER]
    assert next(member for member in members if member.user == bob).groups == ("A",)
    assert members_of(school_class, removed=True) == []
    services.enrolment_remove(school_class=school_class, user_id=bob.pk)
    assert [member.user for member in members_of(school_class, removed=True)] == [bob]


def test_counts_and_names(school_class: SchoolClass, alice: User, bob: User, charlie: User) -> None:
    assert [row.people for row in classes_with_counts(alice)] == [4]
    services.enrolment_remove(school_class=school_class, user_id=bob.pk)
    assert [row.people for row in classes_with_counts(alice)] == [3]
    assert list(classes_with_counts(charlie)) == []
    names = set(names_known(school_class.pk))
    assert {(str(bob.pk), "bob"), (str(bob.pk), "Bob Baker")} <= names
    assert not any(user_id == str(charlie.pk) for user_id, _ in names)
    assert list(groups_of(school_class)) == []
