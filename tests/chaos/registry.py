"""The matrix as data: E1 … E24, what each row does to the product, how, what it promises, and how often it is done.

``play`` is the row's function (None: not built), ``stage`` what the house needs meanwhile. Rounds: ``short`` in ``make
test``, ``long`` for docs/faults.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final

from tests.chaos.house import House
from tests.chaos.round import Round
from tests.chaos.rows import delivery, redis, worker

# How long outages last, in seconds: (in make chaos, in make test). ``--stall 5`` or CHAOS_STALL=5 set one.
LENGTHS: Final[Mapping[str, tuple[float, float]]] = {
    "stall": (10.0, 1.5),  # E4: Redis stands still
    "redis_down": (60.0, 4.0),  # E5
    "database_down": (10.0, 3.0),  # E6
    "dark": (3.0, 1.0),  # E15: the phone has no network
    "sockets": (500, 24),  # E9: not seconds, but how many sockets
    "prompts": (500, 40),  # E21: how many questions of the loud class
}


@dataclass(frozen=True, slots=True)
class Row:
    """``injects`` and ``goal`` are sentences for docs/faults.md; ``how`` says what stands for the real thing."""

    id: str
    title: str
    injects: str
    how: str
    goal: str
    short: int
    long: int
    play: Callable[[Round], None] | None = None
    stage: Callable[[House], AbstractContextManager[None]] | None = None
    database: str = "sqlite"

    @property
    def built(self) -> bool:
        return self.play is not None


ROWS: Final = (
    Row(
        "E1",
        "Worker killed in mid-answer",
        "SIGKILL to the inference worker at a random place of the text",
        "a real signal to the real process, started again up to 0.5 s later",
        "the text stays, another attempt goes on behind it, every word once",
        short=1,
        long=50,
        play=worker.sigkill,
    ),
    Row("E2", "A ticket delivered twice, two workers", "", "", "", 0, 0),
    Row("E3", "A question that kills its worker", "", "", "", 0, 0),
    Row(
        "E4",
        "Redis loses its data or stands still",
        "in turn FLUSHALL; SIGKILL and an empty data folder; SIGSTOP for the length `stall`",
        "on the real server of the house, in the middle of an answer",
        "nothing lost from the log, everybody whole again",
        short=2,
        long=50,
        play=redis.lost,
    ),
    Row("E5", "Redis down for a minute", "", "", "", 0, 0),
    Row("E6", "PostgreSQL stops, restarts, cuts its connections", "", "", "", 0, 0),
    Row("E7", "Disk full", "", "", "", 0, 0),
    Row("E8", "SQLite locked by eight writers", "", "", "", 0, 0),
    Row("E9", "Web process told to stop with many sockets", "", "", "", 0, 0),
    Row("E10", "Web process killed", "", "", "", 0, 0),
    Row(
        "E11",
        "Hints dropped, doubled, reordered",
        "of the channel layer's messages 20 % dropped, 20 % doubled, 20 % overtaken, by a seed",
        "tests.chaos.layer in place of the product's layer in both web processes",
        "seq decides: every screen equals the log",
        short=1,
        long=50,
        play=delivery.hints,
        stage=delivery.unkind,
    ),
    Row("E12", "Clocks 90 seconds apart", "", "", "", 0, 0),
    Row("E13", "The same frame a hundred times at once", "", "", "", 0, 0),
    Row("E14", "Two tabs, two devices", "", "", "", 0, 0),
    Row("E15", "Mobile flip", "", "", "", 0, 0),
    Row("E16", "Laptop asleep", "", "", "", 0, 0),
    Row("E17", "GPU out of memory", "", "", "", 0, 0),
    Row("E18", "Runaway generation", "", "", "", 0, 0),
    Row("E19", "Hung generation", "", "", "", 0, 0),
    Row("E20", "The user stops it", "", "", "", 0, 0),
    Row("E21", "One class floods the queue", "", "", "", 0, 0),
    Row("E22", "Cancelled waits for Redis", "", "", "", 0, 0),
    Row("E23", "Old client, new server", "", "", "", 0, 0),
    Row("E24", "A backup restored", "", "", "", 0, 0),
)
BY_ID: Final = {row.id: row for row in ROWS}
