"""How a room's summary comes to be: by the model as a private text, or as a plain list without one (M2, M4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import transaction

from classroom.rooms.clock import database_now
from classroom.rooms.models import Room
from inference_worker.job import WorkerState
from tutor import prompt, solutions
from tutor.memory import memory_take, turns_oldest
from tutor.models import Memory, Writing
from tutor.writings import OPEN, writing_kept

NOBODY: Final = "No worker was ready to write it."


def memories_tend(workers: Sequence[WorkerState]) -> None:
    """Begin what is due and take in what has been written. Raises django.db.Error."""
    ready = any(worker.state == "ready" for worker in workers)
    if not ready:
        _give_up()
    for writing in Writing.objects.filter(memory__isnull=False, kept=False).exclude(state__in=OPEN):
        with transaction.atomic():
            if writing_kept(writing.pk):
                told = solutions.spoken(writing.raw) if writing.state == Writing.State.DONE else ""
                memory_take(writing.memory_id, writing.upto, told)
    for memory in Memory.objects.filter(due=True, room__state=Room.State.OPEN):
        _begin(memory, ready=ready)


def _give_up() -> None:
    """What no worker has taken for as long as a question would wait: the plain list serves (M4)."""
    now = database_now()
    waiting = Writing.objects.filter(memory__isnull=False, state__in=(Writing.State.WAITING, Writing.State.SENT))
    late = waiting.filter(asked_at__lt=now - timedelta(seconds=settings.QUEUE_TIMEOUT_S))
    late.update(state=Writing.State.FAILED, reason=NOBODY, finished_at=now)


@transaction.atomic
def _begin(memory: Memory, *, ready: bool) -> None:
    if memory.writings.filter(state__in=OPEN).exists():
        return
    Memory.objects.filter(pk=memory.pk).update(due=False)
    oldest = turns_oldest(memory)
    if not oldest:
        return
    if not ready:
        memory_take(memory.pk, oldest[-1].seq, "")
        return
    messages = prompt.summary_messages([one.turn for one in oldest])
    Writing.objects.create(
        memory=memory, upto=oldest[-1].seq, messages=messages, preset=prompt.HINT_PRESET, asked_at=database_now()
    )
