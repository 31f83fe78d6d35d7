"""The only task: a ticket. Tickets are empty and all alike; whoever holds one serves the oldest job, if there is any."""

from __future__ import annotations

import logging

import redis

from inference_worker.celery_app import app
from inference_worker.job import QUEUE, TICKET
from inference_worker.runtime import Holder, TicketReturned

log = logging.getLogger(__name__)


@app.task(name=TICKET)
def ticket() -> None:
    runtime = Holder.runtime
    assert runtime is not None, "worker_init has not run"
    try:
        with runtime.slot():
            taken = runtime.take()
            if taken is None:
                return
            try:
                runtime.run(taken)
            except Exception:
                log.exception("answer %s attempt %s failed", taken.answer, taken.attempt)
                runtime.fail(taken)
    except TicketReturned:
        ticket.apply_async(queue=QUEUE, retry=False)
    except redis.RedisError as error:
        log.warning("redis does not answer, the ticket is lost and the reaper rings again: %s", error)
