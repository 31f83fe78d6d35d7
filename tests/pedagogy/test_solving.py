"""The figures of the private solver on a few samples; the whole run is ``make pedagogy DATA=<folder>``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.pedagogy.scores import MODELS
from tests.pedagogy.solving import Solving, solving_score
from tutor.checker.pool import Pool


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    made = Pool(1)
    yield made
    made.close()


def row(truth: str, *told: tuple[str, bool]) -> dict[str, Any]:
    models = {name: {"solution": text, "is_correct": right} for name, (text, right) in zip(MODELS, told, strict=False)}
    return {"question": "?", "ground_truth": truth, **models}


def test_samples_are_read_voted_and_judged(pool: Pool) -> None:
    scores = Solving()
    right, other = ("9 * 2 = <<9*2=18>>18\nA: 18", True), ("A: $18.00", True)
    solving_score(scores, pool, [row("A: 18", right, other, ("A: 26", False), ("no end", False))])
    assert scores.record() == {
        "finals": [4, 4, []], "sealed": [1, 1, []], "votes": [1, 1], "single": [2, 4], "sound": [2, 2, []],
    }  # fmt: skip
    assert all(figure.met for figure in scores.figures())


def test_a_wrong_label_and_a_wrong_vote_are_noticed(pool: Pool) -> None:
    scores = Solving()
    solving_score(scores, pool, [row("A: 7", ("A: 7", False), ("A: 8", False), ("A: 8", True))])
    figures = {figure.name: figure for figure in scores.figures()}
    assert not figures["finals_read"].met
    assert scores.votes.passed == 0
    solving_score(scores, pool, [row("A: 7", ("A: 7", False))])
    assert not {figure.name: figure for figure in scores.figures()}["sealed_wrong"].met
    solving_score(scores, pool, [row("A: 7", ("3 + 3 = 7\nA: 7", True))])
    assert scores.sound.failed == ["3 + 3 = 7"]


def test_without_the_file_nothing_is_measured(pool: Pool) -> None:
    scores = Solving()
    solving_score(scores, pool, [row("nothing is said here")])
    assert all(figure.value is None for figure in scores.figures())
