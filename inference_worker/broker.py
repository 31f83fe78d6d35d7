"""kombu's Redis transport, for both workers: one whose worker outlives a Redis that goes away in the middle of a task."""

from __future__ import annotations

from typing import Any

from kombu import transport
from kombu.transport import redis
from redis.exceptions import ConnectionError as RedisGone


class Channel(redis.Channel):
    """A channel that says plainly that its connection was closed.

    Celery 5.7 closes a broken connection while tasks run. kombu 5.7 then puts their messages back, and later acks them,
    over a channel without an address: ``AttributeError``, which nobody expects there, and the worker ends, with its
    model. A lost connection is expected: it is logged, and Redis gives the messages out again.
    """

    @property
    def pool(self) -> Any:
        if self.connection is None or self.connection.client is None:
            raise RedisGone("the connection of this message was closed")
        return super().pool


class Transport(redis.Transport):
    Channel = Channel


def transport_register() -> None:
    """Every ``redis`` address of this process is spoken to through it. Before the first connection is made."""
    transport.TRANSPORT_ALIASES["redis"] = f"{__name__}:{Transport.__name__}"
