"""A peer: ``python-socketio`` with its Redis manager, as its documentation shows it for several processes."""

from __future__ import annotations

import argparse
import asyncio
import socket
from typing import Any

ROOM = "room"
EVENT = "m"


async def run(listener: socket.socket, url: str) -> None:
    import socketio
    import uvicorn

    server = socketio.AsyncServer(async_mode="asgi", client_manager=socketio.AsyncRedisManager(url))

    @server.event
    async def connect(sid: str, environ: dict[str, Any]) -> None:
        await server.enter_room(sid, ROOM)

    config = uvicorn.Config(
        socketio.ASGIApp(server), log_level="warning", ws="websockets", ws_per_message_deflate=False
    )
    await uvicorn.Server(config).serve(sockets=[listener])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.peer_socketio")
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--redis", required=True)
    options = parser.parse_args()
    asyncio.run(run(socket.socket(fileno=options.fd), options.redis))


if __name__ == "__main__":
    main()
