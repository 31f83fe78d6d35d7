"""What the class worker does for boards."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from classroom.board import thumbnails


@shared_task(name=thumbnails.TASK)
def thumbnail_make(document_id: str) -> None:
    """Draw the small picture of one board. Twice does no harm."""
    thumbnails.thumbnail_make(UUID(document_id))
