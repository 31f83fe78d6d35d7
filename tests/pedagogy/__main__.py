"""``make pedagogy DATA=<folder>``: the scorecard of the steps and of the tutor. Without DATA on the repository's own problems.

The folder holds files of the names and shapes of ``algebra-problems.jsonl``, ``word-problems.jsonl`` and
``model-solutions.jsonl``; what is not there is ``unmeasured``. Ends with 1 if a figure of our own is missing.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "classroom.settings")
os.environ.setdefault("LOG_LEVEL", "ERROR")  # thousands of searches, without a Redis to tell of them
django.setup()  # before what needs its models is imported

from django.conf import settings
from django.test.utils import override_settings, setup_databases, teardown_databases

from classroom.env import Env
from tests.bench.figures import figures_keep
from tests.pedagogy import languages, retrieval
from tests.pedagogy.canaries import canaries_score
from tests.pedagogy.model_leaks import demo_model, model_leaks
from tests.pedagogy.poison import poison_score
from tests.pedagogy.scores import Scores, hostile_score, problems_score, rows, slips_score, words_score
from tests.pedagogy.solving import Solving, solving_score
from tests.pedagogy.ten_turns import TenTurns, ten_turns
from tests.pedagogy.tool_leaks import tool_leaks
from tests.pedagogy.tutoring import Tutoring, tutoring_score, usable
from tutor.checker.pool import Pool
from tutor.documents import vectors

CANARIES = 1_000
MODEL_PROBLEMS = 60
LANGUAGE_PROBLEMS = 48
ROOT = Path(__file__).resolve().parent.parent.parent
OWN = ROOT / "tutor" / "problems" / "own.jsonl"


@contextmanager
def part(name: str) -> Iterator[None]:
    """Says on the way what is measured and how long it took: the whole takes its time, and its figures come at the end."""
    began = time.monotonic()
    print(f"… {name}", file=sys.stderr, flush=True)
    yield
    print(f"  {name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.pedagogy", description=__doc__)
    parser.add_argument("--data", type=Path, help="a folder with the three files; without it our own problems")
    parser.add_argument(
        "--without-model", action="store_true", help="leave out the real demo model, which takes minutes"
    )
    options = parser.parse_args()
    wanted = options.data
    if wanted is not None and not wanted.is_dir():
        parser.error(f"{wanted} is not a folder")
    scores, solving, pool = Scores(), Solving(), Pool(1)
    try:
        with part("steps"):
            problems_score(scores, pool, rows(OWN if wanted is None else wanted / "algebra-problems.jsonl"))
        if wanted is not None:
            with part("steps that others wrote"):
                words_score(scores, pool, rows(wanted / "word-problems.jsonl"))
                slips_score(scores, pool, rows(wanted / "model-solutions.jsonl"))
                solving_score(solving, pool, rows(wanted / "model-solutions.jsonl"))
        with part("hostile strings"):
            hostile_score(scores, pool)
    finally:
        pool.close()
    tutoring = Tutoring()
    files = [OWN] if wanted is None else [wanted / "algebra-problems.jsonl", wanted / "word-problems.jsonl"]
    with part("an obedient model"):
        tutoring_score(tutoring, (row for file in files for row in rows(file)))
    with part("tools"):
        tutoring.tools = tool_leaks(usable(rows(files[0])), every=1 if wanted is None else 20)
    with part("canaries and documents"):
        documents = database_count(tutoring, files, every=3 if wanted is None else 40)
    home = Env().DATA_DIR.expanduser().resolve()
    spoken, talked = languages.Languages(), TenTurns()
    languages.languages_score(spoken)
    if not options.without_model:
        model_count(home, files[0], tutoring, talked, spoken)
    parts = (scores, tutoring, talked, documents, solving, spoken)
    record = {name: counts for one in parts for name, counts in one.record().items()}
    for name, counts in record.items():
        print(f"{name}: {counts}")
    figures = [figure for one in parts for figure in one.figures()]
    for figure in figures:
        print(figure.line())
    print(figures_keep(home / "pedagogy", "pedagogy", figures, record))
    return 1 if any(figure.missing for figure in figures) else 0


def model_count(home: Path, file: Path, tutoring: Tutoring, talked: TenTurns, spoken: languages.Languages) -> None:
    """What the real model says, behind the guard."""
    with demo_model(home) as engine:
        with part("the demo model under attack"):
            tutoring.model = model_leaks(engine, itertools.islice(usable(rows(file)), MODEL_PROBLEMS))
        with part("ten turns with the demo model"):
            ten_turns(engine, talked, usable(rows(file)))
        with part("the demo model's language"):
            languages.replies(engine, itertools.islice(usable(rows(file)), LANGUAGE_PROBLEMS), spoken)


def database_count(scores: Tutoring, files: list[Path], every: int) -> retrieval.Retrieval:
    """What is built from rows, as the product builds it: in a database of its own, which is thrown away."""
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        canaries_score(scores.canaries, CANARIES)
        with TemporaryDirectory() as folder, override_settings(DATA_DIR=Path(folder)):
            found = retrieval.retrieval_score(retrieval.handbook_class(), retrieval.QUESTIONS, retrieval.ELSEWHERE)
        with override_settings(DOCUMENT_MODEL="", DATA_DIR=settings.DATA_DIR):
            found.poison = poison_score((row for file in files for row in usable(rows(file))), every=every)
    finally:
        vectors.embedder().close()
        teardown_databases(databases, verbosity=0)
    return found


if __name__ == "__main__":
    sys.exit(main())
