"""The only task: a ticket. Tickets are empty and all alike; whoever holds one serves the oldest job, if there is any."""

from __future__ import annotations

import logging

import redis
from kombu.exceptions import OperationalError

from inference_worker.celery_app import app
from inference_worker.job import OWN_QUEUE, QUEUE, TICKET
from inference_worker.runtime import Holder, TicketReturned

log = logging.getLogger(__name__)
LOST = "redis does not answer, the ticket is lost and the reaper rings again: %s"


@app.task(name=TICKET)
def ticket() -> None:
    runtime = Holder.runtime
    assert runtime is not None, "worker_init has not run"
    try:
        with runtime.slot():
            taken = runtime.take(_ring)
            if taken is None:
                return
            try:
                runtime.run(taken)
            except Exception:  # the edge: one answer's fault must not end the ticket's loop
                log.exception("answer %s attempt %s failed", taken.answer, taken.attempt)
                runtime.fail(taken)
    except TicketReturned:
        _send(QUEUE)
    except redis.RedisError as error:
        log.warning(LOST, error)


def _ring(worker: str) -> None:
    _send(OWN_QUEUE.format(name=worker))


def _send(queue: str) -> None:
    try:
        ticket.apply_async(queue=queue, retry=False)
    except OperationalError as error:
        log.warning(LOST, error)
