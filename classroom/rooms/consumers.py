"""The WebSocket of a room: ticket, hello, join, then frames in; what goes out is the hub's affair."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import Error
from django.http import Http404
from django.utils import translation
from django.utils.translation import gettext as _

from classroom.people.languages import language_of
from classroom.people.models import User
from classroom.people.tickets import Pass, TicketError, access_read, ticket_spend
from classroom.rooms import access, actions, frames
from classroom.rooms.access import RoomRights
from classroom.rooms.door import JOIN_S, Door
from classroom.rooms.frames import Close, FrameError
from classroom.rooms.hub import hub
from classroom.rooms.models import Room
from classroom.rooms.offload import offload
from classroom.rooms.viewers import QueuedViewer, RawViewer, Viewer

log = structlog.get_logger(__name__)
FRAMES_A_SECOND = 20.0
FRAMES_BURST = 40.0
FLOOD_ALLOWED = 40  # frames refused in a row for coming too fast before the socket is closed with 4429


class RoomConsumer(Door[Viewer]):
    """One person in one room."""

    subprotocol = frames.SUBPROTOCOL

    def __init__(self) -> None:
        super().__init__()
        self._bad = self._flood = 0
        self._tokens, self._filled_at = FRAMES_BURST, time.monotonic()

    async def admit(self, ticket: str) -> Viewer:
        spent, rights = await offload(_admitted, ticket, self.scope["url_route"]["kwargs"]["room_id"])
        translation.activate(language_of(self.scope, rights.user))
        viewer = self._viewer(rights, spent)
        viewer.send(hello_frame(rights))
        return viewer

    def leave(self, viewer: Viewer) -> None:
        hub().detach(viewer)

    def _viewer(self, rights: RoomRights, spent: Pass) -> Viewer:
        about: dict[str, Any] = {"session": spent.session, "until": spent.until, "auth": spent.auth}
        transport = self.scope.get("chalkstream.transport")
        if transport is not None:
            return RawViewer(rights, transport, self.close_soon, **about)
        viewer = QueuedViewer(rights, **about)
        self._writer = asyncio.create_task(self._write(viewer))
        return viewer

    async def _write(self, viewer: QueuedViewer) -> None:
        """Frame by frame, on a server that is not ours."""
        while (text := await viewer.take()) is not None:
            await self._send({"type": "websocket.send", "text": text})
        reason = "" if viewer.retry_ms is None else f"retry_ms={viewer.retry_ms}"
        await self.close_with(viewer.closed or Close.IDLE, reason)

    # ---- serving

    async def serve(self, viewer: Viewer) -> None:
        joined = gone = False
        self._acted_at = time.monotonic()
        while viewer.closed is None:
            limit = self._acted_at + (settings.IDLE_CLOSE_S if joined else JOIN_S) - time.monotonic()
            try:
                message = await asyncio.wait_for(self._receive(), limit)
            except TimeoutError:
                viewer.close(Close.IDLE if joined else Close.NO_JOIN)
                break
            gone = message["type"] == "websocket.disconnect"
            if gone:
                viewer.closed = message.get("code") or 1006
            if viewer.closed is not None:  # by her, or by us while we waited: nothing is served behind a close
                break
            joined = await self._heard(viewer, message.get("text") or message.get("bytes") or "", joined=joined)
        if self._writer is not None and not gone:
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


def _refreshed(user: User, token: str) -> datetime:
    try:
        user_id, until = access_read(token)
    except TicketError as error:
        raise FrameError("bad_field", f"`data.access`: {error}.", field="data.access") from None
    if user_id != user.pk:
        raise FrameError("forbidden", "This token belongs to somebody else.", field="data.access")
    return until
