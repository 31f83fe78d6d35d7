"""Somebody at a board: a Yjs document of her own and a socket to the server, as a browser has them.

The socket is the consumer itself, without a server around it; ``Process`` stands for the web process that it belongs to.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self
from uuid import UUID, uuid4

from asgiref.sync import sync_to_async
from pycrdt import Array, Doc, Map, Text, TransactionEvent

from classroom.board import relay
from classroom.board.consumers import BoardConsumer
from classroom.board.messages import (
    STEP1,
    STEP2,
    UPDATE,
    Awareness,
    Sync,
    awareness_frame,
    message_read,
    sync_frame,
)
from classroom.board.relay import Relay
from classroom.people.models import User
from classroom.people.tickets import ticket_mint
from tests.services import until

WAIT_S = 10.0


class Process:
    """A web process's relay. Several of them in one event loop stand for several web processes."""

    async def __aenter__(self) -> Self:
        self.relay = Relay()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.relay.drain()

    def enter(self) -> None:
        """Whoever connects next does so here."""
        relay._Holder.loop, relay._Holder.relay = asyncio.get_running_loop(), self.relay


class Peer:
    """``doc`` is hers; what she changes in it is sent at once while she is connected, and with her step 2 afterwards."""

    patience_s = WAIT_S

    def __init__(self, user: User, document_id: UUID | str) -> None:
        self.user, self.document_id = user, document_id
        self.told: list[dict[str, Any]] = []
        self.states: dict[int, tuple[int, Any]] = {}
        self.closed: int | None = None
        self.reason = ""
        self.sent = 0
        self.synced = asyncio.Event()
        self.frames: list[bytes] = []  # every binary frame that came
        self._in: asyncio.Queue[dict[str, Any]] | None = None
        self._task: asyncio.Task[None] | None = None
        self.begin()

    def begin(self) -> None:
        """A new document under a new client id: what a refused client does."""
        self.doc: Doc[Any] = Doc()
        self.shapes = self.doc.get("shapes", type=Map)
        self.pages = self.doc.get("pages", type=Array)
        self.code = self.doc.get("code", type=Text)
        self._applying = False
        self.doc.observe(self._changed)

    # ---- the socket

    async def connect(
        self, at: Process | None = None, *, ticket: str | None = None, sync: bool = True, **scope: Any
    ) -> Self:
        if at is not None:
            at.enter()
        self.closed, self.sent = None, 0
        self.synced.clear()
        self.told.clear()
        self._in = asyncio.Queue()
        self._task = asyncio.create_task(self._run(self._in, ticket, scope))
        if sync:
            await until(lambda: self.told or self.closed, "hello", self.patience_s)
            if self.closed is None:
                self.step1()
                await self.synced.wait()
        return self

    async def _run(self, sent: asyncio.Queue[dict[str, Any]], ticket: str | None, scope: dict[str, Any]) -> None:
        if ticket is None:
            ticket = await sync_to_async(ticket_mint)(self.user, until=None, session_key=None)
        first = [{"type": "websocket.connect"}]

        async def receive() -> dict[str, Any]:
            return first.pop() if first else await sent.get()

        whole = {
            "type": "websocket",
            "path": f"/ws/boards/{self.document_id}/",
            "headers": [],
            "subprotocols": ["board.v1", f"ticket.{ticket}"],
            "url_route": {"kwargs": {"document_id": UUID(str(self.document_id))}},
            **scope,
        }
        await BoardConsumer()(whole, receive, self._take)

    def step1(self) -> None:
        self.send(sync_frame(STEP1, self.doc.get_state()))

    async def disconnect(self) -> None:
        task, self._task = self._task, None
        if task is not None and self._in is not None:
            if self.closed is None:
                self.closed = 1006
            self._in.put_nowait({"type": "websocket.disconnect", "code": 1006})
            await task
        self._in = None

    def send(self, data: bytes) -> None:
        if self._in is not None and self.closed is None:
            self._in.put_nowait({"type": "websocket.receive", "bytes": data})

    def say(self, text: str) -> None:
        assert self._in is not None
        self._in.put_nowait({"type": "websocket.receive", "text": text})

    def update(self, data: bytes) -> None:
        """Send bytes as an update, whatever they are."""
        self.sent += 1
        self.send(sync_frame(UPDATE, data))

    def point(self, state: Any, *, clock: int = 1, client: int | None = None) -> None:
        client = self.doc.client_id if client is None else client
        self.send(awareness_frame([Awareness(client, clock, json.dumps(state))]))

    async def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.close":
            self.closed, self.reason = message["code"], message.get("reason", "")
            self.synced.set()
            if self._in is not None:
                self._in.put_nowait({"type": "websocket.disconnect", "code": message["code"]})
        elif message.get("text") is not None:
            self.told.append(json.loads(message["text"]))
        elif message.get("bytes") is not None:
            self._hear(message["bytes"])

    def _hear(self, frame: bytes) -> None:
        self.frames.append(frame)
        message = message_read(frame)
        if not isinstance(message, Sync):
            for one in message:
                self.states[one.client] = (one.clock, json.loads(one.state))
        elif message.step == STEP1:
            self.sent += 1
            self.send(sync_frame(STEP2, self.doc.get_update(message.data)))
            self.synced.set()  # behind the server's own step 2: what follows is told as it happens
        else:
            self._applying = True
            try:
                self.doc.apply_update(message.data)
            finally:
                self._applying = False

    def _changed(self, event: TransactionEvent) -> None:
        if not self._applying and self._in is not None and self.synced.is_set():
            self.update(bytes(event.update))

    # ---- what was told

    def of(self, kind: str) -> list[Any]:
        return [frame.get("data") for frame in self.told if frame["type"] == kind]

    @property
    def hello(self) -> dict[str, Any]:
        return next(iter(self.of("hello")), {})

    @property
    def saved(self) -> int:
        return max([one["n"] for one in self.of("board.saved")], default=0)

    @property
    def refused(self) -> list[Any]:
        return self.of("board.refused")

    async def settled(self) -> None:
        """Until the server has decided on everything that was sent."""
        await until(
            lambda: self.closed or max([self.saved, *[one["n"] for one in self.refused]]) >= self.sent,
            "all decided",
            self.patience_s,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        with suppress(asyncio.CancelledError):
            await self.disconnect()

    # ---- what she draws

    def draw(self, key: str | None = None, **fields: Any) -> str:
        key = key or str(uuid4())
        self.shapes[key] = Map(shape(self.user, **fields))
        return key

    def seen(self) -> dict[str, Any]:
        found: dict[str, Any] = self.shapes.to_py() or {}
        return found


def shape(user: User | None = None, **fields: Any) -> dict[str, Any]:
    """A rectangle, or what the fields make of it; None leaves a field out."""
    whole = {
        "kind": "rectangle", "page": "1", "x": 10, "y": 20, "w": 30, "h": 40, "z": 1, "stroke": "#112233",
        "by": str(user.pk) if user else "tutor", **fields,
    }  # fmt: skip
    return {name: value for name, value in whole.items() if value is not None}


def update_of(change: Callable[[Doc[Any]], None], base: bytes | None = None) -> bytes:
    """The update that a change to a document makes, for one that has ``base``."""
    doc: Doc[Any] = Doc()
    if base is not None:
        doc.apply_update(base)
    before = doc.get_state()
    change(doc)
    return doc.get_update(before)


def drawing(*fields: dict[str, Any], keys: list[str] | None = None) -> bytes:
    """An update that draws these shapes."""

    def draw(doc: Doc[Any]) -> None:
        shapes = doc.get("shapes", type=Map)
        with doc.transaction():
            for at, one in enumerate(fields):
                shapes[keys[at] if keys else str(uuid4())] = Map(one)

    return update_of(draw)
