"""The figures of the private solver, on solutions that real models wrote: what is read, what is sealed, what a vote is worth.

No model runs here: each row of ``model-solutions.jsonl`` has four solutions with a label, which serve as four samples.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.bench.figures import Figure
from tests.pedagogy.scores import MODELS, Tally
from tutor import solutions
from tutor.checker.pool import Pool


@dataclass
class Solving:
    """``read``: samples whose answer was found and judged as its label says. ``sealed``: votes that match what is accepted,
    passed if their samples are labelled right. ``votes`` and ``single``: how often a vote, and a sample, is right. ``sound``:
    samples labelled right that no calculation of theirs refutes.
    """

    read: Tally = field(default_factory=Tally)
    sealed: Tally = field(default_factory=Tally)
    votes: Tally = field(default_factory=Tally)
    single: Tally = field(default_factory=Tally)
    sound: Tally = field(default_factory=Tally)

    def figures(self) -> list[Figure]:
        wrong = float(self.sealed.of - self.sealed.passed) if self.sealed.of else None
        return [
            Figure("finals_read", self.read.share, ">=", 0.97),
            Figure("sealed_wrong", wrong, "=", 0),
            Figure("votes_right", self.votes.share, ">=", self.single.share or 0.0),
            Figure("right_sound", self.sound.share, ">=", 0.97),
        ]

    def record(self) -> dict[str, Any]:
        return {
            "finals": [self.read.passed, self.read.of, self.read.failed],
            "sealed": [self.sealed.passed, self.sealed.of, self.sealed.failed],
            "votes": [self.votes.passed, self.votes.of],
            "single": [self.single.passed, self.single.of],
            "sound": [self.sound.passed, self.sound.of, self.sound.failed],
        }


def sound(pool: Pool, text: str) -> tuple[bool, str]:
    refuted = [one for one in solutions.calculations(text) if pool.step_check(one).verdict == "refuted"]
    return not refuted, "; ".join(refuted)


def solving_score(scores: Solving, pool: Pool, found: Iterable[dict[str, Any]]) -> None:
    def same(one: str, other: str) -> bool:
        return one == other or pool.answer_check(one, [other]).verdict == "verified"

    for row in found:
        truth = solutions.sample_read(row["ground_truth"], 1)
        if truth is None:
            continue
        accepted = list(truth.answers)
        samples: list[tuple[solutions.Sample, bool]] = []
        for model in MODELS:
            told = row.get(model, {})
            sample = solutions.sample_read(told.get("solution", ""), 1)
            right = sample is not None and pool.answer_check(sample.answers[0], accepted).verdict == "verified"
            scores.read.add(right == told.get("is_correct"), f"{sample and sample.answers} for {accepted}")
            scores.single.add(bool(told.get("is_correct")), model)
            if told.get("is_correct"):
                scores.sound.add(*sound(pool, told["solution"]))
            if sample is not None:
                samples.append((sample, bool(told.get("is_correct"))))
        vote = solutions.vote([sample for sample, _ in samples], same)
        matches = vote is not None and pool.answer_check(vote.answers[0], accepted).verdict == "verified"
        scores.votes.add(matches, row["question"])
        if vote is not None and matches:
            voters = [right for sample, right in samples if same(sample.answers[0], vote.answers[0])]
            scores.sealed.add(all(voters), f"{vote.answers} for {accepted}")
