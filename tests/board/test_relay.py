"""The relay (rules Q1–Q12) with a real channel layer, a real database and real commits, in two web processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from classroom.board import log, relay
from classroom.board.models import Document, Update
from classroom.people.models import User
from classroom.rooms.frames import Close
from tests.board.peers import Peer, Process, until

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


async def test_two_people_in_two_processes_draw_on_one_board(
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


async def test_a_late_joiner_sees_all_after_everybody_has_left(
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


async def test_pointers_are_stamped_and_taken_away(
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
