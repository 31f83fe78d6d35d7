"""A hand on an answer that is being written: pause, resume, and a word put in (A7–A9). Lock order as in ``answers``."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from classroom.rooms import journal
from classroom.rooms.access import RoomRights
from classroom.rooms.clock import database_now
from classroom.rooms.frames import FrameError
from classroom.rooms.models import Event
from tutor import showing
from tutor.answers import attempt_mint
from tutor.availability import held
from tutor.dispatch import answer_dispatch, attempt_stop_send, pause_send, resume_send
from tutor.models import Answer

State = Answer.State
INSERTS_MAX = 20
NEW_PART = "\n\n"  # between what was written before and after a word put in


def answer_pause(rights: RoomRights, answer_id: UUID, *, ref: str, trace: str) -> Event:
    """Nothing more of this answer is shown until it is resumed (A7). Raises FrameError ``not_running``."""
    with transaction.atomic():
        answer = _taken(rights, answer_id, ref, {State.RUNNING})
        if isinstance(answer, Event):
            return answer
        answer.state, answer.held_by_staff = State.PAUSED, rights.staff
        answer.save(update_fields=["state", "held_by_staff"])
        data = {"answer": str(answer_id), "length": len(answer.shown)}
        event = _append(rights, "answer.paused", data, ref=ref, trace=trace)
        transaction.on_commit(partial(pause_send, answer_id))
    return event


def answer_resume(rights: RoomRights, answer_id: UUID, *, ref: str, trace: str) -> Event:
    """Let a paused answer go on where it was (A8). Raises FrameError ``not_running``, or ``forbidden`` if staff holds it."""
    with transaction.atomic():
        answer = _taken(rights, answer_id, ref, {State.PAUSED})
        if isinstance(answer, Event):
            return answer
        answer.state, answer.held_by_staff, answer.progress_at = State.RUNNING, False, database_now()
        answer.save(update_fields=["state", "held_by_staff", "progress_at"])
        event = _append(rights, "answer.resumed", {"answer": str(answer_id)}, ref=ref, trace=trace)
        transaction.on_commit(partial(_resumed, answer_id, answer.attempt, answer.raw_length))
    return event


def answer_insert(rights: RoomRights, answer_id: UUID, text: str, *, ref: str, trace: str) -> Event:
    """Put a word in: the answer ends where it is and goes on, in a new attempt, as the reply to that word (A9).

    Raises FrameError ``not_running``, ``forbidden`` if staff holds it, or ``busy`` after INSERTS_MAX of them.
    """
    with transaction.atomic():
        answer = _taken(rights, answer_id, ref, {State.RUNNING, State.PAUSED})
        if isinstance(answer, Event):
            return answer
        if len(answer.inserts) >= INSERTS_MAX:
            raise FrameError("busy", _("Enough was put into this answer. Ask a new question."), retry_ms=5_000)
        before = len(answer.shown)
        _part_end(answer)
        if answer.shown[before:]:
            data = {"answer": str(answer_id), "offset": before, "text": answer.shown[before:], "part": "text"}
            journal.append(rights.room.pk, type="answer.delta", data=data, trace=answer.trace)
        answer.inserts = [*answer.inserts, {"at": answer.raw_length, "text": text}]
        answer.call_due_at = None  # nobody waits for a tool any more
        stopped, answer.attempt, answer.forgiven = answer.attempt, answer.attempt + 1, answer.forgiven + 1
        answer.state, answer.held_by_staff, answer.progress_at = State.RUNNING, False, database_now()
        answer.save()
        data = {"answer": str(answer_id), "text": text, "offset": len(answer.shown)}
        event = _append(rights, "answer.inserted", data, ref=ref, trace=trace)
        transaction.on_commit(partial(_inserted, answer_id, stopped))
    return event


def _part_end(answer: Answer) -> None:
    """Show what the guard had still held back, drop an open thought, and begin a new paragraph."""
    showing.answer_show(answer, showing.policy_of(answer), done=True)
    part = NEW_PART if answer.shown else ""
    answer.raw += part
    answer.raw_length = answer.released = len(answer.raw)
    answer.shown += part


def _taken(rights: RoomRights, answer_id: UUID, ref: str, states: set[Answer.State]) -> Answer | Event:
    """The answer, locked and in one of ``states``, or the event that the same frame has made before."""
    answer = Answer.objects.select_for_update().filter(pk=answer_id, room_id=rights.room.pk).first()
    earlier = Event.objects.filter(room_id=rights.room.pk, actor=rights.user, ref=ref).first()
    if earlier is not None:
        return earlier
    if answer is None or answer.state not in states:
        is_paused_wanted = states == {State.PAUSED}
        words = _("This answer is not paused.") if is_paused_wanted else _("This answer is not being written.")
        raise FrameError("not_running", words, field="data.answer")
    if answer.held_by_staff and not rights.staff:
        raise FrameError("forbidden", _("A teacher has paused this answer."), field="data.answer")
    return answer


def _append(rights: RoomRights, kind: str, data: dict[str, Any], *, ref: str, trace: str) -> Event:
    return journal.append(rights.room.pk, type=kind, data=data, actor=rights.user, by=rights.by, ref=ref, trace=trace)


def _resumed(answer_id: UUID, attempt: int, raw_length: int) -> None:
    resume_send(answer_id, raw_length)
    if held(answer_id, attempt) is False:
        attempt_mint(answer_id, attempt, forgiven=True)


def _inserted(answer_id: UUID, stopped: int) -> None:
    attempt_stop_send(answer_id, stopped)
    answer_dispatch(answer_id)
