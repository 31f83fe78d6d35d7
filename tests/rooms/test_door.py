"""The door of every WebSocket while its process is told to stop (F9): whoever is on her way in hears 1012 too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from classroom.people.tickets import TicketError
from classroom.rooms.door import Door
from classroom.rooms.doors import doors
from classroom.rooms.frames import TICKET_PREFIX, Close
from tests.services import until

OFFERED = ["try.v1", f"{TICKET_PREFIX}x"]


class Seat:
    def __init__(self) -> None:
        self.closes: list[tuple[int, int | None]] = []

    def close(self, code: int, *, retry_ms: int | None = None) -> None:
        self.closes.append((code, retry_ms))


class Try(Door[Seat]):
    """Lets in when ``open`` is set, and serves until somebody closes the seat."""

    subprotocol = "try.v1"

    def __init__(self) -> None:
        super().__init__()
        self.open, self.seat = asyncio.Event(), Seat()
        self.asked = self.left = 0
        self.refusal: Exception | None = None

    async def admit(self, ticket: str) -> Seat:
        self.asked += 1
        await self.open.wait()
        if self.refusal is not None:
            raise self.refusal
        return self.seat

    async def serve(self, seat: Seat) -> None:
        await until(lambda: seat.closes, "closed")

    def leave(self, seat: Seat) -> None:
        self.left += 1


class Line:
    """A socket in memory: what the door has sent to it."""

    def __init__(self, door: Try, *, origin: bytes = b"", accepting: asyncio.Event | None = None) -> None:
        self.sent: list[dict[str, Any]] = []
        self._accepting = accepting
        headers = [(b"host", b"localhost"), *([(b"origin", origin)] if origin else [])]
        scope = {"type": "websocket", "path": "/ws/", "headers": headers, "subprotocols": OFFERED, "cookies": {}}
        self.task = asyncio.create_task(door(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.accept" and self._accepting is not None:
            await self._accepting.wait()
        self.sent.append(message)

    @property
    def closes(self) -> list[tuple[int, str]]:
        return [(said["code"], said.get("reason", "")) for said in self.sent if said["type"] == "websocket.close"]


@pytest.fixture
async def door() -> AsyncIterator[Try]:
    yield Try()
    assert not doors().anybody


def moment(reason: str) -> int:
    name, _, number = reason.partition("=")
    assert name == "retry_ms"
    return int(number)


async def test_f9_whoever_is_in_is_told_through_her_seat(door: Try) -> None:
    door.open.set()
    line = Line(door)
    await until(lambda: door.asked == 1 and doors().anybody, "asked, and on her way in")
    await asyncio.sleep(0)
    doors().close()
    await line.task
    ((code, retry_ms),) = door.seat.closes
    assert code == Close.RESTART
    assert 200 <= (retry_ms or 0) < 5_000
    assert (line.closes, door.left) == ([], 1)


async def test_f9_whoever_is_being_let_in_does_not_wait_for_a_database_that_hangs(door: Try) -> None:
    line = Line(door)
    await until(lambda: door.asked == 1, "asked")
    doors().close()
    await line.task
    await until(lambda: line.closes, "closed")
    ((code, reason),) = line.closes
    assert code == Close.RESTART
    assert 200 <= moment(reason) < 5_000
    assert door.left == 0


async def test_f9_whoever_is_accepted_later_keeps_her_ticket(door: Try) -> None:
    accepting = asyncio.Event()
    line = Line(door, accepting=accepting)
    await until(lambda: doors().anybody, "somebody is in")
    doors().close()
    accepting.set()
    await line.task
    ((code, reason),) = line.closes
    assert code == Close.RESTART
    assert moment(reason)
    assert door.asked == 0


async def test_f9_many_do_not_come_back_at_the_same_moment() -> None:
    lines = [Line(Try()) for _ in range(20)]
    await asyncio.sleep(0)
    doors().close()
    await asyncio.gather(*(line.task for line in lines))
    await until(lambda: all(line.closes for line in lines), "all are closed")
    assert len({line.closes[0][1] for line in lines}) > 10


async def test_charlie_without_a_ticket_is_refused_and_not_kept(door: Try) -> None:
    door.open.set()
    door.refusal = TicketError("spent")
    line = Line(door)
    await line.task
    assert line.closes == [(Close.EXPIRED, "")]
    doors().close()
    assert line.closes == [(Close.EXPIRED, "")]


async def test_a_page_of_another_origin_comes_to_no_door(door: Try) -> None:
    line = Line(door, origin=b"https://charlie.example")
    await line.task
    assert line.closes == [(4403, "")]
    assert door.asked == 0


async def test_another_cancels_a_door_and_is_not_kept_from_it(door: Try) -> None:
    line = Line(door)
    await until(lambda: door.asked == 1, "asked")
    line.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await line.task
    assert line.closes == []
