"""Our own problems are right: every accepted answer is worked out again, and every wrong variant is wrong."""

from __future__ import annotations

import json
import re
from fractions import Fraction as F
from typing import Any

import pytest

from tests.tutor.own_truths import TRUTHS, Relation, Same, Truth
from tutor.imports import OWN_PROBLEMS
from tutor.problem_shapes import row_shape

ROWS: dict[str, dict[str, Any]] = {
    row["id"]: row for row in map(json.loads, OWN_PROBLEMS.read_text(encoding="utf-8").splitlines())
}
STEPS = [(slug, number) for slug, row in ROWS.items() for number in range(len(row["steps"]))]
SIGNS = {"<": "<", ">": ">", "\\le": "<=", "\\leq": "<=", "\\ge": ">=", "\\geq": ">="}
POINTS = [F(-3), F(-1, 2), F(0), F(1), F(7, 3), F(10)]


def number(text: str) -> F | None:
    """A plain number, a fraction or a percentage; None for anything else."""
    text = text.strip().removesuffix("\\%").strip()
    if found := re.fullmatch(r"(-?)\\frac\{(\d+)\}\{(\d+)\}", text):
        return F(int(found[2]), int(found[3])) * (-1 if found[1] else 1)
    return F(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else None


def polynomial(text: str, at: F) -> F | None:
    """The value of a polynomial in one letter at ``at``; None if the text is none."""
    terms = re.findall(r"([+-]?)(\d*)([a-z]?)(?:\^(\d+))?(?=[+-]|$)", text.replace(" ", ""))
    if (
        "".join(f"{sign}{factor}{letter}{'^' + power if power else ''}" for sign, factor, letter, power in terms)
        != text
    ):
        return None
    total = F(0)
    for sign, factor, letter, power in terms:
        if factor or letter:
            value = F(int(factor or 1)) * (at ** int(power or 1) if letter else 1)
            total += -value if sign == "-" else value
    return total


def holds(text: str, truth: Truth) -> bool:
    """Whether an answer as the file writes it says what is true."""
    plain = text.removeprefix("$$").removesuffix("$$")
    if isinstance(truth, str):
        return text == truth
    if isinstance(truth, Relation):
        found = re.fullmatch(r"x\s*(<|>|\\leq?|\\geq?)\s*(-?\d+)", plain)
        return found is not None and (SIGNS[found[1]], F(found[2])) == (truth.sign, truth.bound)
    if isinstance(truth, Same):
        return all(polynomial(plain, at) == truth.accepted(at) for at in POINTS)
    if isinstance(truth, set):
        return {number(part.strip().removeprefix("x=")) for part in plain.split(",")} == truth
    if isinstance(truth, tuple):
        return tuple(number(part) for part in plain.strip("()").split(",")) == truth
    return number(plain.removeprefix("x=")) == truth


def test_there_are_enough_and_all_are_worked_out_again() -> None:
    assert len(ROWS) >= 40
    assert {slug: len(row["steps"]) for slug, row in ROWS.items()} == {
        slug: len(found) for slug, found in TRUTHS.items()
    }


@pytest.mark.parametrize(("slug", "step"), STEPS)
def test_every_accepted_answer_is_right(slug: str, step: int) -> None:
    for answer in ROWS[slug]["steps"][step]["answers"]:
        assert holds(answer, TRUTHS[slug][step]), answer


@pytest.mark.parametrize(("slug", "step"), STEPS)
def test_every_wrong_variant_is_wrong(slug: str, step: int) -> None:
    wrong = ROWS[slug]["steps"][step]["wrong"]
    assert wrong
    for variant in wrong:
        assert not holds(variant, TRUTHS[slug][step]), variant


def test_expanded_expressions_equal_what_was_asked() -> None:
    for truths in TRUTHS.values():
        for truth in truths:
            if isinstance(truth, Same):
                assert all(truth.asked(at) == truth.accepted(at) for at in POINTS)


@pytest.mark.parametrize(
    ("answer", "truth", "verdict"),
    [
        ("$$\\frac{2}{4}$$", F(1, 2), True),
        ("$$-\\frac{1}{2}$$", F(1, 2), False),
        ("$$25\\%$$", F(25), True),
        ("$$x=7$$", F(7), True),
        ("$$x\\geq 2$$", Relation(">=", F(2)), True),
        ("$$x>2$$", Relation(">=", F(2)), False),
        ("$$7, -7$$", {F(7), F(-7)}, True),
        ("$$7$$", {F(7), F(-7)}, False),
        ("$$(3,2)$$", (F(2), F(3)), False),
        ("$$3a+8$$", Same(lambda a: 3 * a + 8, lambda a: 3 * a + 8), True),
        ("$$3a-8$$", Same(lambda a: 3 * a + 8, lambda a: 3 * a + 8), False),
        ("$$x^2$$", F(4), False),
    ],
)
def test_the_check_itself_tells_right_from_wrong(answer: str, truth: Truth, verdict: bool) -> None:
    assert holds(answer, truth) is verdict


@pytest.mark.parametrize("slug", ROWS)
def test_each_has_hints_and_shows_none_of_them(slug: str) -> None:
    row = ROWS[slug]
    assert (row["source"], row["license"]) == ("Chalkstream", "CC0-1.0")
    statement = row_shape(row).public["statement"]
    for step in row["steps"]:
        assert step["hints"]
        for hint in step["hints"]:
            assert hint["text"] not in statement
            assert bool(hint.get("hintAnswer")) == (hint["type"] == "scaffold")


def test_choices_hold_the_answer_and_every_wrong_one() -> None:
    for row in ROWS.values():
        for step in row["steps"]:
            if step["kind"] == "MultipleChoice":
                assert set(step["answers"]) | set(step["wrong"]) == set(step["choices"])


def test_no_formula_is_left_open() -> None:
    for row in ROWS.values():
        assert row_shape(row).warnings == []
        assert json.dumps(row).count("$$") % 2 == 0
