"""A room's log as JSON lines, in pieces: for the page's download and for the command.

Schema ``chalkstream.transcript`` version 1, one object a line, told apart by ``kind``:

* ``header`` (first): schema, version, room {id, title, state, class}, head (last seq), exported_at, pseudonymised, deltas
* ``event``: seq, type, at, by {id, name, role} or null, trace, data: as in PROTOCOL.md
* ``answer``: answer (id), state, reason, model, engine, prompt_version, preset, attempt, prompt_tokens, completion_tokens,
  asked_at, started_at, first_text_at, finished_at, trace
* ``board``: board (which kind of document), owner {id, name} or null, updates (rows of its log), shapes, code: as it stands
* ``end`` (last): events, answers, boards (how many lines of each): a file without it was cut off
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from classroom.people.models import User
from classroom.people.selectors import names_known
from classroom.review.boards import boards_read
from classroom.review.pseudonyms import Pseudonyms
from classroom.rooms.models import Event, Room
from classroom.rooms.offload import offload
from tutor.models import Answer

SCHEMA = "chalkstream.transcript"
VERSION = 1
BATCH = 500
ANSWER_FIELDS = (
    "state", "reason", "model", "engine", "prompt_version", "preset", "attempt", "prompt_tokens", "completion_tokens",
    "asked_at", "started_at", "first_text_at", "finished_at", "trace",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Export:
    """One room as it stands now. ``audiences`` None: events for one person alone too."""

    room: Room
    names: bool = False
    deltas: bool = False
    audiences: tuple[str, ...] | None = ("all", "staff")

    def pieces(self) -> Iterator[str]:
        """Whole lines, BATCH of them at a time, so that a long log never stands in memory."""
        room = Room.objects.select_related("school_class").get(pk=self.room.pk)
        replace = None if self.names else pseudonyms_for(room)
        yield _line(self._header(room, replace))
        events = answers = 0
        for batch in self._events(room):
            events += len(batch)
            yield "".join(_line(_event(event, replace)) for event in batch)
        for rows in self._answers(room):
            answers += len(rows)
            yield "".join(_line(_answer(answer, replace)) for answer in rows)
        boards = 0
        for row in boards_read(room, replace):
            boards += 1
            yield _line(row)
        yield _line({"kind": "end", "events": events, "answers": answers, "boards": boards})

    def _header(self, room: Room, replace: Pseudonyms | None) -> dict[str, Any]:
        named = {"title": room.title, "class": room.school_class.name}
        head = {"id": str(room.pk), "state": room.state, **(replace.value(named) if replace else named)}
        return {
            "kind": "header", "schema": SCHEMA, "version": VERSION, "room": head, "head": room.last_seq,
            "exported_at": timezone.now().isoformat(), "pseudonymised": not self.names, "deltas": self.deltas,
        }  # fmt: skip

    def _events(self, room: Room) -> Iterator[list[Event]]:
        """Batches up to the head that the header names: what is said while we export is left out."""
        wanted = Event.objects.filter(room=room, seq__lte=room.last_seq).order_by("seq")
        if not self.deltas:
            wanted = wanted.exclude(type="answer.delta")
        if self.audiences is not None:
            wanted = wanted.filter(audience__in=self.audiences)
        after = 0
        while batch := list(wanted.filter(seq__gt=after)[:BATCH]):
            after = batch[-1].seq
            yield batch

    def _answers(self, room: Room) -> Iterator[list[Answer]]:
        """Batches too, each a query that is over: between two pieces there may be another thread and connection."""
        wanted = Answer.objects.filter(room=room, asked_seq__lte=room.last_seq).order_by("asked_seq")
        after = 0
        while batch := list(wanted.filter(asked_seq__gt=after)[:BATCH]):
            after = batch[-1].asked_seq
            yield batch

    async def stream(self) -> AsyncIterator[str]:
        """The same pieces without holding up the event loop."""
        pieces = self.pieces()
        while (piece := await offload(next, pieces, None)) is not None:
            yield piece


def pseudonyms_for(room: Room) -> Pseudonyms:
    """Everybody who is or was in the class, or acts in the log, by every name they are known under."""
    names = set(names_known(room.school_class_id))
    by_rows = Event.objects.filter(room=room, by__isnull=False).values_list("by__id", "by__name").distinct()
    names |= {(str(user_id), str(name)) for user_id, name in by_rows.order_by()}
    actors = User.objects.filter(pk__in=Event.objects.filter(room=room).values("actor")).values_list("pk", "username")
    names |= {(str(user_id), username) for user_id, username in actors}
    return Pseudonyms(sorted(names))


def _event(event: Event, replace: Pseudonyms | None) -> dict[str, Any]:
    by, data = event.by, event.data
    if replace is not None:
        by, data = replace.person(by) if by else None, replace.value(data)
    at = event.at.isoformat()
    return {
        "kind": "event",
        "seq": event.seq,
        "type": event.type,
        "at": at,
        "by": by,
        "trace": event.trace,
        "data": data,
    }


def _answer(answer: Answer, replace: Pseudonyms | None) -> dict[str, Any]:
    values = {name: getattr(answer, name) for name in ANSWER_FIELDS}
    for name, value in values.items():
        if isinstance(value, datetime):
            values[name] = value.isoformat()
    if replace is not None:
        values["reason"] = replace.text(answer.reason)
    return {"kind": "answer", "answer": str(answer.pk), **values}


def _line(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n"
