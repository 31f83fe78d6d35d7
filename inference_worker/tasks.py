"""The only task: a ticket."""

from __future__ import annotations

import logging

from inference_worker.celery_app import app, runtime
from inference_worker.job import TICKET

log = logging.getLogger(__name__)


@app.task(name=TICKET, acks_late=True, ignore_result=True)
def ticket() -> None:
    """Serve one job, if there is one."""
    try:
        runtime().ticket_serve()
    except Exception:  # the edge: a ticket must never take the pool down; the reaper rings again for what is due
        log.exception("ticket failed")
