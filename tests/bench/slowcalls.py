"""A stream in one room while frames of another room stand at the database for 300 ms, in the same web process, again and again.

On PostgreSQL another connection holds the row of the other room; whoever says something there waits for it, and more people do
than a web process has threads for its rooms. (SQLite has one lock for all that write: the stream itself could not be written
while somebody holds that, and nothing would be left to measure.) The same words are said at the same rate without the lock.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

import psycopg

from classroom.rooms.frames import SUBPROTOCOL, TICKET_PREFIX
from tests.bench.figures import Figure
from tests.bench.scribes import talk_open
from tests.bench.seat import seated
from tests.bench.talk import Talk, Unanswered
from tests.ledger import Ledger
from tests.services import wait_until
from tests.stack import Stack

HOLD_S: Final = 0.3
LINE_S: Final = 0.1  # beside it a line lasts HOLD_S: whoever has just been let through is to stand there again
TIMES: Final = 2.0
SPEAKERS: Final = 6  # classroom.rooms.offload has four threads


@dataclass(frozen=True, slots=True)
class Size:
    viewers: int = 20
    rate: float = 50.0
    seconds: float = 8.0
    rounds: int = 3


@dataclass
class Found:
    """A value a round, in ms: the stream's p99 without and with the lock, and how long a frame stood there (median)."""

    calm_ms: list[float] = field(default_factory=list)
    beside_ms: list[float] = field(default_factory=list)
    waited_ms: list[float] = field(default_factory=list)


def measured(folder: Path, size: Size) -> Found:
    found = Found()
    try:
        without = ("scribe", "inference", "class")
        with Stack(folder / "slow", seed=False, database="postgres", without=without) as stack:
            wait_until(stack.readiness, "the web process answers")
            house_measure(stack, size, found)
    except (AssertionError, Unanswered, TimeoutError, psycopg.Error) as error:
        print(f"not measured: {error}", file=sys.stderr)
    return found


def figures_of(found: Found) -> list[Figure]:
    ratios = [beside / calm for calm, beside in zip(found.calm_ms, found.beside_ms, strict=True)]
    return [Figure("slow_database_p99_ratio", median(ratios) if ratios else None, "<=", TIMES, ours=True)]


def lines_of(found: Found) -> list[str]:
    rows = (("calm", found.calm_ms), ("beside slow calls", found.beside_ms), ("a slow call", found.waited_ms))
    return [
        f"p99 of a stream, {name}: {', '.join(f'{ms:.1f}' for ms in each)} ms" for name, each in rows[:2] if each
    ] + [f"{name} took (median) {', '.join(f'{ms:.0f}' for ms in each)} ms" for name, each in rows[2:] if each]


def house_measure(stack: Stack, size: Size, found: Found, *, web: int = 0) -> None:
    """In a house on PostgreSQL that stands already."""
    with ExitStack() as opened:
        reads, writes = os.pipe()
        opened.callback(os.close, reads)
        opened.callback(os.close, writes)
        environment = stack.environment()
        producer = talk_open(opened, stack.data, "producer", "--acks", str(reads), environment=environment, fds=[reads])
        words = ("--acks", str(writes), "--cpu", str(max(os.sched_getaffinity(0))))
        audience = talk_open(opened, stack.data, "audience", *words, environment=environment, fds=[writes])
        (other,) = producer.ask(do="rooms", way="ours", rooms=1, members=SPEAKERS)["rooms"]
        tickets = producer.ask(do="tickets", first=0, count=SPEAKERS)["tickets"]
        speakers = [opened.enter_context(seated(stack.urls[web], other, ticket)) for ticket in tickets]
        (room,) = producer.ask(do="rooms", way="ours", rooms=1, members=size.viewers)["rooms"]
        tickets = producer.ask(do="tickets", first=0, count=size.viewers)["tickets"]
        offered = [f"{SUBPROTOCOL}, {TICKET_PREFIX}{ticket}" for ticket in tickets]
        where = {"host": "127.0.0.1", "port": stack.ports[web], "path": f"/ws/rooms/{room}/"}
        entered = audience.ask(do="enter", **where, protocols=offered)
        assert not entered["refused"], entered
        _streamed(producer, audience, size, seconds=1.0)  # nothing is loaded for the first time in what is measured
        for number in range(size.rounds):
            print(f"round {number + 1} of {size.rounds}, slow calls …", file=sys.stderr, flush=True)
            for held in (False, True) if number % 2 == 0 else (True, False):
                with _lock(stack, other, held=held), _talk(speakers, every_s=LINE_S if held else HOLD_S) as waited:
                    p99_ms = _streamed(producer, audience, size, seconds=size.seconds)
                (found.beside_ms if held else found.calm_ms).append(p99_ms)
                if held:
                    found.waited_ms.append(median(waited) * 1000)
                    assert found.waited_ms[-1] > HOLD_S * 500, "no frame stood at the database"


def _streamed(producer: Talk, audience: Talk, size: Size, *, seconds: float) -> float:
    count = int(size.rate * seconds)
    audience.ask(do="expect", upto=0, timed=True, total=count * size.viewers)
    audience.tell(do="wait")
    producer.ask(do="produce", count=count, window=0, rate=size.rate)
    came = audience.hear()
    assert came["deliveries"] == came["expected"], came
    assert not came["disordered"], came
    return float(came["p99_ms"])


@contextmanager
def _beside(work: Sequence[Any]) -> Iterator[threading.Event]:
    """Threads that run until the ``with`` ends; what goes wrong in one is raised then."""
    over, failed = threading.Event(), list[BaseException]()

    def run(one: Any) -> None:
        try:
            one(over)
        except (AssertionError, OSError, TimeoutError, psycopg.Error) as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    try:
        yield over
    finally:
        over.set()
        for thread in threads:
            thread.join()
    if failed:
        raise AssertionError(f"{type(failed[0]).__name__}: {failed[0]}")


@contextmanager
def _lock(stack: Stack, room: str, *, held: bool) -> Iterator[None]:
    """Another program holds the room's row for HOLD_S, lets those who wait have it, and holds it again."""

    def hold(over: threading.Event) -> None:
        with psycopg.connect(stack.database_url) as connection:
            while not over.is_set():
                connection.execute("SELECT 1 FROM rooms_room WHERE id = %s FOR UPDATE", (room,))
                over.wait(HOLD_S)
                connection.rollback()
                time.sleep(0.005)

    with _beside([hold] if held else []):
        yield


@contextmanager
def _talk(speakers: Sequence[Ledger], *, every_s: float) -> Iterator[list[float]]:
    """Each says something every ``every_s``, or when her last line has been taken. The seconds that each line took."""
    took: list[float] = []

    def speak(ledger: Ledger, over: threading.Event) -> None:
        while not over.is_set():
            began = time.monotonic()
            assert ledger.reply(ledger.send("message.post", text="and what about this?"))["type"] == "ack"
            took.append(time.monotonic() - began)
            over.wait(max(0.0, every_s - took[-1]))

    with _beside([lambda over, one=one: speak(one, over) for one in speakers]):
        yield took
