"""How frames are written to somebody: encoded once, counted, and never after a close."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from classroom.people.models import User
from classroom.rooms.access import RoomRights
from classroom.rooms.models import Room
from classroom.rooms.viewers import Batch, QueuedViewer, RawViewer, Viewer, websocket_frame

RIGHTS = RoomRights(Room(pk=uuid4(), title="r"), User(pk=uuid4(), username="bob"), "student")


class Wire:
    """The server's transport, with everything that was written to it."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data

    def pending(self) -> int:
        return len(self.data)

    def abort(self) -> None:
        raise AssertionError("nobody asked for this")


def parsed(data: bytes) -> list[str]:
    """What a WebSocket client reads from these bytes, by somebody else's parser."""
    reader, texts = StreamReader(), []
    reader.feed_data(data)
    reader.feed_eof()
    while data:
        parsing = Frame.parse(reader.read_exact, mask=False, max_size=None)
        try:
            next(parsing)
        except StopIteration as finished:
            frame = finished.value
        assert (frame.opcode, frame.fin) == (Opcode.TEXT, True)
        texts.append(bytes(frame.data).decode())
        at_end = reader.at_eof()
        try:
            next(at_end)
        except StopIteration as finished:
            if finished.value:
                break
    return texts


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 100_000])
def test_frames_of_every_length_are_read_by_others(size: int) -> None:
    assert parsed(websocket_frame("x" * size)) == ["x" * size]


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])), min_size=1, max_size=5))
def test_a_batch_is_its_frames_one_after_the_other(texts: list[str]) -> None:
    assert parsed(Batch(texts, None).wire) == texts


def test_a_batch_is_encoded_once() -> None:
    batch = Batch(["a", "b"], 2)
    assert batch.wire is batch.wire


def test_a_raw_viewer_writes_bytes_and_says_what_is_pending() -> None:
    wire, closed = Wire(), []
    viewer = RawViewer(RIGHTS, wire, lambda code, reason: closed.append((code, reason)), session="s", auth="a")
    viewer.send({"type": "pong"})
    assert parsed(wire.data) == ['{"type":"pong"}']
    assert viewer.pending() == len(wire.data)
    viewer.close(4403)
    viewer.close(1012, retry_ms=5)
    viewer.send({"type": "pong"})
    assert (viewer.closed, closed, len(parsed(wire.data))) == (4403, [(4403, "")], 1)
    assert (viewer.session, viewer.auth, viewer.person["id"]) == ("s", "a", str(RIGHTS.user.pk))


def test_the_close_reason_carries_the_time_to_come_back() -> None:
    closed = []
    RawViewer(RIGHTS, Wire(), lambda code, reason: closed.append((code, reason))).close(1012, retry_ms=700)
    assert closed == [(1012, "retry_ms=700")]


async def test_a_queued_viewer_gives_frame_by_frame_and_then_the_end() -> None:
    viewer = QueuedViewer(RIGHTS)
    viewer.write(Batch(["one", "two"], 2))
    assert viewer.pending() == 6
    assert await viewer.take() == "one"
    assert viewer.pending() == 3
    viewer.close(1012, retry_ms=700)
    viewer.close(4403)
    viewer.write(Batch(["never"], 3))
    assert [await viewer.take(), await viewer.take()] == ["two", None]
    assert (viewer.closed, viewer.retry_ms, viewer.pending()) == (1012, 700, 0)


async def test_a_queued_viewer_gives_all_that_is_there() -> None:
    viewer = QueuedViewer(RIGHTS)
    assert viewer.take_nowait() == []
    viewer.write(Batch(["one", "two"], 2))
    viewer.close(1000)
    assert viewer.take_nowait() == ["one", "two"]
    assert viewer.pending() == 0


async def test_who_waits_is_woken() -> None:
    viewer = QueuedViewer(RIGHTS)
    taking = asyncio.create_task(viewer.take())
    await asyncio.sleep(0)
    viewer.write(Batch(["one"], 1))
    assert await taking == "one"


def test_rights_are_renewed_with_their_audiences() -> None:
    viewer = QueuedViewer(RIGHTS)
    assert "staff" not in viewer.audiences
    viewer.renew(RoomRights(RIGHTS.room, RIGHTS.user, "teacher"))
    assert "staff" in viewer.audiences
    assert viewer.person["role"] == "teacher"


def test_a_viewer_of_no_kind_can_do_nothing() -> None:
    viewer = Viewer(RIGHTS)
    for use in (lambda: viewer.send({}), viewer.pending, lambda: viewer.close(1000)):
        with pytest.raises(NotImplementedError):
            use()
