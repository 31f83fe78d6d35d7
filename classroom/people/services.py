"""Everything that changes classes, enrolments and groups. Each call is one transaction, guards first.

A refusal is a ``ValidationError`` that names the field at fault. None of these calls asks who may do it: that is
``access``; and none tells the rooms: ``rooms.services.access_changes`` does, around them.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from classroom.people.access import MAY_BE, TEACHING_ROLES
from classroom.people.models import Enrolment, Group, Role, SchoolClass, User, join_code


def _refuse(field: str, message: str, code: str) -> ValidationError:
    return ValidationError({field: ValidationError(message, code=code)})


# ---- classes


@transaction.atomic
def class_create(*, by: User, name: str) -> SchoolClass:
    """A new class with its creator as teacher."""
    if by.role not in TEACHING_ROLES:
        raise _refuse("name", _("Only teachers may create classes."), "forbidden")
    school_class = SchoolClass.objects.create(name=name, created_by=by)
    Enrolment.objects.create(school_class=school_class, user=by, role=Role.TEACHER)
    return school_class


@transaction.atomic
def class_rename(*, school_class: SchoolClass, name: str) -> None:
    if not name.strip():
        raise _refuse("name", _("A class needs a name."), "required")
    school_class.name = name
    school_class.save(update_fields=["name"])


@transaction.atomic
def join_code_renew(*, school_class: SchoolClass) -> str:
    """A new join code; the old one is worth nothing from now on."""
    school_class.join_code = join_code()
    school_class.save(update_fields=["join_code"])
    return school_class.join_code


@transaction.atomic
def join_open_set(*, school_class: SchoolClass, is_open: bool) -> None:
    school_class.join_open = is_open
    school_class.save(update_fields=["join_open"])


def class_by_code(code: str) -> SchoolClass:
    """The class whose open join code this is, however it was typed (small letters, spaces, hyphens)."""
    plain = "".join(char for char in code.upper() if char.isalnum())
    school_class = SchoolClass.objects.filter(join_code=plain).first()
    if school_class is None:
        raise ValidationError(_("No class has this join code."), code="unknown_code")
    if not school_class.join_open:
        raise ValidationError(_("This class does not accept new people at the moment."), code="closed_code")
    return school_class


# ---- enrolment


@transaction.atomic
def class_join(*, user: User, code: str) -> Enrolment:
    """Enrol by join code, as a student. A second time changes nothing; somebody removed is not let in again."""
    try:
        school_class = class_by_code(code)
    except ValidationError as error:
        raise ValidationError({"join_code": error}) from None
    if Role.STUDENT not in MAY_BE[user.role] or user.role != Role.STUDENT:
        message = _("Join codes are for students: ask the teacher of the class to add you by your username.")
        raise _refuse("join_code", message, "students_only")
    enrolment, _made = Enrolment.objects.get_or_create(school_class=school_class, user=user)
    if enrolment.removed_at is not None:
        raise _refuse("join_code", _("You were removed from this class: ask its teacher."), "removed")
    return enrolment


@transaction.atomic
def student_register(*, user: User, display_name: str, code: str) -> Enrolment:
    """The second half of sign-up: the fresh account gets its name, the role of a student, and its class."""
    user.display_name = display_name
    user.role = Role.STUDENT
    user.save(update_fields=["display_name", "role"])
    return class_join(user=user, code=code)


@transaction.atomic
def enrolment_add(*, school_class: SchoolClass, username: str, role: Role) -> Enrolment:
    """Enrol an account by its name, as at most what the account may be."""
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise _refuse("username", _("No active account has this username."), "unknown_user")
    _guard_role(user, role)
    enrolment, made = Enrolment.objects.get_or_create(school_class=school_class, user=user, defaults={"role": role})
    if not made and enrolment.removed_at is None:
        raise _refuse("username", _("%(name)s is in this class already.") % {"name": user.name}, "enrolled")
    if not made:
        enrolment.role, enrolment.removed_at = role, None
        enrolment.save(update_fields=["role", "removed_at"])
    return enrolment


@transaction.atomic
def enrolment_role_set(*, school_class: SchoolClass, user_id: object, role: Role) -> Enrolment:
    enrolment = _enrolment(school_class, user_id)
    _guard_role(enrolment.user, role)
    if role != Role.TEACHER:
        _guard_last_teacher(enrolment)
    enrolment.role = role
    enrolment.save(update_fields=["role"])
    if role != Role.STUDENT:
        _leave_groups(enrolment)
    return enrolment


@transaction.atomic
def enrolment_remove(*, school_class: SchoolClass, user_id: object) -> Enrolment:
    """Take a person out of the class and out of its groups. The row stays: it also keeps her from joining again."""
    enrolment = _enrolment(school_class, user_id)
    _guard_last_teacher(enrolment)
    if enrolment.removed_at is None:
        enrolment.removed_at = timezone.now()
        enrolment.save(update_fields=["removed_at"])
        _leave_groups(enrolment)
    return enrolment


@transaction.atomic
def enrolment_restore(*, school_class: SchoolClass, user_id: object) -> Enrolment:
    enrolment = _enrolment(school_class, user_id)
    enrolment.removed_at = None
    enrolment.save(update_fields=["removed_at"])
    return enrolment


def _enrolment(school_class: SchoolClass, user_id: object) -> Enrolment:
    enrolment = (
        Enrolment.objects.select_related("user").filter(school_class=school_class, user__id=str(user_id)).first()
    )
    if enrolment is None:
        raise _refuse("user", _("This person is not in the class."), "unknown_user")
    return enrolment


def _guard_role(user: User, role: Role) -> None:
    if role not in MAY_BE[user.role] or role == Role.ADMIN:
        message = _("This account may not be a %(wanted)s: its own role is %(own)s.") % {
            "wanted": role.label,
            "own": Role(user.role).label,
        }
        raise _refuse("role", message, "too_much")


def _guard_last_teacher(enrolment: Enrolment) -> None:
    if enrolment.role != Role.TEACHER or enrolment.removed_at is not None:
        return
    teachers = Enrolment.objects.filter(
        school_class=enrolment.school_class, role=Role.TEACHER, removed_at=None
    ).select_for_update()
    if len(teachers) == 1:
        raise _refuse("user", _("A class keeps at least one teacher."), "last_teacher")


def _leave_groups(enrolment: Enrolment) -> None:
    Group.members.through.objects.filter(
        group__school_class=enrolment.school_class_id, user_id=enrolment.user_id
    ).delete()


# ---- groups


def students_of(school_class: SchoolClass) -> QuerySet[User]:
    """Those who may be in a group: the enrolled students."""
    return User.objects.filter(
        is_active=True,
        enrolments__school_class=school_class,
        enrolments__removed_at=None,
        enrolments__role=Role.STUDENT,
    ).order_by("display_name", "username")


@transaction.atomic
def group_create(*, school_class: SchoolClass, name: str, members: Iterable[User] = ()) -> Group:
    _guard_group_name(school_class, name)
    try:
        with transaction.atomic():
            group = Group.objects.create(school_class=school_class, name=name)
    except IntegrityError:
        raise _taken(name) from None
    group_set_members(group=group, members=members)
    return group


@transaction.atomic
def group_rename(*, group: Group, name: str) -> None:
    _guard_group_name(group.school_class, name, but=group)
    group.name = name
    group.save(update_fields=["name"])


@transaction.atomic
def group_set_members(*, group: Group, members: Iterable[User]) -> None:
    """The group's members are exactly these, each an enrolled student of the group's class."""
    wanted = list(members)
    strangers = {user.pk for user in wanted} - set(students_of(group.school_class).values_list("pk", flat=True))
    if strangers:
        raise _refuse("members", _("Only students of this class can be in its groups."), "not_a_student")
    group.members.set(wanted)


@transaction.atomic
def group_delete(*, group: Group) -> None:
    """Remove a group that no room belongs to (a room without its group would open to the whole class)."""
    if group.rooms.exists():
        raise _refuse("group", _("Rooms belong to this group: give them to another group first."), "in_use")
    group.delete()


def _guard_group_name(school_class: SchoolClass, name: str, but: Group | None = None) -> None:
    same = Group.objects.filter(school_class=school_class, name=name)
    if but is not None:
        same = same.exclude(pk=but.pk)
    if same.exists():
        raise _taken(name)


def _taken(name: str) -> ValidationError:
    return _refuse("name", _("This class has a group “%(name)s” already.") % {"name": name}, "taken")
