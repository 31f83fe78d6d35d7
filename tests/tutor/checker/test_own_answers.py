"""Our own problems as data: every accepted answer is read and verified, in other forms too; every wrong variant refuted."""

from __future__ import annotations

import json
import random

import pytest

from tests.pedagogy import slips, variants
from tests.pedagogy.scores import Scores
from tutor.checker.check import answer_check
from tutor.imports import OWN_PROBLEMS

STEPS = [
    (f"{row['id']}-{number}", step)
    for row in map(json.loads, OWN_PROBLEMS.read_text(encoding="utf-8").splitlines())
    for number, step in enumerate(row["steps"])
]


@pytest.mark.parametrize("step", [step for _, step in STEPS], ids=[name for name, _ in STEPS])
def test_answers_are_verified_and_variants_refuted(step: dict[str, list[str]]) -> None:
    seed = random.Random(1)
    for answer in step["answers"]:
        text = variants.formula(answer)
        forms = [answer, *variants.rewritten(text)] if text else [answer]
        assert {form: answer_check(form, [answer]).verdict for form in forms} == dict.fromkeys(forms, "verified")
        for variant in variants.wrong(text, seed) if text else []:
            assert answer_check(variant, [answer]).verdict == "refuted", variant
    for variant in step["wrong"]:
        wanted = "refuted" if variants.formula(variant) else "unknown"
        assert answer_check(variant, step["answers"]).verdict == wanted, variant


@pytest.mark.parametrize(
    ("calculation", "slip"),
    [
        ("2*3=6", False),
        ("2*3=7", True),
        ("10/3=3.33", False),
        ("10/3=3.34", True),
        ("800/3=266.6666666666667", False),
        ("1.87*9=16.830000000000002", False),
        ("350/15=23.33", False),
        ("350/15=23.3", False),
        ("350/15=23.4", True),
        ("350/15=23", True),
        ("100/8=12.6", True),
        ("45*(1/2)=21", True),
        ("100*.05=5", False),
        ("x+1=2", None),
        ("7", None),
        ("1/0=2", None),
    ],
)
def test_slips_are_known_by_other_means(calculation: str, slip: bool | None) -> None:
    assert slips.is_slip(calculation) is slip


def test_a_changed_digit_is_another_number() -> None:
    seed = random.Random(3)
    for text in ("0", "17", "3.50", "-8") * 20:
        assert float(variants.digit_changed(text, seed)) != float(text)


def test_a_run_without_data_says_what_it_did_not_measure() -> None:
    lines = [figure.line() for figure in Scores().figures()]
    assert "missing answers_read" in lines
    assert "unmeasured slip_recall" in lines
