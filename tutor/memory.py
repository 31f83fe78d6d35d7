"""What the tutor remembers of a room: its last turns word for word, and what was before them in short (M1–M5).

A summary is made from what the room has asked and has been shown, never from raw text, a reference or the vault; and when
it goes into a prompt, the guard reads it with the values of that answer, as it reads what the tutor says. It never holds
a question up: where none is there yet, the oldest turns are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction

from classroom.rooms import journal
from classroom.rooms.access import RoomRights
from classroom.rooms.clock import database_now
from classroom.rooms.models import Room
from classroom.rooms.prepared import Prepared
from tutor import guard, prompt
from tutor.models import Answer, Memory

log = structlog.get_logger(__name__)
By = Memory.By
SUMMARY_MAX: Final = 2_400  # characters: some 500 tokens of each prompt
LINE_MAX: Final = 160
ENDED: Final = (Answer.State.COMPLETED, Answer.State.STOPPED, Answer.State.FAILED)


NO_END: Final = 2**63 - 1  # behind every event
_UPTO: Prepared[Memory] = Prepared(lambda room, seq: Memory.objects.filter(room=room, upto__lt=seq))


class Stale(Exception):
    """The summary was changed by somebody else meanwhile."""


@dataclass(frozen=True, slots=True)
class Said:
    """A turn with its place in the log."""

    seq: int
    turn: prompt.Turn


@dataclass(frozen=True, slots=True)
class Recalled:
    """What may go into a prompt: the turns that fit by number, oldest first, and what was before them.

    ``more``: there are further turns that neither has.
    """

    turns: tuple[prompt.Turn, ...] = ()
    summary: str = ""
    more: bool = False


def recall(answer: Answer) -> Recalled:
    """What the room remembers for this answer: nothing that came after its question."""
    memory = _UPTO.first(answer.room_id, answer.asked_seq)
    said = _turns(answer.room_id, memory.upto if memory else 0, before=answer.asked_seq)
    kept = said[-settings.MEMORY_TURNS :]
    summary = summary_told(answer, memory.summary) if memory else ""
    return Recalled(tuple(one.turn for one in kept), summary, more=len(said) > len(kept))


def summary_told(answer: Answer, summary: str) -> str:
    """The summary as this answer's prompt may have it (M3): what the guard lets pass with the values that were frozen."""
    problem = answer.problem
    return _passed(summary, tuple(answer.forbidden), problem.statement if problem else "")


@lru_cache(maxsize=256)  # a long one takes the guard 0.2 s, and each question of the room asks for the same
def _passed(summary: str, forbidden: tuple[str, ...], statement: str) -> str:
    policy = guard.Policy(forbidden=forbidden, statement=statement)
    return guard.release(policy, summary, 0, done=True).text.strip()


def _turns(room_id: UUID, upto: int, before: int = NO_END) -> list[Said]:
    """The turns behind ``upto`` that have been shown something, oldest first: one more than any prompt has."""
    rows = _latest(settings.MEMORY_TURNS + 1)(room_id, upto, before)
    found = [Said(seq, prompt.Turn(question, shown)) for seq, question, shown in rows]
    return found[::-1]


@cache
def _latest(limit: int) -> Prepared[tuple[int, str, str]]:
    return Prepared(
        lambda room, upto, before: (
            Answer.objects.filter(room=room, asked_seq__gt=upto, asked_seq__lt=before)
            .exclude(shown="")
            .order_by("-asked_seq")
            .values_list("asked_seq", "question", "shown")[:limit]
        )
    )


def memory_want(room_id: UUID) -> None:
    """Something had to be left out of a prompt: have the oldest turns taken into the summary (M2)."""
    Memory.objects.get_or_create(room_id=room_id)
    Memory.objects.filter(room=room_id, due=False).update(due=True)


def turns_oldest(memory: Memory) -> list[Said]:
    """The turns that are to be told in short: the oldest, and never the last one."""
    ended = Answer.objects.filter(room=memory.room_id, asked_seq__gt=memory.upto, state__in=ENDED).exclude(shown="")
    rows = ended.order_by("asked_seq").values_list("asked_seq", "question", "shown")
    found = [Said(seq, prompt.Turn(question, shown)) for seq, question, shown in rows[: settings.MEMORY_SUMMARISED + 1]]
    return found[: min(settings.MEMORY_SUMMARISED, len(found) - 1)]


def memory_take(room_id: UUID | None, upto: int, told: str) -> bool:
    """Add what was told of the turns up to ``upto``, or, where that is nothing, a plain list of them (M4).

    False if the memory is as far already.
    """
    with transaction.atomic():
        memory = Memory.objects.select_for_update().filter(room=room_id, upto__lt=upto).first()
        if memory is None:
            return False
        answers = Answer.objects.filter(room=room_id, asked_seq__gt=memory.upto, asked_seq__lte=upto).exclude(shown="")
        turns = [prompt.Turn(a.question, a.shown) for a in answers.order_by("asked_seq")]
        memory.summary = shortened("\n".join(filter(None, (memory.summary.strip(), told.strip() or listed(turns)))))
        memory.upto, memory.by = upto, By.MODEL if told.strip() else By.LIST
        memory.edited_by, memory.changed_at = None, database_now()
        memory.save()
        _tell(memory)
    log.info("memory_changed", room=str(room_id), by=memory.by, upto=upto)
    return True


def listed(turns: Sequence[prompt.Turn]) -> str:
    """Turns without a model: what was asked and how the answer begins."""

    def line(text: str) -> str:
        words = " ".join(text.split())
        return words if len(words) <= LINE_MAX else words[:LINE_MAX].rsplit(" ", 1)[0] + " …"

    return "\n".join(f"- Asked: {line(turn.question)} Answered: {line(turn.answer)}" for turn in turns)


def shortened(summary: str) -> str:
    """At most SUMMARY_MAX characters: whole lines are left out from the oldest on."""
    lines = summary.splitlines()
    while len(lines) > 1 and len("\n".join(lines)) > SUMMARY_MAX:
        lines.pop(0)
    return "\n".join(lines)[-SUMMARY_MAX:]


# ---- by hand


def memory_of(room: Room) -> Memory:
    """The room's memory as a row, or as the one that it would begin with."""
    return Memory.objects.select_related("edited_by").filter(room=room).first() or Memory(room=room)


def turns_kept(room: Room) -> list[prompt.Turn]:
    """The turns that the next prompt has word for word, should they fit."""
    return [one.turn for one in _turns(room.pk, memory_of(room).upto)][-settings.MEMORY_TURNS :]


def version_of(memory: Memory) -> str:
    """Which summary it is that somebody has seen."""
    return memory.changed_at.isoformat() if memory.changed_at else ""


def memory_edit(rights: RoomRights, summary: str, *, seen: str) -> Memory:
    """Staff give the summary other words (M5). ``seen``: the version that they saw. Raises Stale."""
    with transaction.atomic():
        Memory.objects.get_or_create(room=rights.room)
        memory = Memory.objects.select_for_update().get(room=rights.room)
        if version_of(memory) != seen:
            raise Stale
        memory.summary, memory.by = summary.strip()[:SUMMARY_MAX], By.STAFF
        memory.edited_by, memory.changed_at = rights.user, database_now()
        memory.save()
        _tell(memory, rights)
    return memory


def _tell(memory: Memory, rights: RoomRights | None = None) -> None:
    """A fact for staff: what is remembered may name pupils and their difficulties, and no student needs it to go on."""
    data = {"text": memory.summary, "upto": memory.upto, "how": memory.by}
    journal.append(
        memory.room_id, type="memory.changed", data=data, audience=journal.STAFF,
        actor=rights.user if rights else None, by=rights.by if rights else None,
    )  # fmt: skip
