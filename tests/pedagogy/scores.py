"""The figures of the steps: what is read, what is refuted, what is wrongly verified, what escapes, which slips are found."""

from __future__ import annotations

import json
import random
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from tests.bench.figures import Figure
from tests.pedagogy import hostile, slips, variants
from tutor.checker.pool import Pool

SEED = 7
HOSTILE = 2_400
SLOWEST_S = 3.0
# The line before a hostile string: none, an expression, equations that want solving, another hostile one.
BEFORE = (None, "x+1", "x^2 = 2x", "e^{x} = x+2", "9^{9^{9}}")
MODELS = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")


@dataclass
class Tally:
    """``passed`` of ``of``, and examples of what did not pass."""

    passed: int = 0
    of: int = 0
    failed: list[str] = field(default_factory=list)

    def add(self, passed: bool, what: str) -> None:
        self.passed += passed
        self.of += 1
        if not passed and len(self.failed) < 20:
            self.failed.append(what)

    @property
    def share(self) -> float | None:
        return self.passed / self.of if self.of else None


@dataclass
class Scores:
    """Everything that one run counts. Times in seconds."""

    answers: Tally = field(default_factory=Tally)
    wrong: Tally = field(default_factory=Tally)
    calculations: Tally = field(default_factory=Tally)
    changed: Tally = field(default_factory=Tally)
    false_verified: list[str] = field(default_factory=list)
    slips_found: Tally = field(default_factory=Tally)
    slips_claimed: Tally = field(default_factory=Tally)
    hostile_strings: int = 0
    escapes: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    in_words: int = 0

    def figures(self) -> list[Figure]:
        verified = len(self.false_verified)
        measured = self.wrong.of + self.changed.of
        return [
            Figure("answers_read", self.answers.share, ">=", 0.97, ours=True),
            Figure("wrong_refuted", self.wrong.share, ">=", 0.99, ours=True),
            Figure("false_verified", float(verified) if measured else None, "=", 0, ours=True),
            Figure("hostile_escapes", float(len(self.escapes)) if self.hostile_strings else None, "=", 0, ours=True),
            Figure("calculations_verified", self.calculations.share, "=", 1),
            Figure("changed_refuted", self.changed.share, "=", 1),
            Figure("slip_precision", self.slips_claimed.share, ">=", 0.95),
            Figure("slip_recall", self.slips_found.share, ">=", 0.95),
            Figure("check_p50_ms", median(self.times) * 1000 if self.times else None, "<=", 150),
            Figure(
                "check_p99_ms", quantiles(self.times, n=100)[98] * 1000 if len(self.times) > 99 else None, "<=", 3000
            ),
        ]

    def record(self) -> dict[str, Any]:
        return {
            "answers": [self.answers.passed, self.answers.of, self.answers.failed],
            "answers_in_words": self.in_words,
            "wrong": [self.wrong.passed, self.wrong.of, self.wrong.failed],
            "calculations": [self.calculations.passed, self.calculations.of, self.calculations.failed],
            "changed": [self.changed.passed, self.changed.of, self.changed.failed],
            "false_verified": self.false_verified[:20],
            "slips_found": [self.slips_found.passed, self.slips_found.of, self.slips_found.failed],
            "slips_claimed": [self.slips_claimed.passed, self.slips_claimed.of, self.slips_claimed.failed],
            "hostile": [self.hostile_strings, self.escapes[:20]],
        }


def rows(path: Path) -> Iterator[dict[str, Any]]:
    if path.is_file():
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip():
                yield json.loads(line)


def problems_score(scores: Scores, pool: Pool, problems: Iterable[dict[str, Any]]) -> None:
    """Each accepted answer verifies against itself and an equal form; each wrong variant is refuted."""
    seed = random.Random(SEED)
    for problem in problems:
        for step in problem.get("steps", []):
            for answer in step["answers"]:
                _answer_score(scores, pool, answer, seed)
            for variant in step.get("wrong", []):
                if variants.formula(variant) is not None:
                    _wrong_score(scores, pool, variant, step["answers"])


def _answer_score(scores: Scores, pool: Pool, answer: str, seed: random.Random) -> None:
    text = variants.formula(answer)
    if text is None:
        scores.in_words += 1
        scores.answers.add(_timed(scores, pool, answer, [answer]) == "verified", answer)
        return
    forms = [answer, *variants.rewritten(text)]
    verdicts = [_timed(scores, pool, form, [answer]) for form in forms]
    scores.answers.add(set(verdicts) == {"verified"}, f"{answer}: {list(zip(forms, verdicts, strict=True))}")
    for variant in variants.wrong(text, seed):
        _wrong_score(scores, pool, variant, [answer])


def _wrong_score(scores: Scores, pool: Pool, variant: str, answers: list[str]) -> None:
    verdict = _timed(scores, pool, variant, answers)
    scores.wrong.add(verdict == "refuted", f"{variant} for {answers}: {verdict}")
    if verdict == "verified":
        scores.false_verified.append(f"{variant} for {answers}")


def _timed(scores: Scores, pool: Pool, text: str, accepted: list[str]) -> str:
    begun = time.perf_counter()
    verdict = pool.answer_check(text, accepted)
    scores.times.append(time.perf_counter() - begun)
    return verdict.verdict


def words_score(scores: Scores, pool: Pool, problems: Iterable[dict[str, Any]]) -> None:
    """Each ``<<a=b>>`` is right, and wrong with another digit in its result."""
    seed = random.Random(SEED)
    for problem in problems:
        for calculation in slips.calculations(problem.get("solution", "")):
            begun = time.perf_counter()
            verdict = pool.step_check(calculation).verdict
            scores.times.append(time.perf_counter() - begun)
            scores.calculations.add(verdict == "verified", f"{calculation}: {verdict}")
            left, _, right = calculation.rpartition("=")
            changed = f"{left}={variants.digit_changed(right, seed)}"
            verdict = pool.step_check(changed).verdict
            scores.changed.add(verdict == "refuted", f"{changed}: {verdict}")
            if verdict == "verified":
                scores.false_verified.append(changed)


def slips_score(scores: Scores, pool: Pool, solutions: Iterable[dict[str, Any]]) -> None:
    """Precision: what we refute is a slip. Recall: the slips that we refute. Rounded results are none."""
    for row in solutions:
        for model in MODELS:
            for calculation in slips.calculations(row.get(model, {}).get("solution", "")):
                true = slips.is_slip(calculation)
                if true is None:
                    continue
                claimed = pool.step_check(calculation).verdict == "refuted"
                if claimed:
                    scores.slips_claimed.add(true, calculation)
                if true:
                    scores.slips_found.add(claimed, calculation)


def hostile_score(scores: Scores, pool: Pool, count: int = HOSTILE) -> None:
    """No string takes longer than SLOWEST_S once a child is there, makes a file, or ends the caller."""
    with tempfile.TemporaryDirectory() as folder:
        canary = Path(folder) / "canary"
        for number, text in enumerate(hostile.strings(count, canary)):
            if pool.needs_start:
                pool.step_check("1=1")  # loading sympy again is not this string's time
            begun = time.perf_counter()
            verdict = pool.step_check(text, BEFORE[number % len(BEFORE)])
            took = time.perf_counter() - begun
            scores.hostile_strings += 1
            if took > SLOWEST_S or canary.exists():
                scores.escapes.append(f"{took:.1f} s: {text[:80]!r}")
            assert verdict.verdict in {"verified", "refuted", "unknown"}
