"""Says once a second that this worker lives, how its model is, and what it has in hand."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import redis

from inference_worker.job import HEARTBEAT_S, JOB_TTL_S, LEFT, WORKER, WORKER_TTL_S, WorkerState

log = logging.getLogger(__name__)


def other_has_hope(client: Any, name: str) -> bool:
    """Whether a worker other than ``name`` can answer or will soon: it has its model or loads it. False without Redis."""
    own = WORKER.format(name=name)
    try:
        keys = [key for key in client.scan_iter(match=WORKER.format(name="*")) if key != own]
        texts = client.mget(keys) if keys else []
    except redis.RedisError:
        return False
    return any(WorkerState.from_json(text).state != "broken" for text in texts if text)


class Heartbeat:
    """``read`` gives the state to tell. Redis may be away: the next beat tells it."""

    def __init__(self, client: Any, read: Callable[[], WorkerState]) -> None:
        self._client, self._read = client, read
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def beat(self) -> None:
        """Tell now: the state has changed."""
        self._wake.set()

    def stop(self, timeout_s: float) -> None:
        """The worker has left in order: its key is taken away, and a mark says so, so that the others know at once."""
        self._stopping = True
        self._wake.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        quiet = False
        while not self._stopping:
            self._wake.clear()
            state = self._read()
            try:
                self._client.set(WORKER.format(name=state.name), state.to_json(), ex=WORKER_TTL_S)
                quiet = False
            except redis.RedisError as error:
                if not quiet:
                    log.warning("redis does not answer, no heartbeat: %s", error)
                quiet = True
            self._wake.wait(HEARTBEAT_S)
        name = self._read().name
        try:
            with self._client.pipeline() as pipeline:
                pipeline.delete(WORKER.format(name=name))
                pipeline.set(LEFT.format(name=name), "1", ex=JOB_TTL_S)
                pipeline.execute()
        except redis.RedisError as error:
            log.warning("the heartbeat's key stays until it expires: %s", error)
