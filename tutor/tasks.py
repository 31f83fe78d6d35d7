"""What the class worker does for the tutor."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from tutor import proofreading, steps


@shared_task(name=steps.TASK)
def step_check(step_id: str) -> None:
    """Check one step. Twice is once: the row is claimed by compare-and-swap."""
    steps.step_check(UUID(step_id))


@shared_task(name=proofreading.TASK)
def answer_proofread(answer_id: str) -> None:
    """Check the tutor's own lines. Twice is once: how far it got is moved by compare-and-swap."""
    proofreading.answer_proofread(UUID(answer_id))
