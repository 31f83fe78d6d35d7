"""What people have written about a problem: its hints in their order and its solution, as Markdown for the room.

Which hint belongs to which rung: the authored ones of a problem, of all its parts one after the other, are spread evenly
over the rungs 1 to 3, because authors begin with what to think of and end with how to do it. A *scaffold* asks something
smaller on the way: its question is the hint, its answer is not shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from tutor.forbidden import search
from tutor.forbidden.values import values_of
from tutor.models import Reference
from tutor.problem_shapes import PARAGRAPH, markdown

AUTHORED_RUNGS: Final = 3


@dataclass(frozen=True, slots=True)
class Hint:
    """An authored hint. ``place``: where it stands among all of the problem, so that a hint which is left out moves none."""

    place: int
    rung: int
    text: str


def reference_of(problem_id: UUID | None) -> Reference | None:
    return Reference.objects.select_related("problem").filter(pk=problem_id).first() if problem_id else None


def hints_of(reference: Reference | None, forbidden: list[str]) -> list[Hint]:
    """The hints that may be given below the last rung: without those that show what is ``forbidden``."""
    if reference is None:
        return []
    statement = reference.problem.statement
    texts = enumerate(hint_texts(reference))
    usable = [(place, text) for place, text in texts if not gives_away(text, forbidden, statement)]
    return [Hint(place, rung, text) for (place, text), rung in zip(usable, spread(len(usable)), strict=True)]


def spread(count: int) -> list[int]:
    """The rungs of so many hints."""
    return [1 + AUTHORED_RUNGS * at // count for at in range(count)]


def gives_away(text: str, forbidden: list[str], statement: str) -> bool:
    """Whether the guard would withhold the text as a whole: written hints are held to what the tutor's words are."""
    return bool(forbidden) and search.said(values_of(tuple(forbidden), statement), "", text)


def hint_texts(reference: Reference) -> list[str]:
    """Every hint of every part as Markdown, those that give the answer away among them. For staff and ``hints_of``."""
    many = len(reference.steps) > 1
    return [
        text
        for number, part in enumerate(reference.steps, start=1)
        for text in _texts(part, reference.format, f"Part {number}" if many else "")
    ]


def _texts(part: dict[str, Any], form: str, name: str) -> Iterator[str]:
    for hint in part.get("hints", []):
        title, text = str(hint.get("title", "")).strip(), str(hint.get("text", "")).strip()
        if form == Reference.Format.IMPORTED:
            title, text = markdown(title, "title", [], display=False), markdown(text, "text", [])
        if hint.get("type") == "scaffold" and title.endswith(("?", "？")):
            text, title = title, ""  # of word problems: the title asks, and the text tells
        head = " · ".join(filter(None, (name, title)))
        if title or text:
            yield PARAGRAPH.join(filter(None, (f"**{head}**" if head else "", text)))


def solution_of(reference: Reference | None) -> str:
    """The solution as Markdown, for the last rung; empty if nobody has written one."""
    if reference is None:
        return ""
    if reference.format == Reference.Format.IMPORTED:
        return markdown(reference.solution, "solution", [])
    return reference.solution.strip()


def solution_told(reference: Reference | None) -> str:
    """What a model is told of the solution, on the last rung alone: what is written, or else the accepted answers."""
    if reference is None:
        return ""
    answers = [str(answer) for part in reference.steps for answer in part.get("answers", [])]
    return reference.solution.strip() or "; ".join(answers)
