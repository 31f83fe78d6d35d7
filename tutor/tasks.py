"""What the class worker does for the tutor."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from tutor import calls, dispatch, proofreading, steps
from tutor.documents import ingest, shelf, sources


@shared_task(name=steps.TASK)
def step_check(step_id: str) -> None:
    """Check one step. Twice is once: the row is claimed by compare-and-swap."""
    steps.step_check(UUID(step_id))


@shared_task(name=proofreading.TASK)
def answer_proofread(answer_id: str) -> None:
    """Check the tutor's own lines. Twice is once: how far it got is moved by compare-and-swap."""
    proofreading.answer_proofread(UUID(answer_id))


@shared_task(name=ingest.TASK)
def documents_read() -> None:
    """Read what was uploaded. Also on a timer: Redis may have been away, or a worker gone."""
    ingest.documents_read()


@shared_task(name="tutor.tasks.files_purge")
def files_purge() -> None:
    """Delete files whose class or document has gone."""
    shelf.files_purge()


@shared_task(name=sources.TASK)
def sources_search(answer_id: str) -> None:
    """Search the class's documents for an answer, then give it to a model."""
    if sources.sources_search(UUID(answer_id)):
        dispatch.answer_dispatch(UUID(answer_id))


@shared_task(name=calls.TASK)
def call_run(answer_id: str) -> None:
    """Run the open call of an answer. Twice is once: its lease is claimed by compare-and-swap."""
    calls.call_run(UUID(answer_id))
