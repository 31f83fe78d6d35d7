"""Many rooms at once, people whose machines have stopped reading, and sockets that only sit there.

Every row is the median of its rounds. Ways are measured directly after each other, in turn first.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import Any, Final

from tests.bench import processor
from tests.bench.figures import Figure
from tests.bench.rig import WINDOW, NotMeasured, Rig, Way, installed
from tests.bench.talk import Unanswered

PACED_CPU: Final = 1.4  # CPU for the same deliveries, ours over the bare loop's
P99_TIMES: Final = 1.5
P99_MS: Final = 15.0
BUSY_P99_MS: Final = 100.0
DEAD_THROUGHPUT: Final = 0.9
DEAD_RSS_MB: Final = 50.0
IDLE_MEMORY: Final = 3.0
SOCKETS: Final = 2_000  # of one web process, where the bench stops counting; four schools of 500
SOCKETS_S: Final = 50.0
SPARE_FILES: Final = 100  # database, Redis, logs, and who comes in while others leave


@dataclass(frozen=True, slots=True)
class Size:
    """How large the rows are; tests take them small."""

    paced: tuple[int, int, float, int] = (10, 20, 50.0, 250)  # rooms, members of each, events a second, events
    busy: tuple[int, int, float, int] = (20, 25, 80.0, 400)
    dead: tuple[int, int, int] = (35, 15, 4_000)  # who reads, who does not, events
    idle: int = 400
    many: int = SOCKETS
    rounds: int = 3


@dataclass
class Rows:
    """What each row gave, a value a round; None where one way gave nothing."""

    found: dict[str, list[float | None]] = field(default_factory=dict)
    behind: list[dict[str, Any]] = field(default_factory=list)

    def note(self, row: str, value: float | None) -> None:
        self.found.setdefault(row, []).append(value)

    def middle(self, row: str) -> float | None:
        known = [value for value in self.found.get(row, ()) if value is not None]
        return median(known) if known else None


def rows_measure(rig: Rig, size: Size) -> Rows:
    rows = Rows()
    # Memory that a process has once had it does not ask for again: this comes first.
    bare, ours = (_tried(rows, partial(_idle, rig, way, size.idle)) for way in ("bare", "ours"))
    rows.note("idle_kb_bare", bare and bare["kb"])
    rows.note("idle_kb_ours", ours and ours["kb"])
    many = _tried(rows, partial(_many, rig, size.many, ours["before_mb"])) if ours else None
    for name in ("sockets", "sockets_entered_s", "sockets_kb", "sockets_p99_ms"):
        rows.note(name, many and many[name])
    for number in range(size.rounds):
        print(f"round {number + 1} of {size.rounds}, many rooms and dead readers …", file=sys.stderr, flush=True)
        ways: list[Way] = ["ours", "bare"] if number % 2 == 0 else ["bare", "ours"]
        paced = {way: _tried(rows, partial(_paced, rig, way, *size.paced)) for way in ways}
        for kind in ("cpu_ms", "p99_ms"):
            for way, one in paced.items():
                rows.note(f"paced_{kind}_{way}", one and one[kind])
        busy = _tried(rows, partial(_paced, rig, "ours", *size.busy))
        rows.note("busy_p99_ms", busy and busy["p99_ms"])
        rows.note("busy_lost", busy and busy["expected"] - busy["deliveries"])
        living, deaf, events = size.dead
        sat = {count: _tried(rows, partial(_saturated, rig, living, count, events)) for count in (0, deaf)}
        alone, beside = sat[0], sat[deaf]
        rows.note("dead_readers_throughput", beside["per_s"] / alone["per_s"] if alone and beside else None)
        rows.note("dead_readers_rss_mb", beside and beside["rss_mb"])
    return rows


def figures_of(rows: Rows) -> list[Figure]:
    cpu, bare = _ratio(rows, "paced_cpu_ms"), rows.middle("paced_p99_ms_bare")
    return [
        Figure("paced_cpu_websockets", cpu, "<=", PACED_CPU),
        Figure(
            "paced_p99_ms", rows.middle("paced_p99_ms_ours"), "<=", max(P99_TIMES * (bare or 0.0), P99_MS), ours=True
        ),
        Figure("busy_p99_ms", rows.middle("busy_p99_ms"), "<=", BUSY_P99_MS, ours=True),
        Figure("busy_lost", rows.middle("busy_lost"), "=", 0, ours=True),
        Figure("dead_readers_throughput", rows.middle("dead_readers_throughput"), ">=", DEAD_THROUGHPUT, ours=True),
        Figure("dead_readers_rss_mb", rows.middle("dead_readers_rss_mb"), "<=", DEAD_RSS_MB, ours=True),
        Figure("idle_memory_websockets", _ratio(rows, "idle_kb"), "<=", IDLE_MEMORY),
        Figure("sockets_in_one_process", rows.middle("sockets"), ">=", SOCKETS, ours=True),
    ]


def _ratio(rows: Rows, row: str) -> float | None:
    pairs = zip(rows.found.get(f"{row}_ours", ()), rows.found.get(f"{row}_bare", ()), strict=True)
    ratios = [ours / bare for ours, bare in pairs if ours is not None and bare]
    return median(ratios) if ratios else None


def _tried(rows: Rows, measure: Callable[[], dict[str, Any] | None]) -> dict[str, Any] | None:
    try:
        found = measure()
    except (NotMeasured, Unanswered) as error:
        print(f"not measured: {error}", file=sys.stderr)
        return None
    if found:
        rows.behind.append(found)
    return found


def _paced(rig: Rig, way: Way, rooms: int, members: int, rate: float, events: int) -> dict[str, Any] | None:
    """Every room gets its own event at every beat; what the scribe writes for all rooms is one transaction."""
    if not installed(way):
        return None
    rig.gather(way, rooms, members)
    each = rooms * members
    rig.leg(way, count=max(10, events // 10), window=0, rate=rate, total=each * max(10, events // 10))
    leg = rig.leg(way, count=events, window=0, rate=rate, total=each * events)
    rig.leave()
    cpu_ms = 1000 * leg["deliveries"] / leg["per_cpu_s"]
    kept = {name: leg[name] for name in ("deliveries", "expected", "p50_ms", "p99_ms", "seconds")}
    return {"row": "paced", "way": way, "rooms": rooms, "members": members, "rate": rate, "cpu_ms": cpu_ms, **kept}


def _saturated(rig: Rig, living: int, deaf: int, events: int) -> dict[str, Any]:
    """How many events a second those get who read, while others in their room do not."""
    rig.gather("ours", 1, living, deaf=deaf)
    before = processor.rss_mb(rig.pid("ours"))
    leg = rig.leg("ours", upto=events, count=events, window=WINDOW)
    grown = processor.rss_mb(rig.pid("ours")) - before
    rig.leave()
    return {"row": "dead", "living": living, "deaf": deaf, "per_s": events / leg["seconds"], "rss_mb": max(0.0, grown)}


def _idle(rig: Rig, way: Way, sockets: int) -> dict[str, Any] | None:
    """KiB of the server process for one more socket on which nothing is said."""
    if not installed(way):
        return None
    rig.gather(way, 1, 10)  # what the first socket of all costs is not the socket's
    before = processor.rss_mb(rig.pid(way))
    rig.gather(way, max(1, sockets // 20), 20)
    grown = processor.rss_mb(rig.pid(way)) - before
    rig.leave()
    return {"row": "idle", "way": way, "sockets": sockets, "kb": max(grown, 0.0) * 1024 / sockets, "before_mb": before}


def _many(rig: Rig, most: int, before_mb: float) -> dict[str, Any]:
    """Sockets of one web process, each of a person who has seen her room; then every one of them gets an event.

    Ends at ``most``, at the bench's patience or at the number of files that a process may open, whichever comes first.
    ``before_mb``: what the process had before any crowd came.
    """
    most = min(most, processor.files_most(rig.pid("ours")) - SPARE_FILES)
    began = time.monotonic()
    sockets = rig.fill("ours", most, seconds=SOCKETS_S)
    entered_s = time.monotonic() - began
    leg = rig.leg("ours", count=1, window=0, total=sockets)
    kb = max(0.0, processor.rss_mb(rig.pid("ours")) - before_mb) * 1024 / sockets
    rig.leave()
    return {
        "row": "many", "sockets": sockets, "sockets_entered_s": entered_s, "sockets_kb": kb, "sockets_p99_ms": leg["p99_ms"],
    }  # fmt: skip


def lines_of(rows: Rows) -> Sequence[str]:
    """For people: what the figures are made of, where a ratio alone says too little."""
    return [
        f"{row}: " + ", ".join("–" if value is None else f"{value:.2f}" for value in values)
        for row, values in rows.found.items()
    ]
