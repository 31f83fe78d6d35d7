"""A hand on an answer beside a running model: from the click to the last of three screens that shows its effect (A9–A12).

The screens are sockets at two web processes, one of them the clicker's. An effect is there when a screen has the fact, such
as ``answer.stopped``, and gets no further word of what was being written; of the three the slowest counts. Nothing is tied to
a CPU.
"""

from __future__ import annotations

import json
import sys
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

from websockets.exceptions import ConnectionClosed

from inference_worker.checkpoints import model_folder
from tests.bench.figures import Figure
from tests.ledger import Account, Frame, text_of
from tests.stack import Stack

GOAL_MS: Final = 500.0
CONTROLS: Final = ("stop", "pause", "insert", "supersede")
PEOPLE: Final = (("mia", 0), ("noah", 1), ("ada", 1))
WAIT_S: Final = 120.0  # for a first word: a small machine reads the prompt meanwhile
QUIET_S: Final = 1.0  # how long a paused answer is watched for words that come after all
DELTAS: Final = 3  # so many pieces are seen before the click: it is running
MODEL_S: Final = 240.0
TRIES: Final = 25
LONG: Final = (
    "Explain very slowly and in many sentences how equations are solved, and give a long list of examples.",
    "Tell me a long story about a teacher who explains fractions to a class, with every word that is said.",
    "Write a long lesson about triangles: definitions, properties, and ten exercises with hints.",
)
SCRIPT: Final = "@scripted rate=20 tokens=500"
WORD: Final = "Why is that so? Explain it with another long list of examples."


@dataclass(frozen=True, slots=True)
class Size:
    rounds: int = 5
    engine: str = "batching"
    questions: tuple[str, ...] = LONG
    word: str = WORD


@dataclass
class Found:
    """Milliseconds, a value a round. ``first_ms``: how soon new words come after a resume or a word put in."""

    effect_ms: dict[str, list[float]] = field(default_factory=dict)
    first_ms: dict[str, list[float]] = field(default_factory=dict)


def measured(folder: Path, size: Size, home: Path) -> Found:
    """A house of its own, with the demo model that is kept in ``home``."""
    found = Found()
    try:
        with ExitStack() as opened:
            settings = {
                "MAX_ANSWER_TOKENS": "1000",
                "TUTOR_MODEL": "demo",
                "MEMORY_TURNS": "1",
                "MEMORY_SUMMARISED": "1",
                "SUPERSEDE_S": "60",
            }
            stack = Stack(folder / "controls", web=2, engine=size.engine, settings=settings, without=("inference",))
            if size.engine == "batching":
                model_folder("demo", home, lambda words: print(words, file=sys.stderr))
                (stack.data / "models").symlink_to(home / "models")
            opened.enter_context(stack)
            stack.start("inference")
            stack.wait_ready(timeout_s=MODEL_S)
            house_measure(stack, size, found)
    except (AssertionError, TimeoutError) as error:
        print(f"not measured: {error}", file=sys.stderr)
    return found


def house_measure(stack: Stack, size: Size, found: Found) -> None:
    """Every control in every round, on a house that stands."""
    accounts = [Account(stack, name, web) for name, web in PEOPLE]
    with ExitStack() as opened:
        screens = [opened.enter_context(Screen(account, str(stack.demo["room"]))) for account in accounts]
        room = Room(screens, size)
        for number in range(size.rounds):
            print(f"round {number + 1} of {size.rounds}, controls …", file=sys.stderr, flush=True)
            for control in CONTROLS:
                room.measure(control, found)


def figures_of(found: Found) -> list[Figure]:
    """The slowest of all rounds: a hand that works in most cases is none."""
    return [
        Figure(f"control_{control}_ms", max(found.effect_ms.get(control, []), default=None), "<=", GOAL_MS, ours=True)
        for control in CONTROLS
    ]


def lines_of(found: Found) -> list[str]:
    lines = [
        f"{control}: median {median(values):.0f} ms of {len(values)}" for control, values in found.effect_ms.items()
    ]
    told = {"pause": "after a resume the answer goes on", "insert": "after a word put in the reply to it begins"}
    return lines + [f"{told[control]} within {median(values):.0f} ms" for control, values in found.first_ms.items()]


class Screen:
    """A joined socket that is read all the time; each frame with the moment at which it came."""

    def __init__(self, account: Account, room: str) -> None:
        self._socket = account.open(room)
        self._frames: list[tuple[float, Frame]] = []
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Screen:
        self._thread.start()
        self.wait(lambda frame: frame["type"] == "hello")
        self.send("join", after=None, epoch=None)
        self.wait(lambda frame: frame["type"] == "snapshot")
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._thread.join(5)

    def _read(self) -> None:
        while True:
            try:
                frame = json.loads(self._socket.recv())
            except ConnectionClosed:
                return
            with self._changed:
                self._frames.append((time.monotonic(), frame))
                self._changed.notify_all()

    def send(self, verb: str, **data: Any) -> str:
        ref = str(uuid.uuid4())
        self._socket.send(json.dumps({"type": verb, "id": ref, "data": data}))
        return ref

    def seen(self, fits: Callable[[Frame], bool], since: float = 0.0) -> list[tuple[float, Frame]]:
        with self._changed:
            return [(at, frame) for at, frame in self._frames if at >= since and fits(frame)]

    def wait(self, fits: Callable[[Frame], bool], count: int = 1, since: float = 0.0) -> tuple[float, Frame]:
        """The ``count``-th frame that fits. Raises TimeoutError."""
        end = time.monotonic() + WAIT_S
        with self._changed:
            while True:
                found = [(at, frame) for at, frame in self._frames if at >= since and fits(frame)]
                if len(found) >= count:
                    return found[count - 1]
                if not self._changed.wait(max(0.0, end - time.monotonic())) and time.monotonic() >= end:
                    raise TimeoutError(f"no such frame; the last: {[frame for _, frame in self._frames[-3:]]}")


Fits = Callable[[Frame], bool]
ENDS: Final = {"answer.completed", "answer.stopped", "answer.failed"}


def ended(answer: str) -> Fits:
    return lambda frame: frame["type"] in ENDS and frame["data"]["answer"] == answer


def of(kind: str, answer: str, **data: Any) -> Callable[[Frame], bool]:
    wanted = {"answer": answer, **data}

    def fits(frame: Frame) -> bool:
        return frame["type"] == kind and all(frame["data"].get(name) == value for name, value in wanted.items())

    return fits


class Room:
    """Three screens in one room, the first of which clicks."""

    def __init__(self, screens: Sequence[Screen], size: Size) -> None:
        self._screens, self._size, self._count = screens, size, 0

    def measure(self, control: str, found: Found) -> None:
        """One click that counts. A small model may end by itself before it: then it is tried again."""
        for _ in range(TRIES):
            answer = self._asked()
            begun = time.monotonic()
            fact, ref = self._click(control, answer)
            if self._taken(ref) and all(fact(self._first(screen, fact, answer, begun)[1]) for screen in self._screens):
                break
            self._end(answer)
        else:
            raise TimeoutError(f"{control}: the model ends each time before the click")
        times = [screen.wait(fact, since=begun)[0] for screen in self._screens]
        if control != "insert":  # there the words behind the fact are the reply to it
            time.sleep(QUIET_S)
            times += [at for screen in self._screens for at, _ in screen.seen(of("answer.delta", answer), begun)]
        found.effect_ms.setdefault(control, []).append((max(times) - begun) * 1000)
        assert all(len(screen.seen(fact, begun)) == 1 for screen in self._screens), "one event on every screen"
        if control == "pause":
            self._new_words(control, answer, time.monotonic(), found)
        elif control == "insert":
            self._new_words(control, answer, max(times), found)
        elif control == "supersede":
            self._end(self._named(ref))
        assert len({self._text(screen, answer) for screen in self._screens}) == 1, "the same words on every screen"

    def _taken(self, ref: str) -> bool:
        """Whether the click was not refused: the answer had ended, or was too old to be asked anew."""
        replies = ("ack", "error")
        return self._screens[0].wait(lambda f: f["type"] in replies and f.get("ref") == ref)[1]["type"] == "ack"

    def _first(self, screen: Screen, fits: Fits, answer: str, since: float, count: int = 1) -> tuple[float, Frame]:
        """What comes first (second …): a frame that fits, or the answer's own end."""
        return screen.wait(lambda frame: fits(frame) or ended(answer)(frame), count, since)

    def _click(self, control: str, answer: str) -> tuple[Callable[[Frame], bool], str]:
        """(what every screen will get, the frame's id)."""
        clicker = self._screens[0]
        if control == "insert":
            return of("answer.inserted", answer), clicker.send("answer.insert", answer=answer, text=self._size.word)
        if control == "supersede":
            gone = of("answer.stopped", answer, reason="superseded")
            return gone, clicker.send("answer.ask", text=self._size.questions[0], supersedes=answer)
        fact = of({"stop": "answer.stopped", "pause": "answer.paused"}[control], answer)
        return fact, clicker.send(f"answer.{control}", answer=answer)

    def _new_words(self, control: str, answer: str, since: float, found: Found) -> None:
        if control == "pause":
            self._screens[0].send("answer.resume", answer=answer)
        first = [self._first(screen, of("answer.delta", answer), answer, since) for screen in self._screens]
        if all(frame["type"] == "answer.delta" for _, frame in first):
            found.first_ms.setdefault(control, []).append((max(at for at, _ in first) - since) * 1000)
        self._end(answer)

    def _end(self, answer: str) -> None:
        self._screens[0].send("answer.stop", answer=answer)
        for screen in self._screens:
            screen.wait(ended(answer))

    def _named(self, ref: str) -> str:
        _, asked = self._screens[0].wait(lambda frame: frame["type"] == "answer.asked" and frame["ref"] == ref)
        return str(asked["data"]["answer"])

    def _text(self, screen: Screen, answer: str) -> str:
        return text_of([frame for _, frame in screen.seen(of("answer.delta", answer))], answer)

    def _asked(self) -> str:
        """A question whose answer runs on every screen."""
        for _ in range(TRIES):
            question = self._size.questions[self._count % len(self._size.questions)]
            self._count += 1
            answer = self._named(self._screens[0].send("answer.ask", text=question))
            if all(self._runs(screen, answer) for screen in self._screens):
                return answer
        raise TimeoutError("the model ends at once, whatever it is asked")

    def _runs(self, screen: Screen, answer: str) -> bool:
        """Whether so many pieces of it come before its end."""
        first = (self._first(screen, of("answer.delta", answer), answer, 0.0, count) for count in range(1, DELTAS + 1))
        return all(frame["type"] == "answer.delta" for _, frame in first)
