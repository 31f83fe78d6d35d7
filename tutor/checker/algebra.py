"""The computer algebra: proofs that something is zero, where signs change, and solution sets. Only the child imports it.

sympy is given numbers, symbols and the constructors below, never a text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib import import_module
from itertools import pairwise
from typing import Any, Final

from tutor.checker.rational import BITS_MAX, NotRationalError, Polynomial, UndefinedError
from tutor.checker.tree import (
    EXPONENT_MAX,
    FACTORIAL_MAX,
    Apply,
    Constant,
    Number,
    Symbol,
    TooLargeError,
    Tree,
    has,
    symbols,
)
from tutor.checker.values import exact, interval

sympy: Any = import_module("sympy")  # its types would be Any throughout
CONSTRUCTORS: Final = {
    "ln": sympy.log, "exp": sympy.exp, "sin": sympy.sin, "cos": sympy.cos, "tan": sympy.tan, "cot": sympy.cot,
    "sec": sympy.sec, "csc": sympy.csc, "asin": sympy.asin, "acos": sympy.acos, "atan": sympy.atan, "abs": sympy.Abs,
    "sqrt": sympy.sqrt, "root": sympy.root, "log": sympy.log, "!": sympy.factorial,
}  # fmt: skip
EXPANDED_MAX: Final = 60  # the exponent of a sum
CONSTANT_VALUES: Final = {"pi": sympy.pi, "e": sympy.E, "i": sympy.I}
Letters = Mapping[str, Any]


def build(tree: Tree, letters: Letters) -> Any:
    """The tree in sympy. Raises TooLargeError before anything large is made, NotRationalError for what is no number."""
    if isinstance(tree, Number):
        return sympy.Rational(tree.value.numerator, tree.value.denominator)
    if isinstance(tree, Symbol):
        return letters[tree.name]
    if isinstance(tree, Constant) and tree.name in CONSTANT_VALUES:
        return CONSTANT_VALUES[tree.name]
    if not isinstance(tree, Apply):
        raise NotRationalError("this is no number")
    _bounded(tree)
    args = [build(one, letters) for one in tree.args]
    if tree.op == "+":
        return sympy.Add(*args)
    if tree.op == "*":
        return sympy.Mul(*args)
    if tree.op == "-":
        return sympy.Mul(-1, args[0])
    if tree.op == "/":
        if args[1].is_zero:
            raise UndefinedError("division by zero")
        return sympy.Mul(args[0], sympy.Pow(args[1], -1))
    return sympy.Pow(*args) if tree.op == "^" else CONSTRUCTORS[tree.op](*args)


def _bounded(tree: Apply) -> None:
    """Refuse powers and factorials whose result would be too large, before they are made."""
    if tree.op not in {"^", "!"} or symbols(tree.args[-1]):
        return
    last = tree.args[-1]
    size = _size(last)
    if tree.op == "^" and size > EXPANDED_MAX and has(tree.args[0], "+"):
        raise TooLargeError("a power of a sum is too large to multiply out")
    if tree.op == "!" and size > FACTORIAL_MAX:
        raise TooLargeError(f"a factorial is larger than {FACTORIAL_MAX}!")
    if tree.op == "^" and size > EXPONENT_MAX:
        raise TooLargeError(f"an exponent is larger than {EXPONENT_MAX}")
    if tree.op == "^" and not symbols(tree.args[0]):
        _size(tree)


def _size(tree: Tree) -> float:
    """How large the value of something without letters is; 0 for what has no real value."""
    try:
        value = exact(tree, {})
        return float(min(abs(value), Fraction(BITS_MAX)))
    except NotRationalError:
        pass
    except UndefinedError:
        return 0.0
    try:
        return float(abs(interval(tree, {})).b)
    except (NotRationalError, UndefinedError):
        return 0.0


def zero_proved(left: Tree, right: Tree, signs: Mapping[str, int]) -> bool:
    """Whether left − right is proved to be 0 wherever each letter has the given sign (1 or −1)."""
    letters = {
        name: sympy.Mul(sign, sympy.Symbol(f"s{number}", positive=True))
        for number, (name, sign) in enumerate(sorted(signs.items()))
    }
    gap = build(left, letters) - build(right, letters)
    for attempt in (sympy.expand, _over_one, _logs_joined, sympy.trigsimp, sympy.simplify):
        gap = attempt(gap)
        if gap == 0:
            return True
    return gap.is_number and bool(gap.equals(0))


def _over_one(gap: Any) -> Any:
    """Over one bottom; only the top counts."""
    return sympy.expand(sympy.numer(sympy.together(gap)))


def _logs_joined(gap: Any) -> Any:
    return sympy.simplify(sympy.expand_log(gap)) if gap.has(sympy.log) else gap


# ---- where polynomials in one letter are positive, zero, negative


@dataclass(frozen=True, slots=True)
class Cell:
    """A stretch of the line, or one point of it, on which no sign changes.

    ``at`` is a rational in it, or near it where the point is irrational. ``signs`` are those of the polynomials.
    """

    at: Fraction
    signs: tuple[int, ...]
    is_point: bool
    is_exact: bool


def cells(polynomials: Sequence[Polynomial]) -> list[Cell]:
    """The whole line cut where one of the polynomials (in one letter, or none) is zero; left to right. Exact."""
    letter = sympy.Symbol("x", real=True)
    made = [_poly(one, letter) for one in polynomials]
    factors = {factor for one in made if not one.is_zero for factor, _ in one.factor_list()[1] if factor.degree() > 0}
    places = _roots(factors, letter)
    found = []
    for number, (low, high) in enumerate(places):
        before = places[number - 1][1] if number else low - 2
        found.append(_stretch((before + low) / 2, made))
        found.append(_point((low, high), made, factors))
    found.append(_stretch(places[-1][1] + 1 if places else Fraction(0), made))
    return found


def _poly(polynomial: Polynomial, letter: Any) -> Any:
    terms = {sum(power for _, power in key): sympy.Rational(*by.as_integer_ratio()) for key, by in polynomial.items()}
    if any(power > 60 for power in terms):
        raise TooLargeError("its degree is too high")
    return sympy.Poly.from_dict(terms or {0: sympy.Integer(0)}, letter, domain="QQ")


def _roots(factors: set[Any], letter: Any) -> list[tuple[Fraction, Fraction]]:
    """Intervals, apart from each other, that hold one real root each."""
    if not factors:
        return []
    whole = sympy.Poly(1, letter, domain="QQ")
    for factor in factors:
        whole = whole * factor
    eps: Any = None
    while True:
        found = sorted((_fraction(a), _fraction(b)) for (a, b), _ in whole.intervals(eps=eps))
        if all(one[1] < other[0] for one, other in pairwise(found)):
            return found
        eps = sympy.Rational(1, 1000) if eps is None else eps / 1000


def _fraction(value: Any) -> Fraction:
    return Fraction(int(value.p), int(value.q))


def _sign(poly: Any, at: Fraction) -> int:
    return int(sympy.sign(poly.eval(sympy.Rational(at.numerator, at.denominator))))


def _stretch(at: Fraction, made: Sequence[Any]) -> Cell:
    return Cell(at, tuple(_sign(one, at) for one in made), False, True)


def _point(place: tuple[Fraction, Fraction], made: Sequence[Any], factors: set[Any]) -> Cell:
    """At a root: what the root's own factor divides is zero there; the rest has one sign on the whole interval."""
    low, high = place
    here = next(factor for factor in factors if _crosses(factor, low, high))
    middle = (low + high) / 2
    signs = tuple(0 if one.is_zero or one.rem(here).is_zero else _sign(one, middle) for one in made)
    return Cell(low if low == high else middle, signs, True, low == high)


def _crosses(factor: Any, low: Fraction, high: Fraction) -> bool:
    if low == high:
        return _sign(factor, low) == 0
    return _sign(factor, low) * _sign(factor, high) < 0


# ---- solution sets


def solutions(equations: Sequence[tuple[Tree, Tree]], names: Sequence[str]) -> list[tuple[Any, ...]] | None:
    """All real solutions of equations, as tuples in the order of ``names``; None where sympy cannot list them all."""
    letters = {name: sympy.Symbol(f"s{number}", real=True) for number, name in enumerate(names)}
    gaps = [build(left, letters) - build(right, letters) for left, right in equations]
    unknowns = [letters[name] for name in names]
    try:
        if len(names) == 1 and len(gaps) == 1:
            found = sympy.solveset(gaps[0], unknowns[0], sympy.S.Reals)
            return [(one,) for one in found] if isinstance(found, sympy.FiniteSet) else _empty(found)
        found = sympy.linsolve(gaps, *unknowns)
    except (ValueError, NotImplementedError, TypeError):
        return None  # what sympy says of a set that it cannot list, or a system that is not linear
    listed = [tuple(one) for one in found] if isinstance(found, sympy.FiniteSet) else _empty(found)
    return None if listed is None or any(part.free_symbols for one in listed for part in one) else listed


def _empty(found: Any) -> list[tuple[Any, ...]] | None:
    return [] if found is sympy.S.EmptySet else None


def same_numbers(left: Sequence[tuple[Any, ...]], right: Sequence[tuple[Any, ...]]) -> bool:
    """Whether both hold the same tuples of numbers, proved."""

    def equal(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
        return all(sympy.simplify(a - b) == 0 for a, b in zip(one, other, strict=True))

    return all(any(equal(one, other) for other in right) for one in left) and all(
        any(equal(one, other) for one in left) for other in right
    )
