"""The WebSocket of a board's document: ticket, hello, then messages of y-protocols in; what goes out is the relay's affair."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any
from uuid import UUID

import structlog
from django.db import Error
from django.http import Http404
from django.utils import translation

from classroom.board import access, limits
from classroom.board.access import BoardRights
from classroom.board.messages import STEP1, Awareness, Sync, message_read
from classroom.board.models import Document
from classroom.board.place import Place
from classroom.board.relay import relay
from classroom.board.sockets import QueuedOutlet, RawOutlet, Socket
from classroom.board.updates import Malformed, clocks_read
from classroom.people.languages import language_of
from classroom.people.tickets import Pass, ticket_spend
from classroom.rooms.door import JOIN_S, Door
from classroom.rooms.frames import BAD_FRAMES_ALLOWED, HEARTBEAT_S, Close, retry_spread
from classroom.rooms.offload import offload

log = structlog.get_logger(__name__)
VERSION = 1


class BoardConsumer(Door[Socket]):
    """One person at one document."""

    subprotocol = "board.v1"

    def __init__(self) -> None:
        super().__init__()
        self._bad = 0
        self._pace, self._relay = Pace(), relay()
        self._pointing: asyncio.TimerHandle | None = None
        self._pointed_at = 0.0
        self._pointed: list[Awareness] = []

    async def admit(self, ticket: str) -> Socket:
        spent, rights = await offload(_admitted, ticket, self.scope["url_route"]["kwargs"]["document_id"])
        socket = self._socket(rights, spent)
        await self._relay.attach(socket)
        translation.activate(language_of(self.scope, rights.room.user))
        socket.say("hello", hello(rights))
        return socket

    def leave(self, seat: Socket) -> None:
        self._relay.detach(seat)
        if self._pointing is not None:
            self._pointing.cancel()

    def _socket(self, rights: BoardRights, spent: Pass) -> Socket:
        about: dict[str, Any] = {"session": spent.session, "until": spent.until, "auth": spent.auth}
        transport = self.scope.get("chalkstream.transport")
        if transport is not None:
            return Socket(rights, RawOutlet(transport, self.close_soon), **about)
        outlet = QueuedOutlet(self._send)
        self._writer = asyncio.create_task(outlet.run())
        return Socket(rights, outlet, **about)

    # ---- serving

    async def serve(self, socket: Socket) -> None:
        place = self._relay.places[socket.document_id]
        until = time.monotonic() + JOIN_S
        gone = False
        while socket.closed is None:
            try:
                limit = None if socket.live else until - time.monotonic()
                message = await asyncio.wait_for(self._receive(), limit)
            except TimeoutError:
                socket.close(Close.NO_JOIN)
                break
            gone = message["type"] == "websocket.disconnect"
            if gone:
                socket.closed = message.get("code") or 1006
            if socket.closed is not None:  # by her, or by us while we waited: nothing is served behind a close
                break
            await self._heard(socket, place, message)
            if socket.live:
                until = time.monotonic() + JOIN_S
        if self._writer is not None and not gone:
            await asyncio.wait([self._writer], timeout=5.0)

    async def _heard(self, socket: Socket, place: Place, message: dict[str, Any]) -> None:
        """Serve one frame. Five that cannot be read, one after the other, close the socket."""
        try:
            data = message.get("bytes")
            if data is None:
                self._text(socket, message.get("text") or "")
            elif len(data) > limits.MESSAGE_BYTES:
                socket.close(1009)
            else:
                await self._binary(socket, place, data)
            self._bad = 0
        except Malformed:
            self._bad += 1
            if self._bad >= BAD_FRAMES_ALLOWED:
                socket.close(Close.BAD_FRAME)
        except (Http404, Document.DoesNotExist):
            socket.close(Close.REVOKED)
        except Error:
            log.exception("board_not_read")
            socket.close(Close.RESTART, retry_ms=retry_spread(500, 5_000))

    def _text(self, socket: Socket, text: str) -> None:
        try:
            frame = json.loads(text) if len(text) < 200 else None
        except ValueError:
            frame = None
        if frame != {"type": "ping"}:
            raise Malformed("the only text frame is a ping")
        socket.say("pong")

    async def _binary(self, socket: Socket, place: Place, data: bytes) -> None:
        message = message_read(data)
        if not isinstance(message, Sync):
            self._point(socket, place, message, len(data))
        elif message.step == STEP1:
            clocks_read(message.data)  # or the library would find out, and this process's copy be thrown away
            await self._pace.wait(limits.MESSAGE_BYTES)  # a few bytes that ask for a whole document
            # Hello may be old: what she may not read any more is never synced to her.
            socket.renew(await offload(access.board_for, socket.user_id, socket.document_id))
            try:
                await self._relay.answer(socket, message.data)
            except ValueError:
                raise Malformed("a state that cannot be read") from None
        else:
            await self._pace.wait(len(data))
            self._relay.scribble.submit(place, socket, message.data)

    def _point(self, socket: Socket, place: Place, states: list[Awareness], size: int) -> None:
        """Volatile states: the last one counts, at most twenty a second."""
        if size > limits.AWARENESS_BYTES:
            raise Malformed("a state that is too large")
        now = time.monotonic()
        rights = socket.rights
        told = place.states.take(socket.id, rights.room.user, states, now, writes=rights.may_write)
        self._pointed = [one for one in self._pointed if one.client not in {new.client for new in told}] + told
        if self._pointing is None:
            wait_s = max(0.0, self._pointed_at + limits.AWARENESS_S - now)
            self._pointing = asyncio.get_running_loop().call_later(wait_s, self._point_tell, socket, place)

    def _point_tell(self, socket: Socket, place: Place) -> None:
        self._pointing, self._pointed_at = None, time.monotonic()
        told, self._pointed = self._pointed, []
        self._relay.tell_states(place, told, but=socket.id)


class Pace:
    """What comes faster than a board is drawn on waits: the server stops reading from whoever floods it."""

    def __init__(self) -> None:
        self._frames, self._bytes, self._at = limits.UPDATES_BURST, limits.BYTES_BURST, time.monotonic()

    async def wait(self, size: int) -> None:
        """Until a message of so many bytes has its turn."""
        now = time.monotonic()
        passed, self._at = now - self._at, now
        self._frames = min(limits.UPDATES_BURST, self._frames + passed * limits.UPDATES_A_SECOND) - 1
        self._bytes = min(limits.BYTES_BURST, self._bytes + passed * limits.BYTES_A_SECOND) - size
        short_s = max(-self._frames / limits.UPDATES_A_SECOND, -self._bytes / limits.BYTES_A_SECOND)
        if short_s > 0:
            await asyncio.sleep(short_s)


def hello(rights: BoardRights) -> dict[str, Any]:
    """The data of the first frame."""
    return {
        "v": VERSION,
        "document": str(rights.document.pk),
        "room": str(rights.room.room.pk),
        "kind": rights.document.kind,
        "mode": rights.mode,
        "may_write": rights.may_write,
        "limits": {
            "message": limits.MESSAGE_BYTES,
            "awareness": limits.AWARENESS_BYTES,
            "pages": limits.PAGES,
            "shapes": limits.SHAPES_A_PAGE,
            "points": limits.POINT_NUMBERS,
            "text": limits.TEXT,
            "latex": limits.LATEX,
            "alt": limits.ALT,
            "code": limits.CODE,
            "heartbeat_s": HEARTBEAT_S,
        },
    }


def _admitted(ticket: str, document_id: UUID) -> tuple[Pass, BoardRights]:
    spent = ticket_spend(ticket)
    return spent, access.board_for(spent.user_id, document_id)
