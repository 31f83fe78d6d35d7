"""What is read as what, and where reading stops."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutor.checker.grammar import read
from tutor.checker.tree import (
    Apply,
    Constant,
    Number,
    ParseError,
    Relation,
    Several,
    Symbol,
    Tree,
    Words,
    symbols,
    walk,
)


def said(tree: Tree) -> str:
    """A tree as a line of prefix notation."""
    if isinstance(tree, Number):
        return str(tree.value)
    if isinstance(tree, Symbol | Constant):
        return tree.name
    if isinstance(tree, Apply):
        return f"({tree.op} {' '.join(map(said, tree.args))})"
    if isinstance(tree, Relation):
        return " ".join(
            word for pair in zip(map(said, tree.sides), (*tree.signs, ""), strict=True) for word in pair
        ).strip()
    if isinstance(tree, Several):
        return f"{tree.kind}<{', '.join(map(said, tree.parts))}>"
    return tree.text


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("2x", "(* 2 x)"),
        ("3(x+1)", "(* 3 (+ x 1))"),
        ("2(x+1)(x-1)", "(* 2 (+ x 1) (+ x -1))"),
        ("p^2-p 3q", "(+ (^ p 2) (- (* p 3 q)))"),
        ("-x^2", "(- (^ x 2))"),
        ("2^3^2", "(^ 2 (^ 3 2))"),
        ("2^-3", "(^ 2 -3)"),
        ("--3", "3"),
        ("x^10y", "(* (^ x 10) y)"),
        ("6 ÷ 2 × 3", "(* (/ 6 2) 3)"),
        ("5 x 8", "(* 5 8)"),
        ("3 − 1 · 2", "(+ 3 (- (* 1 2)))"),
        ("x² + x⁻¹", "(+ (^ x 2) (^ x -1))"),
        ("½x", "(* 1/2 x)"),
        ("2½", "5/2"),
        ("-2 1/2", "-5/2"),
        ("2\\frac{1}{2}", "5/2"),
        ("\\frac12", "(/ 1 2)"),
        ("\\frac{a+b}{c}", "(/ (+ a b) c)"),
        ("\\sqrt[3]{8}", "(root 8 3)"),
        ("√2", "(sqrt 2)"),
        ("2√3", "(* 2 (sqrt 3))"),
        ("sqrt 2x", "(sqrt (* 2 x))"),
        ("sin^2 x + cos^2 x", "(+ (^ (sin x) 2) (^ (cos x) 2))"),
        ("sin^{-1} x", "(asin x)"),
        ("sin 2x cos x", "(* (sin (* 2 x)) (cos x))"),
        ("xsinx", "(* x (sin x))"),
        ("sin 30°", "(sin (/ (* 30 pi) 180))"),
        ("\\log_{2}\\left(3\\right)", "(log 3 2)"),
        ("\\log_b 7", "(log 7 b)"),
        ("log 100", "(log 100 10)"),
        ("ln x", "(ln x)"),
        ("250e^{-0.5 t}", "(* 250 (^ e (* -1/2 t)))"),
        ("|x-3|", "(abs (+ x -3))"),
        ("\\frac{\\sqrt{x} |x-3|}{x}", "(/ (* (sqrt x) (abs (+ x -3))) x)"),
        ("3!", "(! 3)"),
        ("25%", "1/4"),
        ("(x+1)%", "(/ (+ x 1) 100)"),
        ("80,000+1,000,000.5", "(+ 80000 2000001/2)"),
        ("1{,}000", "1000"),
        ("x_1+x_{12}", "(+ x_1 x_12)"),
        ("2\\theta", "(* 2 theta)"),
        ("sin(theta)", "(sin theta)"),
        ("2i", "(* 2 i)"),
        ("2x+3=7", "(+ (* 2 x) 3) = 7"),
        ("16-3-4 = 13-4 = 9", "(+ 16 -3 -4) = (+ 13 -4) = 9"),
        ("-2 < x ≤ 5", "-2 < x <= 5"),
        ("x \\geq 2", "x >= 2"),
        ("x>2 or x<-1", "or<x > 2, x < -1>"),
        ("x=2, x=3", "list<x = 2, x = 3>"),
        ("x+y=3; x-y=1", "list<(+ x y) = 3, (+ x (- y)) = 1>"),
        ("\\begin{cases} x+y=3 \\\\ x-y=1\\end{cases}", "and<(+ x y) = 3, (+ x (- y)) = 1>"),
        ("\\begin{bmatrix} 1 & 2 \\\\ 3 & 4\\end{bmatrix}", "matrix<row<1, 2>, row<3, 4>>"),
        ("(1/2,-.25)", "point<(/ 1 2), -1/4>"),
        ("(5,125)", "point<5, 125>"),
        ("[2,3)", "[)<2, 3>"),
        ("(-\\infty, 6]", "(]<(- oo), 6>"),
        ("\\{1,2\\}", "set<1, 2>"),
        ("$$(5,0)$$ and $$(-5,0)$$", "and<point<5, 0>, point<-5, 0>>"),
        ("y=\\pm 2x", "or<y = (* 2 x), y = (* -2 x)>"),
        ("f(x)=x^2", "f(x) = (^ x 2)"),
        ("f(3)+1", "(+ f(3) 1)"),
        ("h(x+2)", "(* h (+ x 2))"),
        ("no solution", "no solution"),
    ],
)
def test_a_line_means(text: str, meaning: str) -> None:
    assert said(read(text).tree) == meaning


@pytest.mark.parametrize(
    ("text", "meaning", "units"),
    [
        ("5 km/h", "5", {"km/h"}),
        ("20 apples - 3 apples = 17 apples", "(+ 20 -3) = 17", {"apples"}),
        ("9*2=$18", "(* 9 2) = 18", set()),
        ("€5 + €3", "(+ 5 3)", {"€"}),
        ("5 cm^2", "5", {"cm^2"}),
        ("65^{\\circ}", "65", {"°"}),
        ("3 \\text{ kg}", "3", {"kg"}),
    ],
)
def test_units_pass_through(text: str, meaning: str, units: set[str]) -> None:
    reading = read(text)
    assert (said(reading.tree), set(reading.units)) == (meaning, units)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("", 1),
        ("2 +", 4),
        ("the answer", 5),
        ("x = ?", 5),
        ("(1+2", 5),
        ("1+2)", 4),
        ("1/2x", 2),
        ("6÷2(1+2)", 2),
        ("3 4", 3),
        ("7 % 3", 3),
        ("\\foo{2}", 1),
        ("2 + * 3", 5),
        ("__import__('os')", 3),
        ("x.__class__", 2),
        ("|x", 3),
        ("\\begin{cases} x=1", 18),
        ("9" * 51, 1),
        ("x" * 1001, 1001),
        ("(" * 31 + "x" + ")" * 31, 31),
        ("1+" * 300 + "1", 402),
        ("٣+٤", 1),
        ("\ud7ff", 1),
    ],
)
def test_where_reading_stops_is_named(text: str, column: int) -> None:
    with pytest.raises(ParseError) as caught:
        read(text)
    assert caught.value.column == column
    assert caught.value.why


@given(st.text(max_size=60) | st.text(alphabet="0123456789xyz+-*/^()[]{}|,=<\\ sinlogfrac_", max_size=60))
@settings(max_examples=400, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        tree = read(text).tree
    except ParseError as error:
        column = error.column
    else:
        column = 1
        assert next(iter(walk(tree))) == tree
        assert symbols(tree) == sorted(set(symbols(tree)))
    assert 1 <= column <= len(text) + 2


def test_words_of_one_meaning_are_one() -> None:
    assert read("No Solutions.").tree == read("$$no solution$$").tree == Words("no solution")
