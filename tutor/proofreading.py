"""The tutor's own lines of maths, checked as those of people are (V8): a paragraph at a time while it writes, all at its end.

What a mark says must not be more than what the guard let through: below rung 5 a witness that would say a forbidden value
is left out. A line is called wrong only where that is certain: a calculation without unknowns, or an equation that stands
right behind another one in the same single unknown. A mark that never comes delays nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Length

from classroom.rooms import journal
from classroom.rooms.clock import database_now
from classroom.rooms.models import Event
from tutor import highlights, showing
from tutor.checker.pool import pool
from tutor.checker.tree import Relation, symbols
from tutor.checker.verdicts import Verdict
from tutor.class_worker import task_ring
from tutor.forbidden import search
from tutor.forbidden.values import Values
from tutor.lines import Line, lines_written
from tutor.models import Answer

log = structlog.get_logger(__name__)
TASK: Final = "tutor.tasks.answer_proofread"
ENDED: Final = (Answer.State.COMPLETED, Answer.State.STOPPED, Answer.State.FAILED)
ENDS: Final = frozenset(f"answer.{state}" for state in ENDED)
LINES_MAX: Final = 40  # of one answer
KEPT_FOR: Final = timedelta(hours=1)  # how long after its end an answer is still proofread
PARAGRAPH: Final = "\n\n"
_UNEQUAL: Final = re.compile(r"(.{1,120}) ≠ (.{1,120})")
_WRITTEN: Final = ((r"\cdot", "·"), (r"\times", "×"), (r"\div", "÷"), ("*", "·"), ("$", ""), ("\\,", " "))


def events_ring(events: Iterable[Event]) -> None:
    """Have the answers proofread of which a line or all has just been shown. Losing it loses nothing: the sweep looks too."""
    due = {
        event.data["answer"]
        for event in events
        if event.type in ENDS or (event.type == "answer.delta" and "\n" in event.data["text"])
    }
    for answer_id in sorted(due):
        if not task_ring(TASK, answer_id):
            return


def answers_waiting(since: timedelta) -> list[UUID]:
    """Answers that ended so long ago and have text that nobody has proofread; oldest first."""
    now = database_now()
    ended = Answer.objects.filter(state__in=ENDED, progress_at__gte=now - KEPT_FOR, finished_at__lt=now - since)
    waiting = ended.annotate(size=Length("shown")).filter(size__gt=F("proofread"))
    return list(waiting.order_by("finished_at").values_list("pk", flat=True)[:50])


def answer_proofread(answer_id: UUID) -> bool:
    """Check what has been shown since the last time and tell its marks. False if there is nothing new, or another was first."""
    answer = Answer.objects.select_related("problem").filter(pk=answer_id).first()
    if answer is None:
        return False
    text = answer.shown if answer.state in ENDED else answer.shown[: answer.shown.rfind(PARAGRAPH) + 1]
    if len(text) <= answer.proofread:
        return False
    lines = lines_written(text)[:LINES_MAX]
    fresh = [at for at, line in enumerate(lines) if line.start >= answer.proofread]
    values = showing.policy_of(answer).values
    checks = [mark for at in fresh if (mark := _mark(lines[at - 1] if at else None, lines[at], values))]
    with transaction.atomic():
        mine = Answer.objects.filter(pk=answer_id, proofread=answer.proofread).update(proofread=len(text))
        if mine and checks:
            data = {"message": None, "answer": str(answer_id), "checks": checks}
            journal.append(answer.room_id, type="lines.checked", data=data, trace=answer.trace)
        if mine and answer.state == Answer.State.COMPLETED:
            highlights.proposed(answer.room_id, answer.pk, _key_steps(answer, lines), answer.trace)
    log.info("answer_proofread", answer=str(answer_id), lines=len(fresh), marks=len(checks), trace=answer.trace)
    return bool(mine)


def _key_steps(answer: Answer, lines: list[Line]) -> list[tuple[int, int]]:
    """The equations on lines of their own that were verified, in this transaction or before."""
    told = Event.objects.filter(room=answer.room_id, type="lines.checked", data__answer=str(answer.pk))
    verified = {c["start"] for event in told for c in event.data["checks"] if c["verdict"] == "verified"}
    return [(line.start, line.end) for line in lines if line.is_shown and line.start in verified]


def _mark(before: Line | None, line: Line, values: Values) -> dict[str, Any] | None:
    """What is said of a line; nothing where nothing is certain."""
    verdict = _verdict(before if line.is_linked else None, line)
    if verdict is None:
        return None
    witness = None if verdict.solved or verdict.witness is None else _in_words(line, verdict.witness)[:400]
    if witness and values and search.said(values, "", witness):
        witness = None
    return {
        "start": line.start,
        "end": line.end,
        "verdict": verdict.verdict,
        "reason": verdict.reason[:400],
        "witness": witness,
    }


def _verdict(before: Line | None, line: Line) -> Verdict | None:
    unknowns = symbols(line.tree)
    if not unknowns:
        if isinstance(line.tree, Relation) and all(_is_plain(side) for side in _sides(line)):
            return None  # “0 = 5, which cannot be”
        verdict = pool().step_check(line.text)
        return verdict if verdict.verdict != "unknown" else None
    alone = pool().step_check(line.text)
    if alone.verdict == "verified" or before is None:
        return alone if alone.verdict == "verified" else None
    verdict = pool().step_check(line.text, before.text)
    certain = len(unknowns) == 1 and symbols(before.tree) == unknowns and not verdict.solved
    if verdict.verdict == "verified" or (verdict.verdict == "refuted" and certain):
        return verdict
    return None


def _sides(line: Line) -> list[str]:
    return re.split(r"[=<>≤≥≠≈]", line.text)


def _is_plain(side: str) -> bool:
    return re.fullmatch(r"[\s$€£]*[-−]?\d+(?:[.,]\d+)*[\s$%.]*", side) is not None


def _in_words(line: Line, witness: str) -> str:
    """``56 ≠ 54`` of the line ``7 · 8 = 54`` as “7 · 8 = 56, not 54”, if it can be read aloud."""
    found = _UNEQUAL.fullmatch(witness)
    sides = line.text.split("=")
    if found is None or len(sides) != 2 or symbols(line.tree):
        return witness
    left = sides[0]
    for written, sign in _WRITTEN:
        left = left.replace(written, sign)
    left = " ".join(left.split())
    return f"{left} = {found[1]}, not {found[2]}" if left and "\\" not in left else f"{found[1]}, not {found[2]}"
