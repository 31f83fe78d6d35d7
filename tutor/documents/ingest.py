"""From a file to passages that can be found: read in the jail, cut, embedded, stored in one transaction (D2).

Runs in the class worker. The row says whether it is due; it is claimed by compare-and-swap, and what a worker has left
lying is begun anew.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet

from classroom.rooms.clock import database_now
from tutor.documents import near, vectors
from tutor.documents.chunks import Block, Piece, pieces
from tutor.documents.jail import file_read
from tutor.documents.models import Document, Passage
from tutor.documents.readers import Refused
from tutor.documents.shelf import file_of
from tutor.documents.words import terms

log = structlog.get_logger(__name__)
TASK: Final = "tutor.tasks.documents_read"
CLAIM: Final = timedelta(minutes=30)  # longer than the largest document takes
NO_FILE: Final = "Its file is not there any more. Upload it again."

State = Document.State
_one = threading.Lock()  # a process reads one document at a time: its other threads are for those who wait


def document_read(document_id: UUID) -> bool:
    """Read one document. False if that is done already, or somebody else has just begun."""
    now = database_now()
    due = Document.objects.filter(pk=document_id, state__in=[State.WAITING, State.READING])
    if not due.filter(Q(claimed_at=None) | Q(claimed_at__lt=now - CLAIM)).update(claimed_at=now, state=State.READING):
        return False
    document = Document.objects.get(pk=document_id)
    try:
        blocks, pages = file_read(file_of(document.sha256), document.kind)
    except (Refused, OSError) as error:
        reason = str(error) if isinstance(error, Refused) else NO_FILE
        _mine(document).update(state=State.REFUSED, reason=reason, read_at=database_now())
        log.info("document_refused", document=str(document_id), kind=document.kind, reason=reason)
        return True
    made = pieces([Block(_clean(b.text), _clean(b.anchor), _clean(b.heading), b.page) for b in blocks])
    found, name = _vectors(document, made)
    with transaction.atomic():
        fields = {"state": State.READY, "pages": pages, "embedder": name, "read_at": database_now(), "reason": ""}
        if not _mine(document).update(**fields):
            return False  # it was deleted, or somebody else has it by now
        Passage.objects.bulk_create(
            (_passage(document, piece, vector) for piece, vector in zip(made, found, strict=True)), batch_size=200
        )
        if name and near.by_database():
            near.document_fill(document.pk)
    log.info("document_ready", document=str(document_id), passages=len(made), embedder=name)
    return True


def _mine(document: Document) -> QuerySet[Document]:
    return Document.objects.filter(pk=document.pk, state=State.READING, claimed_at=document.claimed_at)


def _clean(text: str) -> str:
    """Without what no database keeps: NUL and halves of characters."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _vectors(document: Document, made: list[Piece]) -> tuple[list[bytes | None], str]:
    """One vector a piece, and whose; without a model, or when it fails, the document is found by its words alone."""
    try:
        texts = [f"{document.title}. {piece.heading}\n{piece.text}" for piece in made]
        found = vectors.embedder().embed_all(texts)
        return [None if vectors.is_nothing(one) else one for one in found], vectors.embedder_name()
    except vectors.NoVectors as error:
        log.warning("document_without_vectors", document=str(document.pk), why=str(error))
        return [None] * len(made), ""


def _passage(document: Document, piece: Piece, vector: bytes | None) -> Passage:
    return Passage(
        document=document, n=piece.n, page=piece.page, anchor=piece.anchor, heading=piece.heading, text=piece.text,
        words=" ".join(terms(f"{document.title} {piece.heading} {piece.text}")), vector=vector,
    )  # fmt: skip


def documents_read() -> int:
    """Read all that wait, one after the other: how many. 0 at once where this process reads already: that one goes on."""
    if not _one.acquire(blocking=False):
        return 0
    try:
        count = 0
        while waiting := documents_waiting():
            count += sum(document_read(document_id) for document_id in waiting)
        return count
    finally:
        _one.release()


def documents_waiting() -> list[UUID]:
    """Documents that nobody reads, or that were left lying; oldest first."""
    now = database_now()
    waiting = Q(state=State.WAITING, claimed_at=None)
    left = Q(state=State.READING, claimed_at__lt=now - CLAIM)
    return list(Document.objects.filter(waiting | left).order_by("uploaded_at").values_list("pk", flat=True)[:20])
