"""What a run needs, all real: a web process on SQLite, Valkey, the peer beside it, a producer and the load client.

Web process, peer, Valkey and producer share one CPU; the load client has another. Only one of web process and peer is
at work at a time; the other one sits idle.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

from classroom.rooms.frames import SUBPROTOCOL, TICKET_PREFIX
from classroom.supervisor.child import BASE_DIR, Child
from classroom.supervisor.ports import listen
from tests.bench import golang, processor
from tests.bench.talk import Talk, Unanswered
from tests.services import wait_until
from tests.stack import Stack

Way = Literal["ours", "bare", "tutorial", "socketio", "go"]
HOST: Final = "127.0.0.1"
PEERS: Final[dict[Way, tuple[str, str]]] = {  # the package that has to be there, and the peer's own module
    "bare": ("websockets", "tests.bench.bare"),
    "tutorial": ("daphne", "tests.bench.peer_tutorial"),
    "socketio": ("socketio", "tests.bench.peer_socketio"),
}
WINDOW: Final = 32  # events on their way at most, in the closed loop
RATE: Final = 50.0  # events a second, when paced: a fast tutor
GROUP: Final = 50  # members who come in together: a ticket is good for 30 s
SETTLE_S: Final = 1.0  # after the last has come in: presence is told to everybody


def installed(way: Way) -> bool:
    if way == "go":
        return golang.installed()
    return way == "ours" or importlib.util.find_spec(PEERS[way][0]) is not None


class NotMeasured(Exception):
    """One path gave no figure; the text says why."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How many events one sitting has: to warm up, saturated, and paced."""

    warm: int
    closed: int
    paced: int


@dataclass(frozen=True, slots=True)
class Sitting:
    """What one room of ``members`` gave on one path. Absolute numbers: they mean nothing outside their own run."""

    way: Way
    members: int
    deliveries: int
    expected: int
    per_cpu_s: float  # deliveries per CPU-second of the server process, saturated
    paced_per_cpu_s: float
    p50_ms: float
    p99_ms: float
    commit_ms: float  # the part of p50 in which the log was written
    entering_cpu_ms: float  # of the server process, a member: ticket spent, rights read, snapshot sent

    def record(self) -> dict[str, Any]:
        return asdict(self)


class Rig:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:  # also Ctrl-C: what was started must not be left running
            self._open.close()
            raise
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._open.close()

    def _start(self) -> None:
        here, elsewhere = processor.places()
        self._open.callback(processor.move_to, os.sched_getaffinity(0))
        processor.move_to(here)
        reads, writes = os.pipe()
        self._open.callback(os.close, reads)
        self._open.callback(os.close, writes)
        without = ("scribe", "inference", "class")
        self._stack = self._open.enter_context(Stack(self._folder, seed=False, without=without))
        wait_until(self._stack.readiness, "the web process answers")
        environment = self._stack.environment()
        self._pids: dict[Way, int] = {"ours": self._stack.children["web1"].pid}
        self._ports: dict[Way, int] = {"ours": self._stack.ports[0]}
        self._producer = self._talk("producer", "--acks", str(reads), environment=environment, fds=[reads])
        words = ["--acks", str(writes), "--cpu", str(min(elsewhere))]
        self._audience = self._talk("audience", *words, environment=environment, fds=[writes])

    def _start_peer(self, way: Way) -> None:
        """On its first sitting."""
        listener = listen(HOST, 0)
        self._open.callback(listener.close)
        program = golang.built(self._folder) if way == "go" else [sys.executable, "-m", PEERS[way][1]]
        argv = [*program, "--fd", str(listener.fileno()), "--redis", self._stack.redis.url]
        with (self._folder / f"{way}.log").open("ab") as output:
            child = Child(
                argv, self._stack.keeper, environment=self._stack.environment(), output=output,
                fds=[listener.fileno()], cwd=BASE_DIR,
            )  # fmt: skip
        self._pids[way], self._ports[way] = child.pid, int(listener.getsockname()[1])

    def _talk(self, name: str, *words: str, environment: dict[str, str], fds: list[int]) -> Talk:
        log = self._folder / f"{name}.log"
        talk = Talk(f"tests.bench.{name}", *words, log=log, environment=environment, fds=fds)
        self._open.callback(talk.close)
        talk.hear()  # it is ready
        return talk

    # ---- measuring

    def sitting(self, way: Way, members: int, plan: Plan) -> Sitting:
        """One room on one path: enter, warm up, saturate, pace, leave. Raises NotMeasured."""
        try:
            return self._sitting(way, members, plan)
        except Unanswered as error:
            raise NotMeasured(f"{way}, room of {members}: {error}") from error

    def _sitting(self, way: Way, members: int, plan: Plan) -> Sitting:
        entering_s = self.gather(way, 1, members)
        self.leg(way, upto=plan.warm, count=plan.warm, window=WINDOW)
        closed = self.leg(way, upto=plan.warm + plan.closed, count=plan.closed, window=WINDOW)
        paced = self.leg(way, upto=plan.warm + plan.closed + plan.paced, count=plan.paced, window=0)
        self.leave()
        return Sitting(
            way=way,
            members=members,
            deliveries=closed["deliveries"] + paced["deliveries"],
            expected=closed["expected"] + paced["expected"],
            per_cpu_s=closed["per_cpu_s"],
            paced_per_cpu_s=paced["per_cpu_s"],
            p50_ms=paced["p50_ms"],
            p99_ms=paced["p99_ms"],
            commit_ms=paced["commit_ms"],
            entering_cpu_ms=entering_s * 1000 / members,
        )

    def pid(self, way: Way) -> int:
        """The server process of this way, which is started when it is first asked for."""
        if way not in self._pids:
            self._start_peer(way)
        return self._pids[way]

    def gather(self, way: Way, rooms: int, members: int, *, deaf: int = 0) -> float:
        """New rooms with so many members each, and ``deaf`` more who come in and then read nothing; everybody else leaves.

        Gives back the CPU-seconds that the server process needed for it.
        """
        pid = self.pid(way)
        self.leave()  # whoever a sitting that failed has left behind
        made = self._producer.ask(do="rooms", way=way, rooms=rooms, members=members + deaf)["rooms"]
        before = processor.cpu_s(pid)
        for number, room in enumerate(made):
            first = number * (members + deaf)
            self._enter(way, room, first, members)
            self._enter(way, room, first + members, deaf, deaf=True)
        used = processor.cpu_s(pid) - before
        time.sleep(SETTLE_S)
        return used

    def fill(self, way: Way, most: int, *, seconds: float, members: int = 20) -> int:
        """Rooms of ``members`` one after the other until ``most`` sockets are in, or the time is over; how many are in."""
        self.pid(way)
        self.leave()
        made = self._producer.ask(do="rooms", way=way, rooms=-(-most // members), members=members)["rooms"]
        end = time.monotonic() + seconds
        for number, room in enumerate(made):
            if time.monotonic() > end:
                return number * members
            self._enter(way, room, number * members, members)
        return len(made) * members

    def leave(self) -> None:
        self._audience.ask(do="leave")

    def _enter(self, way: Way, room: str, first: int, count: int, *, deaf: bool = False) -> None:
        for start in range(first, first + count, GROUP):
            tickets = self._producer.ask(do="tickets", first=start, count=min(GROUP, first + count - start))["tickets"]
            if refused := self.enter(way, room, tickets, deaf=deaf)["refused"]:
                raise NotMeasured(f"{way}: members were refused: {refused}")

    def enter(self, way: Way, room: str, tickets: list[str], *, deaf: bool = False) -> dict[str, Any]:
        """Let the owners of these tickets try; {"entered", "refused": {code: number}}."""
        protocols = [f"{SUBPROTOCOL}, {TICKET_PREFIX}{ticket}" if way == "ours" else "" for ticket in tickets]
        path = "/socket.io/?EIO=4&transport=websocket" if way == "socketio" else f"/ws/rooms/{room}/"
        where = {"host": HOST, "port": self._ports[way], "path": path}
        return self._audience.ask(do="enter", **where, protocols=protocols, deaf=deaf)

    def room(self, members: int) -> dict[str, Any]:
        """A new room and an outsider's ticket: {"room", "outsider"}."""
        made = self._producer.ask(do="rooms", way="ours", rooms=1, members=members)
        return {"room": made["rooms"][0], "outsider": made["outsider"]}

    def leg(
        self, way: Way, *, count: int, window: int, upto: int = 0, total: int = 0, rate: float = RATE
    ) -> dict[str, Any]:
        """``count`` events in every room, with ``window`` on their way at most or ``rate`` a second: what came of them.

        Expected is all ``upto`` one in the only room, or ``total`` deliveries. Raises NotMeasured if it is not what came.
        """
        self._audience.ask(do="expect", upto=upto, timed=not window, total=total)
        before = processor.cpu_s(self._pids[way])
        self._audience.tell(do="wait")
        try:
            sent = self._producer.ask(do="produce", count=count, window=window, rate=rate)
        finally:
            came = self._audience.hear()  # it answers in any case, and the next question needs its own answer
        used = processor.cpu_s(self._pids[way]) - before
        if came["deliveries"] != came["expected"] or came["disordered"] or came["restarted"]:
            raise NotMeasured(f"{way}: not everything came once and in order: {came}")
        return {**sent, **came, "per_cpu_s": came["deliveries"] / used}
