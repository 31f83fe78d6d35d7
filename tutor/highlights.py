"""Key steps: parts of an answer that people highlight, or that the tutor proposes (Y1–Y3). The log alone has them."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from classroom.rooms import journal
from classroom.rooms.access import RoomRights
from classroom.rooms.frames import FrameError
from classroom.rooms.models import Event
from tutor.passages import answer_passage

HIGHLIGHTS_MAX: Final = 40  # of one answer
PROPOSED_MAX: Final = 5
KINDS: Final = ("highlight.changed", "highlight.proposed")
Place = tuple[int, int]


def highlights_of(room_id: UUID, answer_id: UUID | str) -> dict[Place, dict[str, Any] | None]:
    """The places that are highlighted now, with who did it; None: the tutor proposes it."""
    found: dict[Place, dict[str, Any] | None] = {}
    for event in Event.objects.filter(room=room_id, type__in=KINDS, data__answer=str(answer_id)).order_by("seq"):
        if event.type == "highlight.proposed":
            for place in event.data["places"]:
                found.setdefault((place["start"], place["end"]), None)
            continue
        key = event.data["start"], event.data["end"]
        found.pop(key, None)
        if event.data["on"]:
            found[key] = event.by
    return found


def highlight_set(rights: RoomRights, place: dict[str, Any], *, on: bool, ref: str, trace: str) -> Event | None:
    """Highlight {answer, start, end} or take it back; to highlight what the tutor proposes accepts it. None: it was so already.

    Raises FrameError ``bad_field``, or ``busy`` when HIGHLIGHTS_MAX are reached.
    """
    with transaction.atomic():
        earlier = Event.objects.filter(room=rights.room, actor=rights.user, ref=ref).first()
        if earlier is not None:
            return earlier
        passage = answer_passage(rights, place["answer"], place["start"], place["end"])
        now, key = highlights_of(rights.room.pk, str(passage.answer)), (place["start"], place["end"])
        if (not on and key not in now) or (on and now.get(key) is not None):
            return None
        if on and key not in now and len(now) >= HIGHLIGHTS_MAX:
            raise FrameError("busy", _("Enough of this answer is highlighted."), retry_ms=5_000)
        data = {"answer": passage.answer, "start": place["start"], "end": place["end"], "on": on}
        return journal.append(
            rights.room.pk, type="highlight.changed", data=data, actor=rights.user, by=rights.by, ref=ref, trace=trace
        )


def proposed(room_id: UUID, answer_id: UUID, verified: list[Place], trace: str) -> None:
    """Let the tutor propose these places of a finished answer; inside the transaction that has found them."""
    known = highlights_of(room_id, answer_id)
    places = [{"start": start, "end": end} for start, end in verified[:PROPOSED_MAX] if (start, end) not in known]
    if places:
        data = {"answer": str(answer_id), "places": places}
        journal.append(room_id, type="highlight.proposed", data=data, trace=trace)
