"""The log (rules J1–J5), on SQLite and on a real PostgreSQL, with real commits and real threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, close_old_connections, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from classroom.people.models import User
from classroom.rooms import broadcast, frames, journal
from classroom.rooms.models import Event, Room

pytestmark = pytest.mark.usefixtures("either_database")


def say(room_id: UUID, text: str, **more: Any) -> Event:
    with transaction.atomic():
        return journal.append(room_id, type="message.posted", data={"text": text}, **more)


def seqs(room_id: UUID) -> list[int]:
    return list(Event.objects.filter(room_id=room_id).order_by("id").values_list("seq", flat=True))


def in_threads(works: list[Callable[[], Any]]) -> list[Any]:
    """Run all at once and give back what they return; the first exception is raised here."""
    gate = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        gate.wait(30)
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result() for future in [pool.submit(run, work) for work in works]]


@pytest.fixture
def second(room: Room, alice: User) -> Room:
    return Room.objects.create(school_class=room.school_class, title="Table two", created_by=alice)


# ---- J1: one order, no gap


def test_j1_seq_counts_one_two_three_in_each_room(room: Room, second: Room) -> None:
    for number in range(3):
        assert say(room.pk, "a").seq == number + 1
    assert say(second.pk, "b").seq == 1
    assert journal.head(room.pk) == (room.epoch, 3)
    heads = {room.pk: (room.epoch, 3), second.pk: (second.epoch, 1)}
    gone = [uuid4() for _ in range(journal.HEADS)]
    assert journal.heads([room.pk, *gone, second.pk]) == heads
    assert journal.heads(gone) == journal.heads([]) == {}


def test_j1_parallel_writers_leave_no_gap_and_no_double(room: Room, bob: User, alice: User) -> None:
    def write(user: User, number: int) -> None:
        for turn in range(5):
            say(room.pk, f"{number}.{turn}", actor=user, ref=str(uuid4()))

    in_threads([partial(write, bob if number % 2 else alice, number) for number in range(8)])
    assert sorted(seqs(room.pk)) == list(range(1, 41))
    assert journal.head(room.pk)[1] == 40


def test_j1_the_order_of_commits_is_the_order_of_seq(room: Room) -> None:
    """Whoever reads the head while writers work finds every event up to it: nothing is committed below it later."""
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            close_old_connections()
            _, head = journal.head(room.pk)
            assert [e.seq for e in journal.read(room.pk, after=0)][:head] == list(range(1, head + 1))

    def write() -> None:
        try:
            for _ in range(15):
                say(room.pk, "x")
        finally:
            done.set()

    in_threads([read, read, write])


def test_j1_a_rollback_leaves_no_gap(room: Room) -> None:
    say(room.pk, "one")
    with transaction.atomic():
        journal.append(room.pk, type="message.posted", data={"text": "never"})
        transaction.set_rollback(True)
    assert say(room.pk, "two").seq == 2
    assert seqs(room.pk) == [1, 2]


def test_j1_a_rollback_to_a_savepoint_leaves_no_gap(room: Room) -> None:
    with transaction.atomic():
        journal.append(room.pk, type="message.posted", data={"text": "one"})
        with transaction.atomic():
            journal.append(room.pk, type="message.posted", data={"text": "never"})
            transaction.set_rollback(True)
        journal.append(room.pk, type="message.posted", data={"text": "two"})
    assert seqs(room.pk) == [1, 2]


def test_j1_the_database_itself_refuses_a_second_event_at_a_seq(room: Room) -> None:
    event = say(room.pk, "one")
    with pytest.raises(IntegrityError), transaction.atomic():
        Event.objects.create(room=room, seq=event.seq, type="message.posted", at=timezone.now(), by=None, data={})


# ---- J2: only facts, only in a transaction


def test_j2_only_facts_of_the_protocol_are_logged(room: Room) -> None:
    for type in [*frames.EPHEMERAL, frames.HIDDEN, "message.post", "message.poste"]:
        with pytest.raises(ValueError, match="is not a fact"), transaction.atomic():
            journal.append(room.pk, type=type, data={})
    assert journal.head(room.pk)[1] == 0


def test_j2_appending_needs_a_transaction(room: Room) -> None:
    with pytest.raises(transaction.TransactionManagementError):
        journal.append(room.pk, type="message.posted", data={"text": "one"})
    with pytest.raises(transaction.TransactionManagementError):
        journal.append_many([journal.Draft(room.pk, "message.posted", {"text": "one"})])
    assert journal.head(room.pk)[1] == 0


def test_j2_many_are_checked_like_one(room: Room) -> None:
    with pytest.raises(ValueError, match="is not a fact"), transaction.atomic():
        journal.append_many([journal.Draft(room.pk, "thought", {"text": "secret"})])
    assert journal.head(room.pk)[1] == 0


def test_a_room_that_is_gone_takes_no_event(room: Room) -> None:
    with pytest.raises(Room.DoesNotExist):
        say(uuid4(), "one")
    with pytest.raises(Room.DoesNotExist):
        journal.head(uuid4())


# ---- J3: write, then tell


def test_j3_nothing_is_told_before_the_commit(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[list[Event]] = []
    monkeypatch.setattr(broadcast, "events_tell", lambda events: told.append(list(events)))
    with transaction.atomic():
        event = journal.append(room.pk, type="message.posted", data={"text": "one"})
        assert told == []
    assert told == [[event]]


def test_j3_what_is_rolled_back_is_never_told(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[list[Event]] = []
    monkeypatch.setattr(broadcast, "events_tell", lambda events: told.append(list(events)))
    with transaction.atomic():
        journal.append(room.pk, type="message.posted", data={"text": "never"})
        transaction.set_rollback(True)
    assert told == []


def test_j3_many_are_told_by_their_writer(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[list[Event]] = []
    monkeypatch.setattr(broadcast, "events_tell", lambda events: told.append(list(events)))
    with transaction.atomic():
        journal.append_many([journal.Draft(room.pk, "message.posted", {"text": "one"})])
    assert told == []


# ---- J4: the same frame once


def test_j4_the_same_ref_of_the_same_person_is_one_event(room: Room, bob: User) -> None:
    ref = str(uuid4())
    first = say(room.pk, "hello", actor=bob, ref=ref)
    again = say(room.pk, "hello", actor=bob, ref=ref)
    assert (again.pk, again.seq) == (first.pk, first.seq)
    assert say(room.pk, "next", actor=bob, ref=str(uuid4())).seq == 2
    assert seqs(room.pk) == [1, 2]


def test_j4_twenty_parallel_repeats_are_one_event(room: Room, bob: User) -> None:
    ref = str(uuid4())
    found = in_threads([partial(say, room.pk, "hello", actor=bob, ref=ref)] * 20)
    assert {event.seq for event in found} == {1}
    assert seqs(room.pk) == [1]
    assert journal.head(room.pk)[1] == 1


def test_j4_another_persons_same_ref_is_another_event(room: Room, second: Room, bob: User, charlie: User) -> None:
    ref = str(uuid4())
    assert say(room.pk, "bob", actor=bob, ref=ref).seq == 1
    assert say(room.pk, "charlie", actor=charlie, ref=ref).seq == 2
    assert say(second.pk, "bob", actor=bob, ref=ref).seq == 1


def test_events_without_a_ref_are_never_taken_for_repeats(room: Room, bob: User) -> None:
    assert [say(room.pk, "x", actor=bob).seq, say(room.pk, "x", actor=bob).seq, say(room.pk, "x").seq] == [1, 2, 3]


# ---- J5: several rooms at once


def test_j5_drafts_keep_their_order_in_each_room(room: Room, second: Room) -> None:
    say(second.pk, "zero")
    drafts = [
        journal.Draft(target.pk, "message.posted", {"text": text}, trace="t" * 32, audience=audience, by=None)
        for target, text, audience in [
            (second, "b1", journal.ALL),
            (room, "a1", journal.STAFF),
            (second, "b2", journal.ALL),
            (room, "a2", journal.only(room.created_by_id)),
        ]
    ]
    with transaction.atomic():
        events = journal.append_many(drafts)
    assert [(event.data["text"], event.seq) for event in events] == [("b1", 2), ("a1", 1), ("b2", 3), ("a2", 2)]
    stored = journal.read(room.pk, after=0)
    assert [event.frame() for event in stored] == [event.frame() for event in events if event.room_id == room.pk]
    assert [event.audience for event in stored] == ["staff", f"user:{room.created_by_id}"]


def test_j5_the_number_of_rooms_costs_no_statements(room: Room, alice: User) -> None:
    made = [Room(school_class=room.school_class, title=f"T{n}", created_by=alice) for n in range(8)]
    rooms = Room.objects.bulk_create(made)
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        journal.append_many([journal.Draft(one.pk, "message.posted", {"text": "x"}) for one in rooms])
    assert len(queries) == 2, "raise, insert"
    assert {journal.head(one.pk) for one in rooms} == {(one.epoch, 1) for one in rooms}


def test_j5_nothing_to_append_is_nothing(room: Room) -> None:
    with transaction.atomic():
        assert journal.append_many([]) == []


def test_j5_writers_of_several_rooms_never_block_each_other_for_good(room: Room, second: Room, alice: User) -> None:
    """Half of them name the rooms in the other order; locks are taken by id all the same."""
    third = Room.objects.create(school_class=room.school_class, title="Table three", created_by=alice)
    rooms = [room.pk, second.pk, third.pk]

    def write(order: list[UUID]) -> None:
        for _ in range(5):
            with transaction.atomic():
                journal.append_many([journal.Draft(room_id, "message.posted", {"text": "x"}) for room_id in order])

    in_threads([partial(write, rooms if number % 2 else rooms[::-1]) for number in range(6)])
    for room_id in rooms:
        assert seqs(room_id) == list(range(1, 31))


def test_j5_a_room_that_is_gone_takes_the_whole_batch_along(room: Room) -> None:
    drafts = [journal.Draft(key, "message.posted", {"text": "x"}) for key in (room.pk, uuid4())]
    with pytest.raises(Room.DoesNotExist), transaction.atomic():
        journal.append_many(drafts)
    assert seqs(room.pk) == []


# ---- what is kept and how it is read


def test_an_event_is_kept_as_it_was_said(room: Room, bob: User) -> None:
    with transaction.atomic():
        event = journal.append(
            room.pk, type="message.posted", data={"text": "林 \u2028 👩‍👩‍👧"}, actor=bob, ref="r", trace="t" * 32
        )
    bob.display_name = "Robert"
    bob.save()
    kept = journal.read(room.pk, after=0)[0].frame()
    assert kept == event.frame()
    assert kept["by"] == {"id": str(bob.pk), "name": "Bob Baker", "role": "student"}
    assert (kept["ref"], kept["trace"], kept["data"]["text"]) == ("r", "t" * 32, "林 \u2028 👩‍👩‍👧")
    assert abs(event.at - timezone.now()) < timedelta(minutes=1)


def test_somebody_may_stand_as_another_role_than_the_accounts(room: Room, alice: User) -> None:
    event = say(room.pk, "x", actor=alice, by=journal.person(alice, "observer"))
    assert event.by == {"id": str(alice.pk), "name": "Alice Archer", "role": "observer"}


def test_reading_goes_on_behind_a_cursor(room: Room) -> None:
    for number in range(5):
        say(room.pk, str(number))
    assert [event.seq for event in journal.read(room.pk, after=2)] == [3, 4, 5]
    assert [event.seq for event in journal.read(room.pk, after=2, limit=2)] == [3, 4]
    assert journal.read(room.pk, after=5) == []
    assert journal.read(uuid4(), after=0) == []


def test_h7_reading_says_when_the_log_is_another_one(room: Room) -> None:
    first, second = say(room.pk, "one"), say(room.pk, "two")
    assert first.epoch == second.epoch == room.epoch
    assert [event.seq for event in journal.read_in(room.pk, room.epoch, after=1) or []] == [2]
    Room.objects.filter(pk=room.pk).update(epoch="restored")
    assert journal.read_in(room.pk, room.epoch, after=1) is None
    assert journal.read_in(uuid4(), room.epoch, after=1) == []
    with transaction.atomic():
        [told] = journal.append_many([journal.Draft(room.pk, "message.posted", {"text": "three"})])
    assert told.epoch == "restored"
