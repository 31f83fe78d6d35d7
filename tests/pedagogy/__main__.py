"""``make pedagogy DATA=<folder>``: the scorecard of the steps. Without DATA on the repository's own problems.

The folder holds files of the names and shapes of ``algebra-problems.jsonl``, ``word-problems.jsonl`` and
``model-solutions.jsonl``; what is not there is ``unmeasured``. Ends with 1 if a figure of our own is missing.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from classroom.env import Env
from tests.bench.figures import figures_keep
from tests.pedagogy.scores import Scores, hostile_score, problems_score, rows, slips_score, words_score
from tutor.checker.pool import Pool

ROOT = Path(__file__).resolve().parent.parent.parent
OWN = ROOT / "tutor" / "problems" / "own.jsonl"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.pedagogy", description=__doc__)
    parser.add_argument("--data", type=Path, help="a folder with the three files; without it our own problems")
    wanted = parser.parse_args().data
    if wanted is not None and not wanted.is_dir():
        parser.error(f"{wanted} is not a folder")
    scores, pool = Scores(), Pool(1)
    try:
        problems_score(scores, pool, rows(OWN if wanted is None else wanted / "algebra-problems.jsonl"))
        if wanted is not None:
            words_score(scores, pool, rows(wanted / "word-problems.jsonl"))
            slips_score(scores, pool, rows(wanted / "model-solutions.jsonl"))
        hostile_score(scores, pool)
    finally:
        pool.close()
    record = scores.record()
    for name, counts in record.items():
        print(f"{name}: {counts}")
    figures = scores.figures()
    for figure in figures:
        print(figure.line())
    print(figures_keep(Env().DATA_DIR.expanduser().resolve() / "pedagogy", "pedagogy", figures, record))
    return 1 if any(figure.missing for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
