"""The ladder of hints: how far the tutor may go on a room's problem (N1–N6). State of the server; a prompt only says it.

0 ask what was tried · 1 a nudge · 2 point at the place · 3 the idea of the next step · 4 a worked similar example · 5 the
solution. Everything that moves a ladder holds the room's row lock and leaves an event, which carries the ladder as it is
then; so the page's ladder is a fold over the log like all else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from classroom.rooms import journal, tries
from classroom.rooms.access import RoomRights
from classroom.rooms.frames import FrameError, time_text
from classroom.rooms.models import Event, Room
from tutor.models import HintRules, Ladder

TRY, SIMILAR, SOLUTION = 0, 4, 5
NO_LADDER: Final = gettext_lazy("This room has no problem, so there are no hints. Ask the tutor in your own words.")


@dataclass(frozen=True, slots=True)
class Rules:
    """How far asking reaches in one room: its own rules, else those of its class, else these."""

    ceiling: int = SIMILAR
    budget: int | None = None
    attempt_first: bool = True
    solution_at: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        """Whether the date has come from which on nothing is held back: neither ceiling, budget nor a try count then."""
        return self.solution_at is not None and self.solution_at <= now


def rules_for(room: Room) -> Rules:
    found = {
        bool(rules.room_id): rules
        for rules in HintRules.objects.filter(Q(room=room) | Q(school_class=room.school_class_id))
    }
    rules = found.get(True) or found.get(False)
    return Rules(rules.ceiling, rules.budget, rules.attempt_first, rules.solution_at) if rules else Rules()


def ladder_of(room: Room) -> Ladder | None:
    """The ladder of the room's problem, as a row or as the one that it would begin with; None in a free room (N1)."""
    if room.problem_id is None:
        return None
    known = Ladder.objects.filter(room=room, problem=room.problem_id).first()
    return known or Ladder(room=room, problem_id=room.problem_id)


def rung_of(room: Room) -> int:
    """How much an ordinary answer may tell now."""
    ladder = ladder_of(room)
    return ladder.rung if ladder else TRY


def wanted(ladder: Ladder) -> int:
    """The rung of the next hint: this one while something of it is still to be given, else the next."""
    return ladder.rung if ladder.reached < ladder.rung or ladder.more else ladder.rung + 1


def refusal(ladder: Ladder, rules: Rules, now: datetime) -> str | None:
    """Why no hint may be given by asking, in words for people; None if one may (N4). A try is another matter.

    What staff has opened by moving the rung up is given whatever ceiling and budget say.
    """
    if wanted(ladder) > SOLUTION:
        return _("The solution has been given already.")
    if rules.is_open(now) or ladder.reached < ladder.rung:
        return None
    if wanted(ladder) > max(min(rules.ceiling, SIMILAR), ladder.rung):
        return _("You have had all the hints that may be given here. Ask your teacher.")
    if rules.budget is not None and ladder.given >= rules.budget:
        return _("No hints are left for this problem. Ask your teacher.")
    return None


def tried_since(room: Room, seq: int, audiences: Iterable[str] = (journal.ALL,)) -> bool:
    """Whether the students of the room have tried something behind ``seq`` (N3)."""
    said = Event.objects.filter(room=room, seq__gt=seq, type__in=tries.KINDS, audience__in=list(audiences))
    rows = said.order_by("-seq").values_list("type", "by", "data")
    return any(tries.is_try(kind, by, data.get("text", "")) for kind, by, data in rows.iterator())


def ladder_head(ladder: Ladder, rules: Rules) -> dict[str, Any]:
    """The ladder as events carry it; whether somebody has tried since, the fold knows by itself."""
    return {
        "rung": ladder.rung,
        "reached": ladder.reached,
        "more": ladder.more,
        "given": ladder.given,
        "ceiling": min(rules.ceiling, SIMILAR),
        "budget": rules.budget,
        "attempt_first": rules.attempt_first,
        "solution_at": time_text(rules.solution_at) if rules.solution_at else None,
    }


def head_read(room: Room) -> dict[str, Any] | None:
    """The ladder of a room for an event; None in a free room."""
    ladder = ladder_of(room)
    return ladder_head(ladder, rules_for(room)) if ladder else None


def state_read(rights: RoomRights) -> dict[str, Any] | None:
    """The ladder for a snapshot, as this person may know it. Three queries, none in a free room."""
    ladder = ladder_of(rights.room)
    if ladder is None:
        return None
    tried = tried_since(rights.room, ladder.seq, rights.audiences)
    return {**ladder_head(ladder, rules_for(rights.room)), "tried": tried}


def ladder_begin(room: Room, seq: int) -> None:
    """The room works on its problem from ``seq`` on: tries at another one before do not count. Call it in the transaction
    that has set the problem. A problem that the room had before keeps its rung.
    """
    if room.problem_id is not None:
        Ladder.objects.update_or_create(room=room, problem_id=room.problem_id, defaults={"seq": seq})


def rung_move(rights: RoomRights, rung: int, *, ref: str, trace: str) -> Event:
    """Staff put the ladder on a rung (N5); its hint is the next that is given. Raises FrameError ``forbidden``."""
    with transaction.atomic():
        room = room_locked(rights.room.pk)
        earlier = Event.objects.filter(room=room, actor=rights.user, ref=ref).first()
        if earlier is not None:
            return earlier
        ladder = ladder_of(room)
        if ladder is None:
            raise FrameError("forbidden", str(NO_LADDER))
        before, ladder.rung = ladder.rung, rung
        ladder.reached, ladder.more = min(ladder.reached, rung), False
        ladder.save()
        data = {"rung": rung, "before": before, "ladder": ladder_head(ladder, rules_for(room))}
        return journal.append(
            room.pk, type="rung.moved", data=data, actor=rights.user, by=rights.by, ref=ref, trace=trace
        )


def room_locked(room_id: UUID) -> Room:
    """The room with its row lock, which orders its log. Raises Room.DoesNotExist."""
    return Room.objects.select_for_update(of=("self",)).select_related("school_class", "problem").get(pk=room_id)
