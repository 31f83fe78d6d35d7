"""The channel layer of ``channels_redis.pubsub`` with a connection that waits for its messages.

The layer's own connection looks ten times a second whether something has come, and every look and every message goes
through a timer, a task and a retry: 3.5 ms of CPU a second in a process where nothing is said, 0.3 ms a message. This one
has a Redis connection of its own, whose bytes are parsed where the loop brings them, without a task or a stream between.
Publishing, groups and channels stay the layer's. What it needs of the layer's insides is held by ``broadcast.LAYER_VERSION``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import hiredis
import redis
import structlog
from channels_redis.pubsub import RedisPubSubChannelLayer, RedisSingleShardConnection
from channels_redis.utils import create_pool

log = structlog.get_logger(__name__)
CONNECT_S = 2.0  # a server that hangs holds up nobody for longer
RETRY_S = 0.2
LAYER_ERRORS = (redis.RedisError, OSError)


class Ear(asyncio.Protocol):
    """What Redis says on one connection from now on; ``gone`` when it has ended."""

    def __init__(self, heard: Callable[[dict[str, Any]], None]) -> None:
        self._heard = heard
        self._parser = hiredis.Reader()
        self.gone = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self._parser.feed(data)
        while (said := self._parser.gets()) is not False:
            if isinstance(said, list) and said[0] == b"message":
                self._heard({"channel": said[1], "data": said[2]})

    def connection_lost(self, error: Exception | None) -> None:
        self.gone.set()


class Line(RedisSingleShardConnection):
    """One server. Its subscriptions survive the connection: they are made again on the next one."""

    def __init__(self, host: Any, channel_layer: Any) -> None:
        super().__init__(host, channel_layer)
        self._connection: Any = None
        self._ear: Ear | None = None

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
        if self._connection is None or self._ear is None or self._ear.gone.is_set():
            connection, self._connection = create_pool(self.host).make_connection(), None
            try:
                async with asyncio.timeout(CONNECT_S):
                    await connection.connect()
                    self._ear = Ear(self._receive_message)
                    connection._writer.transport.set_protocol(self._ear)
                    if self._subscribed_to:
                        await connection.send_command("SUBSCRIBE", *self._subscribed_to)
                self._connection = connection
            finally:
                if self._connection is None:
                    await _ended(connection)
        return self._connection

    async def _do_receiving(self) -> None:
        """Look after the connection; what comes over it goes straight from the loop to the channels."""
        while True:
            connection = None
            try:
                async with self._lock:
                    connection = await self._connected()
                    ear = self._ear
                assert ear is not None, "a connection has its ear"
                await ear.gone.wait()
                raise redis.ConnectionError("the connection was closed")
            except LAYER_ERRORS as error:
                log.warning("layer_away", error=str(error))
                if connection is not None:
                    await _ended(connection)
                await asyncio.sleep(RETRY_S)


async def _ended(connection: Any) -> None:
    with suppress(*LAYER_ERRORS):
        await connection.disconnect(nowait=True)


class Straight:
    """Stands where the stock layer has a channel's queue."""

    def __init__(self, put_nowait: Callable[[bytes], None]) -> None:
        self.put_nowait = put_nowait


class HintLayer(RedisPubSubChannelLayer):
    """``CHANNEL_LAYERS``' backend."""

    def deliver(self, channel: str, heard: Callable[[dict[str, Any]], None]) -> None:
        """From now on ``heard`` gets each message of this channel at once, where ``receive`` wakes a task for it.

        An error in it ends the connection, which is made again.
        """
        self._get_layer().channels[channel] = Straight(lambda data: heard(self.deserialize(data)))

    def _get_layer(self) -> Any:
        layer = super()._get_layer()
        if not isinstance(layer._shards[0], Line):
            layer._shards = [Line(shard.host, layer) for shard in layer._shards]
        return layer
