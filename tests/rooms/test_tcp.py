"""The way of encoded frames to a socket: one system call each, and none for a peer that reads nothing."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from classroom.rooms import catchup
from classroom.rooms.tcp import Transport
from classroom.rooms.viewers import PENDING_HIGH

FRAME = b"x" * 350
FRAMES = 4_000


class Counted:
    """A socket that counts what it is given to send."""

    def __init__(self, inner: socket.socket) -> None:
        self.inner, self.family = inner, inner.family
        self.sends = self.taken = 0

    def setsockopt(self, *words: Any) -> None:
        self.inner.setsockopt(*words)

    def send(self, data: bytes) -> int:
        self.sends += 1
        sent = self.inner.send(data)
        self.taken += sent
        return sent


class Stock:
    """As much of Twisted's transport as ours looks at."""

    connected, disconnecting, offset = True, False, 0

    def __init__(self, counted: Counted) -> None:
        self.socket = counted
        self.dataBuffer, self._tempDataBuffer, self._tempDataLen = b"", [], 0

    def write(self, data: bytes) -> None:
        self._tempDataBuffer.append(data)
        self._tempDataLen += len(data)


@pytest.fixture
def pair() -> Iterator[tuple[Counted, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        peer.connect(listener.getsockname())
        ours, _ = listener.accept()
        with ours:
            ours.setblocking(False)
            yield Counted(ours), peer


def test_a_frame_is_one_call(pair: tuple[Counted, socket.socket]) -> None:
    counted, peer = pair
    transport = Transport(Stock(counted))
    for _ in range(3):
        transport.write(FRAME)
    assert (counted.sends, transport.pending()) == (3, 0)
    assert peer.recv(3 * len(FRAME), socket.MSG_WAITALL) == 3 * FRAME


def test_who_reads_nothing_soon_costs_no_calls(pair: tuple[Counted, socket.socket]) -> None:
    """The kernel takes what the peer's own buffer takes, and little more; from then on everything waits here."""
    counted, _ = pair
    stock = Stock(counted)
    transport = Transport(stock)
    for _ in range(FRAMES):
        transport.write(FRAME)
    assert counted.taken < 512 * 1024 < FRAMES * len(FRAME)
    assert counted.sends <= counted.taken // len(FRAME) + 2  # the one that was refused was the last
    assert counted.taken + transport.pending() == FRAMES * len(FRAME)


def test_who_has_gone_is_left_to_the_server(pair: tuple[Counted, socket.socket]) -> None:
    counted, _ = pair
    stock = Stock(counted)
    transport = Transport(stock)
    counted.inner.close()
    transport.write(FRAME)
    assert stock._tempDataBuffer == [FRAME]


class Asleep:
    """A viewer whose client takes nothing, but for some bytes at one look."""

    closed = None

    def __init__(self, wakes_at: int) -> None:
        self.wakes_at, self.waits = wakes_at, PENDING_HIGH

    def pending(self) -> int:
        return self.waits


@pytest.mark.parametrize(("wakes_at", "looks"), [(0, 78), (20, 98)])
async def test_who_takes_nothing_is_looked_at_less_and_less(
    monkeypatch: pytest.MonkeyPatch, wakes_at: int, looks: int
) -> None:
    viewer, pauses = Asleep(wakes_at), list[float]()

    async def pass_time(pause: float) -> None:
        pauses.append(pause)
        if len(pauses) == viewer.wakes_at:
            viewer.waits -= 1

    monkeypatch.setattr(catchup.asyncio, "sleep", pass_time)
    assert not await catchup.drained(viewer)
    assert len(pauses) == looks
    assert pauses[:4] == [0.05, 0.1, 0.2, 0.4]
    assert sum(pauses[wakes_at:]) > catchup.STALLED_S
    if wakes_at:
        assert pauses[wakes_at : wakes_at + 2] == [0.05, 0.1]
