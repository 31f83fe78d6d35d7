"""Small pictures of rooms' common boards for a teacher's wall (Q23): made in the class worker, only while somebody looks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db.models import F, Q
from django.utils import timezone

from classroom.board.export import sheets_of, sheets_print
from classroom.board.models import Document, Kind, Thumbnail
from classroom.rooms.frames import FrameError

log = structlog.get_logger(__name__)
TASK: Final = "classroom.board.tasks.thumbnail_make"
AGAIN: Final = timedelta(seconds=15)  # a board that changes all the time is drawn so often
PIXELS: Final = 480


def thumbnails_due(room_ids: Iterable[UUID]) -> list[UUID]:
    """Documents whose picture is older than they are. Each is given to one caller, and again after AGAIN."""
    boards = Document.objects.filter(room__in=list(room_ids), kind=Kind.BOARD, last_seq__gt=0)
    stale = boards.filter(Q(thumbnail=None) | Q(thumbnail__seq__lt=F("last_seq")))
    now, due = timezone.now(), []
    for document_id in stale.values_list("pk", flat=True):
        Thumbnail.objects.get_or_create(document_id=document_id)
        free = Thumbnail.objects.filter(Q(asked_at=None) | Q(asked_at__lt=now - AGAIN), pk=document_id)
        if free.update(asked_at=now):
            due.append(document_id)
    return due


def thumbnail_make(document_id: UUID) -> bool:
    """Draw the document as it is now. False if it is gone or cannot be drawn; the old picture stays."""
    document = Document.objects.select_related("room").filter(pk=document_id).first()
    if document is None:
        return False
    try:
        data = sheets_print(sheets_of(document), "png", title="", pixels=PIXELS)
    except FrameError as error:
        log.warning("thumbnail_not_made", document=str(document_id), error=str(error))
        return False
    known = {"seq": document.last_seq, "data": data}
    Thumbnail.objects.update_or_create(document=document, defaults=known)
    return True


def thumbnail_seqs(room_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Rooms that have a picture, with what it shows."""
    made = Thumbnail.objects.filter(document__room__in=list(room_ids), document__kind=Kind.BOARD, seq__gt=0)
    return dict(made.values_list("document__room", "seq"))


def thumbnail_read(room_id: UUID) -> bytes | None:
    found = Thumbnail.objects.filter(document__room=room_id, document__kind=Kind.BOARD, seq__gt=0).first()
    return bytes(found.data) if found else None
