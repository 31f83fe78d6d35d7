"""Pages of staff about hints: the rules of a class or a room, and what is written about a problem."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from classroom.people.access import PageRequest, class_for_teacher
from classroom.people.models import SchoolClass
from classroom.rooms import problem_access
from classroom.rooms.access import room_for
from classroom.rooms.models import Problem, Room
from tutor import parts, references, rules
from tutor.authored import reference_of
from tutor.forms import CEILINGS, ReferenceForm, RulesForm, reference_initial
from tutor.models import HintRules, Reference
from tutor.part_forms import PartsForm
from tutor.rungs import Rules, rules_for

READ_OR_POST = require_http_methods(["GET", "HEAD", "POST"])


@login_required
@READ_OR_POST
def class_rules(request: PageRequest, class_id: UUID) -> HttpResponse:
    return _rules(request, class_for_teacher(request.user, class_id).school_class)


@login_required
@READ_OR_POST
def room_rules(request: PageRequest, room_id: UUID) -> HttpResponse:
    rights = room_for(request.user, room_id)
    if not rights.staff:
        raise PermissionDenied(_("Only the staff of this class may do this."))
    return _rules(request, rights.room)


def _rules(request: PageRequest, place: SchoolClass | Room) -> HttpResponse:
    """The form; what is posted is saved, or with ``drop`` the place's own rules go."""
    own = rules.rules_of(place)
    room = place if isinstance(place, Room) else None
    back = redirect("room_edit", room.pk) if room else redirect("class_page", place.pk)
    if request.method == "POST" and "drop" in request.POST:
        rules.rules_drop(by=request.user, place=place)
        messages.success(
            request, _("The room follows its class again.") if room else _("The class has no rules of its own.")
        )
        return back
    shown = rules_for(room) if room else own or Rules()
    form = RulesForm(request.POST or None, initial=_initial(shown))
    if request.method == "POST" and form.is_valid():
        try:
            rules.rules_save(by=request.user, place=place, wanted=form.wanted)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("The rules for hints are saved. Rooms that are open have them at once."))
            return back
    context = {
        "form": form,
        "room": room,
        "school_class": room.school_class if room else place,
        "own": own,
        "zone": timezone.get_current_timezone_name(),
    }
    return render(request, "tutor/rules.html", context, status=400 if form.errors else 200)


def _initial(shown: Rules | HintRules) -> dict[str, Any]:
    return {name: getattr(shown, name) for name in ("ceiling", "budget", "attempt_first", "solution_at")}


@login_required
@READ_OR_POST
def problem_answers(request: PageRequest, problem_id: UUID) -> HttpResponse:
    """Answers, hints and solution of a problem: teachers look, its author writes. ``preview`` shows without saving."""
    problem = problem_access.problem_for(request.user, problem_id)
    problem_access.require_writing(request.user)
    if request.method == "POST":
        problem = problem_access.problem_for_editing(request.user, problem_id)
    found = reference_of(problem.pk)
    if found is not None and parts.is_structured(found):
        return _parts(request, problem, found)
    wanted = references.reference_read(problem.pk)
    form = ReferenceForm(request.POST or None, initial=reference_initial(wanted))
    if request.method == "POST" and form.is_valid():
        if "preview" not in request.POST:
            references.reference_save(problem.pk, form.cleaned_data)
            return _saved(request, problem)
        wanted = {**wanted, **form.cleaned_data}
    return _reference(request, problem, form, wanted, 400 if form.errors else 200)


def _parts(request: PageRequest, problem: Problem, found: Reference) -> HttpResponse:
    """The same page for a problem with parts, or with more than the short form can hold."""
    form = PartsForm(found, request.POST if request.method == "POST" else None)
    wanted, status = references.reference_read(problem.pk), 200
    if form.is_valid():
        told = form.cleaned_data
        if "preview" not in request.POST:
            try:
                parts.parts_save(
                    problem.pk, form.typed, solution=told["solution"], skills=told["skills"], seen=told["seen"]
                )
            except parts.Stale:
                form.add_error(_("It was changed after you opened this page. Copy your words and open it again."))
                return _reference(request, problem, form, wanted, 409)
            return _saved(request, problem)
        steps = parts.steps_written(found, form.typed)
        draft = Reference(problem=problem, steps=steps, format=Reference.Format.MARKDOWN)
        draft.solution, draft.skills = told["solution"], told["skills"]
        wanted |= references.reference_told(draft)
    elif form.is_bound:
        status = 400
    return _reference(request, problem, form, wanted, status)


def _saved(request: PageRequest, problem: Problem) -> HttpResponse:
    messages.success(request, _("Answers and hints are saved."))
    return redirect("problem_answers", problem.pk)


def _reference(
    request: PageRequest, problem: Problem, form: ReferenceForm | PartsForm, wanted: references.Wanted, status: int
) -> HttpResponse:
    context = {
        "form": form,
        "problem": problem,
        "may_edit": problem_access.may_edit(request.user, problem),
        "wanted": wanted,
        "hints": references.hints_previewed(wanted, problem.statement),
        "rungs": dict(CEILINGS),
    }
    return render(request, "tutor/reference.html", context, status=status)


@login_required
@require_POST
def problem_copy(request: PageRequest, problem_id: UUID) -> HttpResponse:
    """A teacher's own copy of a problem that is not hers: this one she may change."""
    problem = problem_access.problem_for(request.user, problem_id)
    problem_access.require_writing(request.user)
    own = references.problem_copy(problem, by=request.user)
    messages.success(request, _("This is your own copy: change what you like."))
    return redirect("problem_page", own.pk)
