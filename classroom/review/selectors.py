"""Finding transcripts and reading one: what was said, by whom and when, and how each answer came about."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, DateTimeField, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.safestring import mark_safe

from classroom.board.export import changes_of
from classroom.people.access import Person
from classroom.people.models import Role
from classroom.review.access import rooms_reviewed
from classroom.review.models import ReadAudit
from classroom.review.notices import notice
from classroom.rooms.access import RoomRights
from classroom.rooms.models import Event, Room
from tutor.models import Answer, Retrieval
from tutor.tools.svg import svg_text

WORDS_MAX = 6
SAID = ("message.posted", "answer.asked")
ENDED = ("answer.completed", "answer.stopped", "answer.failed")
# What a reader needs no line for: pieces of an answer and its way through the queue stand in the answer itself.
WITHIN_ANSWERS = ("answer.delta", "answer.queued", "answer.status", "answer.source", "answer.started", *ENDED)


# ---- the list


def transcripts(user: Person, filters: dict[str, Any]) -> QuerySet[Room]:
    """Rooms this person may review, latest first, each with ``messages``, ``asked`` and ``last_at``.

    ``filters`` is the cleaned data of TranscriptFilter. Words of ``q`` must each occur: in the room's or class's name, in
    the name of somebody who spoke, or in what was said there by people or the tutor.
    """
    rooms = rooms_reviewed(user).select_related("school_class", "group")
    for word in (filters.get("q") or "").split()[:WORDS_MAX]:
        rooms = rooms.filter(_mentions(word))
    if filters.get("school_class"):
        rooms = rooms.filter(school_class=filters["school_class"])
    if filters.get("state"):
        rooms = rooms.filter(state=filters["state"])
    asked = Exists(Answer.objects.filter(room=OuterRef("pk")))
    if filters.get("answers"):
        rooms = rooms.filter(asked if filters["answers"] == "yes" else ~asked)
    rooms = _in_days(rooms, filters)
    return rooms.annotate(
        messages=_count(Event.objects.filter(type="message.posted")),
        asked=_count(Answer.objects.all()),
        last_at=Coalesce(
            Subquery(Event.objects.filter(room=OuterRef("pk")).order_by("-seq").values("at")[:1]),
            F("created_at"),
            output_field=DateTimeField(),
        ),
    ).order_by("-last_at", "pk")


def _mentions(word: str) -> Q:
    events = Event.objects.filter(room=OuterRef("pk"))
    said = events.filter(type__in=SAID, data__text__icontains=word)
    person = events.filter(by__name__icontains=word)
    answered = Answer.objects.filter(room=OuterRef("pk"), shown__icontains=word)
    named = Q(title__icontains=word) | Q(school_class__name__icontains=word)
    return named | Q(Exists(said)) | Q(Exists(person)) | Q(Exists(answered))


def _in_days(rooms: QuerySet[Room], filters: dict[str, Any]) -> QuerySet[Room]:
    """Rooms in which something happened between the two days, both included, in the server's time zone."""
    since, until = filters.get("since"), filters.get("until")
    if not since and not until:
        return rooms
    happened = Event.objects.filter(room=OuterRef("pk"))
    if since:
        happened = happened.filter(at__gte=timezone.make_aware(datetime.combine(since, time.min)))
    if until:
        happened = happened.filter(at__lt=timezone.make_aware(datetime.combine(until + timedelta(days=1), time.min)))
    return rooms.filter(Exists(happened))


def _count(rows: QuerySet[Any]) -> Coalesce:
    counted = rows.filter(room=OuterRef("pk")).order_by().values("room").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


# ---- one transcript


@dataclass(frozen=True, slots=True)
class Line:
    """One entry. ``kind``: message, answer (a question and what became of it) or notice."""

    kind: str
    event: Event
    words: str = ""
    answer: Answer | None = None
    ended_by: str = ""
    timing: dict[str, int | None] = field(default_factory=dict)

    @property
    def by(self) -> dict[str, str] | None:
        return self.event.by

    @property
    def lookup(self) -> Retrieval | None:
        """What was found for it in the class's documents, with the scores of every stage."""
        return getattr(self.answer, "retrieval", None)

    @property
    def picture(self) -> str:
        """What a tool has drawn, as SVG that is safe in a page; empty for all else."""
        data = self.event.data
        drawing = data.get("drawing") if self.event.type == "answer.tool_returned" else None
        return mark_safe(svg_text(drawing, data["text"])) if drawing else ""  # noqa: S308  (built and escaped by ElementTree)

    @property
    def withheld(self) -> list[dict[str, str]]:
        """What the guard kept back of the answer, {why, text} each; for those who may see all that the model wrote."""
        if self.answer is None:
            return []
        raw, parts = self.answer.raw, self.answer.withheld
        return [{"why": str(part["why"]), "text": raw[part["start"] : part["end"]]} for part in parts]


@dataclass(frozen=True, slots=True)
class BoardShown:
    """The room's board as it was at ``seq``; ``before`` and ``after`` are where it looked otherwise, None at the ends."""

    seq: int
    before: int | None
    after: int | None


def board_shown(room: Room, lines: list[Line], wanted: str) -> BoardShown | None:
    """The board beside these lines: at the seq that is ``wanted``, else at the last of them. None if nobody drew."""
    changes = changes_of(room)
    if not changes:
        return None
    last = lines[-1].event.seq if lines else room.last_seq
    seq = min(int(wanted), room.last_seq) if wanted.isascii() and wanted.isdigit() and len(wanted) < 19 else last
    shown = bisect_right(changes, seq)  # so many changes are seen
    before = changes[shown - 2] if shown > 1 else (changes[0] - 1 if shown and changes[0] > 0 else None)
    return BoardShown(seq, before, changes[shown] if shown < len(changes) else None)


def lines_readable(rights: RoomRights) -> QuerySet[Event]:
    """The events that make a line each, in order; an admin's include those for one person alone."""
    events = Event.objects.filter(room=rights.room).exclude(type__in=WITHIN_ANSWERS).order_by("seq")
    return events if rights.role == Role.ADMIN else events.filter(audience__in=("all", "staff"))


def transcript_lines(rights: RoomRights, events: Iterable[Event]) -> list[Line]:
    """Lines for these events (a page of ``lines_readable``), with their answers, in three queries."""
    page = list(events)
    asked = {str(event.data["answer"]) for event in page if event.type == "answer.asked"}
    answers = {
        str(pk): answer
        for pk, answer in Answer.objects.select_related("retrieval").in_bulk([UUID(pk) for pk in asked]).items()
    }
    ended = _ended_by(rights, asked, page)
    return [_line(event, answers, ended) for event in page]


def _ended_by(rights: RoomRights, asked: set[str], page: list[Event]) -> dict[str, str]:
    if not asked:
        return {}
    ends = Event.objects.filter(room=rights.room, type__in=ENDED, seq__gt=page[0].seq, by__isnull=False)
    return {event.data["answer"]: event.by["name"] for event in ends if event.by and event.data["answer"] in asked}


def _line(event: Event, answers: dict[str, Answer], ended: dict[str, str]) -> Line:
    if event.type == "message.posted":
        return Line("message", event, words=str(event.data["text"]))
    if event.type == "answer.asked":
        key = str(event.data["answer"])
        answer = answers.get(key)
        words = str(event.data["text"])
        return Line("answer", event, words, answer, ended.get(key, ""), _timing(answer) if answer else {})
    return Line("notice", event, words=notice(event))


def _timing(answer: Answer) -> dict[str, int | None]:
    """Milliseconds from the question to the first shown text and to the end, and spent waiting for a worker."""

    def since(then: datetime | None, start: datetime | None) -> int | None:
        return round((then - start).total_seconds() * 1000) if then and start else None

    return {
        "waited_ms": since(answer.started_at, answer.asked_at),
        "first_ms": since(answer.first_text_at, answer.asked_at),
        "total_ms": since(answer.finished_at, answer.asked_at),
    }


def reads_of(room: Room, limit: int = 50) -> QuerySet[ReadAudit]:
    return ReadAudit.objects.filter(room=room)[:limit]
