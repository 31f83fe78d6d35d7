"""Calculations for tools: exact, bounded, and compared with what must not come out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tutor.checker import pool as pools
from tutor.checker.child import computed
from tutor.checker.compute import is_hit, sympy
from tutor.checker.pool import Pool


def calculated(text: str, do: str = "evaluate", **more: Any) -> dict[str, Any]:
    return computed({"do": do, "text": text, "forbidden": [], **more})


@pytest.mark.parametrize(
    ("do", "text", "result", "about"),
    [
        ("evaluate", "3*7", "21", ""),
        ("evaluate", "1/3 + 1/6", "1/2", "= 0.5"),
        ("evaluate", "2/3", "2/3", "≈ 0.666667"),
        ("evaluate", "0.1 + 0.2", "3/10", "= 0.3"),
        ("evaluate", "\\sqrt{8}", "2*sqrt(2)", "≈ 2.82843"),
        ("evaluate", "2^100", "1267650600228229401496703205376", ""),
        ("evaluate", "5!", "120", ""),
        ("evaluate", "ln e^2", "2", ""),
        ("evaluate", "ln 2", "ln(2)", "≈ 0.693147"),
        ("evaluate", "e", "e", "≈ 2.71828"),
        ("evaluate", "i^2", "-1", ""),
        ("evaluate", "2 + 3i", "2 + 3*i", ""),
        ("evaluate", "2x + 3x", "5*x", ""),
        ("simplify", "(x^2 - 1)/(x - 1)", "x + 1", ""),
        ("expand", "(x + 1)^3", "x^3 + 3*x^2 + 3*x + 1", ""),
        ("factor", "x^2 - 5x + 6", "(x - 3)*(x - 2)", ""),
        ("solve", "3x - 5 = 16", "x = 7", ""),
        ("solve", "x^2 - 5x + 6", "x = 2 or x = 3", ""),
        ("solve", "x^2 = 2", "x = -sqrt(2) or x = sqrt(2)", "≈ -1.41421 or ≈ 1.41421"),
        ("solve", "x^2 + 1 = 0", "no real solution", ""),
    ],
)
def test_it_calculates_exactly(do: str, text: str, result: str, about: str) -> None:
    found = calculated(text, do)
    assert (found["text"], found["about"], found["hit"]) == (result, about, False)
    assert found["tex"]


@pytest.mark.parametrize(
    ("do", "text", "why"),
    [
        ("evaluate", "9^9^9", "This is too large to work out: an exponent is larger than 1000."),
        ("evaluate", "200!", "The result is longer than 300 characters."),
        ("evaluate", "1/0", "It needs division by zero, which has no value."),
        ("evaluate", "2 +", "I can't read this as maths: the line ends where"),
        ("evaluate", "__class__", "I can't read this as maths: “class” is a word (character 3)."),
        ("evaluate", "3 km + 2 km", "I do not calculate with units."),
        ("evaluate", "x = 7", "This has two sides."),
        ("evaluate", "no solution", "Give one expression or one equation."),
        ("evaluate", "1, 2", "Give one expression or one equation."),
        ("solve", "x + y = 2", "I solve equations in one unknown."),
        ("solve", "x = 2", "I solve equations in one unknown."),
        ("solve", "3 = 3", "I solve equations in one unknown."),
        ("solve", "x < 2", "I solve one equation with one equals sign."),
        ("solve", "x = 2 = 3", "I solve one equation with one equals sign."),
        ("solve", "sin x = 0", "I cannot list all solutions of this."),
        ("expand", "(x + y)^100", "This is too large to work out"),
        ("sample", "x + y", "A graph needs a function of one letter."),
        ("sample", "x = y", "Give a function, such as"),
        ("sample", "x < 2", "Give a function, such as"),
        ("sample", "ln(-1 - x^2)", "It has no real value in this window."),
    ],
)
def test_it_refuses_in_one_sentence(do: str, text: str, why: str) -> None:
    found = calculated(text, do, unknown="z" if text == "x = 2" else None, low=-1.0, high=1.0)
    assert found.keys() == {"error"}
    assert found["error"].startswith(why)


@pytest.mark.parametrize(
    ("text", "do", "forbidden"),
    [
        ("3*7", "evaluate", "21"),
        ("3*7", "evaluate", "x = 21"),
        ("3*7", "evaluate", "$21$"),
        ("-21", "evaluate", "21"),
        ("21.0001", "evaluate", "21"),
        ("1.414213562", "evaluate", "\\sqrt{2}"),
        ("x^2 - 441", "solve", "x = 21"),
        ("x = 3", "solve", "(3, 4)"),
        ("x + x", "simplify", "2x"),
        ("(x+1)(x+2)", "expand", "x^2 + 3x + 2"),
        ("3 + 4i", "evaluate", "4i + 3"),
    ],
)
def test_a_forbidden_value_is_a_hit(text: str, do: str, forbidden: str) -> None:
    assert calculated(text, do, forbidden=["Ellipse", forbidden])["hit"] is True


@pytest.mark.parametrize("forbidden", ["20", "x = 22", "21x", "Ellipse", "no solution", "2 +", "(2, 1)", "10^{5000}"])
def test_another_value_is_none(forbidden: str) -> None:
    assert calculated("3*7", forbidden=[forbidden])["hit"] is False


def test_what_cannot_be_compared_counts_as_a_hit() -> None:
    assert is_hit([sympy.zoo], ["7"]) is True


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    found = Pool(1)
    yield found
    found.close()


def test_a_child_calculates_and_samples(pool: Pool) -> None:
    assert pool.compute({"do": "evaluate", "text": "3*7", "forbidden": []})["text"] == "21"
    found = pool.compute({"do": "sample", "text": "x", "low": 0.0, "high": 1.0})
    assert found["pieces"][0][-1] == [1.0, 1.0]
    assert pool.step_check("2+2=4").verdict == "verified", "steps are checked by the same child"


def test_a_calculation_that_takes_too_long_is_killed(pool: Pool) -> None:
    pool.step_check("1=1")
    found = pool.compute({"do": "solve", "text": "\\sqrt{x+\\sqrt{x+\\sqrt{x+\\sqrt{x}}}}=x^3", "forbidden": []})
    assert found in ({"error": pools.TOO_LONG}, {"error": "I cannot list all solutions of this."})
    assert pool.compute({"do": "evaluate", "text": "2+2", "forbidden": []})["text"] == "4"
