"""The WebSocket of a room: ticket, hello, join, then frames in; what goes out is the hub's affair."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import Error
from django.http import Http404
from django.http.request import split_domain_port, validate_host
from django.utils import translation
from django.utils.translation import gettext as _

from classroom.people.languages import language_of
from classroom.people.models import User
from classroom.people.tickets import Pass, TicketError, access_read, ticket_spend
from classroom.rooms import access, actions, frames
from classroom.rooms.access import RoomRights
from classroom.rooms.frames import Close, FrameError
from classroom.rooms.hub import hub
from classroom.rooms.models import Room
from classroom.rooms.offload import offload
from classroom.rooms.viewers import QueuedViewer, RawViewer, Viewer

log = structlog.get_logger(__name__)
JOIN_S = 10.0
FRAMES_A_SECOND = 20.0
FRAMES_BURST = 40.0
FLOOD_ALLOWED = 40  # frames refused in a row for coming too fast before the socket is closed with 4429


class RoomConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    """One socket. ``__call__`` runs the client's receive loop only: nothing of the layer goes through it."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope, self._receive, self._send = scope, receive, send
        # Holds for this socket's task alone, and for what it offloads: refusals are said in the language of the page.
        translation.activate(language_of(scope))
        self._bad = self._flood = 0
        self._tokens, self._filled_at = FRAMES_BURST, time.monotonic()
        self._writer: asyncio.Task[None] | None = None
        viewer: Viewer | None = None
        await receive()  # websocket.connect
        if not origin_allowed(scope):
            await send({"type": "websocket.close", "code": 4403})
            return
        try:
            viewer = await self._enter()
            if viewer is not None:
                await self._serve(viewer)
        except Exception:  # the edge: one socket's fault must not be silent, nor anybody else's
            log.exception("socket_failed", path=scope["path"])
            await self._close(1011)
        finally:
            if viewer is not None:
                hub().detach(viewer)
            self._writer_end()

    # ---- entering

    async def _enter(self) -> Viewer | None:
        """Accept, check the ticket and the room, say hello. None after a refusal, which has its close code."""
        offered = self.scope.get("subprotocols", [])
        known = frames.SUBPROTOCOL in offered
        await self._send({"type": "websocket.accept", "subprotocol": frames.SUBPROTOCOL if known else None})
        if not known:
            await self._close(Close.BAD_FRAME)
            return None
        try:
            ticket = next(part for part in offered if part.startswith(frames.TICKET_PREFIX))
            room_id = self.scope["url_route"]["kwargs"]["room_id"]
            spent, rights = await offload(_admitted, ticket.removeprefix(frames.TICKET_PREFIX), room_id)
        except (StopIteration, TicketError):
            await self._close(Close.EXPIRED)
            return None
        except Http404:
            await self._close(Close.NOT_FOUND)
            return None
        except Error:
            await self._close(Close.RESTART, f"retry_ms={frames.retry_spread(500, 5_000)}")
            return None
        translation.activate(language_of(self.scope, rights.user))
        viewer = self._viewer(rights, spent)
        viewer.send(hello_frame(rights))
        return viewer

    def _viewer(self, rights: RoomRights, spent: Pass) -> Viewer:
        about: dict[str, Any] = {"session": spent.session, "until": spent.until, "auth": spent.auth}
        transport = self.scope.get("chalkstream.transport")
        if transport is not None:
            return RawViewer(rights, transport, self._close_soon, **about)
        viewer = QueuedViewer(rights, **about)
        self._writer = asyncio.create_task(self._write(viewer))
        return viewer

    async def _write(self, viewer: QueuedViewer) -> None:
        """Frame by frame, on a server that is not ours."""
        while (text := await viewer.take()) is not None:
            await self._send({"type": "websocket.send", "text": text})
        reason = "" if viewer.retry_ms is None else f"retry_ms={viewer.retry_ms}"
        await self._close(viewer.closed or Close.IDLE, reason)

    # ---- serving

    async def _serve(self, viewer: Viewer) -> None:
        joined = False
        self._acted_at = time.monotonic()
        while viewer.closed is None:
            limit = self._acted_at + (settings.IDLE_CLOSE_S if joined else JOIN_S) - time.monotonic()
            try:
                message = await asyncio.wait_for(self._receive(), limit)
            except TimeoutError:
                viewer.close(Close.IDLE if joined else Close.NO_JOIN)
                break
            if message["type"] == "websocket.disconnect":
                viewer.closed = message.get("code") or 1006
                break
            joined = await self._heard(viewer, message.get("text") or message.get("bytes") or "", joined=joined)
        if self._writer is not None:
            await self._writer

    async def _heard(self, viewer: Viewer, text: str | bytes, *, joined: bool) -> bool:
        """Serve one frame; gives back whether the viewer has joined."""
        ref = None
        try:
            frame = frames.decode(text)
            ref = frame.id  # also of what comes too fast: whoever sent it must know what to send again
            self._pace()
            if frame.type == "join":
                if joined:
                    raise FrameError("bad_field", "This socket has joined already.", field="type")
                # Hello is up to ten seconds old, and a removal in between would not find this viewer in the hub.
                viewer.renew(await offload(access.room_for, viewer.user_id, viewer.room_id))
                await hub().attach(viewer, after=frame.data.after, epoch=frame.data.epoch)
                return True
            if not joined:
                raise FrameError("bad_field", "The first frame must be `join`.", field="type")
            await self._reply(viewer, frame)
            self._bad = self._flood = 0
        except FrameError as error:
            viewer.send(frames.error_frame(error, ref))
            self._count(viewer, error)
        except (Http404, Room.DoesNotExist):
            viewer.close(Close.REVOKED)
        except Error:
            log.exception("frame_not_saved")
            sorry = FrameError("unavailable", _("This could not be saved just now. Try again."), retry_ms=1_000)
            viewer.send(frames.error_frame(sorry, ref))
        return joined

    async def _reply(self, viewer: Viewer, frame: frames.ClientFrame) -> None:
        if frame.type == "ping":
            viewer.send(frames.event_frame("pong", {}, ref=frame.id))
            return
        self._acted_at = time.monotonic()
        if frame.type == "auth.refresh":
            viewer.until = await offload(_refreshed, viewer.rights.user, frame.data.access)
            viewer.send(frames.ack_frame(frame.id, None))
        else:
            viewer.send(await offload(actions.perform, viewer.rights.user, viewer.room_id, frame))

    def _pace(self) -> None:
        now = time.monotonic()
        self._tokens = min(FRAMES_BURST, self._tokens + (now - self._filled_at) * FRAMES_A_SECOND)
        self._filled_at = now
        if self._tokens < 1:
            raise FrameError("slow_down", _("Too many frames at once. Wait a moment."), retry_ms=1_000)
        self._tokens -= 1

    def _count(self, viewer: Viewer, error: FrameError) -> None:
        """F6: five bad frames in a row, or forty that came too fast, and the socket is closed."""
        self._bad += error.malformed
        self._flood += error.code == "slow_down"
        if error.code == "too_big":
            viewer.close(1009)
        elif self._bad >= frames.BAD_FRAMES_ALLOWED:
            viewer.close(Close.BAD_FRAME)
        elif self._flood >= FLOOD_ALLOWED:
            viewer.close(Close.SLOW_DOWN, retry_ms=5_000)

    # ---- closing

    def _writer_end(self) -> None:
        if self._writer is not None:
            self._writer.cancel()

    def _close_soon(self, code: int, reason: str) -> None:
        self._closing = asyncio.get_running_loop().create_task(self._close(code, reason))

    async def _close(self, code: int, reason: str = "") -> None:
        await self._send({"type": "websocket.close", "code": code, "reason": reason})


def hello_frame(rights: RoomRights) -> dict[str, Any]:
    """The first frame on every transport."""
    can = {"post": rights.may_write, "ask": rights.may_ask, "stop": rights.may_write}
    return frames.event_frame(
        "hello",
        {
            "v": frames.VERSION,
            "room": str(rights.room.pk),
            "epoch": rights.room.epoch,
            "seq": rights.room.last_seq,
            "you": {**rights.by, "staff": rights.staff, "can": can},
            "limits": {
                "text": frames.MAX_TEXT,
                "frame": frames.MAX_FRAME_BYTES,
                "heartbeat_s": frames.HEARTBEAT_S,
            },
        },
    )


def _admitted(ticket: str, room_id: UUID) -> tuple[Pass, RoomRights]:
    spent = ticket_spend(ticket)
    return spent, access.room_for(spent.user_id, room_id)


def origin_allowed(scope: dict[str, Any]) -> bool:
    """Browsers always send Origin: it must be a host of ours. Programs send none, and bring a ticket anyway."""
    headers = dict(scope["headers"])
    origin = headers.get(b"origin", b"").decode("latin1")
    if not origin:
        return True
    parts = urlsplit(origin)
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    host = headers.get(b"host", b"").decode("latin1")
    domain, _ = split_domain_port(parts.netloc)
    return parts.netloc == host and validate_host(domain, settings.ALLOWED_HOSTS)


def _refreshed(user: User, token: str) -> datetime:
    try:
        user_id, until = access_read(token)
    except TicketError as error:
        raise FrameError("bad_field", f"`data.access`: {error}.", field="data.access") from None
    if user_id != user.pk:
        raise FrameError("forbidden", "This token belongs to somebody else.", field="data.access")
    return until
