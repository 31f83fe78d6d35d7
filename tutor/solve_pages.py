"""What teachers may ask of the private solver in the browser."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from classroom.people.access import PageRequest
from classroom.rooms import problem_access
from tutor import solver


@login_required
@require_POST
def problem_solve(request: PageRequest, problem_id: UUID) -> HttpResponse:
    """Have it solved, or solved again if it was. While it is under way asking again changes nothing."""
    problem = problem_access.problem_for(request.user, problem_id)
    problem_access.require_writing(request.user)
    samples = settings.SOLVER_SAMPLES or solver.SAMPLES
    _solve, made = solver.solve_request(problem.pk, by=request.user, samples=samples, again=True)
    messages.success(request, _("It is being solved in private.") if made else _("It is being solved already."))
    return redirect("problem_page", problem.pk)
