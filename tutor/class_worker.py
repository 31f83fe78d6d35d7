"""The way to the class worker: what a web process or the scribe has it do. The row says whether work is due, not the ring."""

from __future__ import annotations

from functools import cache
from typing import Final

import structlog
from celery import Celery
from django.conf import settings
from kombu.exceptions import OperationalError

from inference_worker.broker import transport_register

log = structlog.get_logger(__name__)
QUEUE: Final = "class"
RING_S: Final = 0.5  # a person must never wait for Redis longer than this


@cache
def sender() -> Celery:
    transport_register()
    app = Celery("class")
    app.conf.update(
        broker_url=settings.BROKER_URL,
        task_serializer="json",
        broker_transport_options={
            "global_keyprefix": settings.CLASS_KEYPREFIX,
            "socket_timeout": RING_S, "socket_connect_timeout": RING_S, "max_retries": 0,
        },
    )  # fmt: skip
    return app


def task_ring(task: str, *keys: object) -> bool:
    """Ask for one task about these ids. False when Redis is away: the sweep then finds the row."""
    try:
        sender().send_task(task, args=[str(key) for key in keys], queue=QUEUE, retry=False, ignore_result=True)
    except OperationalError as error:
        log.warning("class_worker_not_rung", task=task, keys=list(map(str, keys)), error=str(error))
        return False
    return True
