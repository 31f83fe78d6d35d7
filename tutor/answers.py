"""The life of an answer: its states and moves as data, claimed by compare-and-swap; every end is an event (A1–A6).

Lock order everywhere: answers by id, then rooms (``journal`` locks them by appending). One answer of a room has the turn
(``enqueued_at``); the others wait, oldest first.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Q, Value
from django.utils.translation import gettext as _

from classroom.rooms import journal
from classroom.rooms.access import RoomRights, room_now
from classroom.rooms.clock import database_now
from classroom.rooms.frames import FrameError
from classroom.rooms.models import Event, Room
from classroom.rooms.prepared import Prepared, row_insert
from tutor import prompt, rungs, vault
from tutor.dispatch import answer_dispatch, answer_send, stop_send
from tutor.models import Answer

State = Answer.State
ACTIVE = (State.QUEUED, State.RUNNING, State.PAUSED)
MOVES: dict[str, frozenset[str]] = {
    State.QUEUED: frozenset({State.RUNNING, State.STOPPED, State.FAILED}),
    State.RUNNING: frozenset({State.COMPLETED, State.STOPPED, State.FAILED, State.PAUSED}),
    State.PAUSED: frozenset({State.RUNNING, State.STOPPED, State.FAILED}),
    State.COMPLETED: frozenset(),
    State.STOPPED: frozenset(),
    State.FAILED: frozenset(),
}
ROOM_MAX, USER_MAX, CLASS_MAX = 10, 5, 100  # answers that run or wait, of one room, one person, one class
ATTEMPTS_MAX = 2
ETA_FROM = 10  # the last answers of the class, whose mean duration is the guess for the next


@dataclass(frozen=True, slots=True)
class Question:
    """What the model is asked, on which problem and how far it may go. ``rung`` and what it forbids stay with the answer."""

    text: str
    problem_id: UUID | None = None
    rung: int = 0
    preset: str = prompt.PRESET
    about: dict[str, Any] | None = None
    turn: int | None = None


def move_allowed(before: str, after: str) -> bool:
    return after in MOVES[before]


def answer_ask(
    rights: RoomRights,
    text: str,
    *,
    ref: str,
    trace: str,
    about: dict[str, Any] | None = None,
    supersedes: UUID | None = None,
) -> Event:
    """Log the question and give it the room's turn, or its place behind others. The same ``ref`` asks once (A1).

    ``about``: the passage that it points at (A11). ``supersedes``: a question of the same person that ends here and gives
    its place in the line (A12). Raises FrameError ``busy`` when ROOM_MAX, USER_MAX or CLASS_MAX are reached.
    """
    room_id, answer_id = rights.room.pk, uuid4()
    data: dict[str, Any] = {"answer": str(answer_id), "text": text, **({"about": about} if about else {})}
    with transaction.atomic():
        turn = None
        if supersedes is not None:
            earlier = Event.objects.filter(room_id=room_id, actor=rights.user, ref=ref).first()
            if earlier is not None:
                return earlier
            turn, data["supersedes"] = _superseded(rights, supersedes, trace), str(supersedes)
        event = journal.append(
            room_id,
            type="answer.asked",
            data=data,
            actor=rights.user,
            by=rights.by,
            ref=ref,
            trace=trace,
        )
        if event.data.get("answer") != str(answer_id):
            return event  # the client did not hear our ack
        room = room_now(room_id)  # again: the log's lock is ours only now
        question = Question(text, room.problem_id, rungs.rung_of(room), about=about, turn=turn)
        answer_open(replace(rights, room=room), event, question)
    return event


def _superseded(rights: RoomRights, answer_id: UUID, trace: str) -> int:
    """End one's own question because it is asked in other words; gives its turn. Raises FrameError (A12)."""
    own = Answer.objects.select_for_update().filter(pk=answer_id, room_id=rights.room.pk, asked_by=rights.user)
    answer = own.exclude(preset=prompt.HINT_PRESET).first()
    if answer is None:
        raise FrameError("bad_field", _("You have no such question in this room."), field="data.supersedes")
    is_late = (database_now() - answer.asked_at).total_seconds() > settings.SUPERSEDE_S
    if not move_allowed(answer.state, State.STOPPED) or (answer.shown and is_late):
        raise FrameError("not_running", _("The tutor has answered this question already."), field="data.supersedes")
    draft = answer_end(answer, State.STOPPED, "superseded")
    answer.save()
    journal.append(rights.room.pk, type=draft.type, data=draft.data, actor=rights.user, by=rights.by, trace=trace)
    transaction.on_commit(partial(stop_send, answer_id))
    return answer.order


def answer_open(rights: RoomRights, event: Event, question: Question) -> None:
    """The row and the place of the answer that ``event`` has announced, in its transaction. ``rights.room``: as it is now.

    Raises FrameError ``busy`` when ROOM_MAX, USER_MAX or CLASS_MAX are reached.
    """
    waiting = _capped(rights)
    if question.turn is not None:
        active = Answer.objects.filter(state__in=ACTIVE, room=rights.room)
        waiting = sum(one.order < question.turn for one in active)
    answer = Answer(
        id=UUID(event.data["answer"]), room=rights.room, problem_id=question.problem_id, asked_by=rights.user,
        asked_seq=event.seq, question=question.text, preset=question.preset, rung=question.rung,
        forbidden=vault.forbidden_of(question.problem_id, question.rung, event.room_id),
        place=waiting, about=question.about, turn=question.turn, trace=event.trace,
        prompt_version=prompt.VERSION, asked_at=event.at, enqueued_at=None if waiting else database_now(),
    )  # fmt: skip
    row_insert(answer)
    if waiting:
        journal.append(event.room_id, type="answer.queued", data=_place(rights.room, answer), trace=event.trace)
        transaction.on_commit(partial(room_advance, event.room_id))
    else:  # it has the turn at once, and not by ``room_advance``: a second commit costs as much as this one
        Answer._meta.get_field("retrieval").set_cached_value(answer, None)  # it is new: nobody has searched for it yet
        transaction.on_commit(partial(answer_send, answer))


_IN_LINE: Prepared[tuple[int, int, int]] = Prepared(
    lambda room, user, school_class: Answer.objects.filter(
        Q(asked_by=user) | Q(room__school_class=school_class), state__in=ACTIVE
    ).annotate(all=Value(1)).values("all").annotate(
        in_room=Count("pk", filter=Q(room=room)), own=Count("pk", filter=Q(asked_by=user)),
        in_class=Count("pk", filter=Q(room__school_class=school_class)),
    ).values_list("in_room", "own", "in_class")
)  # fmt: skip


def _capped(rights: RoomRights) -> int:
    """How many answers of this room run or wait. Raises FrameError ``busy``."""
    room, user = rights.room, rights.user
    waiting, own, in_class = _IN_LINE.first(room.pk, user.pk, room.school_class_id) or (0, 0, 0)
    if waiting >= ROOM_MAX:
        raise FrameError(
            "busy", _("%(n)s questions wait already. Ask again in a moment.") % {"n": waiting}, retry_ms=5_000
        )
    if own >= USER_MAX:
        words = _("%(n)s of your questions wait already. Let the tutor answer first.")
        raise FrameError("busy", words % {"n": own}, retry_ms=5_000)
    if in_class >= CLASS_MAX:
        raise FrameError("busy", _("The whole class is asking. Ask again in a moment."), retry_ms=10_000)
    return waiting


def eta_s(room: Room, position: int) -> int | None:
    """Seconds until the turn of who waits behind ``position`` others, from the class's last answers; None without any."""
    last = Answer.objects.filter(state=State.COMPLETED, room__school_class=room.school_class_id)
    times = last.order_by("-progress_at").values_list("enqueued_at", "finished_at")[:ETA_FROM]
    seconds = [(end - begun).total_seconds() for begun, end in times if begun and end]
    return max(1, round(position * sum(seconds) / len(seconds))) if seconds else None


def room_advance(room_id: UUID) -> UUID | None:
    """Give the turn to the room's oldest waiting answer if nobody has it (A2). Safe to call at any time, by anybody."""
    with transaction.atomic():
        active = list(Answer.objects.select_for_update().filter(room_id=room_id, state__in=ACTIVE).order_by("id"))
        if not active or any(answer.enqueued_at for answer in active):
            return None
        following = min(active, key=lambda answer: answer.order)
        Answer.objects.filter(pk=following.pk).update(enqueued_at=database_now())
        _places_tell(room_id, [answer for answer in active if answer is not following])
        transaction.on_commit(partial(answer_dispatch, following.pk))
    return following.pk


def _places_tell(room_id: UUID, waiting: list[Answer]) -> None:
    """Tell everybody whose place has changed since it was told (A10)."""
    moved = []
    for place, answer in enumerate(sorted(waiting, key=lambda answer: answer.order), 1):
        if answer.place != place:
            answer.place = place
            moved.append(answer)
    if moved:
        room = Room.objects.get(pk=room_id)
        Answer.objects.bulk_update(moved, ["place"])
        journal.append_many([journal.Draft(room_id, "answer.queued", _place(room, a), trace=a.trace) for a in moved])


def _place(room: Room, answer: Answer) -> dict[str, Any]:
    return {"answer": str(answer.pk), "position": answer.place, "eta_s": eta_s(room, answer.place)}


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
            raise FrameError("not_running", _("This answer is not running."), field="data.answer")
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


def attempt_mint(answer_id: UUID, attempt: int, *, forgiven: bool = False) -> bool:
    """Hand a running answer to another worker, from its persisted prefix (A5): after a worker's end (the reaper), or,
    ``forgiven``, by nobody's failure: its worker left in order, or it was paused for so long that none has it any more.

    Compare-and-swap on the attempt: False if somebody else was faster or no attempt is left.
    """
    running = Answer.objects.filter(pk=answer_id, state=State.RUNNING, attempt=attempt, call_due_at=None)
    if not forgiven:
        running = running.filter(attempt__lt=F("forgiven") + ATTEMPTS_MAX)
    moved = running.update(attempt=attempt + 1, forgiven=F("forgiven") + int(forgiven), progress_at=database_now())
    return bool(moved) and answer_dispatch(answer_id)


def answer_end(answer: Answer, state: str, reason: str, *, message: str = "") -> journal.Draft:
    """Set the row to its end and build the closing event (A6): the shown text whole, its length and SHA-256."""
    answer.state, answer.reason, answer.finished_at = state, (message or reason)[:300], database_now()
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
