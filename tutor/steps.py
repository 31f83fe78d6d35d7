"""Steps: a line of maths that a person shows the room, as a step or in a message, and the verdict on it (V1–V7).

The verdict that people see is a function of what they wrote and of the problem's public statement alone: accepted answers
never have a part in it. A witness never shows a value that was found by solving.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID, uuid4

import structlog
from django.db import transaction
from django.db.models import Q

from classroom.rooms import journal, limits
from classroom.rooms.access import RoomRights
from classroom.rooms.clock import database_now
from classroom.rooms.frames import FrameError
from classroom.rooms.models import Event
from tutor.checker.pool import pool
from tutor.checker.verdicts import Verdict
from tutor.class_worker import task_ring
from tutor.lines import Line, lines_said
from tutor.models import Reference, Step

log = structlog.get_logger(__name__)
TASK: Final = "tutor.tasks.step_check"
CLAIM: Final = timedelta(seconds=15)  # longer than a check may take with the start of a child
FORMULAS_MAX: Final = 4  # of a statement, which a first step is compared with
LINES_MAX: Final = 8  # of one message
_FORMULA: Final = re.compile(r"\$([^$]{1,400})\$")


def step_submit(
    rights: RoomRights, text: str, *, after: UUID | None, ref: str, trace: str, fresh: bool = False
) -> Event:
    """Log the step and have it checked. The same ``ref`` submits once (V1).

    ``after``: a step of this room; without it the person's own last one on this problem, and with ``fresh`` none.
    Raises FrameError ``bad_field``.
    """
    room, step_id = rights.room, uuid4()
    with transaction.atomic():
        before = None if fresh else _before(rights, after)
        data = {"step": str(step_id), "text": text, "after": str(before.pk) if before else None}
        event = journal.append(
            room.pk, type="step.submitted", data=data, actor=rights.user, by=rights.by, ref=ref, trace=trace
        )
        if event.data.get("step") != str(step_id):
            return event  # the client did not hear our ack
        Step.objects.create(
            id=step_id, room=room, problem=room.problem, by=rights.user, seq=event.seq, text=text, after=before,
            trace=trace, asked_at=event.at,
        )  # fmt: skip
        transaction.on_commit(partial(step_ring, step_id))
    return event


def _before(rights: RoomRights, after: UUID | None) -> Step | None:
    if after is not None:
        found = Step.objects.filter(pk=after, room=rights.room).first()
        if found is None:
            raise FrameError("bad_field", "This room has no such step.", field="data.after")
        return found
    own = Step.objects.filter(room=rights.room, by=rights.user, problem=rights.room.problem)
    return own.order_by("-seq", "-start").first()


def lines_to_check(rights: RoomRights, text: str) -> list[Line]:
    """The lines of maths of a message, as many as may be checked: beyond the limits they only get no mark (V7)."""
    allowed = []
    for line in lines_said(text)[:LINES_MAX]:
        try:
            limits.spend(rights, "step.submit")
        except FrameError:
            break
        allowed.append(line)
    return allowed


def message_steps(rights: RoomRights, seq: int, lines: Sequence[Line], *, trace: str) -> None:
    """The lines of a message as steps that wait, in the transaction that logs it. The same message has them once (V7)."""
    room = rights.room
    if Step.objects.filter(room=room, seq=seq).exists():
        return  # the client did not hear our ack
    before, now = _before(rights, None), database_now()
    for line in lines:
        before = Step.objects.create(
            room=room, problem=room.problem, by=rights.user, seq=seq, text=line.text, start=line.start, end=line.end,
            after=before, trace=trace, asked_at=now,
        )  # fmt: skip
        transaction.on_commit(partial(step_ring, before.pk))


def step_ring(step_id: UUID) -> bool:
    """Ask the class worker to check it. False when Redis is away: the sweep finds the row (V3)."""
    return task_ring(TASK, step_id)


def step_check(step_id: UUID) -> bool:
    """Check one step and tell the room. False if it is checked already, or somebody else has just begun (V2)."""
    now = database_now()
    due = Step.objects.filter(pk=step_id, checked_at=None).filter(Q(claimed_at=None) | Q(claimed_at__lt=now - CLAIM))
    if not due.update(claimed_at=now):
        return False
    step = Step.objects.select_related("after", "problem").get(pk=step_id)
    verdict = verdict_of(step)
    matches = _matches(step)
    with transaction.atomic():
        fields = {"verdict": verdict.verdict, "reason": verdict.reason[:400], "matches": matches}
        done = Step.objects.filter(pk=step_id, checked_at=None).update(
            checked_at=database_now(), witness=(verdict.witness or "")[:400], **fields
        )
        if not done:
            return False
        _tell(step, verdict)
    log.info("step_checked", step=str(step_id), verdict=verdict.verdict, trace=step.trace)
    return True


def _tell(step: Step, verdict: Verdict) -> None:
    said = {
        "verdict": verdict.verdict,
        "reason": verdict.reason[:400],
        "witness": None if verdict.solved or verdict.witness is None else verdict.witness[:400],
    }
    if step.start is None:
        data = {"step": str(step.pk), **said, "column": verdict.column}
        journal.append(step.room_id, type="step.checked", data=data, trace=step.trace)
    elif verdict.verdict != "unknown":  # in a conversation “cannot tell” would be noise
        check = {"start": step.start, "end": step.end, **said, "step": str(step.pk)}
        checked = {"message": step.seq, "answer": None, "checks": [check]}
        journal.append(step.room_id, type="lines.checked", data=checked, trace=step.trace)


def verdict_of(step: Step) -> Verdict:
    """The verdict for people (V4): from the step, the one before it, and the formulas of the public statement."""
    if step.after is not None:
        return pool().step_check(step.text, step.after.text)
    alone = pool().step_check(step.text)
    if alone.verdict != "unknown" or alone.column is not None or step.problem is None:
        return alone
    for formula in _FORMULA.findall(step.problem.statement)[:FORMULAS_MAX]:
        found = pool().step_check(step.text, formula, opening=True)
        if found.verdict == "verified":
            return found
    return alone


def _matches(step: Step) -> str:
    """How the step stands to the accepted answers, for staff (V5); empty without a problem."""
    reference = Reference.objects.filter(problem_id=step.problem_id).first() if step.problem_id else None
    if reference is None:
        return ""
    accepted = [answer for part in reference.steps for answer in part.get("answers", [])]
    return pool().answer_check(step.text, accepted).verdict if accepted else ""


def steps_waiting(since: timedelta) -> list[UUID]:
    """Steps that nobody has checked, nor begun to, for so long; oldest first."""
    now = database_now()
    waiting = Step.objects.filter(checked_at=None, asked_at__lt=now - since)
    waiting = waiting.filter(Q(claimed_at=None) | Q(claimed_at__lt=now - CLAIM))
    return list(waiting.order_by("asked_at").values_list("pk", flat=True)[:100])
