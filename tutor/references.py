"""What is written about a problem, as its author reads and writes it in the browser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from classroom.people.models import User
from classroom.rooms.models import Problem
from tutor.authored import gives_away, hint_texts, reference_of, solution_of, spread
from tutor.models import Reference
from tutor.parts import answer_shown

Wanted = dict[str, Any]  # answers, hints, skills: lists of texts; solution: text; parts: how many


@dataclass(frozen=True, slots=True)
class Previewed:
    """A hint as the author sees it. ``rung`` 0: it shows an accepted answer and is never given."""

    rung: int
    text: str


def reference_read(problem_id: UUID) -> Wanted:
    """What is stored, as Markdown; of several parts all together."""
    found = reference_of(problem_id)
    if found is None:
        return {"answers": [], "hints": [], "solution": "", "skills": [], "parts": 0}
    return {**reference_told(found), "parts": len(found.steps)}


def reference_told(found: Reference) -> Wanted:
    """The same of a row that need not be stored."""
    return {
        "answers": [answer_shown(answer) for part in found.steps for answer in part.get("answers", [])],
        "hints": hint_texts(found),
        "solution": solution_of(found),
        "skills": [str(skill) for skill in found.skills],
    }


@transaction.atomic
def reference_save(problem_id: UUID, wanted: Wanted) -> None:
    """One part, in Markdown. The vault sees by itself that its seal does not fit any more."""
    hints = [{"type": "hint", "title": "", "text": text} for text in wanted["hints"]]
    part = {"title": "", "body": "", "answers": wanted["answers"], "hints": hints}
    fields = {
        "steps": [part] if hints or wanted["answers"] else [],
        "solution": wanted["solution"],
        "skills": wanted["skills"],
        "format": Reference.Format.MARKDOWN,
    }
    Reference.objects.update_or_create(problem_id=problem_id, defaults=fields)


def hints_previewed(wanted: Wanted, statement: str) -> list[Previewed]:
    """Each hint with the rung on which it will be given."""
    shows = [gives_away(text, wanted["answers"], statement) for text in wanted["hints"]]
    rungs = iter(spread(shows.count(False)))
    return [Previewed(0 if shown else next(rungs), text) for text, shown in zip(wanted["hints"], shows, strict=True)]


@transaction.atomic
def problem_copy(problem: Problem, *, by: User) -> Problem:
    """The problem once more, with all that is written about it, as ``by``'s own; source and licence stay named."""
    reference = reference_of(problem.pk)
    own = Problem.objects.get(pk=problem.pk)
    own.pk, own.created_by = uuid4(), by
    own.slug = f"own-{own.pk}"
    own._state.adding = True
    own.save()
    if reference is not None:
        reference.problem, reference.pk = own, own.pk
        reference._state.adding = True
        reference.save()
    return own
