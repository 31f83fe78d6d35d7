"""Verdicts: the table of what is right, wrong with a witness, and honestly unknown."""

from __future__ import annotations

import pytest

from tutor.checker.check import answer_check, step_check

V, R, U = "verified", "refuted", "unknown"


@pytest.mark.parametrize(
    ("before", "text", "verdict", "witness"),
    [
        # calculations stand for themselves
        (None, "16-3-4=9", V, None),
        (None, "16-3-4=8", R, "9 ≠ 8"),
        (None, "2*3 = 6 = 7", R, "6 ≠ 7"),
        (None, "10/3=3.33", U, None),
        (None, "10/3=3.34", R, "10/3 ≠ 3.34"),
        (None, "\\pi = 3.14", U, None),
        # rounded: with “=” neither right nor wrong, with “≈” right to the digits that stand there
        (None, "10/3=3.3", U, None),
        (None, "10/3=3.4", R, "10/3 ≠ 3.4"),
        (None, "10/3=3", R, "10/3 ≠ 3"),
        (None, "-10/3=-3.3", U, None),
        (None, "\\sqrt{2} = 1.4", U, None),
        (None, "1/8=0.1", R, "0.125 ≠ 0.1"),
        (None, "1/8≈0.13", V, None),
        (None, "10/3≈3.3", V, None),
        (None, "10/3≈3", V, None),
        (None, "10/3≈3.4", U, None),
        (None, "2/3≈0.66", U, None),
        (None, "1/2≈0.5", V, None),
        (None, "0.5≈1/2", V, None),
        (None, "10/3\\approx 3.3 ≈ 3", V, None),
        (None, "10/3≈3.3=3.4", R, "3.3 ≠ 3.4"),
        (None, "1.87*9≈16.830000000000002", U, None),
        (None, "x≈x", U, None),
        (None, "1/0≈3", U, None),
        ("10/3", "3.3", U, None),
        ("10/3", "= 3.33", U, None),
        ("10/3", "= 3.4", R, "10/3 ≠ 3.4"),
        ("10/3", "≈ 3.3", V, None),
        ("10/3", "$\\approx 3.4$", U, None),
        ("2x", "≈ 2x", U, None),
        ("3x=10", "x≈3.33", V, None),
        ("3x=10", "x=3.33", U, None),
        ("3x=10", "x=3.34", R, "x = 3.34 gives 10.02 ≠ 10 in the line before"),
        ("3x=10", "x=3", R, "x = 3 gives 9 ≠ 10 in the line before"),
        ("3x=10", "x≈3", V, None),
        ("3x=10", "x≈3.4", U, None),
        ("2x=7", "x=3.5", V, None),
        ("x^2=2", "x≈1.41 or x≈-1.41", V, None),
        ("x^2=2", "x=1.41 or x=-1.41", U, None),
        ("x^2=2", "x≈1.41", U, None),
        ("x^2=2", "x≈1.41 or x≈-1.41 or x≈3", U, None),
        ("x^2=-1", "x≈1", U, None),
        ("x<3", "x≈2.9", U, None),
        (None, "\\sqrt 8=2\\sqrt 2", V, None),
        (None, "sin(30°)=1/2", V, None),
        (None, "\\pi<4", V, None),
        (None, "2<1", R, "2 ≥ 1"),
        (None, "\\sqrt{2} > 3/2", R, None),
        (None, "1/0=1/0", U, None),
        (None, "\\ln 0=\\ln 0", U, None),
        (None, "60 km = 60000 meters", U, None),
        # expressions rewritten
        ("2(x+1)", "2x+2", V, None),
        ("2(x+1)", "= 2x+1", R, "x = 2 gives 6 ≠ 5"),
        ("(x+1)^2", "x^2+1", R, "x = 2 gives 9 ≠ 5"),
        ("\\frac{x^2-9}{x-3}", "x+3", V, None),
        ("\\frac{1}{x}+\\frac{1}{y}", "\\frac{x+y}{xy}", V, None),
        ("\\sqrt{x^2}", "x", R, "x = -2 gives 2 ≠ -2"),
        ("\\sqrt{x^2}", "|x|", V, None),
        ("\\sqrt{x^2+10x+25}", "x+5", R, "x = -7 gives 2 ≠ -2"),
        ("\\sqrt{x}\\sqrt{y}", "\\sqrt{xy}", V, None),
        ("\\sqrt{x+1}+\\sqrt{x+1}", "2\\sqrt{x+1}", V, None),
        ("\\ln(ab)", "\\ln a+\\ln b", V, None),
        ("\\ln(x^2)", "2 ln x", V, None),
        ("\\ln(a+b)", "\\ln a+\\ln b", R, None),
        ("\\log_2 8", "3", V, None),
        ("3^{2x}", "9^x", V, None),
        ("sin^2 x+cos^2 x", "1", V, None),
        ("\\cos(2x)", "1-2\\sin^2 x", V, None),
        ("\\sin(2x)", "2\\sin x", R, None),
        ("(1+i)^2", "2i", V, None),
        ("i\\sqrt{5}", "i\\sqrt{5}+1", R, "the real part 0 ≠ 1"),
        ("\\frac{1+i}{1-i}", "i", V, None),
        ("5 km + 3 km", "8 km", V, None),
        ("5 km", "5000 m", U, None),
        ("2x", "2x = x+x", V, None),
        ("2x", "2x = x+1", R, None),
        # equations in one unknown
        ("4x-7=21", "4x=28", V, None),
        ("4x=28", "x=7", V, None),
        ("4x-7=21", "x=5", R, "x = 5 gives 13 ≠ 21 in the line before"),
        ("x^2=49", "x=7", R, "x = -7 holds before, not here"),
        ("x^2=49", "x=±7", V, None),
        ("x^2=49", "x=7 or x=-7", V, None),
        ("x^2=2", "x=\\pm\\sqrt 2", V, None),
        ("x^2-5x+6=0", "(x-2)(x-3)=0", V, None),
        ("(x-2)(x-3)=0", "x=2, x=3", V, None),
        ("x^5-x-1=0", "x^5=x+1", V, None),
        ("x^5-x-1=0", "x^5=x+2", R, None),
        ("2x=4", "x(x-2)=0", U, None),
        ("\\sqrt{2x+3}=5", "x=11", V, None),
        ("\\sqrt{2x+3}=5", "x=10", R, None),
        ("\\sqrt{x}=x-2", "x=(x-2)^2", U, None),
        ("2^x=8", "x=3", V, None),
        ("2^x=8", "x=4", R, "x = 4 gives 16 ≠ 8"),
        ("\\frac{1}{x}=2", "x=\\frac{1}{2}", V, None),
        # inequalities
        ("2x<6", "x<3", V, None),
        ("-2x<6", "x>-3", V, None),
        ("-2x<6", "x<-3", R, "x = -4 gives 8 ≥ 6 in the line before"),
        ("x≥2", "x≥3", R, None),
        ("x^2<4", "-2<x<2", V, None),
        ("x<3", "(-oo,3)", V, None),
        ("y>2x", "2y>4x", V, None),
        ("y>2x", "y<2x", R, None),
        # several unknowns
        ("d=rt", "r=d/t", V, None),
        ("d=rt", "r=dt", R, None),
        ("x^2+y^2=1", "2x^2+2y^2=2", V, None),
        ("x^2+y^2=1", "x^2+y^2=2", R, None),
        ("x+y=13, x-y=3", "x=8, y=5", V, None),
        ("x+y=13, x-y=3", "(8,5)", V, None),
        ("x+y=13, x-y=3", "x=5, y=8", R, "x = 5, y = 8 gives -3 ≠ 3"),
        ("x+y=13; x-y=3", "2x=16", V, None),
        ("4^m=q", "m=\\log_4 q", U, None),
        ("4^m=q", "3q=3*4^m", V, None),
        ("4^m=q", "m=q/4", R, None),
        # nothing to compare with
        (None, "x=7", U, None),
        (None, "2x", U, None),
        (None, "2(x+1)=2x+2", V, None),
        ("the answer", "2x", U, None),
        ("16-3-4=9", "9*2", U, None),
        (None, "no solution", U, None),
        ("x", "9^{9^{9}}", U, None),
        (None, "9^{9^{9}}=3", U, None),
        (None, "300! = 1", U, None),
        (None, "(10^7)! = 1", U, None),
        (None, "5!=120", U, None),
        (None, "5! = 120", V, None),
        (None, "5 != 6", V, None),
    ],
)
def test_a_step_is(before: str | None, text: str, verdict: str, witness: str | None) -> None:
    found = step_check(text, before)
    assert found.verdict == verdict, found
    assert found.reason.endswith(".")
    assert (found.witness is None) == (verdict != R)
    if witness is not None:
        assert found.witness == witness


def test_what_was_found_by_solving_is_marked() -> None:
    """A lost solution is named for staff; a value that the student wrote is hers."""
    assert step_check("x=7", "x^2=49").solved
    assert not step_check("x=5", "4x-7=21").solved
    assert not step_check("2x+1", "2(x+1)").solved


@pytest.mark.parametrize(
    ("line", "text", "verdict"),
    [
        ("4x-7=21", "4x - 7 = 21", V),
        ("4x-7=21", "4x = 28", V),
        ("4x-7=21", "4x = 27", R),
        ("4x-7=21", "x = 7", U),
        ("4x-7=21", "7 = x", U),
        ("1+1", "1+1", V),
        ("1+1", "2", U),
        ("x+y=13, x-y=3", "x=8, y=5", U),
    ],
)
def test_an_opening_is_a_step_and_not_a_guess(line: str, text: str, verdict: str) -> None:
    assert step_check(text, line, opening=True).verdict == verdict


def test_unreadable_lines_name_the_place() -> None:
    found = step_check("2x + + ) 3")
    assert found.verdict == U
    assert found.reason.startswith("I can't read this as maths: ")
    assert found.column == 8


@pytest.mark.parametrize(
    ("accepted", "text", "verdict"),
    [
        (["$$7$$"], "x=7", V),
        (["$$x=7$$"], "7", V),
        (["$$x=7$$"], "x=8", R),
        (["$$18$$"], "9*2=18", V),
        (["25", "$$25\\%$$"], "1/4", V),
        (["$$0.5$$"], "\\frac{1}{2}", V),
        (["$$x=-7, x=7$$"], "7, -7", V),
        (["$$x=-7, x=7$$"], "x=7", R),
        (["$$2, 3$$"], "3, 2", V),
        (["$$2, 3$$"], "2, 4", R),
        (["$$2, 3$$"], "2", R),
        (["$$(8,5)$$"], "x=8, y=5", V),
        (["$$(8,5)$$"], "(5,8)", R),
        (["$$x<6$$"], "(-\\infty, 6)", V),
        (["$$x<6$$"], "x>6", R),
        (["$$(2x-1)(x+7)$$"], "2x^2+13x-7", V),
        (["$$(2x-1)(x+7)$$"], "2x^2+13x+7", R),
        (["$$y=\\pm 2x$$"], "y=2x or y=-2x", V),
        (["$$\\frac{x^2}{9}+\\frac{y^2}{36}=1$$"], "4x^2+y^2=36", V),
        (["$$\\frac{x^2}{9}+\\frac{y^2}{36}=1$$"], "4x^2+y^2=35", R),
        (["$$\\begin{bmatrix} 1 & 2 \\end{bmatrix}$$"], "\\begin{bmatrix} 1 & 3 \\end{bmatrix}", R),
        (["no solution"], "No solution.", V),
        (["no solution"], "x=3", U),
        (["Ellipse"], "ellipse", V),
        (["Ellipse"], "Hyperbola", U),
        (["$$5$$"], "5 ) (", U),
        ([], "5", U),
    ],
)
def test_an_answer_is(accepted: list[str], text: str, verdict: str) -> None:
    assert answer_check(text, accepted).verdict == verdict


def test_what_was_rounded_is_said_with_its_places() -> None:
    assert step_check("10/3 = 3.3").reason == "It is right only when rounded to one decimal place."
    assert step_check("10/3 ≈ 3.33").reason == "Rounded to 2 places, it is right."
    assert step_check("x ≈ 3", "3x=10").reason == "Rounded to a whole number, it is right."
    assert step_check("4/2 ≈ 2").reason == step_check("4/2 = 2").reason


def test_v6_a_rounded_value_right_behind_the_problem_is_a_guess_and_not_compared() -> None:
    for guess in ("x ≈ 3.33", "x = 3.33", "x ≈ 3"):
        assert step_check(guess, "3x=10", opening=True).reason == "There is no line before it to compare it with."
    assert step_check("≈ 3.3", "10/3", opening=True).reason == "There is no line before it to compare it with."
