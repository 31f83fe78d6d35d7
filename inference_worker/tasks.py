"""The only task: a ticket. Tickets are empty and all alike; whoever holds one serves the oldest job, if there is any."""

from __future__ import annotations

import logging

import redis
from celery.exceptions import Reject

from inference_worker.celery_app import app
from inference_worker.job import TICKET
from inference_worker.runtime import Holder, TicketReturned

log = logging.getLogger(__name__)


@app.task(name=TICKET)
def ticket() -> None:
    runtime = Holder.runtime
    if runtime is None:
        raise Reject("this worker has not started", requeue=True)
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
    except TicketReturned as returned:
        raise Reject("left to another worker", requeue=True) from returned
    except redis.RedisError as error:
        log.warning("redis does not answer, the ticket is lost and the reaper rings again: %s", error)
