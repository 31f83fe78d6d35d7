"""The relay: one per web process. It owns the process's channel for boards and every socket's place in its document's log.

As the hub does for rooms (Q9–Q12): only the next seq is delivered, a hole is read from the log, the heads are compared once
a second, so a lost hint costs a second and without Redis the class goes on drawing; slow sockets leave the live path.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any
from uuid import UUID, uuid4

import structlog
from django.db import Error

from classroom.board import access
from classroom.board import log as board_log
from classroom.board.channel import Channel
from classroom.board.log import Row
from classroom.board.messages import STEP1, STEP2, Awareness, awareness_frame, sync_frame
from classroom.board.models import Document
from classroom.board.place import Place, Told, write
from classroom.board.scribble import Scribble
from classroom.board.sockets import Socket, Wire
from classroom.rooms import broadcast
from classroom.rooms.catchup import drained
from classroom.rooms.frames import Close, retry_spread
from classroom.rooms.offload import offload
from classroom.rooms.rights import Rights
from classroom.rooms.tasks import Tasks
from classroom.rooms.viewers import PENDING_HIGH, PENDING_LOW

log = structlog.get_logger(__name__)
CHECK_S = 1.0
HOLE_WAIT_S = 0.005
CATCH_UP_ROWS = 200


class Relay:
    def __init__(self) -> None:
        self.process = uuid4().hex
        self.places: dict[UUID, Place] = {}
        self.repaired = 0
        self.draining = False
        self._channel = Channel(self._heard, self._lost)
        self._tasks = Tasks()
        self._flush_due: set[Place] = set()
        self._opening = asyncio.Lock()
        self.rights = Rights(self.sockets, access.rights_of)
        self.scribble = Scribble(self)
        for work in (self._channel.run, self._check, self.rights.run):
            self._tasks.keep(work)

    def spawn(self, work: Any) -> asyncio.Task[Any]:
        return self._tasks.spawn(work)

    def sockets(self) -> list[Socket]:
        """Everybody who looks at any board through this process."""
        return [socket for place in self.places.values() for socket in place.sockets]

    # ---- sockets

    async def attach(self, socket: Socket) -> Place:
        """Let a socket in; it is told nothing before its step 1. Raises django.db.Error, Document.DoesNotExist."""
        async with self._opening:
            place = self.places.get(socket.document_id)
            if place is None:
                place = self.places[socket.document_id] = Place(socket.document_id)
                try:
                    await self._open(place)
                except (Error, Document.DoesNotExist):
                    del self.places[socket.document_id]
                    raise
            place.sockets.add(socket)
        return place

    def detach(self, socket: Socket) -> None:
        place = self.places.get(socket.document_id)
        socket.live = False
        if place is None or socket not in place.sockets:
            return
        place.sockets.discard(socket)
        self.tell_states(place, place.states.leave(socket.id))
        self.leave_if_empty(place)

    def leave_if_empty(self, place: Place) -> None:
        """Nobody looks, and nothing waits to be written: this process has done with the document."""
        if not place.sockets and not place.writing and self.places.get(place.document_id) is place:
            del self.places[place.document_id]
            self.spawn(self._unsubscribe(place))

    async def answer(self, socket: Socket, state: bytes) -> None:
        """Step 1 of a client: step 2, the server's own step 1, who is where, then live without a hole.

        Raises ValueError for a state that cannot be read, django.db.Error, Document.DoesNotExist.
        """
        place = self.places[socket.document_id]
        told = socket.begin()
        try:
            seq, missing, own = await offload(board_log.document_answer, socket.document_id, state)
        except ValueError:
            socket.backlog = None
            raise
        socket.send(Wire(sync_frame(STEP2, missing)))
        socket.send(Wire(sync_frame(STEP1, own)))
        states = place.states.all()
        if states:
            socket.send(Wire(awareness_frame(states)))
        socket.backlog, socket.cursor, socket.live = None, seq, True
        write(socket, told)

    async def drain(self, spread_ms: int = 5_000) -> None:
        """Before a restart: every socket gets 1012 and its own moment to come back."""
        self.draining = True
        for socket in self.sockets():
            socket.close(Close.RESTART, retry_ms=retry_spread(200, spread_ms))
        self._tasks.cancel()

    # ---- rows

    def place(self, place: Place, rows: list[Row]) -> bool:
        hole = place.ingest(rows)
        if place.outgoing and place not in self._flush_due:
            self._flush_due.add(place)
            asyncio.get_running_loop().call_soon(self._flush, place)
        return hole

    def _flush(self, place: Place) -> None:
        self._flush_due.discard(place)
        for socket in place.flush():
            self.spawn(self._catch_up(place, socket))

    async def _catch_up(self, place: Place, socket: Socket) -> None:
        """A socket that read too slowly: from the log, as fast as it takes it, then live again."""
        try:
            while socket in place.sockets and socket.closed is None:
                if socket.pending() > PENDING_LOW and not await drained(socket):
                    socket.close(Close.SLOW_DOWN, retry_ms=2_000)
                    return
                rows = await offload(
                    board_log.updates_read, place.document_id, after=socket.cursor, limit=CATCH_UP_ROWS
                )
                for row in rows:
                    if socket.pending() > PENDING_HIGH:
                        break
                    write(socket, [Told.of(row)])
                if not rows and place.head is not None and socket.cursor >= place.head:
                    socket.live = True
                    return
        except Error as error:
            log.warning("catch_up_failed", document=str(place.document_id), error=str(error))
            socket.close(Close.RESTART, retry_ms=2_000)

    async def repair(self, place: Place) -> None:
        """Read what the log has above the head."""
        while place.head is not None:
            rows = await offload(board_log.updates_read, place.document_id, after=place.head)
            if rows:
                self.repaired += len(rows)
                self.place(place, rows)
            if len(rows) < CATCH_UP_ROWS:
                return

    # ---- states

    def tell_states(self, place: Place, states: list[Awareness], *, but: str = "") -> None:
        """Show volatile states to everybody else, here at once and elsewhere through the layer."""
        if not states:
            return
        self._show(place, states, but)
        told = [(one.client, one.clock, one.state) for one in states]
        self._hint(place, {"type": "board.awareness", "states": told})

    def _show(self, place: Place, states: list[Awareness], but: str = "") -> None:
        wire = Wire(awareness_frame(states))
        for socket in place.sockets:
            if socket.live and socket.id != but and socket.pending() <= PENDING_HIGH:
                socket.send(wire)

    def _hint(self, place: Place, message: dict[str, Any]) -> None:
        whole = {**message, "document": str(place.document_id), "process": self.process}
        group = board_log.document_group(place.document_id)
        self.spawn(offload(broadcast.group_tell, group, whole))

    # ---- the layer

    async def _open(self, place: Place) -> None:
        place.subscribed = await self._channel.join(board_log.document_group(place.document_id))
        head = (await offload(board_log.heads, [place.document_id])).get(place.document_id)
        if head is None:
            raise Document.DoesNotExist(str(place.document_id))
        place.start(head)
        self.place(place, [])
        self._hint(place, {"type": "board.ask"})

    async def _unsubscribe(self, place: Place) -> None:
        async with self._opening:
            if place.document_id not in self.places:
                await self._channel.part(board_log.document_group(place.document_id))

    def _lost(self) -> None:
        for place in self.places.values():
            place.subscribed = False

    def _heard(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "rights.changed":
            self.spawn(self.rights.read())
            return
        place = self.places.get(UUID(message["document"])) if "document" in message else None
        if place is None or message.get("process") == self.process:
            return
        if kind == "board.updates":
            if self.place(place, [Row(seq, origin, data) for seq, origin, data in message["rows"]]):
                self.spawn(self._fill(place))
        elif kind == "board.awareness":
            news = place.states.hear([Awareness(*one) for one in message["states"]], time.monotonic())
            if news:
                self._show(place, news)
        elif kind == "board.ask":
            ours = [(one.client, one.clock, one.state) for one in place.states.all(ours_only=True)]
            if ours:
                self._hint(place, {"type": "board.awareness", "states": ours})
        elif kind == "board.rights":
            self.spawn(self.rights.read(list(place.sockets)))

    async def _fill(self, place: Place) -> None:
        await asyncio.sleep(HOLE_WAIT_S)
        if place.early:
            await self.repair(place)

    async def _check(self) -> None:
        """Once a second, one query over all documents that somebody looks at."""
        while True:
            await asyncio.sleep(CHECK_S)
            try:
                known = {key: place.head or 0 for key, place in self.places.items()}
                heads = await offload(board_log.heads, list(known))
                for place in list(self.places.values()):
                    place.states.expire(time.monotonic())
                    if not place.subscribed and self._channel.is_ready:
                        place.subscribed = await self._channel.join(board_log.document_group(place.document_id))
                    self._compare(place, known.get(place.document_id, 0), heads.get(place.document_id, 0))
            except Error as error:
                log.warning("log_away", error=str(error))

    def _compare(self, place: Place, known: int, head: int) -> None:
        """``known``: our head before the log's was read. A log that is shorter is another one: everybody begins anew."""
        if head < known:
            board_log.replica_drop(place.document_id)
            place.start(head)
            for socket in place.sockets:
                socket.close(Close.RESTART, retry_ms=retry_spread(200, 2_000))
        elif place.head is not None and head > place.head:
            self.spawn(self.repair(place))


class _Holder:
    loop: asyncio.AbstractEventLoop | None = None
    relay: Relay | None = None


def relay() -> Relay:
    """This process's relay, made on first use inside its event loop."""
    loop = asyncio.get_running_loop()
    if _Holder.relay is None or _Holder.loop is not loop:
        _Holder.loop, _Holder.relay = loop, Relay()
    return _Holder.relay


def relay_made() -> Relay | None:
    """The relay if there is one: a process that served no board has nothing to drain."""
    return _Holder.relay
