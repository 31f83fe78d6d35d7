"""A ledger client that stays: it writes down every frame that it saw, comes back by its cursor, and repeats what is unanswered.

It does what the real page's line does (static/src/connection.ts): full-jitter waits, ``retry_ms``, an outbox, a heartbeat.
Only its patience is shorter, so that a round lasts seconds: that is more load on a server that comes back, not less.
What it never does is mend: it applies frames as they come, and the oracle sees each hole, repeat and swap.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx2 as httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.services import NO_TLS

Frame = dict[str, Any]
HELLO_S = 8.0
BEAT_S = 1.5
SILENT_S = 5.0  # without any frame, though it has pinged: the line is dead, whatever the system says
WAIT_S = (0.2, 2.0)
AGAIN_S = 1.0
LEAVE_S = 0.5
TERMINAL = {4403, 4404}


@dataclass(slots=True)
class Entry:
    """One frame as it came: on which of the screen's sockets, and when (monotonic seconds)."""

    socket: int
    frame: Frame
    at: float


@dataclass(slots=True)
class Person:
    """A member of the class with an access token."""

    name: str
    id: str
    token: str


async def ticket_of(person: Person, url: str) -> str:
    """One ticket for one socket. Raises httpx.HTTPError."""
    async with httpx.AsyncClient(timeout=HELLO_S, trust_env=False, verify=NO_TLS) as client:
        reply = await client.post(f"{url}/api/tickets/", headers={"Authorization": f"Bearer {person.token}"})
        reply.raise_for_status()
        return str(reply.json()["ticket"])


@dataclass(slots=True)
class Sent:
    """A frame that the person sent, and the server's word on it."""

    frame: Frame
    at: float
    reply: Frame | None = None
    refused: list[str] = field(default_factory=list)


class Screen:
    """One page of ``person`` at ``room``. ``urls`` is where it connects, in turn when one does not answer."""

    def __init__(self, person: Person, room: str, urls: list[str], *, seed: int = 0, tickets: str = "") -> None:
        self.person, self.room, self.urls = person, room, urls
        self.ticket_url = tickets
        self.entries: list[Entry] = []
        self.sent: dict[str, Sent] = {}
        self.heard: dict[
            str, float
        ] = {}  # when a message was first shown: by its frame's id, or by its text in a snapshot
        self.closes: list[tuple[int, str]] = []
        self.cursor: int | None = None
        self.epoch: str | None = None
        self.task: asyncio.Task[None] | None = None
        self.socket = 0
        self.url = ""  # where the present socket is
        self.live = False
        self.ended = False
        self.asleep = False  # the machine's lid is closed
        self.snapshots = 0
        self._random = random.Random(seed)
        self._line: ClientConnection | None = None
        self._changed = asyncio.Event()
        self._failed = 0

    # ---- what a person does (in the loop)

    async def send(self, verb: str, frame_id: str = "", **data: Any) -> str:
        frame = {"type": verb, "id": frame_id or str(uuid.uuid4()), "data": data}
        self.sent[frame["id"]] = Sent(frame, time.monotonic())
        if self.live:
            await self._put(frame)
        return str(frame["id"])

    def drop(self) -> None:
        """The page goes away without a word, and comes back at once."""
        if self._line is not None:
            self._line.transport.abort()

    async def leave(self) -> None:
        """For good, in whatever it was about."""
        self.ended = True
        self.drop()
        while self.task is not None and not self.task.done():
            self.task.cancel()  # once is not enough: wait_for of this Python forgets it where its own work ends just then
            await asyncio.wait([self.task], timeout=LEAVE_S)
            self.drop()
        if self.task is not None:
            await asyncio.gather(self.task, return_exceptions=True)

    @property
    def unanswered(self) -> list[str]:
        return [frame_id for frame_id, sent in self.sent.items() if sent.reply is None]

    @property
    def frames(self) -> list[Frame]:
        return [entry.frame for entry in self.entries]

    # ---- the line

    async def run(self) -> None:
        while not self.ended:
            wait_s = await self._sitting()
            if not self.ended:
                await asyncio.sleep(wait_s)
            while self.asleep and not self.ended:
                await asyncio.sleep(0.02)

    async def _sitting(self) -> float:
        """One socket from its ticket to its end; how long to wait before the next."""
        url = self.urls[self._failed % len(self.urls)]
        begun = self.socket
        try:
            await self._serve(url)
        except ConnectionClosed as closed:
            code, reason = (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")
            return self._closed(code, reason)
        except (OSError, TimeoutError, InvalidHandshake, httpx.HTTPError) as error:
            self.closes.append((1006, type(error).__name__))
        finally:
            self.live = False
            line, self._line = self._line, None
            if line is not None:
                line.transport.abort()
        self._failed += self.socket == begun
        return self._random.uniform(*WAIT_S)

    def _closed(self, code: int, reason: str) -> float:
        self.closes.append((code, reason))
        self.ended = code in TERMINAL
        if code == 4410:
            self.cursor = None
        name, _, number = reason.partition("=")
        return int(number) / 1000 if name == "retry_ms" else self._random.uniform(*WAIT_S)

    async def _serve(self, url: str) -> None:
        ticket = await ticket_of(self.person, self.ticket_url or url)
        protocols: Any = ["classroom.v1", f"ticket.{ticket}"]
        address = f"{url.replace('http', 'ws', 1)}/ws/rooms/{self.room}/"
        line = await connect(
            address, subprotocols=protocols, max_queue=None, compression=None, open_timeout=HELLO_S,
            close_timeout=1, ping_interval=None, max_size=None,
        )  # fmt: skip
        self._line = line
        hello = json.loads(await asyncio.wait_for(line.recv(), HELLO_S))
        self.socket += 1
        self._note(hello)
        await self._put({"type": "join", "id": str(uuid.uuid4()), "data": {"after": self.cursor, "epoch": self.epoch}})
        self.live, self._failed, self.url = True, 0, url
        for frame_id in self.unanswered:
            await self._put(self.sent[frame_id].frame)
        await self._read(line)

    async def _read(self, line: ClientConnection) -> None:
        heard = time.monotonic()
        while True:
            try:
                text = await asyncio.wait_for(line.recv(), BEAT_S)
            except TimeoutError:
                if time.monotonic() - heard > SILENT_S:
                    raise
                await self._put({"type": "ping", "id": str(uuid.uuid4()), "data": {}})
                continue
            heard = time.monotonic()
            self._note(json.loads(text))

    async def _put(self, frame: Frame) -> None:
        """Hand it to the line; an ended line is noticed where it is read."""
        line = self._line
        if line is None:
            return
        try:
            await asyncio.wait_for(line.send(json.dumps(frame)), SILENT_S)
        except (ConnectionClosed, TimeoutError):
            line.transport.abort()

    # ---- the ledger

    def _note(self, frame: Frame) -> None:
        self.entries.append(Entry(self.socket, frame, time.monotonic()))
        kind = frame["type"]
        if kind in {"ack", "error"}:
            self._answered(frame)
        elif kind == "snapshot":
            self.snapshots += 1
            self.cursor, self.epoch = frame["seq"], frame["data"]["epoch"]
            for item in frame["data"]["state"]["items"]:
                self.heard.setdefault(item.get("text", ""), self.entries[-1].at)
        elif frame.get("seq") is not None:
            self.cursor = max(self.cursor or 0, frame["seq"])
            if kind == "message.posted":
                self.heard.setdefault(frame["ref"] or "", self.entries[-1].at)

    def _answered(self, frame: Frame) -> None:
        sent = self.sent.get(frame.get("ref") or "")
        if sent is None:
            return
        if frame["type"] == "error" and frame["retryable"]:
            sent.refused.append(frame["code"])
            wait_s = (frame["retry_ms"] or 1000 * AGAIN_S) / 1000
            asyncio.get_running_loop().call_later(wait_s, self._again, sent)
        else:
            sent.reply = frame

    def _again(self, sent: Sent) -> None:
        if sent.reply is None and self.live:
            task = asyncio.get_running_loop().create_task(self._put(sent.frame))
            task.add_done_callback(lambda _: None)
