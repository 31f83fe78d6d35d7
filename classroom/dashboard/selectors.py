"""What stands on the wall: one tile a room, read with a fixed number of queries however many rooms there are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, TypedDict
from uuid import UUID

from django.conf import settings
from django.db.models import OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone

from classroom.board.thumbnails import thumbnail_seqs
from classroom.dashboard.access import rooms_looked_at
from classroom.people.access import Person
from classroom.rooms.models import Event, Room
from classroom.rooms.presence import present_in
from tutor.models import Answer

TEXT_SHOWN = 240  # code points of the last line
# Events that put a line of text into the room, and where in their data it stands.
LINES = {
    "message.posted": "text",
    "answer.asked": "text",
    "answer.inserted": "text",
    "step.submitted": "text",
    "answer.completed": "text",
    "answer.stopped": "text",
    "answer.failed": "message",
}
HANDS = ("hand.raised", "hand.lowered", "member.removed")
SEEN_BY_STAFF = ("all", "staff")


class Line(TypedDict):
    by: str | None
    text: str
    at: str


class Running(TypedDict):
    state: str
    by: str


# "class" is a keyword: the functional form is the only one that can name this key.
Tile = TypedDict(
    "Tile",
    {
        "room": str,
        "title": str,
        "class": str,
        "group": str | None,
        "state": str,
        "present": list[dict[str, Any]],
        "last": Line | None,
        "answer": Running | None,
        "hands": list[str],
        "idle": bool,
        "url": str,
        "board": str | None,
    },
)


def tiles_for(user: Person, room_ids: Iterable[UUID] | None = None) -> list[Tile]:
    """The tiles this person may see (of ``room_ids`` only, when given): open rooms first, then by class and title."""
    rooms = rooms_looked_at(user).select_related("school_class", "group")
    if room_ids is not None:
        rooms = rooms.filter(pk__in=list(room_ids))
    found = list(_with_last_events(rooms).order_by("-state", "school_class__name", "title", "pk"))
    keys = [room.pk for room in found]
    lines, running, hands, present = _lines(found), _running(keys), _hands(keys), present_in(keys)
    now, boards = timezone.now(), thumbnail_seqs(keys)
    return [
        {
            "room": str(room.pk),
            "title": room.title,
            "class": room.school_class.name,
            "group": room.group.name if room.group else None,
            "state": room.state,
            "present": present.get(room.pk, []),
            "last": lines.get(room.pk),
            "answer": running.get(room.pk),
            "hands": hands.get(room.pk, []),
            "idle": _idle(room, now),
            "url": reverse("room_page", args=[room.pk]),
            "board": _board(room.pk, boards),
        }
        for room in found
    ]


def _board(room_id: UUID, boards: dict[UUID, int]) -> str | None:
    """Where the picture of its board is; another address for another picture."""
    if room_id not in boards:
        return None
    return f"{reverse('dashboard_board', args=[room_id])}?seq={boards[room_id]}"


def _with_last_events(rooms: QuerySet[Room]) -> QuerySet[Room]:
    """Each room with the id of its last event of every kind that shows a line, and when a person last did something.

    One index look-up per kind and room: the log itself, deltas above all, is never scanned.
    """
    shown = Event.objects.filter(room=OuterRef("pk"), audience__in=SEEN_BY_STAFF)
    last = {_last_name(kind): Subquery(shown.filter(type=kind).order_by("-seq").values("pk")[:1]) for kind in LINES}
    acted = Event.objects.filter(room=OuterRef("pk"), actor__isnull=False).order_by("-seq").values("at")[:1]
    return rooms.annotate(acted_at=Subquery(acted), **last)


def _last_name(kind: str) -> str:
    return "last_" + kind.replace(".", "_")


def _lines(rooms: list[Room]) -> dict[UUID, Line]:
    ids = [pk for room in rooms for kind in LINES if (pk := getattr(room, _last_name(kind))) is not None]
    lines: dict[UUID, Line] = {}
    for event in Event.objects.filter(pk__in=ids).order_by("room", "seq"):
        text = str(event.data.get(LINES[event.type], ""))[:TEXT_SHOWN]
        # An answer's last event may carry who stopped it, but its words are the tutor's.
        by = None if event.type.startswith("answer.") and event.type != "answer.asked" else (event.by or {}).get("name")
        lines[event.room_id] = {"by": by, "text": text, "at": event.at.isoformat()}
    return lines


def _running(room_ids: list[UUID]) -> dict[UUID, Running]:
    active = Answer.objects.filter(room__in=room_ids, state__in=[Answer.State.QUEUED, Answer.State.RUNNING])
    running: dict[UUID, Running] = {}
    for answer in active.select_related("asked_by").order_by("asked_at"):
        first = running.get(answer.room_id)
        if first is None or (first["state"] != Answer.State.RUNNING and answer.state == Answer.State.RUNNING):
            name = answer.asked_by.name if answer.asked_by else ""
            running[answer.room_id] = {"state": answer.state, "by": name}
    return running


def _hands(room_ids: list[UUID]) -> dict[UUID, list[str]]:
    """Names of those whose hand is up, longest first: a fold over the few events about hands."""
    up: dict[UUID, dict[str, str]] = {}
    events = Event.objects.filter(room__in=room_ids, type__in=HANDS).order_by("seq")
    for room_id, kind, by, data in events.values_list("room", "type", "by", "data"):
        raised = up.setdefault(room_id, {})
        who = by if kind == "hand.raised" else data.get("user")
        if who:
            raised.pop(who["id"], None)
            if kind == "hand.raised":
                raised[who["id"]] = who["name"]
    return {room_id: list(names.values()) for room_id, names in up.items() if names}


def _idle(room: Room, now: datetime) -> bool:
    acted: datetime = getattr(room, "acted_at", None) or room.created_at
    return room.state == Room.State.OPEN and now - acted > timedelta(seconds=settings.IDLE_BADGE_S)
