"""The product for the boards' bench: real web processes, and people who draw over real sockets."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import jwt
from pycrdt import Doc
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from classroom.people.models import User
from tests.board.peers import Peer
from tests.stack import Stack

OPEN_S = 60.0
PLAIN: dict[str, Any] = {"compression": None, "close_timeout": 1, "ping_interval": None}
SCHOOL = """
import json
from classroom.board import access
from classroom.board.models import Kind
from classroom.people.models import Enrolment, Role, SchoolClass, User
from classroom.rooms import services

teacher = User.objects.create(username="bench", role=Role.TEACHER, password="!")
school = SchoolClass.objects.create(name="Bench", created_by=teacher)
Enrolment.objects.create(user=teacher, school_class=school, role=Role.TEACHER)
people = [User.objects.create(username=f"pupil{{n}}", role=Role.STUDENT, password="!") for n in range({people})]
for one in people:
    Enrolment.objects.create(user=one, school_class=school, role=Role.STUDENT)
about = dict(by=teacher, school_class=school, problem=None, group=None)
rooms = [services.room_create(title=f"Board {{n}}", **about) for n in range({rooms})]
print(json.dumps([[str(one.pk) for one in people], [str(access.document_of(room, Kind.BOARD).pk) for room in rooms]]))
"""


class School:
    """A class, its people and as many boards as the bench needs, in a running stack."""

    def __init__(self, stack: Stack, *, people: int, rooms: int) -> None:
        self.stack = stack
        said = stack.manage("shell", "-v", "0", "-c", SCHOOL.format(people=people, rooms=rooms))
        self.people, self.documents = json.loads(said.strip().splitlines()[-1])
        self._key = (stack.data / "secrets" / "jwt").read_text()

    def ticket(self, person: str) -> str:
        """As ``POST /api/tickets/`` gives one: the bench has the house's key, and asks for more than a person may."""
        now = int(time.time())
        claims = {"token_type": "ws", "aud": "ws", "jti": uuid4().hex, "user_id": person, "iat": now, "exp": now + 30}
        return jwt.encode(claims, self._key, algorithm="HS256")

    def rows(self, document: str) -> list[bytes]:
        """The log of a document, straight from the database."""
        path = self.stack.data / "chalkstream.sqlite3"
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            found = database.execute(
                "SELECT seq, data FROM board_update WHERE document_id = ? ORDER BY seq", [document.replace("-", "")]
            ).fetchall()
        assert [seq for seq, _ in found] == list(range(1, len(found) + 1)), "the log has a gap"
        return [bytes(data) for _, data in found]


class WirePeer(Peer):
    """Somebody at a board over a real socket. A process that comes back may take long to answer."""

    patience_s = OPEN_S

    def __init__(self, person: str, document: str, ticket: Callable[[], str], url: str = "") -> None:
        super().__init__(cast(User, SimpleNamespace(pk=person)), document)
        self.ticket, self.url = ticket, url

    async def _run(self, sent: asyncio.Queue[dict[str, Any]], ticket: str | None, scope: dict[str, Any]) -> None:
        protocols: Any = ["board.v1", f"ticket.{ticket or self.ticket()}"]
        address = f"{self.url.replace('http', 'ws', 1)}/ws/boards/{self.document_id}/"
        try:
            line = await connect(address, subprotocols=protocols, max_size=None, open_timeout=OPEN_S, **PLAIN)
        except (OSError, InvalidHandshake, ConnectionClosed):
            await self._take({"type": "websocket.close", "code": 1006})
            return
        hearing = asyncio.create_task(self._listen(line))
        try:
            while (message := await sent.get())["type"] == "websocket.receive":
                with suppress(ConnectionClosed):
                    await line.send(message.get("bytes", message.get("text")))
        finally:
            hearing.cancel()
            line.transport.abort()  # as a line that breaks: nobody says good-bye

    async def _listen(self, line: ClientConnection) -> None:
        try:
            async for message in line:
                await self._take({"text" if isinstance(message, str) else "bytes": message, "type": "websocket.send"})
        except ConnectionClosed:
            pass
        await self._take({"type": "websocket.close", "code": line.close_code or 1006})


class Wired:
    """A fuzz house over real processes: a restart is a SIGKILL and a new start."""

    def __init__(self, school: School, document: str) -> None:
        self.school, self.document = school, document

    def peer(self, at: int) -> Peer:
        person = self.school.people[at]
        return WirePeer(person, self.document, partial(self.school.ticket, person))

    async def connect(self, peer: Peer, process: int) -> None:
        assert isinstance(peer, WirePeer)
        peer.url = self.school.stack.urls[process]
        await peer.connect()

    async def restart(self, process: int) -> None:
        await asyncio.to_thread(self._restart, f"web{process + 1}")

    def _restart(self, name: str) -> None:
        self.school.stack.kill(name)
        self.school.stack.start(name)

    async def replay(self) -> Doc[Any]:
        doc: Doc[Any] = Doc()
        for data in self.school.rows(self.document):
            doc.apply_update(data)
        return doc


def stack_in(folder: Path) -> Stack:
    """Two web processes on one SQLite and one Valkey, as ``make run`` has them; nothing that a board does not need."""
    return Stack(folder, web=2, seed=False, without=("scribe", "inference", "class"))
