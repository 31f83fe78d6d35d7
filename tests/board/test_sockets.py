"""How messages leave: encoded once, in order, text and binary, on our own server and on any other."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from websockets.frames import Opcode

from classroom.board import limits
from classroom.board.access import BoardRights
from classroom.board.consumers import Pace, hello
from classroom.board.models import Document, Kind
from classroom.board.replica import UpdateRefused
from classroom.board.sockets import QueuedOutlet, RawOutlet, Socket, Wire
from classroom.people.models import User
from classroom.rooms import access
from classroom.rooms.models import Room


class Line:
    """A transport that keeps what was written."""

    def __init__(self) -> None:
        self.data = b""
        self.closed: tuple[int, str] | None = None

    def write(self, data: bytes) -> None:
        self.data += data

    def pending(self) -> int:
        return len(self.data)

    def abort(self) -> None:
        self.data = b""

    def close(self, code: int, reason: str) -> None:
        self.closed = code, reason


def rights(room: Room, user: User, mode: str = "open") -> BoardRights:
    return BoardRights(access.room_for(user, room.pk), Document(room=room, kind=Kind.BOARD), mode, None)


@pytest.mark.django_db
def test_on_our_own_server_frames_go_straight_to_the_line(room: Room, bob: User) -> None:
    line = Line()
    socket = Socket(rights(room, bob), RawOutlet(line, line.close))
    socket.send(Wire(b"\x00\x02\x00"))
    assert line.data == bytes([0x80 | Opcode.BINARY, 3]) + b"\x00\x02\x00"
    line.data = b""
    socket.say("pong")
    assert line.data[:2] == bytes([0x80 | Opcode.TEXT, 15])
    assert socket.pending() == 17
    socket.close(4403)
    socket.close(1000)
    socket.say("pong")
    assert (line.closed, socket.pending()) == ((4403, ""), 17)


@pytest.mark.django_db
def test_whoever_is_refused_or_gets_other_rights_hears_it_in_her_language(room: Room, bob: User) -> None:
    from django.utils import translation

    line = Line()
    with translation.override("zh-hans"):
        socket = Socket(rights(room, bob), RawOutlet(line, line.close))
    socket.renew(rights(room, bob))
    assert line.data == b"", "nothing has changed"
    socket.renew(rights(room, bob, "view"))
    assert b'{"type":"board.rights","data":{"mode":"view","may_write":false}}' in line.data
    with pytest.raises(UpdateRefused) as caught:
        socket.rights.write_require()
    socket.refused(3, caught.value)
    told = json.loads(line.data[line.data.index(b'{"type":"board.refused"') :])["data"]
    assert (told["n"], told["code"], told["retryable"]) == (3, "forbidden", False)
    assert "画板" in told["message"]


async def test_on_any_other_server_they_go_one_by_one() -> None:
    sent: list[Any] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    outlet = QueuedOutlet(send)
    outlet.write(Wire("text"))
    outlet.write(Wire(b"binary"))
    assert outlet.pending() == 10
    outlet.close(4429, "retry_ms=5")
    await outlet.run()
    assert sent == [
        {"type": "websocket.send", "text": "text"},
        {"type": "websocket.send", "bytes": b"binary"},
        {"type": "websocket.close", "code": 4429, "reason": "retry_ms=5"},
    ]
    assert outlet.pending() == 0


async def test_q14_what_comes_too_fast_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    pace = Pace()
    for _ in range(int(limits.UPDATES_BURST)):
        await pace.wait(100)
    assert waits == []
    for _ in range(30):
        await pace.wait(100)
    assert len(waits) >= 25
    assert max(waits) <= 30 / limits.UPDATES_A_SECOND
    heavy = Pace()
    for _ in range(17):
        await heavy.wait(limits.MESSAGE_BYTES)
    assert waits[-1] == pytest.approx(limits.MESSAGE_BYTES / limits.BYTES_A_SECOND, rel=0.3)


@pytest.mark.django_db
def test_hello_says_what_a_board_may_hold(room: Room, bob: User) -> None:
    told = hello(rights(room, bob))
    assert (told["kind"], told["mode"], told["may_write"]) == ("board", "open", True)
    assert told["limits"]["shapes"] == 2_000
