"""The life of an answer: its states and moves as data, claimed by compare-and-swap; every end is an event (A1–A6).

Lock order everywhere: answers by id, then rooms (``journal`` locks them by appending). One answer of a room has the turn
(``enqueued_at``); the others wait, oldest first.
"""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from classroom.rooms import journal
from classroom.rooms.access import RoomRights
from classroom.rooms.frames import FrameError
from classroom.rooms.models import Event, Room
from tutor import prompt
from tutor.dispatch import answer_dispatch, stop_send
from tutor.models import Answer

State = Answer.State
ACTIVE = (State.QUEUED, State.RUNNING)
MOVES: dict[str, frozenset[str]] = {
    State.QUEUED: frozenset({State.RUNNING, State.STOPPED, State.FAILED}),
    State.RUNNING: frozenset({State.COMPLETED, State.STOPPED, State.FAILED}),
    State.COMPLETED: frozenset(),
    State.STOPPED: frozenset(),
    State.FAILED: frozenset(),
}
QUEUE_MAX = 10
ATTEMPTS_MAX = 2


def move_allowed(before: str, after: str) -> bool:
    return after in MOVES[before]


def answer_ask(rights: RoomRights, text: str, *, ref: str, trace: str) -> Event:
    """Log the question and give it the room's turn, or its place behind others. The same ``ref`` asks once (A1).

    Raises FrameError ``busy`` when QUEUE_MAX questions wait already.
    """
    room_id = rights.room.pk
    answer_id = uuid4()
    with transaction.atomic():
        event = journal.append(
            room_id,
            type="answer.asked",
            data={"answer": str(answer_id), "text": text},
            actor=rights.user,
            by=rights.by,
            ref=ref,
            trace=trace,
        )
        if event.data.get("answer") != str(answer_id):
            return event  # the client did not hear our ack
        waiting = Answer.objects.filter(room_id=room_id, state__in=ACTIVE).count()
        if waiting >= QUEUE_MAX:
            raise FrameError("busy", f"{waiting} questions wait already. Ask again in a moment.", retry_ms=5_000)
        Answer.objects.create(
            id=answer_id, room_id=room_id, asked_by=rights.user, asked_seq=event.seq, question=text,
            trace=trace, prompt_version=prompt.VERSION, asked_at=event.at,
        )  # fmt: skip
        if waiting:
            journal.append(
                room_id, type="answer.queued", trace=trace,
                data={"answer": str(answer_id), "position": waiting, "eta_s": None},
            )  # fmt: skip
        transaction.on_commit(partial(room_advance, room_id))
    return event


def room_advance(room_id: UUID) -> UUID | None:
    """Give the turn to the room's oldest waiting answer if nobody has it (A2). Safe to call at any time, by anybody."""
    with transaction.atomic():
        active = list(Answer.objects.select_for_update().filter(room_id=room_id, state__in=ACTIVE).order_by("id"))
        if not active or any(answer.enqueued_at for answer in active):
            return None
        following = min(active, key=lambda answer: answer.asked_seq)
        Answer.objects.filter(pk=following.pk).update(enqueued_at=timezone.now())
        transaction.on_commit(partial(answer_dispatch, following.pk))
    return following.pk


def answer_stop(rights: RoomRights, answer_id: UUID, *, ref: str, trace: str) -> Event:
    """Stop an answer of this room: final at once, whatever the worker still sends (A3).

    Raises FrameError ``not_running`` for an answer that has ended, is not there, or belongs to another room.
    """
    room_id = rights.room.pk
    with transaction.atomic():
        answer = Answer.objects.select_for_update().filter(pk=answer_id, room_id=room_id).first()
        earlier = Event.objects.filter(room_id=room_id, actor=rights.user, ref=ref).first()
        if earlier is not None:
            return earlier
        if answer is None or not move_allowed(answer.state, State.STOPPED):
            raise FrameError("not_running", "This answer is not running.", field="data.answer")
        draft = answer_end(answer, State.STOPPED, "stopped")
        answer.save()
        event = journal.append(
            room_id, type=draft.type, data=draft.data, actor=rights.user, by=rights.by, ref=ref, trace=trace
        )
        transaction.on_commit(partial(_stopped, answer_id, room_id))
    return event


def answer_fail(answer_id: UUID, reason: str, message: str) -> bool:
    """End an answer that cannot go on (A4): reason for programs, message for people. False if it has ended or gone."""
    with transaction.atomic():
        answer = Answer.objects.select_for_update().filter(pk=answer_id).first()
        if answer is None or not move_allowed(answer.state, State.FAILED):
            return False
        draft = answer_end(answer, State.FAILED, reason, message=message)
        answer.save()
        journal.append(answer.room_id, type=draft.type, data=draft.data, trace=answer.trace)
        transaction.on_commit(partial(_stopped, answer_id, answer.room_id))
    return True


def answer_close(answer_id: UUID) -> bool:
    """End an answer because its room was closed. False if it has ended or gone meanwhile or the room is open again."""
    with transaction.atomic():
        answer = Answer.objects.select_for_update().filter(pk=answer_id).first()
        if answer is None or not move_allowed(answer.state, State.STOPPED):
            return False
        if not Room.objects.filter(pk=answer.room_id, state=Room.State.CLOSED).exists():
            return False
        draft = answer_end(answer, State.STOPPED, "room_closed")
        answer.save()
        journal.append(answer.room_id, type=draft.type, data=draft.data, trace=answer.trace)
        transaction.on_commit(partial(_stopped, answer_id, answer.room_id))
    return True


def attempt_mint(answer_id: UUID, attempt: int) -> bool:
    """Hand a running answer to another worker, from its persisted prefix (A5). Only the reaper calls this.

    Compare-and-swap on the attempt: False if somebody else was faster or no attempt is left.
    """
    if attempt >= ATTEMPTS_MAX:
        return False
    moved = Answer.objects.filter(pk=answer_id, state=State.RUNNING, attempt=attempt).update(
        attempt=attempt + 1, progress_at=timezone.now()
    )
    return bool(moved) and answer_dispatch(answer_id)


def answer_end(answer: Answer, state: str, reason: str, *, message: str = "") -> journal.Draft:
    """Set the row to its end and build the closing event (A6): the shown text whole, its length and SHA-256."""
    answer.state, answer.reason, answer.finished_at = state, (message or reason)[:300], timezone.now()
    data: dict[str, Any] = {
        "answer": str(answer.pk),
        "text": answer.shown,
        "sha256": hashlib.sha256(answer.shown.encode()).hexdigest(),
        "length": len(answer.shown),
        "reason": reason,
    }
    if state == State.FAILED:
        data["message"] = message
    if state == State.COMPLETED:
        data.update(
            model=answer.model,
            prompt_tokens=answer.prompt_tokens,
            completion_tokens=answer.completion_tokens,
            first_token_ms=_ms(answer, answer.first_text_at),
            total_ms=_ms(answer, answer.finished_at),
        )
    return journal.Draft(answer.room_id, f"answer.{state}", data, trace=answer.trace)


def _ms(answer: Answer, moment: Any) -> int | None:
    return None if moment is None else round((moment - answer.asked_at).total_seconds() * 1000)


def _stopped(answer_id: UUID, room_id: UUID) -> None:
    stop_send(answer_id)
    room_advance(room_id)
