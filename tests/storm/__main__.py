"""``make storm``: 1,000 made-up days, 1,000 broken lines, 20,000 mutated frames, and half an hour of a whole school."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from classroom.env import BASE_DIR, ENV
from tests.bench.figures import Figure, figures_keep
from tests.chaos.house import House
from tests.chaos.round import Outcome, Round, Unsettled
from tests.chaos.runner import house_open
from tests.storm.disconnects import disconnects
from tests.storm.mutants import mutants
from tests.storm.soak import growth, moved, soak

DAYS = "tests/rooms/test_comings_and_goings.py"
PARTS = ("days", "disconnects", "mutants", "soak")


def played(house: House, work: Callable[[Round], Any], seed: int = 1) -> tuple[Outcome, Any]:
    """One part as a round: what the oracle says, and what the part gave."""
    round, gave = Round(house, seed), None
    try:
        gave = work(round)
        house.whole()
        round.settle()
    except Unsettled as error:
        round.findings.append(str(error))
    return round.close(), gave


def days(count: int) -> bool:
    environment = {**os.environ, "STORM_RUNS": str(count)}
    return subprocess.run([sys.executable, "-m", "pytest", "-q", DAYS], cwd=BASE_DIR, env=environment).returncode == 0


def _figures(name: str, outcome: Outcome, wanted: int) -> list[Figure]:
    print(
        f"{name}: {outcome.injected} done; {'; '.join(outcome.verdict.findings[:5]) or 'nothing lost'}", file=sys.stderr
    )
    faults = sum(outcome.verdict.counts.values())
    return [
        Figure(name, outcome.injected, ">=", wanted, ours=True),
        Figure(f"{name}_faults", faults, "=", 0, ours=True),
    ]


def on_a_house(house: House, options: argparse.Namespace) -> tuple[list[Figure], dict[str, Any]]:
    figures: list[Figure] = []
    behind: dict[str, Any] = {}
    if "disconnects" in options.parts:
        outcome, _ = played(house, partial(disconnects, count=options.disconnects))
        figures += _figures("disconnects", outcome, options.disconnects)
    if "mutants" in options.parts:
        outcome, behind["said"] = played(house, partial(mutants, count=options.mutants))
        figures += _figures("mutants", outcome, options.mutants)
    if "soak" in options.parts:
        work = partial(soak, sockets=options.sockets, rooms=options.rooms, seconds=60 * options.minutes)
        outcome, samples = played(house, work)
        more_rss, more_descriptors = growth(samples) if samples else (None, None)
        figures += [
            *_figures("soak", outcome, 1),
            Figure("soak_rss_growth", more_rss, "<=", 1.05, ours=True),
            Figure("soak_descriptors_more", more_descriptors, "<=", 2, ours=True),
        ]
        behind["soak"] = {n: [(s.rss_mb, s.descriptors) for s in taken] for n, taken in (samples or {}).items()}
        behind["held"] = {
            n: [s.kinds for s in taken[:: max(1, len(taken) // 12)]] for n, taken in (samples or {}).items()
        }
        print(*moved(samples or {}), sep="\n", file=sys.stderr)
    return figures, behind


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.storm", description=__doc__)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    for name, value in (("days", 1_000), ("disconnects", 1_000), ("mutants", 20_000), ("sockets", 300), ("rooms", 30)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--minutes", type=float, default=30.0, help="of the soak")
    options = parser.parse_args()
    kept = ENV.DATA_DIR.expanduser().resolve() / "storm"
    kept.mkdir(parents=True, exist_ok=True)
    figures: list[Figure] = []
    behind: dict[str, Any] = dict(vars(options))
    if "days" in options.parts:
        figures.append(Figure("days", options.days if days(options.days) else 0, ">=", options.days, ours=True))
    if set(options.parts) - {"days"}:
        with (
            tempfile.TemporaryDirectory(prefix="run-", dir=kept) as folder,
            house_open(Path(folder) / "house") as house,
        ):
            more, told = on_a_house(house, options)
        figures += more
        behind |= told
    path = figures_keep(kept, "storm", figures, behind)
    print(*(figure.line() for figure in figures), f"kept in {path}", sep="\n")
    return int(not all(figure.met for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
