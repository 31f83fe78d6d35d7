"""``make bench-board``: do copies of a board stay equal whatever happens, and how soon does a stroke reach the others?

See docs/board.md for how it is measured. A new row is a part: a function in ``PARTS`` that adds to the result.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import django

from classroom.env import ENV
from tests.bench import board_page
from tests.bench.figures import Figure, figures_keep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "classroom.settings")
DONE = ("operations", "restarts", "disconnects", "refused", "shapes")


@dataclass
class Result:
    figures: list[Figure] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    behind: dict[str, Any] = field(default_factory=dict)


def fuzz(folder: Path, options: argparse.Namespace, result: Result) -> None:
    """Random hands over two real web processes, one of which is killed and started again in every seed."""
    from tests.bench.board_house import School, Wired, stack_in
    from tests.board.fuzz import Fuzz

    outcomes = []
    try:
        with stack_in(folder / "fuzz") as stack:
            stack.wait_answers()
            school = School(stack, people=5, rooms=options.seeds)
            for seed, document in enumerate(school.documents):
                made = Fuzz(Wired(school, document), seed, operations=options.operations, restarts=options.restarts)
                outcomes.append(asyncio.run(made.run()))
                say(f"seed {seed + 1} of {options.seeds}: {outcomes[-1]}")
    except (AssertionError, subprocess.TimeoutExpired) as error:
        say(f"not measured: {error}")
    diverged = [one for one in outcomes if one.diverged]
    whole = len(outcomes) == options.seeds
    result.figures.append(Figure("fuzz_diverged", len(diverged) if whole else None, "=", 0, ours=True))
    result.lines += [f"diverged: {one}" for one in diverged]
    done = {name: sum(getattr(one, name) for one in outcomes) for name in DONE}
    result.lines.append(f"fuzz: {len(outcomes)} seeds, " + ", ".join(f"{count} {name}" for name, count in done.items()))
    result.behind["fuzz"] = [asdict(one) for one in outcomes]


def sync(folder: Path, options: argparse.Namespace, result: Result) -> None:
    """The age of a stroke at the other end, beside y-websocket's own server."""
    from tests.bench import board_sync
    from tests.bench.board_house import School, stack_in

    size = board_sync.Size(updates=60, rounds=1) if options.quick else board_sync.Size()
    found = board_sync.Ages()
    peer = board_sync.peer_installed(ENV.DATA_DIR.expanduser().resolve() / "bench" / "y-websocket", say)
    try:
        with stack_in(folder / "sync") as stack:
            stack.wait_answers()
            school = School(stack, people=2, rooms=size.rounds)
            found = board_sync.measured(school, school.documents, peer, size)
    except (AssertionError, TimeoutError, subprocess.TimeoutExpired) as error:
        say(f"not measured: {error}")
    result.figures += board_sync.figures_of(found)
    for name, rounds in (("ours, two web processes", found.ours), ("y-websocket, one process", found.theirs)):
        if rounds:
            result.lines.append(
                f"sync p95 in ms, {name}: " + ", ".join(f"{board_sync.p95(ages):.1f}" for ages in rounds)
            )
    result.behind["sync"] = asdict(found)


# The rows of the bench, in their order. What a browser measures is a part of its own too.
PARTS: Mapping[str, Callable[[Path, argparse.Namespace, Result], None]] = {
    "sync": sync,
    "page": board_page.page,
    "fuzz": fuzz,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-board")
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--operations", type=int, default=200)
    parser.add_argument("--restarts", type=int, default=1, help="how often a web process is killed in one seed")
    parser.add_argument("--quick", action="store_true", help="two seeds, one short round: does it run at all?")
    options = parser.parse_args()
    if options.quick:
        options.seeds, options.operations = 2, 40
    django.setup()
    result = Result()
    with tempfile.TemporaryDirectory(prefix="cs-bench-") as folder:
        for name in options.parts:
            PARTS[name](Path(folder), options, result)
    print("\n".join(result.lines))
    print("\n".join(figure.line() for figure in result.figures))
    kept = figures_keep(ENV.DATA_DIR.expanduser().resolve() / "bench-board", "board", result.figures, result.behind)
    say(f"kept in {kept}")
    return int(any(figure.missing for figure in result.figures))


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
