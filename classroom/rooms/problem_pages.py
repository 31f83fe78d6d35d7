"""Pages of the collection of problems."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from classroom.people.access import PageRequest, classes_of
from classroom.people.models import STAFF_ROLES
from classroom.rooms import problem_access, services
from classroom.rooms.models import Problem
from classroom.rooms.problem_forms import ProblemForm, ProblemSearch

PAGE = 30


def problems_found(query: str) -> QuerySet[Problem]:
    """Problems that have every word of the query somewhere, each with ``used``, the number of its rooms."""
    found = Problem.objects.annotate(used=Count("rooms")).order_by("course", "lesson", "title", "pk")
    for word in query.split():
        found = found.filter(
            Q(title__icontains=word)
            | Q(statement__icontains=word)
            | Q(course__icontains=word)
            | Q(lesson__icontains=word)
        )
    return found


@login_required
@require_safe
def problems(request: PageRequest) -> HttpResponse:
    problem_access.require_looking(request.user)
    form = ProblemSearch(request.GET)
    query = form.cleaned_data["q"] if form.is_valid() else ""
    page = Paginator(problems_found(query), PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "numbers": page.paginator.get_elided_page_range(page.number),
        "query": query,
        "may_write": problem_access.may_write(request.user),
    }
    return render(request, "rooms/problems.html", context)


@login_required
@require_safe
def problem_page(request: PageRequest, problem_id: UUID) -> HttpResponse:
    problem = problem_access.problem_for(request.user, problem_id)
    context = {
        "problem": problem,
        "may_edit": problem_access.may_edit(request.user, problem),
        "may_write": problem_access.may_write(request.user),
        "classes": classes_of(request.user, STAFF_ROLES),
    }
    return render(request, "rooms/problem.html", context)


@login_required
def problem_new(request: PageRequest) -> HttpResponse:
    problem_access.require_writing(request.user)
    return _edit(request, None, {})


@login_required
def problem_edit(request: PageRequest, problem_id: UUID) -> HttpResponse:
    problem = problem_access.problem_for_editing(request.user, problem_id)
    fields = ("title", "statement", "code_tests", "course", "lesson")
    return _edit(request, problem, {name: getattr(problem, name) for name in fields})


def _edit(request: PageRequest, problem: Problem | None, initial: dict[str, Any]) -> HttpResponse:
    """The form with its preview; ``preview`` among the posted fields shows it without saving."""
    form = ProblemForm(request.POST or None, initial=initial)
    preview = str(initial.get("statement", ""))
    if request.method == "POST" and form.is_valid():
        preview = form.cleaned_data["statement"]
        if "preview" not in request.POST:
            try:
                if problem is None:
                    problem = services.problem_create(by=request.user, **form.cleaned_data)
                else:
                    services.problem_update(by=request.user, problem=problem, **form.cleaned_data)
            except ValidationError as error:
                form.add_error(None, error)
            else:
                messages.success(request, _("The problem is saved."))
                return redirect("problem_page", problem.pk)
    status = 400 if form.errors else 200
    return render(
        request, "rooms/problem_form.html", {"form": form, "problem": problem, "preview": preview}, status=status
    )
