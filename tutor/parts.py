"""The parts of an imported problem as an author reads and writes them: answers and hints of each, in Markdown.

What the page does not show of a part (its kind, wrong variants that tests use, the type of its answer) stays as it is, and
so does the spelling of every answer that is not changed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction

from tutor.authored import solution_of
from tutor.models import Reference
from tutor.problem_shapes import markdown

Stored = dict[str, Any]
PLAIN_PART = {"title", "body", "answers", "hints"}
PLAIN_HINT = {"type", "title", "text"}


class Stale(Exception):
    """What is stored is not what the author has read: somebody has changed it, or its file was imported again."""


@dataclass(frozen=True, slots=True)
class Hint:
    """``kind``: hint, or scaffold for something smaller that is asked on the way, with its own ``answers``."""

    kind: str
    title: str
    text: str
    answers: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Part:
    title: str
    choices: list[str]
    answers: list[str]
    hints: list[Hint]


def is_structured(reference: Reference | None) -> bool:
    """Whether it has more than the short form can hold: several parts, or what only files bring."""
    if reference is None:
        return False
    return len(reference.steps) > 1 or any(_is_rich(part) for part in reference.steps)


def _is_rich(part: Stored) -> bool:
    hints = part.get("hints", [])
    return bool(
        {key for key, value in part.items() if value} - PLAIN_PART
        or part.get("title")
        or any(hint.get("title") or hint.get("type") != "hint" or set(hint) - PLAIN_HINT for hint in hints)
    )


def parts_read(reference: Reference) -> list[Part]:
    return [_part(part, imported=reference.format == Reference.Format.IMPORTED) for part in reference.steps]


def _part(stored: Stored, *, imported: bool) -> Part:
    def text(words: str, *, display: bool = False) -> str:
        return markdown(words, "text", [], display=display) if imported else words

    hints = [
        Hint(
            "scaffold" if hint.get("type") == "scaffold" else "hint",
            text(str(hint.get("title", "")).strip()),
            text(str(hint.get("text", "")).strip(), display=True),
            [answer_shown(answer) for answer in hint.get("hintAnswer") or []],
        )
        for hint in stored.get("hints", [])
    ]
    title = text(str(stored.get("title") or stored.get("body") or ""))
    choices = [text(str(choice)) for choice in stored.get("choices") or []]
    return Part(title, choices, [answer_shown(answer) for answer in stored.get("answers", [])], hints)


def answer_shown(answer: Any) -> str:
    """``$$x=7$$`` as it is typed: ``x=7``. What has formulas and words stays whole."""
    text = " ".join(str(answer).split())
    bare = text.strip("$").strip()
    return text if "$" in bare else bare


def version_of(reference: Reference) -> str:
    stored = [reference.steps, reference.solution, reference.skills, reference.format]
    return hashlib.sha256(json.dumps(stored).encode()).hexdigest()[:16]


def steps_written(reference: Reference, parts: list[Part]) -> list[Stored]:
    """What is to be stored, in Markdown: of each part what was typed, and all else as it was."""
    imported = reference.format == Reference.Format.IMPORTED
    return [
        {
            **stored,
            **_converted(stored, imported=imported),
            "answers": _answers(stored.get("answers", []), part.answers),
            "hints": _hints(stored.get("hints", []), part.hints),
        }
        for stored, part in zip(reference.steps, parts, strict=True)
    ]


def _converted(stored: Stored, *, imported: bool) -> Stored:
    if not imported:
        return {}
    found: Stored = {
        key: markdown(str(stored[key]), key, [], display=False) for key in ("title", "body") if stored.get(key)
    }
    if stored.get("choices"):
        found["choices"] = [markdown(str(choice), "choices", [], display=False) for choice in stored["choices"]]
    return found


def _answers(stored: list[Any], typed: list[str]) -> list[str]:
    spelled = {answer_shown(answer): str(answer) for answer in stored}
    return [spelled.get(answer, answer) for answer in typed]


def _hints(stored: list[Stored], typed: list[Hint]) -> list[Stored]:
    spelled = [answer for hint in stored for answer in hint.get("hintAnswer") or []]
    return [
        {"type": hint.kind, "title": hint.title, "text": hint.text}
        | ({"hintAnswer": _answers(spelled, hint.answers)} if hint.answers else {})
        for hint in typed
    ]


@transaction.atomic
def parts_save(problem_id: UUID, parts: list[Part], *, solution: str, skills: list[str], seen: str) -> None:
    """Raises Stale. The vault sees by itself that its seal does not fit any more."""
    reference = Reference.objects.select_for_update().get(pk=problem_id)
    if version_of(reference) != seen or len(reference.steps) != len(parts):
        raise Stale
    reference.steps = steps_written(reference, parts)
    reference.solution, reference.skills = solution, skills
    reference.format = Reference.Format.MARKDOWN
    reference.save()


def parts_initial(reference: Reference) -> dict[str, Any]:
    """Solution and skills, which belong to all parts."""
    return {
        "solution": solution_of(reference),
        "skills": ", ".join(str(skill) for skill in reference.skills),
        "seen": version_of(reference),
    }
