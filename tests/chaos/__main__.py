"""``make chaos``: every row of the fault matrix on the real product, until each has its rounds. See docs/faults.md."""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys

from classroom.env import BASE_DIR, ENV
from tests.bench.figures import figures_keep
from tests.chaos import report
from tests.chaos.registry import BY_ID, LENGTHS, ROWS
from tests.chaos.runner import Kept, rows_play

SWITCH_S = 0.001  # screens and the house's lines share one interpreter: neither may keep the other waiting
DOCUMENT = BASE_DIR / "docs" / "faults.md"


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = f"{os.cpu_count()} cores ({platform.machine()})"
    return f"{cores}, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"


def options_read(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--rows", default=os.environ.get("ROWS", ""), help="E4,E11: only these (ROWS)")
    parser.add_argument("--rounds", type=int, default=int(os.environ.get("ROUNDS") or 0), help="of each row (ROUNDS)")
    parser.add_argument("--fresh", action="store_true", help="forget the rounds of these rows that were played before")
    parser.add_argument("--report", action="store_true", help="play nothing: print what is kept, write the page")
    parser.add_argument("--no-page", action="store_true", help="leave docs/faults.md as it is")
    for name, (long, _) in LENGTHS.items():
        given = os.environ.get(f"CHAOS_{name.upper()}")
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, default=float(given or long), help=f"{long:g}")
    options = parser.parse_args(words)
    options.chosen = [word.upper() for word in re.split(r"[,\s]+", options.rows) if word] or list(BY_ID)
    if unknown := sorted(set(options.chosen) - set(BY_ID)):
        parser.error(f"there is no row {', '.join(unknown)}")
    return options


def main() -> int:
    options = options_read()
    kept = Kept(ENV.DATA_DIR.expanduser().resolve() / "chaos")
    rows = [row for row in ROWS if row.id in options.chosen]
    lengths = {name: getattr(options, name) for name in LENGTHS}
    if options.fresh:
        kept.forget(options.chosen)
    stopped = False
    sys.setswitchinterval(SWITCH_S)
    try:
        if not options.report:
            rows_play(rows, {row.id: options.rounds or row.long for row in rows}, lengths, kept)
    except KeyboardInterrupt:
        stopped = True
    figures = report.figures_of(kept.rounds)
    path = figures_keep(kept.path.parent, "chaos", figures, {"lengths": lengths, "rounds": kept.rounds})
    print(*report.table(kept.rounds), *(figure.line() for figure in figures), f"kept in {path}", sep="\n")
    if not options.no_page:
        report.document_write(DOCUMENT, kept.rounds, machine(), lengths)
        print(f"written to {DOCUMENT.relative_to(BASE_DIR)}")
    return 130 if stopped else int(any(record["findings"] for row in rows for record in kept.of(row.id)))


if __name__ == "__main__":
    sys.exit(main())
