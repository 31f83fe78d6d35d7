"""Somebody who is being told what happens in a room: a cursor in the log and a way to write to her.

The hub knows viewers only. A WebSocket on our own server writes encoded bytes straight to the transport (one write for
all frames of a loop pass, built once for everybody); any other server gets frame by frame through a bounded queue; SSE
and long-poll read from the same kind of queue.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from classroom.rooms import frames
from classroom.rooms.access import RoomRights

PENDING_HIGH = 256 * 1024  # bytes not yet taken by the client: above this she leaves the live path
PENDING_LOW = 64 * 1024  # and comes back to it below this


class RawTransport(Protocol):
    """What our server puts into the scope as ``chalkstream.transport``."""

    def write(self, data: bytes) -> None: ...

    def pending(self) -> int: ...

    def abort(self) -> None: ...


class Batch:
    """Frames that go out together, with their WebSocket encoding made at most once."""

    __slots__ = ("_wire", "head", "texts")

    def __init__(self, texts: Sequence[str], head: int | None) -> None:
        self.texts = texts
        self.head = head  # seq of the last event in it; None if there is none
        self._wire: bytes | None = None

    @property
    def wire(self) -> bytes:
        if self._wire is None:
            self._wire = b"".join(map(websocket_frame, self.texts))
        return self._wire


def websocket_frame(message: str | bytes) -> bytes:
    """One unmasked, unfragmented frame, of text or binary (RFC 6455, 5.2)."""
    first, payload = (0x81, message.encode()) if isinstance(message, str) else (0x82, message)
    size = len(payload)
    if size < 126:
        return struct.pack("!BB", first, size) + payload
    if size < 65_536:
        return struct.pack("!BBH", first, 126, size) + payload
    return struct.pack("!BBQ", first, 127, size) + payload


class Viewer:
    """One socket, event stream or poll. ``cursor`` is the seq of the last event written to it."""

    def __init__(self, rights: RoomRights, *, session: str = "", until: datetime | None = None, auth: str = "") -> None:
        self.rights = rights
        self.room_id = rights.room.pk
        self.user_id = rights.user.pk
        self.audiences = rights.audiences
        self.session = session
        self.auth = auth  # fingerprint of the password; "" is not compared
        self.until = until
        self.cursor = 0
        self.live = False
        self.wants_snapshot = False
        self.cut_at: int | None = None  # nothing above this seq: the person was removed there
        self.closed: int | None = None
        self.paged = False  # nobody takes anything before the catch-up ends: it ends after one page (long-poll)
        self.catching_up: asyncio.Task[None] | None = None

    def renew(self, rights: RoomRights) -> None:
        """What this person may see from now on."""
        self.rights, self.audiences = rights, rights.audiences

    @property
    def key(self) -> tuple[UUID, UUID]:
        return self.user_id, self.room_id

    @property
    def person(self) -> dict[str, Any]:
        return self.rights.by

    def write(self, batch: Batch) -> None:
        raise NotImplementedError

    def pending(self) -> int:
        raise NotImplementedError

    def close(self, code: int, *, retry_ms: int | None = None) -> None:
        raise NotImplementedError

    def send(self, frame: dict[str, Any]) -> None:
        """Write one frame of our own to this viewer alone."""
        self.write(Batch([frames.encode(frame)], None))


class RawViewer(Viewer):
    """A WebSocket on our own server."""

    def __init__(
        self, rights: RoomRights, transport: RawTransport, closer: Callable[[int, str], None], **kwargs: Any
    ) -> None:
        super().__init__(rights, **kwargs)
        self._transport, self._closer = transport, closer

    def write(self, batch: Batch) -> None:
        if self.closed is None:
            self._transport.write(batch.wire)

    def pending(self) -> int:
        return self._transport.pending()

    def close(self, code: int, *, retry_ms: int | None = None) -> None:
        if self.closed is None:
            self.closed = code
            self._closer(code, "" if retry_ms is None else f"retry_ms={retry_ms}")


class QueuedViewer(Viewer):
    """A viewer whose frames are taken out one by one: a foreign ASGI server, SSE, long-poll.

    Ends with ``None`` after the last frame; ``closed`` and ``retry_ms`` then say why.
    """

    def __init__(self, rights: RoomRights, **kwargs: Any) -> None:
        super().__init__(rights, **kwargs)
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._bytes = 0
        self.retry_ms: int | None = None

    def write(self, batch: Batch) -> None:
        if self.closed is None:
            for text in batch.texts:
                self._bytes += len(text)
                self._queue.put_nowait(text)

    def pending(self) -> int:
        return self._bytes

    def close(self, code: int, *, retry_ms: int | None = None) -> None:
        if self.closed is None:
            self.closed, self.retry_ms = code, retry_ms
            self._queue.put_nowait(None)

    async def take(self) -> str | None:
        """The next frame, or None once closed and empty."""
        text = await self._queue.get()
        if text is not None:
            self._bytes -= len(text)
        return text

    def take_nowait(self) -> list[str]:
        """All frames that are there."""
        taken = []
        while not self._queue.empty():
            text = self._queue.get_nowait()
            if text is not None:
                self._bytes -= len(text)
                taken.append(text)
        return taken
