"""What is done again and again beside the scribe, on rows alone: one thread each, a round every TICK_S."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import ClassVar, Final

import redis
import structlog
from django.db import Error, connection
from kombu.exceptions import OperationalError

from classroom.rooms.offload import connections_rest

log = structlog.get_logger(__name__)
TICK_S: Final = 2.0


class Duty(ABC):
    """Subclasses say what a round is. Database and Redis may go and come back: a round that fails is begun anew."""

    name: ClassVar[str]

    def __init__(self) -> None:
        self._stop = threading.Event()

    def stop(self) -> None:
        self._stop.set()

    def run(self) -> None:
        while not self._stop.wait(TICK_S):
            connections_rest()
            try:
                self.tick()
            except (redis.RedisError, Error, OperationalError) as error:
                log.warning("duty_waits", duty=self.name, error=str(error))
                connection.close()

    @abstractmethod
    def tick(self) -> object:
        """One round. Raises redis.RedisError, OperationalError or django.db.Error; the next round starts anew."""
