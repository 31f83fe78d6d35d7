"""The page of a class and the actions on it: people, groups, join code.

They stand beside rooms, not in ``people``, because each of them may put somebody into a room or out of one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from classroom.people import services as people
from classroom.people.access import ClassRights, PageRequest, class_for, class_for_staff, class_for_teacher
from classroom.people.forms import ClassForm, GroupForm, MemberForm, RoleForm
from classroom.people.models import Group, Role
from classroom.people.selectors import groups_of, members_of
from classroom.rooms import services
from classroom.rooms.access import rooms_of


@login_required
@require_safe
def class_page(request: PageRequest, class_id: UUID) -> HttpResponse:
    return _page(request, class_for(request.user, class_id))


def _page(request: PageRequest, rights: ClassRights, status: int = 200, **forms: Form) -> HttpResponse:
    """The page; ``forms`` replaces an empty form by the one that was refused."""
    school_class = rights.school_class
    context: dict[str, Any] = {
        "rights": rights,
        "school_class": school_class,
        "rooms": rooms_of(request.user).filter(school_class=school_class).order_by("-state", "title"),
    }
    if rights.looks:
        context["members"] = members_of(school_class)
        context["groups"] = groups_of(school_class)
    if rights.teaches:
        context["removed"] = members_of(school_class, removed=True)
        context["roles"] = [(role.value, role.label) for role in Role if role != Role.ADMIN]
        context["member_form"] = MemberForm()
        context["class_form"] = ClassForm(initial={"name": school_class.name})
    return render(request, "people/class.html", {**context, **forms}, status=status)


def _act(
    request: PageRequest, rights: ClassRights, name: str, form: Form, *, change: Callable[[dict[str, Any]], str]
) -> HttpResponse:
    """Run ``change`` with what the form holds; it returns the words for the person. A refusal shows the page again."""
    if form.is_valid():
        try:
            messages.success(request, change(form.cleaned_data))
            return redirect("class_page", rights.school_class.pk)
        except ValidationError as error:
            # A form without the field at fault shows the sentence on top.
            known = hasattr(error, "error_dict") and set(error.error_dict) <= set(form.fields)
            form.add_error(None, error if known else error.messages)
    return _page(request, rights, status=400, **{name: form})


# ---- the class itself (teachers)


@login_required
@require_POST
def class_rename(request: PageRequest, class_id: UUID) -> HttpResponse:
    rights = class_for_teacher(request.user, class_id)

    def change(data: dict[str, Any]) -> str:
        people.class_rename(school_class=rights.school_class, name=data["name"])
        return _("The class has its new name.")

    return _act(request, rights, "class_form", ClassForm(request.POST), change=change)


@login_required
@require_POST
def code_renew(request: PageRequest, class_id: UUID) -> HttpResponse:
    rights = class_for_teacher(request.user, class_id)
    people.join_code_renew(school_class=rights.school_class)
    messages.success(request, _("There is a new join code; the old one is worth nothing now."))
    return redirect("class_page", class_id)


@login_required
@require_POST
def code_open(request: PageRequest, class_id: UUID) -> HttpResponse:
    rights = class_for_teacher(request.user, class_id)
    is_open = request.POST.get("open") == "1"
    people.join_open_set(school_class=rights.school_class, is_open=is_open)
    messages.success(
        request, _("The join code is accepted.") if is_open else _("The join code is not accepted any more.")
    )
    return redirect("class_page", class_id)


# ---- people of the class (teachers)


@login_required
@require_POST
def member_add(request: PageRequest, class_id: UUID) -> HttpResponse:
    rights, by = class_for_teacher(request.user, class_id), request.user

    def change(data: dict[str, Any]) -> str:
        with services.access_changes(school_class=rights.school_class, by=by):
            added = people.enrolment_add(
                school_class=rights.school_class, username=data["username"], role=Role(data["role"])
            )
        return _("%(name)s is in the class.") % {"name": added.user}

    return _act(request, rights, "member_form", MemberForm(request.POST), change=change)


@login_required
@require_POST
def member_remove(request: PageRequest, class_id: UUID, user_id: UUID) -> HttpResponse:
    rights, by = class_for_teacher(request.user, class_id), request.user

    def change(_data: dict[str, Any]) -> str:
        services.member_remove(school_class=rights.school_class, user_id=user_id, by=by)
        return _("Removed from the class.")

    return _act(request, rights, "person_form", Form(request.POST), change=change)


@login_required
@require_POST
def member_restore(request: PageRequest, class_id: UUID, user_id: UUID) -> HttpResponse:
    rights, by = class_for_teacher(request.user, class_id), request.user

    def change(_data: dict[str, Any]) -> str:
        services.member_restore(school_class=rights.school_class, user_id=user_id, by=by)
        return _("Back in the class.")

    return _act(request, rights, "person_form", Form(request.POST), change=change)


@login_required
@require_POST
def member_role(request: PageRequest, class_id: UUID, user_id: UUID) -> HttpResponse:
    rights, by = class_for_teacher(request.user, class_id), request.user

    def change(data: dict[str, Any]) -> str:
        role = Role(data["role"])
        with services.access_changes(school_class=rights.school_class, by=by, person=user_id):
            people.enrolment_role_set(school_class=rights.school_class, user_id=user_id, role=role)
        return _("Now %(role)s of this class.") % {"role": role.label}

    return _act(request, rights, "person_form", RoleForm(request.POST), change=change)


# ---- groups (staff)


@login_required
def group_new(request: PageRequest, class_id: UUID) -> HttpResponse:
    return _group(request, class_for_staff(request.user, class_id), None)


@login_required
def group_edit(request: PageRequest, class_id: UUID, group_id: UUID) -> HttpResponse:
    rights = class_for_staff(request.user, class_id)
    return _group(request, rights, _group_of(rights, group_id))


@login_required
@require_POST
def group_delete(request: PageRequest, class_id: UUID, group_id: UUID) -> HttpResponse:
    rights = class_for_staff(request.user, class_id)
    group = _group_of(rights, group_id)

    def change(_data: dict[str, Any]) -> str:
        people.group_delete(group=group)
        return _("The group is gone.")

    return _act(request, rights, "group_form", Form(request.POST), change=change)


def _group_of(rights: ClassRights, group_id: UUID) -> Group:
    group = Group.objects.filter(school_class=rights.school_class, pk=group_id).first()
    if group is None:
        raise Http404("no such group")
    return group


def _group(request: PageRequest, rights: ClassRights, group: Group | None) -> HttpResponse:
    school_class = rights.school_class
    initial = {"name": group.name, "members": list(group.members.all())} if group else {}
    form = GroupForm(request.POST or None, school_class=school_class, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.group_save(school_class=school_class, group=group, by=request.user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("The group is saved."))
            return redirect("class_page", school_class.pk)
    context = {"form": form, "school_class": school_class, "group": group}
    return render(request, "people/group_form.html", context, status=400 if form.errors else 200)
