"""The channel layer of ``channels_redis.pubsub`` with a connection that waits for its messages.

The layer's own connection looks ten times a second whether something has come, and every look and every message goes
through a timer, a task and a retry: 3.5 ms of CPU a second in a process where nothing is said, 0.3 ms a message. This one
reads from a Redis connection of its own and sleeps until it speaks. Publishing, groups and channels stay the layer's.
What it needs of the layer's insides is held by ``broadcast.LAYER_VERSION``.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import redis
import structlog
from channels_redis.pubsub import RedisPubSubChannelLayer, RedisSingleShardConnection
from channels_redis.utils import create_pool

log = structlog.get_logger(__name__)
CONNECT_S = 2.0  # a server that hangs holds up nobody for longer
RETRY_S = 0.2
LAYER_ERRORS = (redis.RedisError, OSError)


class Line(RedisSingleShardConnection):
    """One server. Its subscriptions survive the connection: they are made again on the next one."""

    def __init__(self, host: Any, channel_layer: Any) -> None:
        super().__init__(host, channel_layer)
        self._connection: Any = None

    async def subscribe(self, channel: str) -> None:
        async with self._lock:
            if channel not in self._subscribed_to:
                await (await self._connected()).send_command("SUBSCRIBE", channel)
                self._subscribed_to.add(channel)
                self._ensure_receiver()

    async def unsubscribe(self, channel: str) -> None:
        async with self._lock:
            if channel in self._subscribed_to:
                self._subscribed_to.remove(channel)  # so that a connection that breaks now does not bring it back
                await (await self._connected()).send_command("UNSUBSCRIBE", channel)

    async def flush(self) -> None:
        await super().flush()
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await _ended(connection)

    async def _connected(self) -> Any:
        """The connection, with every subscription made. Raises redis.RedisError or OSError."""
        if self._connection is None or not self._connection.is_connected:
            self._connection = None
            connection = create_pool(self.host).make_connection()
            try:
                async with asyncio.timeout(CONNECT_S):
                    await connection.connect()
                    if self._subscribed_to:
                        await connection.send_command("SUBSCRIBE", *self._subscribed_to)
                self._connection = connection
            finally:
                if self._connection is None:
                    await _ended(connection)
        return self._connection

    async def _do_receiving(self) -> None:
        while True:
            connection = None
            try:
                async with self._lock:
                    connection = await self._connected()
                while True:
                    kind, channel, *said = await connection.read_response(disconnect_on_error=False)
                    if kind == b"message":
                        self._receive_message({"channel": channel, "data": said[0]})
            except LAYER_ERRORS as error:
                log.warning("layer_away", error=str(error))
                if connection is not None:
                    await _ended(connection)
                await asyncio.sleep(RETRY_S)


async def _ended(connection: Any) -> None:
    with suppress(*LAYER_ERRORS):
        await connection.disconnect(nowait=True)


class HintLayer(RedisPubSubChannelLayer):
    """``CHANNEL_LAYERS``' backend."""

    def _get_layer(self) -> Any:
        layer = super()._get_layer()
        if not isinstance(layer._shards[0], Line):
            layer._shards = [Line(shard.host, layer) for shard in layer._shards]
        return layer
