"""A hint for the room (N2–N4, N6): an authored one at once, without any model; else the tutor is asked to phrase one.

All of a request happens under the room's row lock: of two people who ask at the same moment, the second one meets the
ladder as the first has left it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import uuid4

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from classroom.rooms import journal, tries
from classroom.rooms.access import RoomRights
from classroom.rooms.clock import database_now
from classroom.rooms.frames import MAX_TEXT, FrameError
from classroom.rooms.models import Event, Room
from tutor import availability, prompt, rungs, vault
from tutor.answers import Question, answer_open
from tutor.authored import Hint, hints_of, reference_of, solution_of
from tutor.models import Ladder, Step
from tutor.rungs import Rules

ASK_WHAT: Final = (
    "What have you tried so far? Write your first line, or say in your own words what you know and where you are stuck. "
    "After that there is a hint."
)
SHOW_A_TRY: Final = gettext_lazy("Show a try first: a step, or a line to the others about what you have done.")
ASKED: Final = "A hint, please."
LOOKED_AT: Final = 100  # lines of the room that are searched for the latest tries
CHECKED: Final = {"verified": " (checked: right)", "refuted": " (checked: not right)"}


@dataclass(frozen=True, slots=True)
class _Request:
    rights: RoomRights
    room: Room
    ladder: Ladder
    rules: Rules
    ref: str
    trace: str

    def append(self, kind: str, data: dict[str, Any], *, ref: str | None = None) -> Event:
        """What the person did, in her name."""
        who = self.rights
        return journal.append(self.room.pk, type=kind, data=data, actor=who.user, by=who.by, ref=ref, trace=self.trace)

    def given(self, rung: int, *, text: str = "", answer: str | None = None) -> Event:
        """What the tutor gave: no person's doing."""
        data = {
            "rung": rung,
            "text": text,
            "answer": answer,
            "asked_by": self.rights.by,
            "ladder": rungs.ladder_head(self.ladder, self.rules),
        }
        return journal.append(self.room.pk, type="hint.given", data=data, trace=self.trace)


def hint_request(rights: RoomRights, *, ref: str, trace: str) -> Event:
    """Give the room its next hint, or ask what was tried (N3). The same ``ref`` asks once (N2).

    Raises FrameError ``forbidden`` when there is none to be had, ``unavailable`` when only the model could phrase it and is
    not there, or ``busy``.
    """
    with transaction.atomic():
        room = rungs.room_locked(rights.room.pk)
        earlier = Event.objects.filter(room=room, actor=rights.user, ref=ref).first()
        if earlier is not None:
            return earlier
        ladder = rungs.ladder_of(room)
        if ladder is None:
            raise FrameError("forbidden", str(rungs.NO_LADDER))
        request = _Request(rights, room, ladder, rungs.rules_for(room), ref, trace)
        refused = rungs.refusal(ladder, request.rules, database_now())
        if refused:
            raise FrameError("forbidden", refused)
        if _try_is_due(request):
            return _what_was_tried(request)
        return _hint(request)


def _try_is_due(request: _Request) -> bool:
    """Staff need none, and what staff has opened needs none."""
    ladder, rules = request.ladder, request.rules
    if not rules.attempt_first or request.rights.staff or ladder.reached < ladder.rung:
        return False
    return not rules.is_open(database_now()) and not rungs.tried_since(request.room, ladder.seq)


def _what_was_tried(request: _Request) -> Event:
    """Rung 0, which costs nothing. It is asked once; whoever asks again without a try hears why there is no hint."""
    asked = Event.objects.filter(room=request.room, type="hint.given", seq__gt=request.ladder.seq, data__rung=rungs.TRY)
    if asked.exists():
        raise FrameError("forbidden", str(SHOW_A_TRY))
    event = request.append("hint.requested", {"rung": rungs.TRY}, ref=request.ref)
    request.given(rungs.TRY, text=ASK_WHAT)
    return event


def _hint(request: _Request) -> Event:
    """The next hint: the next authored one of this rung if there is one, else one that the model phrases."""
    ladder = request.ladder
    rung = rungs.wanted(ladder)
    left = _authored(ladder, rung)
    if left:
        rung, ladder.authored = left[0].rung, left[0].place + 1
    elif not (state := availability.state_read())["available"]:
        raise FrameError(
            "unavailable", availability.reason_words(state) + " " + _("There is no written hint for this.")
        )
    ladder.rung = ladder.reached = rung
    ladder.more = any(hint.rung == rung for hint in left[1:])
    ladder.given += 1
    event = request.append("hint.requested", {"rung": rung}, ref=request.ref)
    given = request.given(rung, text=left[0].text[:MAX_TEXT]) if left else _phrased(request, rung)
    ladder.seq = given.seq
    ladder.save()
    return event


def _authored(ladder: Ladder, rung: int) -> list[Hint]:
    """What is written and still to be given up to this rung; on the last one the solution."""
    reference = reference_of(ladder.problem_id)
    if rung >= rungs.SOLUTION:
        solution = solution_of(reference)
        return [Hint(ladder.authored - 1, rungs.SOLUTION, solution)] if solution else []
    values = vault.forbidden_of(ladder.problem_id, rung, ladder.room_id, between=False)
    hints = hints_of(reference, values)
    return [hint for hint in hints if hint.place >= ladder.authored and ladder.rung <= hint.rung <= rung]


def _phrased(request: _Request, rung: int) -> Event:
    """Ask the tutor for it: an answer like any other, with the hint's prompt and the rung's bounds (N6)."""
    answer_id = str(uuid4())
    asked = request.append("answer.asked", {"answer": answer_id, "text": ASKED})
    words = prompt.hint_question(_tries(request.room))
    rights = replace(request.rights, room=request.room)
    answer_open(rights, asked, Question(words, request.ladder.problem_id, rung, prompt.HINT_PRESET))
    return request.given(rung, answer=answer_id)


def _tries(room: Room) -> list[str]:
    """The latest work of the students on this problem, oldest first, with what the checker said of their steps."""
    since = Event.objects.filter(room=room, type="room.changed").order_by("-seq").values_list("seq", flat=True).first()
    said = Event.objects.filter(room=room, type__in=tries.KINDS, audience=journal.ALL, seq__gt=since or 0)
    latest = [
        event for event in said.order_by("-seq")[:LOOKED_AT] if tries.is_try(event.type, event.by, event.data["text"])
    ][: prompt.TRIES_KEPT]
    verdicts = dict(
        Step.objects.filter(room=room, seq__in=[event.seq for event in latest]).values_list("seq", "verdict")
    )
    return [event.data["text"] + CHECKED.get(verdicts.get(event.seq, ""), "") for event in reversed(latest)]
