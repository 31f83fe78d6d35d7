"""The relay (rules Q1–Q12) with a real channel layer, a real database and real commits, in two web processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError

from classroom.board import channel, limits, log, place, relay
from classroom.board.models import Document, Update
from classroom.people.models import User
from classroom.people.tickets import ticket_mint
from classroom.rooms import broadcast
from classroom.rooms.frames import Close
from tests.board.peers import Peer, Process, drawing, shape
from tests.services import Valkey, until

pytestmark = [pytest.mark.usefixtures("redis_url"), pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _fresh() -> None:
    """Replicas of an earlier test are of another database."""
    log._replicas.clear()


@pytest.fixture
async def two(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Process, Process]]:
    monkeypatch.setattr(relay, "CHECK_S", 0.2)
    async with Process() as one, Process() as other:
        yield one, other


async def test_q9_two_people_in_two_processes_draw_on_one_board(
    two: tuple[Process, Process], board: Document, bob: User, dora: User
) -> None:
    async with Peer(bob, board.pk) as here, Peer(dora, board.pk) as there:
        await here.connect(two[0])
        await there.connect(two[1])
        assert (here.hello["may_write"], here.hello["mode"]) == (True, "open")
        key = here.draw(x=1)
        await until(lambda: key in there.seen(), "the shape arrives")
        there.shapes[key]["x"] = 7
        await until(lambda: here.seen()[key]["x"] == 7, "the move arrives")
        await here.settled()
        rows = await sync_to_async(lambda: list(Update.objects.order_by("seq").values_list("seq", "author")))()
        assert rows == [(1, bob.pk), (2, dora.pk)]


async def test_q13_a_late_joiner_sees_all_after_everybody_has_left(
    two: tuple[Process, Process], board: Document, bob: User, dora: User
) -> None:
    async with Peer(bob, board.pk) as first:
        await first.connect(two[0])
        keys = {first.draw(x=at) for at in range(5)}
        await first.settled()
    await until(lambda: not two[0].relay.places, "nobody looks")
    log._replicas.clear()
    async with Peer(dora, board.pk) as late:
        await late.connect(two[1])
        assert set(late.seen()) == keys


async def test_the_outsider_is_refused(two: tuple[Process, Process], board: Document, charlie: User) -> None:
    async with Peer(charlie, board.pk) as outside:
        await outside.connect(two[0])
        assert (outside.closed, outside.told, outside.frames) == (Close.NOT_FOUND, [], [])


async def test_q12_pointers_are_stamped_and_taken_away(
    two: tuple[Process, Process], board: Document, bob: User, dora: User
) -> None:
    async with Peer(bob, board.pk) as here, Peer(dora, board.pk) as there:
        await here.connect(two[0])
        await there.connect(two[1])
        client = here.doc.client_id
        here.point({"pointer": {"page": "1", "x": 1, "y": 2}, "user": {"id": "x", "name": "The teacher"}})
        await until(lambda: client in there.states, "the pointer arrives")
        state: Any = there.states[client][1]
        assert (state["user"]["name"], state["pointer"]["x"]) == ("Bob Baker", 1)
        await here.disconnect()
        await until(lambda: there.states[client][1] is None, "it goes when she goes")
        assert await sync_to_async(Update.objects.count)() == 0
        await asyncio.sleep(0)


async def append(board: Document, author: User | None = None) -> int:
    """An update that does not come over a socket: the tutor draws."""
    return await sync_to_async(log.update_append)(board, drawing(shape()), author=author, origin="tutor")


async def test_q9_a_lost_hint_is_found_by_looking(
    two: tuple[Process, Process], board: Document, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Peer(bob, board.pk) as peer:
        await peer.connect(two[0])
        with monkeypatch.context() as lossy:
            lossy.setattr(broadcast, "group_tell", lambda group, message: None)
            await append(board)
        await until(lambda: len(peer.seen()) == 1, "found in the log")
        assert two[0].relay.repaired == 1


async def test_q9_hints_that_are_lost_doubled_or_cross_are_put_in_order(
    two: tuple[Process, Process], board: Document, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "CHECK_S", 600.0)  # so that only hints, and the hole that they show, can have told
    async with Process() as third, Peer(bob, board.pk) as peer:
        await peer.connect(third)
        told: list[Any] = []
        with monkeypatch.context() as held:
            held.setattr(broadcast, "group_tell", lambda group, message: told.append((group, message)))
            for _ in range(4):
                await append(board)
        frames = len(peer.frames)
        for at in (2, 0, 0, 3):
            await sync_to_async(broadcast.group_tell)(*told[at])
        await until(lambda: len(peer.seen()) == 4, "all four are there")
        assert len(peer.frames) == frames + 4, "each once"


async def test_q11_without_redis_the_class_goes_on_drawing(
    board: Document,
    bob: User,
    dora: User,
    tmp_path_factory: pytest.TempPathFactory,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(relay, "CHECK_S", 0.2)
    monkeypatch.setattr(channel, "WAIT_S", 0.2)
    with Valkey(tmp_path_factory.mktemp("r")) as server:
        settings.REDIS_URL = server.url
        layer = {**settings.CHANNEL_LAYERS["default"]}
        layer["CONFIG"] = {**layer["CONFIG"], "hosts": [{"address": server.url, "socket_timeout": None}]}
        settings.CHANNEL_LAYERS = {"default": layer}
        async with Process() as one, Process() as other, Peer(bob, board.pk) as here, Peer(dora, board.pk) as there:
            await here.connect(one)
            await there.connect(other)
            server.stop()
            key = here.draw()
            await until(lambda: key in there.seen(), "by looking at the log", 20)
            server.start()
            await until(
                lambda: all(at.relay.places[board.pk].subscribed for at in (one, other)), "it is heard again", 20
            )
            again = there.draw()
            await until(lambda: again in here.seen(), "and on it goes", 20)


async def test_q10_a_slow_socket_gets_the_rest_from_the_log(
    two: tuple[Process, Process], board: Document, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Peer(bob, board.pk) as peer:
        await peer.connect(two[0])
        [socket] = two[0].relay.sockets()
        waiting = [10_000_000]
        monkeypatch.setattr(socket, "pending", lambda: waiting[0])
        for _ in range(3):
            await append(board)
        await until(lambda: not socket.live, "it has left the live path")
        assert peer.seen() == {}
        waiting[0] = 0
        await until(lambda: len(peer.seen()) == 3, "it has caught up")
        await until(lambda: socket.live, "and is live again")
        await append(board)
        await until(lambda: len(peer.seen()) == 4, "live")


async def test_offline_edits_merge_on_return(
    two: tuple[Process, Process], board: Document, bob: User, dora: User
) -> None:
    async with Peer(bob, board.pk) as here, Peer(dora, board.pk) as there:
        await here.connect(two[0])
        await there.connect(two[1])
        here.draw()
        await until(there.seen, "online")
        await here.disconnect()
        offline = [here.draw(), here.draw()]
        online = there.draw()
        await there.settled()
        await here.connect(two[1])
        await until(lambda: set(offline) <= set(there.seen()), "her offline edits arrive")
        assert online in here.seen()
        assert here.seen() == there.seen()


async def test_q9_what_was_on_its_way_reaches_a_document_that_began_anew(
    two: tuple[Process, Process], board: Document, bob: User, dora: User
) -> None:
    """Her own strokes are not told to her, but what she draws on now is another document, which has none of them."""
    async with Peer(bob, board.pk) as peer, Peer(dora, board.pk) as other:
        await peer.connect(two[0])
        await other.connect(two[1])
        for _ in range(20):
            peer.draw()
        peer.begin()
        peer.step1()
        await until(lambda: len(other.seen()) == 20, "the others have them")
        await until(lambda: len(peer.seen()) == 20, "and she has them again")


async def test_q14_who_comes_without_step_1_is_closed(
    two: tuple[Process, Process], board: Document, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classroom.board.consumers.JOIN_S", 0.1)
    async with Peer(bob, board.pk) as peer:
        await peer.connect(two[0], sync=False)
        await until(lambda: peer.closed, "closed")
        assert peer.closed == Close.NO_JOIN


async def test_q12_pointers_come_at_most_twenty_times_a_second(
    two: tuple[Process, Process], board: Document, bob: User, dora: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "AWARENESS_S", 0.2)
    async with Peer(bob, board.pk) as here, Peer(dora, board.pk) as there:
        await here.connect(two[0])
        await there.connect(two[0])
        begun = len(there.frames)
        for at in range(50):
            here.point({"pointer": {"page": "1", "x": at, "y": 0}}, clock=at + 1)
        await until(lambda: there.states.get(here.doc.client_id, (0, 0))[0] == 50, "the last one counts")
        assert len(there.frames) - begun <= 4
        there.point({"laser": True}, clock=1)
        await until(lambda: here.states.get(there.doc.client_id), "hers")
        here.point({"laser": False}, clock=99, client=there.doc.client_id)
        here.point({"laser": True}, clock=100)
        await until(lambda: there.states[here.doc.client_id][0] == 100, "his own")
        assert two[0].relay.places[board.pk].states.all()[1].clock == 1, "nobody points for another"


async def test_q12_whoever_comes_later_sees_who_is_there(
    two: tuple[Process, Process], board: Document, bob: User, dora: User
) -> None:
    async with Peer(bob, board.pk) as here, Peer(dora, board.pk) as there:
        await here.connect(two[0])
        here.point({"view": {"page": "1", "x": 0, "y": 0, "w": 9, "h": 9}})
        await until(lambda: two[0].relay.places[board.pk].states.all(), "it is known")
        await there.connect(two[1])
        await until(lambda: there.states.get(here.doc.client_id), "asked for")


async def test_a_restart_names_a_moment_to_come_back(board: Document, bob: User) -> None:
    async with Peer(bob, board.pk) as peer:
        async with Process() as one:
            await peer.connect(one)
        await until(lambda: peer.closed, "closed")
        assert peer.closed == Close.RESTART
        assert peer.reason.startswith("retry_ms=")


async def test_h5_who_is_taken_out_of_the_class_or_signs_in_anew_is_closed(
    two: tuple[Process, Process], board: Document, bob: User, dora: User, alice: User
) -> None:
    from classroom.rooms import services

    async with Peer(bob, board.pk) as gone, Peer(dora, board.pk) as out:
        await gone.connect(two[0])
        ticket = await sync_to_async(ticket_mint)(dora, until=None, session_key="a page")
        await out.connect(two[1], ticket=ticket)
        room = await sync_to_async(lambda: board.room.school_class)()
        await sync_to_async(services.member_remove)(school_class=room, user_id=bob.pk, by=alice)
        await until(lambda: gone.closed, "removed")
        dora.set_password("another-horse-9")
        await sync_to_async(dora.save)()
        await sync_to_async(broadcast.everywhere_tell)({"type": "rights.changed"})
        await until(lambda: out.closed, "another password")
        assert (gone.closed, out.closed) == (Close.REVOKED, Close.EXPIRED)


async def test_a_log_that_is_another_one_begins_anew(two: tuple[Process, Process], board: Document, bob: User) -> None:
    """A restored backup: shorter than what this process knew."""
    async with Peer(bob, board.pk) as peer:
        await peer.connect(two[0])
        peer.draw()
        await peer.settled()
        await sync_to_async(Update.objects.all().delete)()
        await sync_to_async(Document.objects.update)(last_seq=0)
        await until(lambda: peer.closed, "closed")
        assert peer.closed == Close.RESTART
        peer.begin()
        await peer.connect(two[0])
        assert peer.seen() == {}


def test_hints_wait_until_the_log_was_read() -> None:
    one = place.Place(Document().pk)
    assert one.ingest([log.Row(3, "", b""), log.Row(4, "", b"")]) is False
    one.start(2)
    assert one.ingest([]) is False
    assert [told.seq for told in one.outgoing] == [3, 4]
    assert one.ingest([log.Row(seq, "", b"") for seq in range(10, 10 + place.EARLY_MAX + 1)]) is False


async def test_q2_without_the_database_sockets_come_back_with_what_they_have(
    two: tuple[Process, Process], board: Document, bob: User, dora: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Peer(bob, board.pk) as peer, Peer(dora, board.pk) as other:
        await peer.connect(two[0])
        await other.connect(two[0])
        await quiet(peer, other)
        with monkeypatch.context() as broken:
            broken.setattr(log, "_insert", _away)
            key = peer.draw()
            await until(lambda: peer.closed, "closed")
            assert (peer.closed, peer.refused, other.closed) == (Close.RESTART, [], None)
        await peer.connect(two[1])
        await until(lambda: key in other.seen(), "it is not lost")


async def test_q2_what_breaks_a_batch_takes_others_along_once_at_most(
    two: tuple[Process, Process], board: Document, bob: User, dora: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours or of the library's that one update brings about: it is written by itself the next time."""
    judge = log._judge

    def faulty(replica: Any, document: Document, draft: log.Draft, *more: Any) -> Any:
        if b"poison" in draft.data:
            raise ZeroDivisionError
        return judge(replica, document, draft, *more)

    monkeypatch.setattr(log, "_judge", faulty)
    async with Peer(bob, board.pk) as bad, Peer(dora, board.pk) as good:
        await bad.connect(two[0])
        await good.connect(two[0])
        await quiet(bad, good)
        bad.draw(alt="poison")
        await until(lambda: bad.closed, "closed")
        bad.begin()
        await bad.connect(two[0])
        await quiet(bad)
        bad.draw(alt="poison")
        key = good.draw()
        await until(lambda: bad.closed, "closed again")
        await good.settled()
        assert good.closed is None
        assert key in good.seen()
        assert await sync_to_async(Update.objects.count)() == 1


async def quiet(*peers: Peer) -> None:
    """Until what each had to say on coming in has been taken."""
    for peer in peers:
        await until(lambda peer=peer: peer.sent, "her step 2")  # type: ignore[misc]  # a lambda with a default
        await peer.settled()


def _away(*_: object) -> None:
    raise OperationalError("the disk is full")
