"""An echo behind our servers, with the bounds of the product: ``python -m tests.servers.echo daphne|uvicorn FD``."""

from __future__ import annotations

import sys
from typing import Any

from classroom.server import SERVERS


async def echo(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Every message back as it came: text as text, bytes as bytes."""
    if scope["type"] != "websocket":
        raise ValueError(f"an echo speaks WebSocket, not {scope['type']}")
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        kind = "text" if message.get("text") is not None else "bytes"
        await send({"type": "websocket.send", kind: message[kind]})


if __name__ == "__main__":
    SERVERS[sys.argv[1]](int(sys.argv[2]), echo)
