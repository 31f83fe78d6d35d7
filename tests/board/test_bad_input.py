"""What does not belong on a board (rules Q2–Q4, Q14): a code, others untouched, later edits taken."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from pycrdt import Array, Doc, Map, Text

from classroom.board import limits, log, replica
from classroom.board.log import Draft
from classroom.board.models import Document, Update
from classroom.people.models import User
from classroom.rooms.frames import Close
from tests.board.peers import Peer, Process, drawing, shape, update_of
from tests.services import until

pytestmark = [pytest.mark.usefixtures("redis_url"), pytest.mark.django_db(transaction=True)]
KEY = "00000000-0000-4000-8000-000000000001"


@pytest.fixture(autouse=True)
def _fresh() -> None:
    log._replicas.clear()


@pytest.fixture
async def web() -> AsyncIterator[Process]:
    async with Process() as one:
        yield one


def with_root(name: str) -> bytes:
    return update_of(lambda doc: doc.get(name, type=Map).update({"a": 1}))


def as_list(doc: Doc[Any]) -> None:
    doc.get("shapes", type=Array).append("hidden")


def plain(doc: Doc[Any]) -> None:
    doc.get("shapes", type=Map)[KEY] = shape()


def pages(count: int) -> bytes:
    return update_of(
        lambda doc: doc.get("pages", type=Array).extend([Map({"id": str(at), "title": ""}) for at in range(count)])
    )


BAD: dict[str, tuple[bytes, str, str | None]] = {
    "no bytes": (b"", "malformed", None),
    "random bytes": (bytes(range(1, 90)), "malformed", None),
    "half an update": (drawing(shape())[:-9], "malformed", None),
    "a byte too many": (drawing(shape()) + b"\x00", "malformed", None),
    "a huge count": (b"\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "malformed", None),
    "another root": (with_root("secret"), "bad_field", "secret"),
    "text in the board": (update_of(lambda doc: doc.get("pages", type=Text).insert(0, "hello")), "bad_field", "pages"),
    "a list instead of a map": (update_of(as_list), "bad_field", "shapes"),
    "a shape that is no map": (update_of(plain), "bad_field", "shape"),
    "a key that is no id": (drawing(shape(), keys=["x"]), "bad_field", "id"),
    "an unknown field": (drawing(shape(onclick="alert(1)")), "bad_field", "onclick"),
    "an unknown kind": (drawing(shape(kind="video")), "bad_field", "kind"),
    "a missing field": (drawing(shape(x=None)), "bad_field", "x"),
    "not a number": (drawing(shape(x=float("nan"))), "bad_field", "x"),
    "a script in the text": (drawing(shape(kind="text", text="hi <script>alert(1)</script>")), "markup", "text"),
    "a drawing in the text": (drawing(shape(kind="text", text="<svg onload=alert(1)>")), "markup", "text"),
    "a long text": (drawing(shape(kind="text", text="a" * 2_001)), "too_long", "text"),
    "too many points": (drawing(shape(kind="line", points=[1] * 10_002)), "too_many", "points"),
    "too many pages": (pages(21), "too_many", "pages"),
    "a stroke of 10 MB": (drawing(shape(kind="line", points=[0.1] * 1_200_000)), "too_big", None),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
async def test_q2_bad_input_is_refused_and_leaves_no_trace(web: Process, board: Document, bob: User, name: str) -> None:
    data, code, field = BAD[name]
    other = "00000000-0000-4000-8000-000000000002"
    good = await sync_to_async(log.update_append)(board, drawing(shape(), keys=[other]), author=None, origin="tutor")
    before = (await sync_to_async(log.document_load)(board)).get_update()
    with pytest.raises(replica.UpdateRefused) as caught:
        await sync_to_async(log.update_append)(board, data, author=bob, origin="x")
    assert (caught.value.code, caught.value.field) == (code, field)
    assert str(caught.value.message)
    assert (await sync_to_async(log.document_load)(board)).get_update() == before
    after = drawing(shape(x=3))
    assert await sync_to_async(log.update_append)(board, after, author=bob, origin="x") == good + 1


async def test_q3_the_refused_client_begins_anew_and_is_taken_again(
    web: Process, board: Document, bob: User, dora: User
) -> None:
    async with Peer(bob, board.pk) as bad, Peer(dora, board.pk) as other:
        await bad.connect(web)
        await other.connect(web)
        kept = other.draw()
        await until(lambda: kept in bad.seen(), "both see the first shape")
        bad.draw(kind="text", text="<script>x</script>")
        later = bad.draw(x=1)
        await until(lambda: len(bad.refused) == 2, "the bad one, and what hangs on it")
        assert [one["code"] for one in bad.refused] == ["markup", "missing"]
        other.draw(x=5)
        await other.settled()
        bad.begin()
        bad.step1()
        await until(lambda: len(bad.seen()) == 2, "she has synced anew")
        assert bad.seen() == other.seen()
        again = bad.draw(x=2)
        await until(lambda: again in other.seen(), "her later edits work")
        assert later not in other.seen()
        assert other.refused == []
        assert await sync_to_async(Update.objects.count)() == 3


async def test_q3_nobody_writes_under_anothers_client_id(board: Document, bob: User, dora: User) -> None:
    append = sync_to_async(log.update_append)
    mine = Doc[Any](client_id=77)
    shapes = mine.get("shapes", type=Map)
    shapes[KEY] = Map(shape(bob))
    await append(board, mine.get_update(), author=bob, origin="x")
    known = mine.get_state()
    shapes[str(uuid4())] = Map(shape(bob))
    with pytest.raises(replica.UpdateRefused) as caught:
        await append(board, mine.get_update(known), author=dora, origin="y")
    assert (caught.value.code, caught.value.field) == ("forbidden", "client")
    log._replicas.clear()
    with pytest.raises(replica.UpdateRefused):
        await append(board, mine.get_update(known), author=dora, origin="y")
    assert await append(board, mine.get_update(), author=bob, origin="x") == 2


async def test_q4_a_page_stops_at_its_bound_for_the_socket_that_goes_beyond(
    web: Process, board: Document, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lower bound shows it on a socket; the real one follows."""
    monkeypatch.setattr(limits, "SHAPES_A_PAGE", 50)
    async with Peer(bob, board.pk) as peer:
        await peer.connect(web)
        for _ in range(4):
            peer.update(drawing(*[shape(bob) for _ in range(20)]))
        await peer.settled()
        assert [one["code"] for one in peer.refused] == ["too_many", "too_many"]
        assert await sync_to_async(Update.objects.count)() == 2


def points(count: int, page: str = "1") -> Draft:
    """So many of the smallest shapes there are, in one update: 160 bytes each."""
    return Draft(drawing(*[shape(kind="point", page=page, w=None, h=None) for _ in range(count)]), None, "tutor")


def test_q4_two_thousand_shapes_fit_on_a_page_and_not_one_more(board: Document, bob: User, dora: User) -> None:
    """The real bound, by messages as full as they may be; what others have there is untouched by each refusal."""
    full = [points(250) for _ in range(limits.SHAPES_A_PAGE // 250)]
    assert all(len(draft.data) <= limits.MESSAGE_BYTES for draft in full)
    beyond = [points(1), points(250), points(1, page="2")]
    *taken, one, many, elsewhere = log.updates_append(board.pk, [*full, *beyond])
    assert all(isinstance(row, log.Row) for row in [*taken, elsewhere])
    for refused in (one, many):
        assert isinstance(refused, replica.UpdateRefused)
        assert (refused.code, refused.field) == ("too_many", "shapes")
    doc = log.document_load(board)
    there = doc.get("shapes", type=Map)
    assert len(there) == limits.SHAPES_A_PAGE + 1
    known = doc.get_state()
    moved, gone = list(there.keys())[:2]
    there[moved]["x"] = 5
    del there[gone]
    assert log.update_append(board, doc.get_update(known), author=dora, origin="x") == len(full) + 2
    assert log.update_append(board, drawing(shape()), author=bob, origin="y") == len(full) + 3, "there is room again"


def test_q4_a_hundred_thousand_shapes_in_one_message_are_not_even_read(
    board: Document, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """16 MB: refused by their size, before any of it is looked at."""
    log.update_append(board, drawing(shape()), author=bob, origin="x")
    before = log.document_load(board).get_update()
    few = points(100).data
    hostile = few * 1_000  # as long as the update of 100,000 shapes is

    def read(data: bytes) -> None:
        raise AssertionError("read")

    with monkeypatch.context() as patched:
        patched.setattr(replica, "change_read", read)
        with pytest.raises(replica.UpdateRefused) as caught:
            log.update_append(board, hostile, author=bob, origin="x")
    assert (caught.value.code, len(hostile) > 100_000 * 100) == ("too_big", True)
    assert log.document_load(board).get_update() == before
    assert log.update_append(board, drawing(shape()), author=bob, origin="x") == 2


async def test_q4_a_document_has_an_end(board: Document, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "DOCUMENT_BYTES", 300)
    await sync_to_async(log.update_append)(board, drawing(shape()), author=bob, origin="x")
    with pytest.raises(replica.UpdateRefused) as caught:
        await sync_to_async(log.update_append)(board, drawing(shape()), author=bob, origin="x")
    assert caught.value.code == "too_big"


async def test_q14_frames_that_cannot_be_read_close_the_socket(
    web: Process, board: Document, bob: User, dora: User
) -> None:
    async with Peer(bob, board.pk) as peer, Peer(dora, board.pk) as big:
        await peer.connect(web)
        peer.say('{"type":"ping"}')
        await until(lambda: {"type": "pong"} in peer.told, "the pong")
        for frame in (b"\x07", b"", b"\x00\x00\x01\xff", b"\x01\x02\x01"):
            peer.send(frame)
        peer.say('{"type":"drop"}')
        await until(lambda: peer.closed, "closed")
        assert peer.closed == Close.BAD_FRAME
        await big.connect(web)
        big.send(b"\x00\x02" + bytes(limits.MESSAGE_BYTES))
        await until(lambda: big.closed, "closed")
        assert big.closed == 1009


async def test_q14_malformed_updates_in_a_row_close_the_socket(web: Process, board: Document, bob: User) -> None:
    async with Peer(bob, board.pk) as peer:
        await peer.connect(web)
        for _ in range(5):
            peer.update(b"\x01\x02\x03")
        await until(lambda: peer.closed, "closed")
        assert (peer.closed, len(peer.refused)) == (Close.BAD_FRAME, 5)


async def test_an_update_of_a_foreign_room_is_no_ones(web: Process, board: Document, bob: User, charlie: User) -> None:
    """Charlie's ticket opens no board of this room; and without a ticket nobody gets in."""
    async with Peer(charlie, board.pk) as outside, Peer(bob, uuid4()) as lost, Peer(bob, board.pk) as bare:
        await outside.connect(web)
        await lost.connect(web)
        await bare.connect(web, ticket="not-a-ticket")
        assert [peer.closed for peer in (outside, lost, bare)] == [Close.NOT_FOUND, Close.NOT_FOUND, Close.EXPIRED]
        assert [peer.told for peer in (outside, lost, bare)] == [[], [], []]
        await bare.connect(web, subprotocols=["classroom.v1"])
        assert bare.closed == Close.BAD_FRAME
        await bare.connect(web, headers=[(b"origin", b"https://evil.example"), (b"host", b"localhost")])
        assert bare.closed == 4403
    with pytest.raises(AssertionError):
        await sync_to_async(log.updates_append)(board.pk, [log.Draft(drawing(shape()), None, "x")], allow=_never)


def _never(document: Document, draft: log.Draft) -> None:
    raise AssertionError("asked under the lock")
