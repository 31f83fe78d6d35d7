"""kombu's Redis transport, for both workers and who sends to them: a worker outlives a Redis that goes away in the middle of
a task, and a message costs no new client.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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

    _lasting: Any = None

    @property
    def pool(self) -> Any:
        if self.connection is None or self.connection.client is None:
            raise RedisGone("the connection of this message was closed")
        return super().pool

    @contextmanager
    def conn_or_acquire(self, client: Any = None) -> Iterator[Any]:
        """One client as long as the pool lasts. kombu makes a new one for every message that it sends or acks, which took
        a worker longer than all that it then asked of Redis.
        """
        pool = self.pool
        if self._lasting is None or self._lasting.connection_pool is not pool:
            self._lasting = self.Client(connection_pool=pool)
        yield client or self._lasting


class Transport(redis.Transport):
    Channel = Channel


def transport_register() -> None:
    """Every ``redis`` address of this process is spoken to through it. Before the first connection is made."""
    transport.TRANSPORT_ALIASES["redis"] = f"{__name__}:{Transport.__name__}"
