"""From a question to every screen, through all processes, on a model server that sends so many tokens a second.

What is added to the model's own time is measured: the upstream's first token comes FIRST_S after the question reaches it,
and every token carries the moment of its sending. Nothing is tied to a CPU.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

from classroom.rooms.frames import SUBPROTOCOL, TICKET_PREFIX
from classroom.supervisor.child import BASE_DIR, Child
from classroom.supervisor.ports import listen
from tests.bench import processor
from tests.bench.figures import Figure
from tests.bench.scribes import talk_open
from tests.bench.seat import seated
from tests.bench.talk import Unanswered
from tests.stack import Stack

FIRST_S: Final = 0.1
FIRST_MS: Final = {1: 40.0, 8: 80.0, 16: 150.0}  # answers at once: what may be added to the first token
VIEWERS: Final = 30
P50_MS, P95_MS = 45.0, 80.0
CPU_S: Final = 0.008  # of the web process, for 1,000 delivered tokens
RSS_MB: Final = 400.0


@dataclass(frozen=True, slots=True)
class Size:
    at_once: tuple[int, ...] = tuple(FIRST_MS)
    viewers: int = VIEWERS
    tokens: int = 400
    rate: float = 50.0
    rounds: int = 3


@dataclass
class Found:
    """A value a round; ``first_ms`` by the number of answers at once, of each round the slowest answer."""

    first_ms: dict[int, list[float]] = field(default_factory=dict)
    p50_ms: list[float] = field(default_factory=list)
    p95_ms: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    rss_mb: list[float] = field(default_factory=list)
    by_process: dict[str, float] = field(default_factory=dict)


def measured(folder: Path, size: Size) -> Found:
    found = Found()
    try:
        with ExitStack() as opened:
            school = _School(opened, folder, size)
            for number in range(size.rounds):
                print(f"round {number + 1} of {size.rounds}, end to end …", file=sys.stderr, flush=True)
                for answers in size.at_once:
                    found.first_ms.setdefault(answers, []).append(school.first_ms(answers))
                school.watched(found)
    except (AssertionError, Unanswered, TimeoutError) as error:
        print(f"not measured: {error}", file=sys.stderr)
    return found


def figures_of(found: Found) -> list[Figure]:
    first = [
        Figure(f"e2e_first_token_{answers}_ms", _middle(found.first_ms.get(answers, [])), "<=", bound, ours=True)
        for answers, bound in FIRST_MS.items()
    ]
    return [
        *first,
        Figure("e2e_viewer_p50_ms", _middle(found.p50_ms), "<=", P50_MS, ours=True),
        Figure("e2e_viewer_p95_ms", _middle(found.p95_ms), "<=", P95_MS, ours=True),
        Figure("e2e_cpu_per_1000", _middle(found.cpu_s), "<=", CPU_S, ours=True),
        Figure("idle_rss_mb", _middle(found.rss_mb), "<=", RSS_MB, ours=True),
    ]


def lines_of(found: Found) -> list[str]:
    """Which process has how much of ``idle_rss_mb``."""
    return [f"idle, {name}: {mb:.0f} MiB" for name, mb in found.by_process.items()]


def _middle(values: list[float]) -> float | None:
    return median(values) if values else None


class _School:
    """The whole house with one web process, members with tickets, and an upstream."""

    def __init__(self, opened: ExitStack, folder: Path, size: Size) -> None:
        self._size = size
        listener = listen("127.0.0.1", 0)
        opened.callback(listener.close)
        base = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        settings = {
            "OPENAI_BASE_URL": base,
            "OPENAI_MODEL": "bench",
            "INFERENCE_SLOTS": "32",
            "MAX_ANSWER_TOKENS": "1000",
        }
        self._stack = Stack(folder / "e2e", engine="openai_api", seed=False, settings=settings)
        argv = [
            sys.executable, "-m", "tests.bench.upstream", "--fd", str(listener.fileno()), "--first", str(FIRST_S),
            "--rate", str(size.rate), "--tokens", str(size.tokens),
        ]  # fmt: skip
        with (folder / "upstream.log").open("ab") as output:
            Child(
                argv, self._stack.keeper, environment=dict(os.environ), output=output, fds=[listener.fileno()],
                cwd=BASE_DIR,
            )  # fmt: skip
        opened.enter_context(self._stack)
        environment = self._stack.environment()
        reads, writes = os.pipe()  # what the audience tells a producer; nobody listens here
        opened.callback(os.close, reads)
        opened.callback(os.close, writes)
        self._people = talk_open(opened, folder, "producer", "--acks", str(reads), environment=environment, fds=[reads])
        words = ("--acks", str(writes), "--cpu", str(max(os.sched_getaffinity(0))))
        self._audience = talk_open(opened, folder, "audience", *words, environment=environment, fds=[writes])

    def first_ms(self, answers: int) -> float:
        """The slowest of ``answers`` questions that are asked at once, each in a room of its own; then all end."""
        rooms = self._people.ask(do="rooms", way="ours", rooms=answers, members=1)["rooms"]
        tickets = self._people.ask(do="tickets", first=0, count=answers)["tickets"]
        ready, took = threading.Barrier(answers), [0.0] * answers

        def one(number: int) -> None:
            with seated(self._stack.urls[0], rooms[number], tickets[number]) as ledger:
                ledger.until("snapshot")  # whoever asks has seen the room
                ready.wait(30)
                began = time.monotonic()
                answer = ledger.ask("What is it?")
                ledger.until("answer.delta")
                took[number] = (time.monotonic() - began - FIRST_S) * 1000
                ledger.send("answer.stop", answer=answer)
                ledger.end_of(answer)

        threads = [threading.Thread(target=one, args=(number,)) for number in range(answers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(took), "an answer has not begun"
        return max(took)

    def watched(self, found: Found) -> None:
        """One whole answer before ``viewers`` members: how old its tokens are when they come, and what that costs."""
        viewers = self._size.viewers
        (room,) = self._people.ask(do="rooms", way="ours", rooms=1, members=viewers + 1)["rooms"]
        tickets = self._people.ask(do="tickets", first=0, count=viewers + 1)["tickets"]
        where = {"host": "127.0.0.1", "port": self._stack.ports[0], "path": f"/ws/rooms/{room}/"}
        offered = [f"{SUBPROTOCOL}, {TICKET_PREFIX}{ticket}" for ticket in tickets[1:]]
        entered = self._audience.ask(do="enter", **where, protocols=offered, deltas=True)
        assert not entered["refused"], entered
        time.sleep(1.0)  # presence has been told
        rss = {name: processor.rss_mb(child.pid) for name, child in self._stack.children.items()}
        found.by_process = rss
        found.rss_mb.append(sum(rss.values()))
        self._audience.ask(do="expect", upto=0, timed=True, total=self._size.tokens * viewers)
        self._audience.tell(do="wait")
        web = self._stack.children["web1"].pid
        before = processor.cpu_s(web)
        with seated(self._stack.urls[0], room, tickets[0]) as ledger:
            ledger.end_of(ledger.ask("What is it?"), timeout_s=60)
        came = self._audience.hear()
        used = processor.cpu_s(web) - before
        self._audience.ask(do="leave")
        assert came["deliveries"] == came["expected"], came
        found.p50_ms.append(came["p50_ms"])
        found.p95_ms.append(came["p95_ms"])
        found.cpu_s.append(used / came["deliveries"] * 1000)
