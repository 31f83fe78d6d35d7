"""A lean WebSocket member on asyncio: it counts events, checks that none is missing or twice, and takes their age.

Not a library's client on purpose: the client of 200 members must need less CPU than the server that is measured.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import struct
import time
import uuid
from typing import Protocol

EVENT = b'{"type":"message.posted","seq":'
DELTA = b'{"type":"answer.delta","seq":'
STAMP = re.compile(rb"(\d{12,}) ")
SNAPSHOT = b'{"type":"snapshot"'
HELLO = b'{"type":"hello"'
TEXT = b'"text":"'
OPCODE_CLOSE, OPCODE_PING, OPCODE_PONG = 0x8, 0x9, 0xA


class Counter(Protocol):
    """What members tell their audience."""

    timed: bool

    def received(self, seq: int) -> None: ...

    def age(self, ns: int) -> None: ...

    def disordered(self) -> None: ...

    def restarted(self) -> None: ...


class Member(asyncio.Protocol):
    """One socket. ``entered`` gets 0 when it is in, else the close code or HTTP status with which it was refused."""

    lead = 0  # bytes of a message in front of the frame
    head = EVENT  # how a frame begins that counts

    def __init__(self, counter: Counter, host: str, path: str, protocols: str) -> None:
        self._counter = counter
        self._rest = b""
        self._upgraded = False
        self._expected = 1
        self._joins = bool(protocols)  # the peer knows no join: who has connected is in
        self.entered: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        offered = f"Sec-WebSocket-Protocol: {protocols}\r\n" if protocols else ""
        key = base64.b64encode(os.urandom(16)).decode()
        self._request = (
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{offered}"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        ).encode()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def connection_lost(self, error: Exception | None) -> None:
        self._enter(1006)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        if self._rest:
            data = self._rest + data
        start = 0 if self._upgraded else self._upgrade(data)
        self._rest = data[self._frames(data, start, now) :] if self._upgraded else data

    def close(self) -> None:
        self._transport.abort()

    def deafen(self) -> None:
        """As a laptop that was closed: it keeps the connection and takes nothing from it."""
        self._transport.pause_reading()

    def _enter(self, code: int) -> None:
        if not self.entered.done():
            self.entered.set_result(code)

    def _upgrade(self, data: bytes) -> int:
        """Where the first frame begins, once the server's answer is complete."""
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return 0
        status = int(data[9:12])
        if status != 101:
            self._enter(status)
            return 0
        self._upgraded = True
        if not self._joins:
            self._enter(0)
        return end + 4

    def _frames(self, data: bytes, start: int, now: int) -> int:
        """Take in all whole frames from ``start`` on; where the first unfinished one begins."""
        length = len(data)
        while start + 2 <= length:
            size, body = data[start + 1], start + 2
            if size == 126:
                size, body = int.from_bytes(data[body : body + 2]), body + 2
            elif size == 127:
                size, body = int.from_bytes(data[body : body + 8]), body + 8
            end = body + size
            if end > length:
                break
            if data.startswith(self.head, body + self.lead):
                self._event(data, body + self.lead, end, now)
            else:
                self._other(data[start] & 0xF, data[body:end])
            start = end
        return start

    def _event(self, data: bytes, body: int, end: int, now: int) -> None:
        first = body + len(EVENT)
        seq = int(data[first : data.index(b",", first)])
        if seq != self._expected:
            self._counter.disordered()
        self._expected = seq + 1
        if self._counter.timed:
            text = data.index(TEXT, first) + len(TEXT)
            self._counter.age(now - int(data[text : data.index(b" ", text)]))
        self._counter.received(seq)

    def _other(self, opcode: int, payload: bytes) -> None:
        if opcode == OPCODE_PING:
            self._transport.write(masked(OPCODE_PONG, payload))
        elif opcode == OPCODE_CLOSE:
            self._enter(int.from_bytes(payload[:2]))
            self._transport.close()
        elif payload.startswith(HELLO):
            join = {"type": "join", "id": str(uuid.uuid4()), "data": {"after": None, "epoch": None}}
            self._transport.write(masked(0x1, json.dumps(join).encode()))
        elif payload.startswith(SNAPSHOT):
            if self.entered.done():
                self._counter.restarted()
            self._enter(0)


class Listener(Member):
    """Counts the chunks of an answer's deltas, as many as were joined in one, by the moments that stand in their text."""

    head = DELTA

    def _event(self, data: bytes, body: int, end: int, now: int) -> None:
        for stamp in STAMP.finditer(data, body, end):
            self._counter.age(now - int(stamp[1]))
            self._counter.received(0)


class SocketIoMember(Member):
    """The same behind Engine.IO 4 and Socket.IO 5: ``0{…}`` opens, ``40`` connects, ``42["m",{…}]`` tells, ``2`` is a ping."""

    lead = len('42["m",')

    def __init__(self, counter: Counter, host: str, path: str, protocols: str) -> None:
        super().__init__(counter, host, path, protocols)
        self._joins = True

    def _other(self, opcode: int, payload: bytes) -> None:
        if opcode != 0x1:
            super()._other(opcode, payload)
        elif payload.startswith(b"0"):
            self._transport.write(masked(0x1, b"40"))
        elif payload.startswith(b"40"):
            self._enter(0)
        elif payload == b"2":
            self._transport.write(masked(0x1, b"3"))


def masked(opcode: int, payload: bytes) -> bytes:
    """A client's frame (RFC 6455, 5.3), masked with zeros: the servers are our own."""
    size = len(payload)
    head = (
        struct.pack("!BB", 0x80 | opcode, 0x80 | size) if size < 126 else struct.pack("!BBH", 0x80 | opcode, 254, size)
    )
    return head + b"\0\0\0\0" + payload
