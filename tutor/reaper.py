"""The reaper: finds answers that nobody works on any more and gets them going again, or ends them with a reason (R1–R5).

Runs beside the scribe, every TICK_S, on the database's rows and the workers' heartbeats. R1 a waiting answer that Redis
has lost is rung for again; R2 a running one whose worker is gone gets its next attempt from the persisted prefix; R3
when two workers have lost it, it fails, but who left in order has not lost it; R4 without any usable worker a waiting
answer fails after QUEUE_TIMEOUT_S, at once if every model is broken; R5 a closed room's answers end.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db.models import F, Q

from classroom.rooms.clock import database_now
from classroom.rooms.connections import redis_client
from classroom.rooms.models import Room
from inference_worker.job import JOB, JOBS, WorkerState
from tutor import answers
from tutor.availability import ATTEMPTS_EVER, left_in_order, state_of, workers_read
from tutor.dispatch import answer_dispatch, ticket_send
from tutor.duty import Duty
from tutor.models import Answer

log = structlog.get_logger(__name__)
GONE_S = 6.0  # longer than a heartbeat lives
STALLED_S = 120.0  # listed by a worker, and not as one that waits there, but without a token for so long
RING_AGAIN_S = 5.0
LOST = "The tutor lost its place twice. Please ask again."
NO_ANSWER = "No tutor was free to answer. Please ask again later."


class Reaper(Duty):
    name = "reaper"

    def tick(self) -> None:
        now = database_now()
        for answer_id in _in_closed_rooms():
            answers.answer_close(answer_id)
        for room_id in _rooms_waiting():
            answers.room_advance(room_id)
        client = redis_client()
        workers = workers_read(client)
        held = {key for worker in workers for key in worker.running}
        excused = {key for worker in workers for key in worker.waiting}
        self._waiting(client, workers, held, now)
        self._running(client, held, excused, now)

    def _waiting(self, client: Any, workers: list[WorkerState], held: set[str], now: datetime) -> None:
        state = state_of(workers)
        all_broken = bool(workers) and all(worker.state == "broken" for worker in workers)
        for answer in _without_worker(now - timedelta(seconds=1)):
            # A second attempt waits since it was minted.
            since = answer.enqueued_at if answer.state == Answer.State.QUEUED else answer.progress_at
            age = (now - since).total_seconds() if since else 0.0
            if all_broken or (not state["available"] and age > settings.QUEUE_TIMEOUT_S):
                answers.answer_fail(answer.pk, "unavailable", state["reason"] or NO_ANSWER)
            elif age > RING_AGAIN_S and f"{answer.pk}:{answer.attempt}" not in held:
                if not client.exists(JOB.format(answer=answer.pk, attempt=answer.attempt)):
                    answer_dispatch(answer.pk)
                elif state["available"] and client.llen(JOBS):
                    ticket_send()  # spare tickets find nothing and end

    def _running(self, client: Any, held: set[str], excused: set[str], now: datetime) -> None:
        quiet = Answer.objects.filter(
            state=Answer.State.RUNNING, started_attempt=F("attempt"), progress_at__lt=now - timedelta(seconds=GONE_S)
        )
        for answer in quiet:
            key = f"{answer.pk}:{answer.attempt}"
            silent = answer.progress_at is not None and now - answer.progress_at > timedelta(seconds=STALLED_S)
            if key in held and (not silent or key in excused):
                continue
            forgiven = answer.attempt < ATTEMPTS_EVER and left_in_order(client, answer.worker)
            if not forgiven and answer.attempt - answer.forgiven >= answers.ATTEMPTS_MAX:
                answers.answer_fail(answer.pk, "lost", LOST)
            else:
                log.warning("answer_handed_on", answer=str(answer.pk), attempt=answer.attempt + 1, forgiven=forgiven)
                answers.attempt_mint(answer.pk, answer.attempt, forgiven=forgiven)


def _without_worker(before: datetime) -> list[Answer]:
    """Answers that wait for a worker since ``before``: asked, or handed on and not yet taken."""
    asked = Q(state=Answer.State.QUEUED, enqueued_at__lt=before)
    handed_on = Q(state=Answer.State.RUNNING, started_attempt__lt=F("attempt"), progress_at__lt=before)
    return list(Answer.objects.filter(asked | handed_on, call_due_at=None))  # else it waits for a tool


def _in_closed_rooms() -> list[UUID]:
    active = Answer.objects.filter(state__in=answers.ACTIVE, room__state=Room.State.CLOSED)
    return list(active.values_list("pk", flat=True))


def _rooms_waiting() -> list[UUID]:
    waiting = Answer.objects.filter(state=Answer.State.QUEUED, enqueued_at=None)
    return list(waiting.values_list("room_id", flat=True).distinct())
