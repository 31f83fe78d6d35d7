"""``make bench``: what a delivery costs and how long it takes, beside a bare ``websockets`` loop in the same run.

See docs/bench.md for how it is measured.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from classroom.env import ENV
from classroom.supervisor.checks import Trouble
from tests.bench import clicks, controls, crowds, endtoend, firstvisit, processor, report, scribes, slowcalls
from tests.bench.figures import Figure, figures_keep
from tests.bench.report import Pair, Pairs
from tests.bench.rig import NotMeasured, Plan, Rig, Sitting, Way, installed
from tests.bench.talk import Unanswered

WARM_EVENTS = 200
CLOSED_DELIVERIES = 200_000  # of one sitting, so that small rooms are measured as long as large ones
CLOSED_EVENTS = (1_500, 8_000)
PACED_EVENTS = 250  # 5 s
QUICK_EVENTS = 400
PEER_ROOM = 50  # the room in which the peers of other kinds are measured too; they need long for few events
PEER_PLAN = Plan(warm=20, closed=400, paced=20)
PEER_PLANS: dict[Way, Plan] = {"go": Plan(warm=WARM_EVENTS, closed=4_000, paced=20)}  # it is as quick as ours
OTHERS: tuple[Way, ...] = ("tutorial", "socketio", "go")
PARTS = ("rooms", "crowds", "scribe", "e2e", "controls", "browsers", "page", "slow")
QUICK_CROWDS = crowds.Size(paced=(3, 5, 50.0, 50), busy=(4, 5, 80.0, 50), dead=(5, 3, 300), idle=40, many=40, rounds=1)
QUICK_SCRIBE = scribes.Size(streams=3, seconds=1.0, chunks=500, rounds=1)
QUICK_CONTROLS = controls.Size(
    rounds=1, engine="scripted", questions=(controls.SCRIPT,), word="@scripted rate=20 tokens=500"
)
QUICK_SLOW = slowcalls.Size(viewers=3, seconds=1.0, rounds=1)
QUICK_E2E = endtoend.Size(viewers=3, tokens=50, rounds=1)


@dataclass
class Result:
    """What a run has found: figures with goals, lines for people, and what is kept behind them."""

    figures: list[Figure] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    behind: dict[str, Any] = field(default_factory=dict)


def plan_for(room: int, events: int | None) -> Plan:
    """How much is sent to a room of this size; ``events`` (``--quick``, tests) is the same for every size."""
    if events is not None:
        return Plan(warm=min(WARM_EVENTS, events), closed=events, paced=max(20, events // 8))
    least, most = CLOSED_EVENTS
    return Plan(warm=WARM_EVENTS, closed=max(least, min(most, CLOSED_DELIVERIES // room)), paced=PACED_EVENTS)


def measured(rig: Rig, rooms: Sequence[int], rounds: int, events: int | None) -> dict[int, list[Pair]]:
    """Every room size in every round, the two ways next to each other and in turn first; in one of them other peers besides."""
    pairs: dict[int, list[Pair]] = {room: [] for room in rooms}
    for number in range(rounds):
        for room, of_room in pairs.items():
            print(f"round {number + 1} of {rounds}, room of {room} …", file=sys.stderr, flush=True)
            ways: list[Way] = ["ours", "bare"] if number % 2 == 0 else ["bare", "ours"]
            sat = {way: _sitting(rig, way, room, plan_for(room, events)) for way in ways}
            beside = OTHERS if room == PEER_ROOM else ()
            others = {way: _sitting(rig, way, room, PEER_PLANS.get(way, PEER_PLAN)) for way in beside}
            of_room.append(Pair(sat["ours"], sat["bare"], others))
    return pairs


def _sitting(rig: Rig, way: Way, room: int, plan: Plan) -> Sitting | None:
    if not installed(way):
        return None
    try:
        return rig.sitting(way, room, plan)
    except NotMeasured as error:
        print(f"not measured: {error}", file=sys.stderr)
        return None


def on_rig(folder: Path, options: argparse.Namespace, result: Result) -> None:
    """The parts that compare servers: on one CPU, with what they need beside them."""
    rounds, events = options.rounds, options.events or (QUICK_EVENTS if options.quick else None)
    pairs: Pairs = {room: [] for room in options.rooms if "rooms" in options.parts}
    rows = crowds.Rows()
    try:
        with Rig(folder) as rig:
            if "crowds" in options.parts:
                size = QUICK_CROWDS if options.quick else replace(crowds.Size(), rounds=rounds)
                rows = crowds.rows_measure(rig, size)
            if "rooms" in options.parts:
                pairs = measured(rig, options.rooms, rounds, events)
    except (AssertionError, Trouble, Unanswered) as error:
        print(f"not measured: {error}", file=sys.stderr)  # the figures below say "missing"
    if "rooms" in options.parts:
        result.figures += report.figures_of(pairs, rounds)
        result.lines += report.table(pairs)
    if "crowds" in options.parts:
        result.figures += crowds.figures_of(rows)
        result.lines += crowds.lines_of(rows)
    sittings = [way.record() for of_room in pairs.values() for pair in of_room for way in pair.sittings()]
    result.behind |= {"sittings": sittings, "crowds": rows.behind}


def on_house(folder: Path, options: argparse.Namespace, result: Result) -> None:
    """The parts that need scribe and worker: on all CPUs, as a school has them."""
    if "scribe" in options.parts:
        size = QUICK_SCRIBE if options.quick else replace(scribes.Size(), rounds=options.rounds)
        scribe = scribes.measured(folder, size)
        result.figures += scribes.figures_of(scribe)
        result.lines += scribes.lines_of(scribe)
        result.behind["scribe"] = asdict(scribe)
    if "e2e" in options.parts:
        whole = QUICK_E2E if options.quick else replace(endtoend.Size(), rounds=options.rounds)
        found = endtoend.measured(folder, whole)
        result.figures += endtoend.figures_of(found)
        result.lines += endtoend.lines_of(found)
        result.behind["e2e"] = asdict(found)
    if "controls" in options.parts:
        hands = QUICK_CONTROLS if options.quick else replace(controls.Size(), rounds=max(5, options.rounds))
        clicked = controls.measured(folder, hands, ENV.DATA_DIR.expanduser().resolve())
        result.figures += controls.figures_of(clicked)
        result.lines += controls.lines_of(clicked)
        result.behind["controls"] = asdict(clicked)
    if "browsers" in options.parts:
        seen = clicks.measured(
            folder, 1 if options.quick else max(5, options.rounds), ENV.DATA_DIR.expanduser().resolve()
        )
        result.figures += clicks.figures_of(seen)
        result.lines += clicks.lines_of(seen)
        result.behind["browsers"] = seen
    if "slow" in options.parts:
        calls = slowcalls.measured(
            folder, QUICK_SLOW if options.quick else replace(slowcalls.Size(), rounds=options.rounds)
        )
        result.figures += slowcalls.figures_of(calls)
        result.lines += slowcalls.lines_of(calls)
        result.behind["slow"] = asdict(calls)
    if "page" in options.parts:
        visit = firstvisit.measured(folder)
        result.figures += firstvisit.figures_of(visit)
        result.lines += firstvisit.lines_of(visit)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round: whether it runs, not what it says")
    parser.add_argument("--rounds", type=int, help=f"how often each row is measured ({report.ROUNDS})")
    parser.add_argument("--events", type=int, help="events of a saturated sitting, the same for every room")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what is measured")
    parser.add_argument("--rooms", type=int, nargs="+", default=report.ROOMS, help="members of the rooms")
    options = parser.parse_args()
    options.rounds = options.rounds or (1 if options.quick else report.ROUNDS)
    if trouble := processor.supported():
        print(trouble, file=sys.stderr)
        return 2
    if busy := processor.others():
        print(busy, file=sys.stderr)
    kept = ENV.DATA_DIR.expanduser().resolve() / "bench"
    kept.mkdir(parents=True, exist_ok=True)
    result = Result(behind={"rounds": options.rounds, "quick": options.quick, "busy": busy})
    try:
        with tempfile.TemporaryDirectory(prefix="run-", dir=kept) as folder:
            if {"rooms", "crowds"} & set(options.parts):
                on_rig(Path(folder), options, result)
            on_house(Path(folder), options, result)
    except KeyboardInterrupt:
        return 130
    path = figures_keep(kept, "delivery", result.figures, result.behind)
    if not installed("bare"):
        print("The package websockets is not installed: nothing to compare with.", file=sys.stderr)
    print("Chalkstream beside a bare websockets loop (per CPU-second: more is better; paced p50, p99: less is better)")
    print(*result.lines, *(figure.line() for figure in result.figures), sep="\n")
    print(f"kept in {path}")
    return int(any(figure.missing for figure in result.figures))


if __name__ == "__main__":
    sys.exit(main())
