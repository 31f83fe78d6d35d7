"""The peer: the least that a Python programmer would write. One pattern subscription, one ``websockets.broadcast`` a message.

No rights, no log, no cursor, no bound on slow readers. Compression is off: it would be done
for each member anew.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import socket

import redis.asyncio
from websockets.asyncio.server import ServerConnection, broadcast, serve

CHANNEL = "bare.{room}"


async def run(listener: socket.socket, url: str) -> None:
    rooms: dict[str, set[ServerConnection]] = collections.defaultdict(set)

    async def member(connection: ServerConnection) -> None:
        assert connection.request is not None
        members = rooms[CHANNEL.format(room=connection.request.path.strip("/").rpartition("/")[2])]
        members.add(connection)
        try:
            await connection.wait_closed()
        finally:
            members.discard(connection)

    async with redis.asyncio.Redis.from_url(url, decode_responses=True).pubsub() as subscription:
        await subscription.psubscribe(CHANNEL.format(room="*"))
        told = subscription.listen()
        await anext(told)  # the subscription stands: only now may members come
        async with serve(member, sock=listener, compression=None):
            async for message in told:
                broadcast(rooms[message["channel"]], message["data"])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bare")
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--redis", required=True)
    options = parser.parse_args()
    asyncio.run(run(socket.socket(fileno=options.fd), options.redis))


if __name__ == "__main__":
    main()
