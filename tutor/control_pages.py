"""Staff's page about who may do what with the tutor's answers in a room (C2)."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from classroom.people.access import PageRequest
from classroom.rooms.access import room_for
from tutor.controls import ACTIONS, controls_of, controls_save

CHOICES: Final = (
    ("everybody", _("Everybody in the room")),
    ("asker", _("Who asked for it, and staff")),
    ("staff", _("Staff alone")),
)
LABELS: Final = {
    "stop": _("Stop an answer"),
    "pause": _("Pause an answer and let it go on"),
    "insert": _("Put a word into an answer"),
    "highlight": _("Highlight key steps"),
    "about": _("Ask about a step or a passage"),
    "run": _("Run the shared code"),
}


class ControlsForm(forms.Form):
    stop = forms.ChoiceField(label=LABELS["stop"], choices=CHOICES)
    pause = forms.ChoiceField(label=LABELS["pause"], choices=CHOICES)
    insert = forms.ChoiceField(label=LABELS["insert"], choices=CHOICES)
    highlight = forms.ChoiceField(label=LABELS["highlight"], choices=CHOICES)
    about = forms.ChoiceField(
        label=LABELS["about"], choices=CHOICES, help_text=_("Of a step, who asked for it is who has written it.")
    )
    run = forms.ChoiceField(
        label=LABELS["run"], choices=[CHOICES[0], CHOICES[2]], help_text=_("It runs in the browser of who runs it.")
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def room_controls(request: PageRequest, room_id: UUID) -> HttpResponse:
    rights = room_for(request.user, room_id)
    if not rights.staff:
        raise PermissionDenied("Only the staff of this class may do this.")
    room = rights.room
    form = ControlsForm(request.POST or None, initial=controls_of(room))
    if request.method == "POST" and form.is_valid():
        controls_save(by=request.user, room=room, wanted={name: form.cleaned_data[name] for name in ACTIONS})
        messages.success(request, "Saved. Everybody in the room has it at once.")
        return redirect("room_edit", room.pk)
    context = {"form": form, "room": room, "school_class": room.school_class}
    return render(request, "tutor/controls.html", context, status=400 if form.errors else 200)
