"""A few cheap seeds of what ``make bench-board`` does at length: all copies are equal to the log's replay."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import sync_to_async
from pycrdt import Doc

from classroom.board import log, relay
from classroom.board.models import Document, Snapshot, Update
from classroom.people.models import User
from tests.board.fuzz import PROCESSES, Fuzz
from tests.board.peers import Peer, Process

pytestmark = [pytest.mark.usefixtures("redis_url"), pytest.mark.django_db(transaction=True)]


class Here:
    """Processes of this event loop; a restart loses all that a process remembers."""

    def __init__(self, board: Document, people: list[User]) -> None:
        self.board, self.people = board, people
        self.processes: list[Process] = []

    async def open(self) -> None:
        self.processes = [await Process().__aenter__() for _ in range(PROCESSES)]

    async def close(self) -> None:
        for process in self.processes:
            await process.relay.drain(250)

    def peer(self, at: int) -> Peer:
        return Peer(self.people[at % len(self.people)], self.board.pk)

    async def connect(self, peer: Peer, process: int) -> None:
        await peer.connect(self.processes[process])

    async def restart(self, process: int) -> None:
        await self.processes[process].relay.drain(250)
        log._replicas.clear()
        self.processes[process] = await Process().__aenter__()

    async def replay(self) -> Doc[Any]:
        """From the rows alone, without any snapshot."""
        doc: Doc[Any] = Doc()
        for data in await sync_to_async(lambda: list(Update.objects.order_by("seq").values_list("data", flat=True)))():
            doc.apply_update(bytes(data))
        return doc


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_q9_random_hands_leave_equal_copies(
    board: Document, bob: User, dora: User, alice: User, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "CHECK_S", 0.2)
    monkeypatch.setattr("classroom.board.limits.SNAPSHOT_ROWS", 20)
    log._replicas.clear()
    house = Here(board, [bob, dora, alice])
    await house.open()
    try:
        outcome = await Fuzz(house, seed, operations=80).run()
    finally:
        await house.close()
    assert outcome.diverged == ""
    assert outcome.shapes > 5
    assert outcome.restarts == 1
    assert await sync_to_async(Snapshot.objects.count)() == 1, "joining is quick"
    seqs = await sync_to_async(lambda: list(Update.objects.order_by("seq").values_list("seq", flat=True)))()
    assert seqs == list(range(1, len(seqs) + 1))


def test_q1_a_replay_goes_to_any_moment(board: Document, alice: User) -> None:
    from django.db import transaction

    from classroom.rooms import journal
    from tests.board.peers import drawing, shape

    log._replicas.clear()
    for _ in range(3):
        log.update_append(board, drawing(shape()), author=alice, origin="x")
        with transaction.atomic():
            journal.append(board.room_id, type="hand.raised", data={}, actor=alice)
    assert list(Update.objects.order_by("seq").values_list("room_seq", flat=True)) == [0, 1, 2]

    def count(**at: int) -> int:
        from classroom.board.scene import scene_read

        return len(scene_read(log.document_load(board, **at)))

    assert [count(), count(upto=2), count(room_seq=0), count(room_seq=1)] == [3, 2, 1, 2]
