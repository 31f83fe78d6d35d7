"""What the scribe adds between a worker's sending and a member's socket, how fast it writes, and how long a chat line waits.

The same chunks go the same way twice: told to the channel layer by the worker itself, and through stream, scribe and log.
What is added is the difference of the two 95th percentiles; both are printed.

A house of its own: web process, scribe, SQLite, Valkey; nothing is tied to a CPU. The worker is a program that sends text.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

from classroom.rooms.frames import SUBPROTOCOL, TICKET_PREFIX
from tests.bench.audience import percentile_ms
from tests.bench.figures import Figure
from tests.bench.seat import seated
from tests.bench.talk import Talk, Unanswered
from tests.services import wait_until
from tests.stack import Stack

ADDED_P95_MS: Final = 15.0
BULK: Final = 0.3
POST_EVERY_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Size:
    streams: int = 20
    rate: float = 20.0  # chunks a second on each
    seconds: float = 10.0
    chunks: int = 10_000  # of the race with a bare loop
    rounds: int = 3


@dataclass
class Found:
    """A value a round. ``chunks_per_s`` is absolute: it means nothing on another machine.

    ``direct_``: without stream, scribe and log; ``socket_``: with them; ``added_``: the second less the first.
    """

    direct_p50_ms: list[float] = field(default_factory=list)
    direct_p95_ms: list[float] = field(default_factory=list)
    socket_p50_ms: list[float] = field(default_factory=list)
    socket_p95_ms: list[float] = field(default_factory=list)
    added_p95_ms: list[float] = field(default_factory=list)
    direct_post_p99_ms: list[float] = field(default_factory=list)
    post_p99_ms: list[float] = field(default_factory=list)
    vs_bulk_insert: list[float] = field(default_factory=list)
    chunks_per_s: list[float] = field(default_factory=list)


def measured(folder: Path, size: Size) -> Found:
    """One house for all rounds. What fails is said and leaves its row empty."""
    found = Found()
    for number in range(size.rounds):
        print(f"round {number + 1} of {size.rounds}, the scribe …", file=sys.stderr, flush=True)
        home = folder / f"scribe-{number}"
        home.mkdir()
        try:
            with ExitStack() as opened:
                _round(opened, home, size, found)
        except (AssertionError, Unanswered, TimeoutError) as error:
            print(f"not measured: {error}", file=sys.stderr)
    return found


def figures_of(found: Found) -> list[Figure]:
    return [
        Figure("scribe_added_p95_ms", _middle(found.added_p95_ms), "<=", ADDED_P95_MS, ours=True),
        Figure("scribe_vs_bulk_insert", _middle(found.vs_bulk_insert), ">=", BULK, ours=True),
    ]


def lines_of(found: Found) -> list[str]:
    """What has no goal of its own, beside the figures."""
    lines = [
        ("scribe_direct_p50_ms", found.direct_p50_ms),
        ("scribe_direct_p95_ms", found.direct_p95_ms),
        ("scribe_socket_p50_ms", found.socket_p50_ms),
        ("scribe_socket_p95_ms", found.socket_p95_ms),
        ("scribe_chunks_per_s", found.chunks_per_s),
        ("post_p99_ms", found.post_p99_ms),
        ("direct_post_p99_ms", found.direct_post_p99_ms),
    ]
    return [f"{name}: {median(values):.4g}" for name, values in lines if values]


def _middle(values: list[float]) -> float | None:
    return median(values) if values else None


def _round(opened: ExitStack, folder: Path, size: Size, found: Found) -> None:
    stack = opened.enter_context(Stack(folder, seed=False, without=("inference", "class")))
    wait_until(stack.readiness, "the web process answers")
    environment = stack.environment()
    reads, writes = os.pipe()  # the audience tells a producer how far it is; nobody listens here
    opened.callback(os.close, reads)
    opened.callback(os.close, writes)
    streams = talk_open(opened, folder, "streams", environment=environment)
    words = ("--acks", str(writes), "--cpu", str(max(os.sched_getaffinity(0))))
    audience = talk_open(opened, folder, "audience", *words, environment=environment, fds=[writes])
    rooms = streams.ask(do="open", streams=size.streams)
    for room, ticket in zip(rooms["rooms"], rooms["tickets"], strict=True):
        where = {"host": "127.0.0.1", "port": stack.ports[0], "path": f"/ws/rooms/{room}/"}
        entered = audience.ask(do="enter", **where, protocols=[_offered(ticket)], deltas=True)
        assert not entered["refused"], entered
    direct = _sent(stack, audience, streams, size, rooms, way="direct")
    through = _sent(stack, audience, streams, size, rooms, way="stream")
    found.direct_p50_ms.append(direct["p50_ms"])
    found.direct_p95_ms.append(direct["p95_ms"])
    found.direct_post_p99_ms.append(direct["posts"])
    found.socket_p50_ms.append(through["p50_ms"])
    found.socket_p95_ms.append(through["p95_ms"])
    found.post_p99_ms.append(through["posts"])
    found.added_p95_ms.append(through["p95_ms"] - direct["p95_ms"])
    audience.ask(do="leave")
    _race(stack, streams, size, found)


def _sent(
    stack: Stack, audience: Talk, streams: Talk, size: Size, rooms: dict[str, Any], *, way: str
) -> dict[str, Any]:
    """What came of all streams' chunks, sent this way while somebody chats in the first room."""
    poster = streams.ask(do="poster")["ticket"]
    audience.ask(do="expect", upto=0, timed=True, total=int(size.rate * size.seconds) * size.streams)
    audience.tell(do="wait")
    streams.tell(do=way, rate=size.rate, seconds=size.seconds)
    posts = _posts(stack, rooms["rooms"][0], poster, size.seconds)
    streams.hear()
    came: dict[str, Any] = audience.hear()
    assert came["deliveries"] == came["expected"], came
    return {**came, "posts": posts}


def _race(stack: Stack, streams: Talk, size: Size, found: Found) -> None:
    """Both write into the same database file, one after the other."""
    stack.pause("scribe")
    streams.ask(do="fill", chunks=size.chunks)
    stack.resume("scribe")
    ours: float = streams.ask(do="stored")["seconds"]
    bare: float = streams.ask(do="bulk", chunks=size.chunks)["seconds"]
    found.vs_bulk_insert.append(bare / ours)
    found.chunks_per_s.append(size.chunks / ours)


def _posts(stack: Stack, room: str, ticket: str, seconds: float) -> float:
    """The 99th percentile of the ms between a chat line and its ack, a line every POST_EVERY_S."""
    ages: list[int] = []
    with seated(stack.urls[0], room, ticket) as ledger:
        end = time.monotonic() + seconds * 0.9
        while time.monotonic() < end:
            began = time.monotonic_ns()
            assert ledger.reply(ledger.send("message.post", text="and what about this?"))["type"] == "ack"
            ages.append(time.monotonic_ns() - began)
            time.sleep(POST_EVERY_S)
    return percentile_ms(sorted(ages), 0.99)


def _offered(ticket: str) -> str:
    return f"{SUBPROTOCOL}, {TICKET_PREFIX}{ticket}"


def talk_open(
    opened: ExitStack, folder: Path, name: str, *words: str, environment: dict[str, str], fds: list[int] | None = None
) -> Talk:
    talk = Talk(f"tests.bench.{name}", *words, log=folder / f"{name}.log", environment=environment, fds=fds or [])
    opened.callback(talk.close)
    talk.hear()
    return talk
