"""A question looks into its class's documents before it goes to a model (D4–D6).

The search runs in the class worker, between the room's turn and the job: nobody's frame waits for it. The row in ``Retrieval``
is claimed by compare-and-swap; whatever is late (no worker, no Redis, a slow model) is passed over,
and the answer goes on without.
"""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction

from classroom.rooms import journal
from classroom.rooms.clock import database_now
from tutor.class_worker import task_ring
from tutor.documents import search
from tutor.documents.models import Retrieval
from tutor.models import Answer

log = structlog.get_logger(__name__)
TASK: Final = "tutor.tasks.sources_search"
SEARCHED: Final = ("seed",)  # presets whose question is somebody's own words
_ASKS: Final = re.compile(
    r"\b(?:handouts?|hand-outs?|worksheets?|textbook|course ?book|handbook|syllabus|slides|pdf|documents?|"
    r"(?:our|the|my|your|class|lecture|course|these|those) (?:class )?"
    r"(?:notes?|materials?|texts?|files?|pages?|book|chapter))\b"
    r"|讲义|资料|材料|课本|教材|教科书|笔记|文档|课件",
    re.IGNORECASE,
)

State = Retrieval.State


def patience() -> timedelta:
    """From the ringing on: twice the time of a search. Then the answer goes on without."""
    return timedelta(seconds=2 * settings.DOCUMENT_SEARCH_S)


def asks_for_materials(question: str) -> bool:
    """Whether the question is about what the class has been given, so that “nothing” is an answer (D6)."""
    return bool(_ASKS.search(question))


def search_first(answer: Answer) -> bool:
    """Whether this answer's dispatch waits for a search, which this call then asks for. Safe to call again and again."""
    if answer.state != Answer.State.QUEUED or answer.attempt != 1 or answer.preset not in SEARCHED:
        return False
    row: Retrieval | None = getattr(answer, "retrieval", None)
    if row is None:
        if not search.open_documents(answer.room.school_class_id):
            return False
        asked_for = asks_for_materials(answer.question)
        _, is_new = Retrieval.objects.get_or_create(
            answer=answer, defaults={"began_at": database_now(), "asked_for": asked_for}
        )
        if not is_new:
            return True
        return task_ring(TASK, answer.pk) or not search_give_up(answer.pk)
    if row.state not in (State.WAITING, State.SEARCHING):
        return False
    if database_now() - row.began_at < patience():
        return True
    search_give_up(answer.pk)
    return False


def search_give_up(answer_id: UUID) -> bool:
    """Pass the search over. False if it has just ended."""
    pending = Retrieval.objects.filter(pk=answer_id, state__in=[State.WAITING, State.SEARCHING])
    return bool(pending.update(state=State.LATE))


def searches_late() -> list[UUID]:
    """Answers whose search has not ended in time."""
    late = Retrieval.objects.filter(
        state__in=[State.WAITING, State.SEARCHING], began_at__lt=database_now() - patience(), answer__state="queued"
    )
    return list(late.values_list("pk", flat=True)[:100])


def sources_search(answer_id: UUID) -> bool:
    """Search for one answer and tell the room. False if that is done, passed over or begun by somebody else."""
    if not Retrieval.objects.filter(pk=answer_id, state=State.WAITING).update(state=State.SEARCHING):
        return False
    answer = Answer.objects.select_related("room").get(pk=answer_id)
    if answer.state != Answer.State.QUEUED:
        return False
    _status(answer, "searching")
    begin = time.monotonic()
    result = search.passages_search(answer.room.school_class_id, answer.question)
    latency_ms = round((time.monotonic() - begin) * 1000)
    state = State.FOUND if result.found else State.NOTHING
    with transaction.atomic():
        waits = Answer.objects.select_for_update().filter(pk=answer_id, state=Answer.State.QUEUED)
        if not waits.exists():
            return False  # it was stopped meanwhile
        fields = {"candidates": result.candidates, "stages": result.stages, "latency_ms": latency_ms}
        if not Retrieval.objects.filter(pk=answer_id, state=State.SEARCHING).update(state=state, **fields):
            return False
        asked_for = Retrieval.objects.values_list("asked_for", flat=True).get(pk=answer_id)
        phase = "found" if result.found else "nothing" if asked_for else "done"
        _status(answer, phase, latency_ms)
        for n, one in enumerate(result.found, 1):
            _source(answer, n, one)
    log.info(
        "sources_searched", answer=str(answer_id), found=len(result.found), ms=latency_ms, stages=result.stages,
        trace=answer.trace,
    )  # fmt: skip
    return True


def _status(answer: Answer, phase: str, latency_ms: int | None = None) -> None:
    with transaction.atomic():
        data = {"answer": str(answer.pk), "phase": phase, "latency_ms": latency_ms}
        journal.append(answer.room_id, type="answer.status", data=data, trace=answer.trace)


def _source(answer: Answer, n: int, one: search.Found) -> None:
    data: dict[str, Any] = {
        "answer": str(answer.pk), "n": n, "document": str(one.document), "title": one.title, "page": one.page,
        "anchor": one.anchor, "passage": one.n, "score": round(one.score, 3),
    }  # fmt: skip
    journal.append(answer.room_id, type="answer.source", data=data, trace=answer.trace)
