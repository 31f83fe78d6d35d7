"""The panel of a problem's page that says how its private solving stands. ``rooms`` owns the page and knows no tutor."""

from __future__ import annotations

from typing import Any

from django import template

from classroom.rooms.models import Problem
from classroom.rooms.problem_access import may_write
from tutor.models import Solve
from tutor.solver import standing_of
from tutor.standing import standing_words

register = template.Library()


@register.inclusion_tag("tutor/solve_panel.html", takes_context=True)
def solve_panel(context: dict[str, Any], problem: Problem) -> dict[str, Any]:
    """For who may write problems; for everybody else nothing is read and nothing shown."""
    user = context["request"].user
    if not may_write(user):
        return {"shown": False}
    standing = standing_of(problem)
    return {
        "shown": True,
        "problem": problem,
        "words": standing_words(standing),
        "solve": standing.solve,
        "model": standing.model,
        "is_under_way": standing.is_under_way,
        "is_found": standing.solve is not None and standing.solve.verdict not in ("", Solve.Verdict.NOTHING),
        "csrf_token": context.get("csrf_token"),
    }
