"""The page on which the staff of a class read and change what the tutor remembers of a room."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from classroom.people.access import PageRequest
from classroom.rooms.access import RoomRights, room_for
from tutor import memory
from tutor.forms import MemoryForm
from tutor.models import Memory

CHANGED = (
    "It was changed after you opened this page. What stands there now is below your words: save again to replace it."
)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def room_memory(request: PageRequest, room_id: UUID) -> HttpResponse:
    rights = room_for(request.user, room_id)
    if not rights.staff:
        raise PermissionDenied(_("Only the staff of this class may do this."))
    known = memory.memory_of(rights.room)
    form = MemoryForm(request.POST or None, initial={"summary": known.summary, "seen": memory.version_of(known)})
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            memory.memory_edit(rights, form.cleaned_data["summary"], seen=form.cleaned_data["seen"])
        except memory.Stale:
            form = MemoryForm({"summary": form.cleaned_data["summary"], "seen": memory.version_of(known)})
            form.add_error("summary", CHANGED)
            status = 409
        else:
            messages.success(request, _("The tutor remembers it so from the next question on."))
            return redirect("room_memory", rights.room.pk)
    elif form.errors:
        status = 400
    return _shown(request, rights, known, form, status)


def _shown(request: PageRequest, rights: RoomRights, known: Memory, form: MemoryForm, status: int) -> HttpResponse:
    context = {
        "room": rights.room,
        "school_class": rights.room.school_class,
        "memory": known,
        "form": form,
        "is_stale": status == 409,
        "turns": memory.turns_kept(rights.room),
        "kept": settings.MEMORY_TURNS,
        "summarised": settings.MEMORY_SUMMARISED,
    }
    return render(request, "tutor/memory.html", context, status=status)
