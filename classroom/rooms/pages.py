"""Pages of rooms: the list of one's own, the room itself, and what staff do to a room."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from csp.decorators import csp_update
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from classroom.people.access import PageRequest, class_for_staff
from classroom.people.forms import JoinForm
from classroom.people.models import User
from classroom.people.selectors import classes_with_counts
from classroom.rooms import services
from classroom.rooms.access import RoomRights, room_for, rooms_of
from classroom.rooms.models import Room
from classroom.rooms.room_forms import RoomForm

# The room writes model output into the page: there the browser itself refuses strings as HTML, except Lit's templates, and as
# addresses of scripts, except the one of the sandbox for code (static/src/sandbox/source.ts).
ROOM_CSP = {"require-trusted-types-for": ["'script'"], "trusted-types": ["lit-html", "sandbox"]}


@login_required
@require_safe
def home(request: PageRequest) -> HttpResponse:
    rooms = list(rooms_of(request.user).order_by("school_class__name", "title"))
    context = {
        "open_rooms": [room for room in rooms if room.state == Room.State.OPEN],
        "closed_rooms": [room for room in rooms if room.state == Room.State.CLOSED],
        "classes": classes_with_counts(request.user),
        "join_form": JoinForm(),
    }
    return render(request, "rooms/home.html", context)


@login_required
def join(request: PageRequest) -> HttpResponse:
    form = JoinForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            school_class = services.class_join(user=request.user, code=form.cleaned_data["join_code"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Welcome to %(name)s.") % {"name": school_class})
            return redirect("home")
    return render(request, "people/join.html", {"form": form}, status=400 if form.errors else 200)


@login_required
@require_safe
@csp_update(ROOM_CSP)  # type: ignore[arg-type]  # its types forget views with arguments
def room_page(request: PageRequest, room_id: UUID) -> HttpResponse:
    rights = room_for(request.user, room_id)
    context = {"room": rights.room, "rights": rights, "staff": rights.staff, "you": rights.by}
    return render(request, "rooms/room.html", context)


@login_required
def room_new(request: PageRequest, class_id: UUID) -> HttpResponse:
    rights = class_for_staff(request.user, class_id)
    form = RoomForm(
        request.POST or None, school_class=rights.school_class, initial={"problem": request.GET.get("problem")}
    )
    if request.method == "POST" and form.is_valid():
        try:
            room = services.room_create(by=request.user, school_class=rights.school_class, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("The room “%(title)s” is open.") % {"title": room})
            return redirect("class_page", rights.school_class.pk)
    context = {"form": form, "school_class": rights.school_class, "room": None}
    return render(request, "rooms/room_form.html", context, status=400 if form.errors else 200)


@login_required
def room_edit(request: PageRequest, room_id: UUID) -> HttpResponse:
    room = _staffed(request.user, room_id).room
    initial = {"title": room.title, "problem": room.problem_id, "group": room.group_id, "language": room.language}
    form = RoomForm(request.POST or None, school_class=room.school_class, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.room_update(by=request.user, room=room, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("The room is saved."))
            return redirect("class_page", room.school_class_id)
    context = {"form": form, "school_class": room.school_class, "room": room}
    return render(request, "rooms/room_form.html", context, status=400 if form.errors else 200)


@login_required
@require_POST
def room_close(request: PageRequest, room_id: UUID) -> HttpResponse:
    return _state(request, room_id, services.room_close, _("The room “%(title)s” is closed."))


@login_required
@require_POST
def room_reopen(request: PageRequest, room_id: UUID) -> HttpResponse:
    return _state(request, room_id, services.room_reopen, _("The room “%(title)s” is open again."))


def _state(request: PageRequest, room_id: UUID, change: Callable[..., bool], words: str) -> HttpResponse:
    room = _staffed(request.user, room_id).room
    change(by=request.user, room=room)
    messages.success(request, words % {"title": room})
    return (
        redirect("room_page", room.pk)
        if request.POST.get("back") == "room"
        else redirect("class_page", room.school_class_id)
    )


def _staffed(user: User, room_id: UUID) -> RoomRights:
    rights = room_for(user, room_id)
    if not rights.staff:
        raise PermissionDenied(_("Only the staff of this class may do this."))
    return rights
