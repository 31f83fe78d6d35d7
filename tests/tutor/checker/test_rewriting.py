"""Equal rewritings are never refuted, changed values never verified: on expressions and equations made by chance."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from tutor.checker.check import step_check
from tutor.checker.expressions import compare
from tutor.checker.grammar import read
from tutor.checker.rational import exact_root, integer_power

letters = st.sampled_from(["x", "y", "a", "2", "3", "7", "\\frac{1}{2}", "0.25"])


def pairs(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    two = st.tuples(inner, inner)
    return st.one_of(
        two.map(lambda pair: f"({pair[0]}+{pair[1]})"),
        two.map(lambda pair: f"({pair[0]}-({pair[1]}))"),
        two.map(lambda pair: f"({pair[0]})({pair[1]})"),
        inner.map(lambda one: f"({one})^2"),
        inner.map(lambda one: f"|{one}|"),
        inner.map(lambda one: f"\\sqrt{{({one})^2+1}}"),
    )


expressions = st.recursive(letters, pairs, max_leaves=5)
REWRITINGS = (
    "({0})+5-5", "\\frac{{3({0})}}{{3}}", "-(-({0}))", "2({0})-({0})", "({0})\\cdot 1", "(({0})+1)^2-({0})^2-({0})-1",
)  # fmt: skip


@given(expressions, st.sampled_from(REWRITINGS))
@settings(max_examples=80, deadline=None)
def test_an_equal_rewriting_is_never_refuted(text: str, form: str) -> None:
    assert step_check(form.format(text), text).verdict in {"verified", "unknown"}


@given(expressions, st.integers(-9, 9).filter(bool))
@settings(max_examples=80, deadline=None)
def test_a_changed_value_is_never_verified(text: str, change: int) -> None:
    found = step_check(f"{text} + ({change})", text)
    assert found.verdict == "refuted", found


@given(st.integers(-20, 20).filter(bool), st.integers(-20, 20), st.integers(-20, 20), st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_linear_equations_keep_their_solution(a: int, b: int, x: int, by: int) -> None:
    equation = f"{a}x + ({b}) = {a * x + b}"
    assert step_check(f"{a * by}x + ({b * by}) = {by * (a * x + b)}", equation).verdict == "verified"
    assert step_check(f"x = {x}", equation).verdict == "verified"
    assert step_check(f"x = {x + 1}", equation).verdict == "refuted"


@given(st.integers(-9, 9), st.integers(-9, 9), st.sampled_from(["<", "<=", ">", ">="]))
@settings(max_examples=40, deadline=None)
def test_quadratic_inequalities_are_decided(low: int, high: int, sign: str) -> None:
    low, high = sorted((low, high))
    factored, expanded = f"(x-({low}))(x-({high})) {sign} 0", f"x^2 + ({-low - high})x + ({low * high}) {sign} 0"
    assert step_check(expanded, factored).verdict == "verified"
    other = f"x^2 + ({-low - high})x + ({low * high}) {sign} 1"
    assert step_check(other, factored).verdict == "refuted"


@given(st.fractions(min_value=-50, max_value=50, max_denominator=50), st.integers(2, 5))
@settings(max_examples=100, deadline=None)
def test_roots_are_exact_or_none(value: Fraction, index: int) -> None:
    power = integer_power(value, index)
    root = exact_root(power, index)
    assert root is not None
    assert abs(root) == abs(value)
    assert exact_root(abs(power) + Fraction(1, 10**9), index) is None or value == 0


def test_a_witness_is_real() -> None:
    """What a refutation says of a point is so when the point is put in."""
    found = compare(read("(x+y)^2").tree, read("x^2+y^2").tree)
    assert found.point is not None
    x, y = found.point["x"], found.point["y"]
    assert (Fraction(found.left), Fraction(found.right)) == ((x + y) ** 2, x**2 + y**2)
    assert found.left != found.right
