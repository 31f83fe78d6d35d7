"""The study: gets private texts written and deals with their ends. Runs beside the scribe, every TICK_S, on rows alone.

What takes the checker seconds is done here, so that neither the scribe nor the reaper of answers ever waits for it.
"""

from __future__ import annotations

import threading

import redis
import structlog
from django.db import Error, close_old_connections, connection
from kombu.exceptions import OperationalError

from classroom.rooms.connections import redis_client
from tutor import solver, summaries
from tutor.availability import workers_read
from tutor.writings import writings_send, writings_watch

log = structlog.get_logger(__name__)
TICK_S = 2.0


class Study:
    def __init__(self) -> None:
        self._stop = threading.Event()

    def stop(self) -> None:
        self._stop.set()

    def run(self) -> None:
        while not self._stop.wait(TICK_S):
            close_old_connections()
            try:
                self.tick()
            except (redis.RedisError, Error, OperationalError) as error:
                log.warning("study_waits", error=str(error))
                connection.close()

    def tick(self) -> None:
        """One round. Raises redis.RedisError, OperationalError or django.db.Error; the next round starts anew."""
        client = redis_client()
        workers = workers_read(client)
        writings_watch(client, workers)
        summaries.memories_tend(workers)
        writings_send(workers)
        solver.solves_judge()
