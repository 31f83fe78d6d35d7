"""A WebSocket client that can do everything wrong: frames are built bit by bit and written in pieces of any size."""

from __future__ import annotations

import base64
import os
import socket
import struct
from typing import NamedTuple, Self

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
PATIENCE_S = 20.0


class Frame(NamedTuple):
    opcode: int
    payload: bytes
    fin: bool = True


def built(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0) -> bytes:
    """A masked client frame (RFC 6455, 5.2), right or wrong."""
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    if len(payload) < 126:
        head += bytes([0x80 | len(payload)])
    elif len(payload) < 65_536:
        head += bytes([0x80 | 126]) + struct.pack("!H", len(payload))
    else:
        head += bytes([0x80 | 127]) + struct.pack("!Q", len(payload))
    mask = os.urandom(4)
    return head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


def close(code: int | None = 1000, reason: bytes = b"") -> bytes:
    return built(CLOSE, b"" if code is None else struct.pack("!H", code) + reason)


class Raw:
    """An open WebSocket by hand. ``headers``: further lines of the handshake."""

    def __init__(self, port: int, path: str = "/", headers: tuple[str, ...] = ()) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket", "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", *headers, "", "",
        ]  # fmt: skip
        self.socket.sendall("\r\n".join(lines).encode())
        self._read = b""
        while b"\r\n\r\n" not in self._read:
            self._read += self._more()
        self.greeting, self._read = self._read.split(b"\r\n\r\n", 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def write(self, data: bytes, piece: int = 0) -> None:
        """All of it, ``piece`` bytes at a time (0: at once). A server that has closed does not take the rest."""
        try:
            for start in range(0, len(data), piece or len(data) or 1):
                self.socket.sendall(data[start : start + (piece or len(data))])
        except (BrokenPipeError, ConnectionResetError):
            return

    def frame(self) -> Frame | None:
        """The next frame; None when the server has cut the line."""
        head = self._take(2)
        if head is None:
            return None
        length = head[1] & 0x7F
        if length > 125:
            longer = self._take(2 if length == 126 else 8)
            if longer is None:
                return None
            length = int.from_bytes(longer, "big")
        payload = self._take(length)
        return None if payload is None else Frame(head[0] & 0x0F, payload, bool(head[0] & 0x80))

    def message(self) -> Frame | None:
        """The next control frame or whole message."""
        first = self.frame()
        while first is not None and not first.fin:
            following = self.frame()
            if following is None:
                return None
            first = Frame(first.opcode, first.payload + following.payload, following.fin)
        return first

    def _take(self, count: int) -> bytes | None:
        while len(self._read) < count:
            more = self._more()
            if not more:
                return None
            self._read += more
        taken, self._read = self._read[:count], self._read[count:]
        return taken

    def _more(self) -> bytes:
        try:
            return self.socket.recv(65_536)
        except ConnectionResetError:
            return b""
