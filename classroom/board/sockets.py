"""Somebody who looks at a board: what was written to her, and a way to write more."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID, uuid4

from django.utils import translation

from classroom.board.access import BoardRights
from classroom.board.replica import UpdateRefused
from classroom.rooms.viewers import RawTransport, websocket_frame

Message = str | bytes


class Wire:
    """A message with its WebSocket encoding made at most once, whoever gets it."""

    __slots__ = ("_frame", "message")

    def __init__(self, message: Message) -> None:
        self.message = message
        self._frame: bytes | None = None

    @property
    def frame(self) -> bytes:
        if self._frame is None:
            self._frame = websocket_frame(self.message)
        return self._frame


class Outlet(Protocol):
    """How messages leave: bytes not yet taken are ``pending``; nothing leaves behind ``close``."""

    def write(self, wire: Wire) -> None: ...

    def pending(self) -> int: ...

    def close(self, code: int, reason: str) -> None: ...


class RawOutlet:
    """On our own server: encoded bytes straight to the transport."""

    def __init__(self, transport: RawTransport, closer: Callable[[int, str], None]) -> None:
        self._transport, self.close = transport, closer

    def write(self, wire: Wire) -> None:
        self._transport.write(wire.frame)

    def pending(self) -> int:
        return self._transport.pending()


class QueuedOutlet:
    """On any other server: one by one through its ``send``. ``run`` until closed."""

    def __init__(self, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        self._send = send
        self._queue: asyncio.Queue[Message | tuple[int, str]] = asyncio.Queue()
        self._bytes = 0

    def write(self, wire: Wire) -> None:
        self._bytes += len(wire.message)
        self._queue.put_nowait(wire.message)

    def pending(self) -> int:
        return self._bytes

    def close(self, code: int, reason: str) -> None:
        self._queue.put_nowait((code, reason))

    async def run(self) -> None:
        while True:
            message = await self._queue.get()
            if isinstance(message, tuple):
                await self._send({"type": "websocket.close", "code": message[0], "reason": message[1]})
                return
            await self._send({"type": "websocket.send", "text" if isinstance(message, str) else "bytes": message})
            self._bytes -= len(message)


class Socket:
    """One socket at one document. ``cursor`` is the seq up to which its client has the log; ``live`` since its step 1."""

    def __init__(
        self, rights: BoardRights, outlet: Outlet, *, session: str = "", until: datetime | None = None, auth: str = ""
    ) -> None:
        self.id = uuid4().hex
        self.origin = self.id
        self.rights, self._outlet = rights, outlet
        self.document_id, self.user_id = rights.document.pk, rights.room.user.pk
        self.session, self.until, self.auth = session, until, auth
        self.language = translation.get_language()  # of whoever made it: her page's
        self.cursor = 0
        self.live = False
        self.backlog: list[Any] | None = None  # rows that come while its step 2 is made
        self.closed: int | None = None
        self.heard = 0  # update and step 2 frames
        self.refused_in_a_row = 0

    @property
    def key(self) -> tuple[UUID, UUID]:
        return self.user_id, self.document_id

    def begin(self) -> list[Any]:
        """Its client tells anew what it has, perhaps with another document: what it sent before is a stranger's to it, and is
        told to it like anybody else's. Gives back where rows gather until it is live again."""
        self.origin = uuid4().hex
        self.live, told = False, list[Any]()
        self.backlog = told
        return told

    def send(self, wire: Wire) -> None:
        if self.closed is None:
            self._outlet.write(wire)

    def say(self, kind: str, data: dict[str, Any] | None = None) -> None:
        """A text frame."""
        frame: dict[str, Any] = {"type": kind} if data is None else {"type": kind, "data": data}
        self.send(Wire(json.dumps(frame, ensure_ascii=False, separators=(",", ":"))))

    def pending(self) -> int:
        return self._outlet.pending()

    def renew(self, rights: BoardRights) -> None:
        """What this person may do from now on; she hears of a change."""
        before, self.rights = self.rights, rights
        if (before.mode, before.may_write) != (rights.mode, rights.may_write):
            self.say("board.rights", {"mode": rights.mode, "may_write": rights.may_write})

    def saved(self, n: int) -> None:
        self.refused_in_a_row = 0
        self.say("board.saved", {"n": n})

    def refused(self, n: int, why: UpdateRefused) -> None:
        self.refused_in_a_row += 1
        with translation.override(self.language):
            message = str(why.message)
        self.say(
            "board.refused", {"n": n, "code": why.code, "message": message, "field": why.field, "retryable": False}
        )

    def close(self, code: int, *, retry_ms: int | None = None) -> None:
        if self.closed is None:
            self.closed = code
            self._outlet.close(code, "" if retry_ms is None else f"retry_ms={retry_ms}")
