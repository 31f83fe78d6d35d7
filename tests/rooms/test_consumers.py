"""A room's socket on a server that is not ours: frames go out through a queue, and whoever goes away is let go."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async

from classroom.people.models import User
from classroom.people.tickets import ticket_mint
from classroom.rooms.consumers import RoomConsumer
from classroom.rooms.frames import SUBPROTOCOL, TICKET_PREFIX, Close
from classroom.rooms.hub import hub
from classroom.rooms.models import Room
from tests.services import until

pytestmark = [pytest.mark.usefixtures("redis_url"), pytest.mark.django_db(transaction=True)]


class Line:
    """A socket in memory, of which the server knows nothing but messages."""

    def __init__(self, ticket: str, room: Room) -> None:
        self.told: list[dict[str, Any]] = []
        self.closes: list[int] = []
        self._said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.say({"type": "websocket.connect"})
        offered = [SUBPROTOCOL, f"{TICKET_PREFIX}{ticket}"]
        scope = {"type": "websocket", "path": "/ws/", "headers": [], "subprotocols": offered, "cookies": {}}
        where = {"url_route": {"kwargs": {"room_id": room.pk}}}
        self.task = asyncio.create_task(RoomConsumer()({**scope, **where}, self._said.get, self._hear))

    def say(self, message: dict[str, Any]) -> None:
        self._said.put_nowait(message)

    async def _hear(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.close":
            self.closes.append(message["code"])
            self.say({"type": "websocket.disconnect", "code": message["code"]})
        elif "text" in message:
            self.told.append(json.loads(message["text"]))

    async def join(self) -> None:
        join = {"type": "join", "id": str(uuid4()), "data": {}}
        self.say({"type": "websocket.receive", "text": json.dumps(join)})
        await until(lambda: any(frame["type"] == "snapshot" for frame in self.told), "a snapshot", timeout_s=20)


async def line_open(user: User, room: Room) -> Line:
    return Line(await sync_to_async(ticket_mint)(user, until=None, session_key=None), room)


@pytest.mark.parametrize("code", [1000, 1001, 1006])
async def test_h4_whoever_closes_her_socket_is_looked_after_no_longer(room: Room, bob: User, code: int) -> None:
    line = await line_open(bob, room)
    await line.join()
    assert len(hub().viewers()) == 1
    line.say({"type": "websocket.disconnect", "code": code})
    await asyncio.wait_for(line.task, 10)
    assert (hub().viewers(), line.closes) == ([], [])
    await hub().drain()


async def test_whoever_is_sent_away_hears_why_first(room: Room, bob: User) -> None:
    line = await line_open(bob, room)
    await line.join()
    (viewer,) = hub().viewers()
    viewer.close(Close.IDLE)
    await asyncio.wait_for(line.task, 10)
    assert (hub().viewers(), line.closes) == ([], [Close.IDLE])
    await hub().drain()


async def test_charlie_comes_no_further_than_the_door(room: Room, charlie: User) -> None:
    line = await line_open(charlie, room)
    await asyncio.wait_for(line.task, 10)
    assert (line.told, line.closes) == ([], [Close.NOT_FOUND])
