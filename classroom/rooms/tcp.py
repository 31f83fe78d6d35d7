"""From a frame's bytes to the kernel, past Twisted's buffers whenever nothing waits in them.

What it touches of Twisted's privates is guarded: without them it falls back to ``transport.write``.
"""

from __future__ import annotations

import socket
from typing import Any

UNSENT_MAX = 32 * 1024  # bytes of one socket that the kernel holds and may not send, since the peer does not read


class Transport:
    """The hub's way to a WebSocket: encoded frames in, pending bytes out. See rooms.viewers.RawTransport."""

    __slots__ = ("_direct", "_transport")

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        needed = ("_tempDataBuffer", "_tempDataLen", "dataBuffer", "offset", "socket")
        self._direct = all(hasattr(transport, name) for name in needed)
        if self._direct and hasattr(socket, "TCP_NOTSENT_LOWAT") and transport.socket.family != socket.AF_UNIX:
            # Of a peer that reads nothing the kernel would take megabytes, and each of its frames is a system call.
            transport.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_MAX)

    def write(self, data: bytes) -> None:
        """Straight to the kernel when nothing waits before it: registering a writer costs two system calls a frame."""
        transport = self._transport
        if (
            self._direct
            and not transport._tempDataLen
            and len(transport.dataBuffer) == transport.offset
            and transport.connected
            and not transport.disconnecting
        ):
            try:
                sent = transport.socket.send(data)
            except OSError:  # full, or gone: Twisted finds out which, and does what is to be done then
                sent = 0
            if sent == len(data):
                return
            data = data[sent:]
        transport.write(data)

    def pending(self) -> int:
        transport = self._transport
        return len(transport.dataBuffer) - transport.offset + transport._tempDataLen if self._direct else 0

    def abort(self) -> None:
        self._transport.abortConnection()
