"""How a room's summary comes to be: by the model as a private text, or as a plain list without one (M2, M4)."""

from __future__ import annotations

from collections.abc import Sequence

from classroom.rooms.clock import database_now
from classroom.rooms.models import Room
from inference_worker.job import WorkerState
from tutor import prompt, solutions
from tutor.memory import memory_take, turns_oldest
from tutor.models import Memory, Writing
from tutor.writings import OPEN, writing_kept


def memories_tend(workers: Sequence[WorkerState]) -> None:
    """Begin what is due and take in what has been written. Raises django.db.Error."""
    for writing in Writing.objects.filter(memory__isnull=False, kept=False).exclude(state__in=OPEN):
        if writing_kept(writing.pk):
            told = solutions.spoken(writing.raw) if writing.state == Writing.State.DONE else ""
            memory_take(writing.memory_id, writing.upto, told)
    ready = any(worker.state == "ready" for worker in workers)
    for memory in Memory.objects.filter(due=True, room__state=Room.State.OPEN):
        _begin(memory, ready=ready)


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
