"""The private solver: a problem is solved once for each content and model, whatever the number of rooms, and nobody in a
room ever sees it. What becomes of the samples stands in ``judging``, how they are written in ``writings``.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Max

from classroom.people.models import User
from classroom.rooms.clock import database_now
from classroom.rooms.models import Problem, Room
from inference_worker.job import PresetName
from tutor import availability, judging
from tutor.models import Solve, Writing
from tutor.writings import OPEN

log = structlog.get_logger(__name__)
PRESET: Final[PresetName] = "solve"
SAMPLES: Final = 4  # where the setting has none and a person asks
SAMPLES_MAX: Final = 16
SYSTEM: Final = (
    "Solve the problem with care and check each step. Then write the solution, one step on each line, with formulas in "
    "LaTeX between dollar signs, and put the final answer, and nothing else, in \\boxed{}."
)
PARTS: Final = (
    " The problem has {} parts: put the final answer of each part in a \\boxed{{}} of its own, in their order."
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the solving of a problem has come, for staff. ``solve`` None: nobody has asked for it."""

    solve: Solve | None
    ended: int = 0
    model: str = ""
    accepted: tuple[str, ...] = ()

    @property
    def is_under_way(self) -> bool:
        return self.solve is not None and self.solve.judged_at is None


def system_of(problem: Problem) -> str:
    parts = len(judging.parts_of(problem))
    return SYSTEM + (PARTS.format(parts) if parts > 1 else "")


def content_of(problem: Problem) -> str:
    """What the samples are made from: the prompt and the public statement, not the accepted answers."""
    return hashlib.sha256(json.dumps([system_of(problem), problem.statement]).encode()).hexdigest()


def solve_request(problem_id: UUID, *, by: User | None, samples: int, again: bool = False) -> tuple[Solve, bool]:
    """Have a problem solved, unless it is or was for this content and model; ``again``: with further samples.

    (the solve, whether it is a new one). Raises Problem.DoesNotExist.
    """
    problem = Problem.objects.select_related("reference").get(pk=problem_id)
    content, model = content_of(problem), availability.model_read()
    known = _known(problem_id, content, model)
    if known is not None and (not again or known.judged_at is None):
        return known, False
    with transaction.atomic():
        last = Solve.objects.filter(problem_id=problem_id, content=content).aggregate(Max("round"))
        # Of two rooms at the same moment one makes it: the constraint is over content, model and round.
        solve, made = Solve.objects.get_or_create(
            problem_id=problem_id, content=content, model=model, round=(last["round__max"] or 0) + 1,
            defaults={"samples": samples, "asked_by": by, "asked_at": database_now()},
        )  # fmt: skip
        if made:
            _samples_make(solve, problem)
    return solve, made


def _known(problem_id: UUID, content: str, model: str) -> Solve | None:
    """The latest one that serves: of this model, of whichever takes it, or, while no model is known, of any."""
    found = Solve.objects.filter(problem_id=problem_id, content=content)
    if model:
        found = found.filter(model__in=(model, ""))
    return found.order_by("-asked_at").first()


def _samples_make(solve: Solve, problem: Problem) -> None:
    messages = [
        {"role": "system", "content": system_of(problem)},
        {"role": "user", "content": problem.statement},
    ]
    Writing.objects.bulk_create(
        Writing(
            solve=solve, messages=messages, preset=PRESET, seed=1_000 * solve.round + number, asked_at=solve.asked_at
        )
        for number in range(1, solve.samples + 1)
    )
    log.info("solve_asked", solve=str(solve.pk), problem=str(problem.pk), samples=solve.samples)


def problem_set(room: Room) -> None:
    """The room works on its problem from now on: solve it, if the house is set to. Call it in the transaction."""
    if settings.SOLVER_SAMPLES and room.problem_id is not None:
        transaction.on_commit(partial(_solve_if_nobody_has, room.problem_id), robust=True)


def _solve_if_nobody_has(problem_id: UUID) -> None:
    """A written solution wins over any solver's, so there is nothing to solve."""
    problem = Problem.objects.select_related("reference").filter(pk=problem_id).first()
    if problem is not None and not (hasattr(problem, "reference") and problem.reference.solution.strip()):
        solve_request(problem_id, by=None, samples=settings.SOLVER_SAMPLES)


def solves_judge() -> int:
    """Judge what is due: how many."""
    judged = 0
    for solve_id in judging.solves_due():
        solve = Solve.objects.select_related("problem__reference").filter(pk=solve_id).first()
        if solve is not None:
            judged += judging.solve_judge(solve_id, content_of(solve.problem))
    return judged


def standing_of(problem: Problem) -> Standing:
    """The latest solve of the problem as it is now, for staff. Has it compared anew if what is accepted has changed."""
    solve = Solve.objects.filter(problem=problem, content=content_of(problem)).order_by("-asked_at").first()
    if solve is None:
        return Standing(None)
    judging.recompare(solve)
    ended = solve.writings.exclude(state__in=OPEN).count()
    model = solve.writings.exclude(model="").values_list("model", flat=True).first() or solve.model
    accepted = tuple(answer for part in judging.parts_of(problem) for answer in part)
    return Standing(solve, ended, model, accepted)
