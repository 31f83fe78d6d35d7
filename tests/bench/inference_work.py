"""What every peer of ``make bench-inference`` is given, and what is looked at while it works. No torch.

A room's tutor: a system prompt and a problem that all requests share (284 tokens of the demo model), and a question of
its own for each. Nobody may end early, so every sitting has streams x tokens new tokens.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from inference_worker.engines.base import Chunk, Engine, Finish, Handle, Request
from inference_worker.job import Message, Sampling

SYSTEM = (
    "You are a patient mathematics tutor in a room where several students work together on one problem. Answer the last "
    "question in a few short paragraphs. Explain one step at a time, write formulas in LaTeX between dollar signs, and "
    "reply in the language of the question. Never give the result away: ask what was tried, point at the place where a "
    "step went wrong, and name the idea of the next one.\n\nThe problem of this room:\nA rectangular garden is twice as "
    "long as it is wide. A path of the same width runs around the whole of it. Garden and path together cover an area of "
    "two hundred square metres, and the path alone covers half as much as the garden. How wide is the path, and how "
    "long is the fence that is put around the outside of the path? The students have already called the width of the "
    "garden w and the width of the path p, and they have written down that the garden covers two times w squared. They "
    "have also drawn a picture with the four corners of the path in it, and one of them believes that the corners must "
    "be counted twice. The others are not sure about that, and they have asked the tutor to help them to decide it. They "
    "want to find the second equation by themselves, so please do not write it down for them yet. Be friendly, and be short."
)
SECOND = "Thank you. We now have a second equation, but it has p squared in it. What can we do with that, step by step?"
SUBJECTS = ("corners", "fence", "garden", "path", "area", "width", "picture", "equation")
DEADLINE_S = 3_600.0
GREEDY = {"temperature": 0.0}


def messages(number: int) -> tuple[Message, ...]:
    """A first question; each ``number`` has other words."""
    subject = SUBJECTS[number % len(SUBJECTS)]
    question = f"Group {number + 1} asks: why does the {subject} matter here?"
    return ({"role": "system", "content": SYSTEM}, {"role": "user", "content": question})


def request(number: int, tokens: int, *, room: str = "", turns: Sequence[Message] = ()) -> Request:
    sampling = Sampling(max_tokens=tokens, **GREEDY)
    return Request(
        f"bench-{number}",
        (*messages(number), *turns),
        sampling,
        deadline_s=DEADLINE_S,
        room_key=room or f"room-{number}",
    )


@dataclass(slots=True)
class Watch:
    """When each stream was asked and when its pieces came; any thread."""

    asked: dict[int, float] = field(default_factory=dict)
    came: dict[int, list[float]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def ask(self, stream: int) -> None:
        self.asked[stream] = time.monotonic()
        self.came[stream] = []

    def piece(self, stream: int) -> None:
        self.came[stream].append(time.monotonic())

    def end(self, finish: Finish) -> None:
        if finish.reason == "error":
            self.failed.append(finish.message)

    def first_ms(self) -> list[float]:
        """Raises RuntimeError when a stream failed: there is no figure then."""
        if self.failed:
            raise RuntimeError(f"a request failed: {self.failed[0]}")
        return [1_000 * (times[0] - self.asked[stream]) for stream, times in self.came.items() if times]

    def between_ms(self) -> list[float]:
        return [
            1_000 * (later - earlier) for times in self.came.values() for earlier, later in itertools.pairwise(times)
        ]


@dataclass(frozen=True, slots=True)
class Sitting:
    """One peer with so many streams at once. Absolute numbers: they mean nothing outside their own run."""

    peer: str
    streams: int
    tokens: int
    cpu_s: float
    wall_s: float
    first_p50_ms: float
    between_p50_ms: float
    between_p99_ms: float

    @property
    def per_cpu_s(self) -> float:
        """New tokens for each second of CPU of the process that serves, reading the prompts included."""
        return self.tokens / self.cpu_s

    def record(self) -> dict[str, Any]:
        return {**asdict(self), "per_cpu_s": self.per_cpu_s}

    @classmethod
    def of(cls, peer: str, watch: Watch, tokens: int, cpu_s: float, wall_s: float) -> Sitting:
        between = watch.between_ms() or [0.0]
        first = median(watch.first_ms() or [0.0])
        streams = len(watch.asked)
        return cls(peer, streams, tokens, cpu_s, wall_s, first, percentile(between, 0.5), percentile(between, 0.99))


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@contextmanager
def timed(clock: Callable[[], float]) -> Iterator[dict[str, float]]:
    """``cpu_s`` by ``clock`` and ``wall_s`` of the body."""
    spent: dict[str, float] = {}
    cpu, wall = clock(), time.monotonic()
    yield spent
    spent["cpu_s"], spent["wall_s"] = clock() - cpu, time.monotonic() - wall


def listen(handle: Handle, watch: Watch, stream: int) -> Finish:
    """One stream to its end."""
    for event in handle.events():
        if isinstance(event, Chunk):
            watch.piece(stream)
    assert isinstance(event, Finish)
    watch.end(event)
    return event


def engine_sit(engine: Engine, peer: str, requests: Sequence[Request], clock: Callable[[], float]) -> Sitting:
    """All requests at once, each with a thread that listens, as the worker's tickets do."""
    watch, ends = Watch(), list[Finish]()

    def hear(number: int, handle: Handle) -> None:
        ends.append(listen(handle, watch, number))

    with timed(clock) as spent:
        threads = []
        for number, asked in enumerate(requests):
            watch.ask(number)
            threads.append(threading.Thread(target=hear, args=(number, engine.submit(asked))))
            threads[-1].start()
        for thread in threads:
            thread.join()
    return Sitting.of(peer, watch, sum(end.completion_tokens for end in ends), **spent)
