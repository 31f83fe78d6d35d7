"""Bringing files of problems into the database: checked as a whole first, then stored in one transaction.

A problem is known by its slug: importing the same file again changes nothing, importing a corrected file changes what is
different. What a teacher has changed by hand in an imported problem is overwritten by that.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import transaction

from classroom.rooms.models import Problem
from tutor.models import Reference
from tutor.problem_shapes import Shaped, ShapeError, row_shape

ERRORS_SHOWN = 20
AS_IMPORTED = {"format": Reference.Format.IMPORTED}
OWN_PROBLEMS = Path(__file__).resolve().parent / "problems" / "own.jsonl"


class ImportRefused(Exception):
    """A file that was not imported. ``errors``: ``file:line: field: what is wrong``, at most ERRORS_SHOWN."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors


@dataclass(slots=True)
class Summary:
    """What an import did, or with ``dry_run`` would have done."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    warnings: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.created} new, {self.changed} changed, {self.unchanged} as they were"


def file_import(
    path: Path, *, public: dict[str, str] | None = None, dry_run: bool = False, progress: Callable[[int, int], None]
) -> Summary:
    """Import a JSON-lines file. ``public`` fills fields that its rows leave empty (source, license, course).

    ``progress`` is called with (done, all). Raises ImportRefused, having stored nothing.
    """
    shaped, summary = file_read(path)
    with transaction.atomic():
        known = Problem.objects.select_related("reference").in_bulk([one.slug for one in shaped], field_name="slug")
        for done, one in enumerate(shaped, start=1):
            wanted = {**one.public, **{key: value for key, value in (public or {}).items() if not one.public[key]}}
            _store(known.get(one.slug), one, wanted, summary, dry_run=dry_run)
            progress(done, len(shaped))
    return summary


def file_read(path: Path) -> tuple[list[Shaped], Summary]:
    """Every row of the file, checked. Raises ImportRefused with all that is wrong, the line and field named."""
    shaped: list[Shaped] = []
    lines: dict[str, int] = {}
    errors: list[str] = []
    summary = Summary()
    for number, text in enumerate(_lines(path), start=1):
        if not text.strip():
            continue
        try:
            one = row_shape(json.loads(text))
            if one.slug in lines:
                raise ShapeError("id", f"{one.slug} stands on line {lines[one.slug]} already")
        except json.JSONDecodeError as error:
            errors.append(f"{path}:{number}: row: is not JSON ({error.msg} at column {error.colno})")
        except ShapeError as error:
            errors.append(f"{path}:{number}: {error}")
        else:
            lines[one.slug] = number
            shaped.append(one)
            summary.warnings += [f"{path}:{number}: {warning}" for warning in one.warnings]
    if not shaped and not errors:
        errors.append(f"{path}: has no problems")
    if errors:
        more = [f"… and {len(errors) - ERRORS_SHOWN} more"] if len(errors) > ERRORS_SHOWN else []
        raise ImportRefused(errors[:ERRORS_SHOWN] + more)
    return shaped, summary


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise ImportRefused([f"{path}: is not UTF-8 (byte {error.start})"]) from None
    except OSError as error:
        raise ImportRefused([f"{path}: {error.strerror}"]) from None


def _store(problem: Problem | None, one: Shaped, wanted: dict[str, str], summary: Summary, *, dry_run: bool) -> None:
    reference = getattr(problem, "reference", None)
    same = (
        problem is not None
        and reference is not None
        and _holds(problem, wanted)
        and _holds(reference, {**one.private, **AS_IMPORTED})
    )
    if same:
        summary.unchanged += 1
        return
    if problem is None:
        summary.created += 1
    else:
        summary.changed += 1
    if not dry_run:
        stored, _ = Problem.objects.update_or_create(slug=one.slug, defaults=wanted)
        Reference.objects.update_or_create(problem=stored, defaults={**one.private, **AS_IMPORTED})


def _holds(row: Problem | Reference, values: dict[str, Any]) -> bool:
    return all(getattr(row, name) == value for name, value in values.items())
