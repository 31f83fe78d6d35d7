"""The scribe with a real Redis Stream: batches, takeover, kills between any two steps, a Redis that comes back empty."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.core.management import call_command
from django.db import OperationalError, connection
from pytest_django import Settings

from classroom.people.models import User
from classroom.rooms import services
from classroom.rooms.models import Room
from inference_worker.job import OUTPUT_FIELD, OUTPUTS, PERSISTED, STOP, Output
from tests.services import Valkey, wait_until
from tests.tutor.turns import ask, done, fresh, log_of, shown, started, text, types
from tutor import intake, scribe
from tutor.intake import Fenced, Result
from tutor.models import Answer, Shard
from tutor.scribe import GROUP, Scribe

pytestmark = pytest.mark.django_db(transaction=True)
STREAM = OUTPUTS.format(shard=0)
RAW = "The sum is 二."


@pytest.fixture
def wire(redis_url: str) -> Iterator[Any]:
    """The worker's connection."""
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


@pytest.fixture
def answer(room: Room, bob: User) -> Answer:
    return ask(bob, room)


def send(wire: Any, *outputs: Output | str) -> None:
    for output in outputs:
        wire.xadd(STREAM, {OUTPUT_FIELD: output if isinstance(output, str) else output.to_json()})


def whole(answer: Answer, raw: str = RAW) -> list[Output]:
    return [started(answer), *(text(answer, n, raw[n : n + 2]) for n in range(0, len(raw), 2)), done(answer, raw)]


@contextmanager
def serving(name: str = "s1") -> Iterator[Scribe]:
    """A scribe at work in a thread of its own; on leaving it must end when asked to."""
    one = Scribe(0, name)

    def run() -> None:
        try:
            one.run()
        finally:
            connection.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield one
    finally:
        one.stop()
        thread.join(10)
        assert not thread.is_alive()


def ended(answer: Answer) -> Callable[[], bool]:
    return lambda: fresh(answer).state not in ("queued", "running")


def settled(wire: Any) -> Callable[[], bool]:
    return lambda: (
        wire.exists(STREAM) and bool(wire.xinfo_groups(STREAM)) and not wire.xpending(STREAM, GROUP)["pending"]
    )


def taken_and_dropped(wire: Any, *, store: bool) -> None:
    """A scribe that is killed with entries in its hands: before its commit, or between commit and ack."""
    dead = Scribe(0, "dead")
    dead._take_over(wire)
    entries = dead._read(wire, ">")
    if store:
        outputs = [output for _, fields in entries if (output := scribe._parsed(fields)) is not None]
        intake.batch_store(0, dead.epoch, entries[-1][0], outputs)


# ---- the good case


def test_what_the_worker_sends_is_in_the_log(wire: Any, room: Room, answer: Answer) -> None:
    send(wire, *whole(answer))
    with serving():
        wait_until(ended(answer), "the answer has ended")
        assert shown(room, answer) == RAW
        wait_until(settled(wire), "everything is acked")
    assert types(room)[-1] == "answer.completed"
    assert Shard.objects.get().epoch == 1


def test_what_is_stored_is_cut_from_the_stream(wire: Any, room: Room, answer: Answer) -> None:
    send(wire, *whole(answer, "0123456789" * 100))
    with serving():
        wait_until(ended(answer), "the answer has ended")
        wait_until(settled(wire), "everything is acked")
    assert wire.xlen(STREAM) < 250, "it is cut in blocks of about a hundred"


def test_it_tells_the_rooms_and_confirms_to_the_worker(wire: Any, room: Room, answer: Answer, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url, decode_responses=False) as listener, listener.pubsub() as ears:
        ears.subscribe(PERSISTED, f"chalkstream__group__room.{room.pk}")
        for _ in range(2):
            ears.get_message(timeout=5)
        with serving():
            send(wire, *whole(answer))
            heard: list[tuple[bytes, bytes]] = []

            def told() -> bool:
                message = ears.get_message(ignore_subscribe_messages=True, timeout=0.1)
                if message is not None:
                    heard.append((message["channel"], message["data"]))
                return any(b'"done":true' in data for _, data in heard)

            wait_until(told, "the worker hears that everything is stored")
    channels = [channel for channel, _ in heard]
    assert channels[0] != PERSISTED.encode(), "first the rooms, then the worker"
    last = json.loads([data for channel, data in heard if channel == PERSISTED.encode()][-1])
    assert last == {"answer": str(answer.pk), "attempt": 1, "raw_length": len(RAW), "done": True, "hole": False}
    assert any(b"answer.completed" in data for channel, data in heard if channel != PERSISTED.encode())


def test_the_end_of_an_answer_passes_the_turn_and_stops_the_worker(
    wire: Any, room: Room, answer: Answer, alice: User
) -> None:
    following = ask(alice, room)
    assert fresh(following).enqueued_at is None
    send(wire, *whole(answer))
    with serving():
        wait_until(lambda: fresh(following).enqueued_at, "the next question has the turn")
    assert wire.exists(STOP.format(answer=answer.pk))


def test_five_answers_at_once(wire: Any, room: Room, bob: User) -> None:
    rooms = [
        Room.objects.create(school_class=room.school_class, title=f"Table {n}", created_by=room.created_by)
        for n in range(5)
    ]
    asked = [ask(bob, place) for place in rooms]
    streams = [whole(answer, f"Number {n}. " * 20) for n, answer in enumerate(asked)]
    with serving():
        for together in zip(*streams, strict=True):
            send(wire, *together)
        for answer in asked:
            wait_until(ended(answer), "the answer has ended")
    for n, (place, answer) in enumerate(zip(rooms, asked, strict=True)):
        assert shown(place, answer) == f"Number {n}. " * 20
        assert [frame["seq"] for frame in log_of(place)] == list(range(1, len(log_of(place)) + 1))


# ---- kills


@pytest.mark.parametrize("store", [False, True], ids=["before the commit", "between commit and ack"])
def test_s2_a_killed_scribe_loses_and_doubles_nothing(store: bool, wire: Any, room: Room, answer: Answer) -> None:
    outputs = whole(answer)
    send(wire, *outputs[:5])
    taken_and_dropped(wire, store=store)
    before = len(types(room))
    assert (before > 1) is store
    send(wire, *outputs[5:])
    with serving("next"):
        wait_until(ended(answer), "the answer has ended")
        wait_until(settled(wire), "everything is acked")
    assert shown(room, answer) == fresh(answer).raw == RAW
    assert types(room).count("answer.started") == types(room).count("answer.completed") == 1
    assert Shard.objects.get().epoch == 2


def test_pending_entries_come_before_new_ones(wire: Any, room: Room, answer: Answer) -> None:
    """Had the new ones come first, there would be a hole."""
    outputs = whole(answer, "0123456789" * 30)
    send(wire, *outputs[:40])
    taken_and_dropped(wire, store=False)
    send(wire, *outputs[40:])
    with wire.pubsub() as ears:
        ears.subscribe(PERSISTED)
        with serving("next"):
            wait_until(ended(answer), "the answer has ended")
        while (message := ears.get_message(timeout=0.2)) is not None:
            assert '"hole":true' not in str(message["data"])
    assert shown(room, answer) == "0123456789" * 30


def test_s1_the_overtaken_leaves_by_itself(wire: Any, room: Room, answer: Answer) -> None:
    with serving("old"):
        wait_until(lambda: Shard.objects.filter(epoch=1).exists(), "the first serves")
        with serving("new"):
            wait_until(lambda: Shard.objects.filter(epoch=2).exists(), "the second serves")

            def asked_again() -> bool:
                """As the worker does: what the old one had read when it left makes a hole, and is claimed a second later."""
                send(wire, *whole(answer))
                return ended(answer)()

            wait_until(asked_again, "the answer has ended", every_s=0.5)
    assert shown(room, answer) == RAW
    assert types(room).count("answer.started") == 1


def test_what_comes_together_is_one_batch(
    wire: Any, room: Room, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first entry wakes the scribe; a transaction for it alone would hold up all the others of the pipeline."""
    real, sizes = scribe.batch_store, []

    def counted(shard: int, epoch: int, cursor: str, outputs: list[Output]) -> Result:
        sizes.append(len(outputs))
        return real(shard, epoch, cursor, outputs)

    monkeypatch.setattr(scribe, "batch_store", counted)
    monkeypatch.setattr(scribe, "GATHER_S", 0.5)  # a loaded machine
    with serving():
        wait_until(lambda: Shard.objects.filter(epoch=1).exists(), "it serves")
        with wire.pipeline(transaction=False) as pipeline:
            for output in whole(answer):
                pipeline.xadd(STREAM, {OUTPUT_FIELD: output.to_json()})
            pipeline.execute()
        wait_until(ended(answer), "the answer has ended")
    assert sizes == [len(whole(answer))]
    assert shown(room, answer) == RAW


def test_s1_the_overtaken_stores_nothing_more(wire: Any, room: Room, answer: Answer) -> None:
    old = Scribe(0, "old")
    old._take_over(wire)
    Scribe(0, "new")._take_over(wire)
    send(wire, *whole(answer))
    with pytest.raises(Fenced):
        old._turn(wire)
    with pytest.raises(Fenced):
        old._beat()
    assert types(room) == ["answer.asked"]
    with serving("next"):
        wait_until(ended(answer), "what the overtaken one took is served by the next")
    assert shown(room, answer) == RAW


def test_entries_that_a_zombie_took_after_the_takeover_are_served_later(wire: Any, room: Room, answer: Answer) -> None:
    with serving("one") as one:
        wait_until(lambda: one.epoch, "it serves")
        send(wire, started(answer))
        wait_until(lambda: fresh(answer).state == "running", "started")
    send(wire, *whole(answer)[1:])
    wire.xreadgroup(GROUP, "zombie", {STREAM: ">"})
    with serving("one"):
        wait_until(ended(answer), "the answer has ended")


# ---- Redis and the database go away


def test_a_redis_that_lost_its_stream_is_started_anew(wire: Any, room: Room, answer: Answer) -> None:
    with serving():
        send(wire, *whole(answer)[:3])
        wait_until(lambda: fresh(answer).raw_length, "some text")
        wire.flushall()
        at = fresh(answer).raw_length
        send(wire, text(answer, at, RAW[at:]), done(answer, RAW))  # the worker sends again what was not confirmed
        wait_until(ended(answer), "the answer has ended")
    assert shown(room, answer) == RAW


def test_redis_may_be_away_for_a_while(
    room: Room, answer: Answer, tmp_path_factory: pytest.TempPathFactory, settings: Settings, monkeypatch: Any
) -> None:
    monkeypatch.setattr(scribe, "RETRY_S", 0.1)
    with Valkey(Path(tmp_path_factory.mktemp("r"))) as server:
        settings.REDIS_URL = server.url
        with serving(), redis.Redis.from_url(server.url, decode_responses=True) as wire:
            send(wire, *whole(answer)[:3])
            wait_until(lambda: fresh(answer).raw_length, "some text")
            server.kill()
            server.start()
            send(wire, *whole(answer))
            wait_until(ended(answer), "the answer has ended")
    assert shown(room, answer) == RAW
    assert types(room).count("answer.completed") == 1


def test_a_database_that_refuses_once_gets_the_batch_again(
    wire: Any, room: Room, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scribe, "RETRY_S", 0.05)
    real, refusals = scribe.batch_store, iter([True, True, False])

    def moody(*batch: Any) -> intake.Result:
        if next(refusals, False):
            raise OperationalError("database is locked")
        return real(*batch)

    monkeypatch.setattr(scribe, "batch_store", moody)
    send(wire, *whole(answer))
    with serving():
        wait_until(ended(answer), "the answer has ended")
    assert shown(room, answer) == RAW


# ---- what cannot be read


@pytest.mark.parametrize(
    "rubbish",
    [
        "",
        "not json",
        "[]",
        '{"answer":"x"}',
        '{"answer":"not-an-id","attempt":1,"kind":"text","offset":0,"text":"x"}',
        json.dumps({"answer": str(uuid4()), "attempt": 1, "kind": "text", "offset": "0", "text": "x"}),
        json.dumps({"answer": str(uuid4()), "attempt": 1, "kind": "started", "offset": 0, "info": []}),
        json.dumps({"answer": str(uuid4()), "attempt": 1, "kind": "text", "offset": 0, "text": "\ud800"}),
        '{"answer":7,"attempt":1,"kind":"text","offset":0,"text":"x"}',
    ],
    ids=range(9),
)
def test_an_entry_that_cannot_be_read_stops_nobody(rubbish: str, wire: Any, room: Room, answer: Answer) -> None:
    wire.xadd(STREAM, {"other": "field"})
    send(wire, rubbish, *whole(answer))
    with serving():
        wait_until(ended(answer), "the answer has ended")
        wait_until(settled(wire), "nothing is left pending")
    assert shown(room, answer) == RAW


# ---- life signs, and the command


def test_it_says_that_it_lives_while_nothing_comes(wire: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scribe, "IDLE_S", 0.0)
    monkeypatch.setattr(scribe, "BLOCK_MS", 20)
    with serving():
        first = wait_until(lambda: (one := Shard.objects.first()) and one.beat_at, "a first sign")
        wait_until(lambda: Shard.objects.get().beat_at != first, "another one")


def test_the_command_serves_until_it_is_told_to_leave(wire: Any, room: Room, answer: Answer, monkeypatch: Any) -> None:
    handlers: dict[int, Any] = {}
    monkeypatch.setattr("signal.signal", lambda number, handler: handlers.update({number: handler}))

    def command() -> None:
        try:
            call_command("scribe")
        finally:
            connection.close()

    send(wire, *whole(answer))
    thread = threading.Thread(target=command, daemon=True)
    thread.start()
    wait_until(ended(answer), "the answer has ended")
    wait_until(lambda: 15 in handlers, "it listens for SIGTERM")
    handlers[15]()
    thread.join(10)
    assert not thread.is_alive()


def test_a_closed_rooms_answer_ends_at_its_next_word(wire: Any, room: Room, answer: Answer, alice: User) -> None:
    with serving():
        send(wire, started(answer), text(answer, 0, "Hello "))
        wait_until(lambda: fresh(answer).raw_length, "some text")
        services.room_close(by=alice, room=room)
        send(wire, text(answer, 6, "world"))
        wait_until(ended(answer), "the answer has ended")
    assert log_of(room)[-1]["data"]["reason"] == "room_closed"


def test_charlies_name_stands_in_no_entry(wire: Any, room: Room, answer: Answer, charlie: User) -> None:
    send(wire, *whole(answer))
    assert charlie.name not in str(wire.xrange(STREAM))
    with serving():
        wait_until(ended(answer), "the answer has ended")
    assert charlie.name not in str(log_of(room))
