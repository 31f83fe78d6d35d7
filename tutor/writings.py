"""The life of a Writing: a text that a worker writes in private, through the same queue, stream and scribe as an answer.

The row is the queue's truth (W1–W4). W1 a writing that waits is sent when a worker is ready, at most AT_ONCE at a time; W2
it goes behind every job that somebody waits for (BACKGROUND) and gives up its place to one; W3 what a lost worker leaves
is handed on once, and an attempt that gave up its place does not count; W4 of its text nothing becomes an event.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.conf import settings
from django.db.models import F

from classroom.rooms.clock import database_now
from inference_worker.job import BACKGROUND, JOB, JOBS, Job, Message, Output, Persisted, Sampling, WorkerState
from tutor.availability import ATTEMPTS_EVER, left_in_order
from tutor.changes import Changes
from tutor.dispatch import job_send, ticket_send
from tutor.models import Writing

log = structlog.get_logger(__name__)
State = Writing.State
OPEN: Final = (State.WAITING, State.SENT, State.RUNNING)
ATTEMPTS_MAX: Final = 2
AT_ONCE: Final = 8  # sent or running; the rest waits in the table
DEADLINE_S: Final = 1_800.0  # of one attempt: long, nobody waits for it
SENT_AGAIN: Final = timedelta(seconds=5)
GONE: Final = timedelta(seconds=6)  # longer than a heartbeat lives
STALLED: Final = timedelta(seconds=120)  # listed by a worker, but without a token for so long
LOST: Final = "Two workers have lost it."
CORRUPT: Final = "The text was damaged on its way."
_FIELDS: Final = [
    "state", "reason", "raw", "raw_length", "model", "worker", "completion_tokens", "started_attempt", "progress_at",
    "finished_at",
]  # fmt: skip


def job_of(writing: Writing) -> Job:
    """The job of its present attempt. Samples of one solve have one room key: a worker that has read the problem once
    writes them all.
    """
    return Job(
        answer=str(writing.pk),
        attempt=writing.attempt,
        messages=tuple(Message(role=one["role"], content=one["content"]) for one in writing.messages),
        sampling=Sampling(max_tokens=settings.MAX_ANSWER_TOKENS, seed=writing.seed),
        preset=writing.preset,
        prefix=writing.raw,
        deadline_s=DEADLINE_S,
        room_key=(writing.solve_id or writing.pk).hex,
        class_key=BACKGROUND,
    )


class Desk:
    """The scribe's hand on writings, inside a batch's transaction: their rows are locked by id, behind the answers'."""

    def __init__(self, ids: Iterable[str], now: datetime) -> None:
        wanted = list(ids)
        rows = Writing.objects.select_for_update().filter(pk__in=wanted).order_by("id") if wanted else ()
        self._rows = {str(writing.pk): writing for writing in rows}
        self._now = now
        self._changes = Changes(self._rows.values(), _FIELDS)
        self._confirm: dict[tuple[str, int], Persisted] = {}

    def take(self, output: Output) -> bool:
        """Keep what belongs to a writing, by the fence of answers (S2, S3). False: it is no writing's."""
        writing = self._rows.get(output.answer)
        if writing is None:
            return False
        if writing.attempt != output.attempt or writing.state not in OPEN:
            self._said(output.answer, output.attempt, output.offset, done=True)
            return True
        writing.progress_at = self._now
        if output.kind != "started" and output.offset > writing.raw_length:
            self._said(output.answer, output.attempt, writing.raw_length, hole=True)
            return True
        self._begin(writing, output)
        if output.kind == "text":
            writing.raw += output.text[writing.raw_length - output.offset :]
            writing.raw_length = len(writing.raw)
        elif output.kind == "done" and output.reason != "preempted":
            self._end(writing, output)
        self._said(output.answer, output.attempt, writing.raw_length, done=writing.state not in OPEN)
        return True

    def finish(self) -> list[Persisted]:
        """Save the rows; what the workers are to be told."""
        self._changes.save()
        return list(self._confirm.values())

    def _begin(self, writing: Writing, output: Output) -> None:
        if writing.started_attempt != writing.attempt:
            writing.state, writing.started_attempt = State.RUNNING, writing.attempt
        if output.kind == "started":
            writing.model = str(output.info.get("model", ""))[:200]
            writing.worker = str(output.info.get("worker", ""))[:120]

    def _end(self, writing: Writing, output: Output) -> None:
        digest = hashlib.sha256(writing.raw.encode()).hexdigest()
        writing.finished_at = self._now
        if output.offset < writing.raw_length or output.sha256 != digest:
            writing.state, writing.reason = State.FAILED, CORRUPT
        elif output.reason in ("error", "cancelled"):
            message = output.info.get("message") or "The model could not write it."
            writing.state, writing.reason = State.FAILED, str(message)[:300]
        else:
            writing.completion_tokens = output.info.get("completion_tokens")
            writing.state, writing.reason = State.DONE, output.reason

    def _said(self, answer: str, attempt: int, length: int, *, done: bool = False, hole: bool = False) -> None:
        self._confirm[answer, attempt] = Persisted(answer, attempt, length, done=done, hole=hole)


# ---- getting them going (beside the scribe, every few seconds)


def writings_send(workers: Sequence[WorkerState]) -> int:
    """Send what waits, oldest first, while a worker is ready and fewer than AT_ONCE are under way. How many (W1)."""
    if not any(worker.state == "ready" for worker in workers):
        return 0
    places = AT_ONCE - Writing.objects.filter(state__in=(State.SENT, State.RUNNING)).count()
    sent = 0
    for writing in Writing.objects.filter(state=State.WAITING).order_by("asked_at", "seed")[: max(0, places)]:
        sent += _send(writing)
    return sent


def _send(writing: Writing) -> bool:
    if not job_send(job_of(writing)):
        return False
    now = database_now()
    Writing.objects.filter(pk=writing.pk, state=State.WAITING).update(state=State.SENT)
    Writing.objects.filter(pk=writing.pk, attempt=writing.attempt).update(sent_at=now)
    log.info("writing_sent", writing=str(writing.pk), attempt=writing.attempt)
    return True


def writings_watch(client: Any, workers: Sequence[WorkerState]) -> None:
    """Send again what Redis has lost, hand on what a worker has left (W3). ``client``: a redis.Redis."""
    now = database_now()
    held = {key for worker in workers for key in worker.running}
    excused = {key for worker in workers for key in worker.waiting}
    alive = {worker.name for worker in workers}
    for writing in Writing.objects.filter(state__in=(State.SENT, State.RUNNING)):
        key = f"{writing.pk}:{writing.attempt}"
        taken = writing.started_attempt == writing.attempt
        since = (writing.progress_at if taken else writing.sent_at) or writing.asked_at
        stalled = now - since > STALLED and key not in excused
        if taken and now - since > GONE and (key not in held or stalled):
            gave_up = writing.worker in alive and not stalled
            left = writing.attempt < ATTEMPTS_EVER and left_in_order(client, writing.worker)
            _hand_on(writing, forgiven=gave_up or left)
        elif not taken and now - since > SENT_AGAIN and key not in held:
            if not client.exists(JOB.format(answer=writing.pk, attempt=writing.attempt)):
                _send(writing)
            elif client.llen(JOBS):
                ticket_send()  # spare tickets find nothing and end


def _hand_on(writing: Writing, *, forgiven: bool) -> None:
    """Another attempt from the stored text. A worker that left in order, or lives and gave up its place, costs nothing."""
    mine = Writing.objects.filter(pk=writing.pk, attempt=writing.attempt, state=State.RUNNING)
    now = database_now()
    if not forgiven and writing.attempt - writing.forgiven >= ATTEMPTS_MAX:
        mine.update(state=State.FAILED, reason=LOST, finished_at=now)
        return
    log.warning("writing_handed_on", writing=str(writing.pk), attempt=writing.attempt + 1, forgiven=forgiven)
    mine.update(
        state=State.WAITING, attempt=F("attempt") + 1, forgiven=F("forgiven") + int(forgiven), sent_at=None,
        progress_at=now,
    )  # fmt: skip


def writing_kept(writing_id: UUID) -> bool:
    """Claim the end of a writing, so that one process alone deals with it."""
    return bool(Writing.objects.filter(pk=writing_id, kept=False).exclude(state__in=OPEN).update(kept=True))
