"""Calculations for the tutor's tools, inside the child: an expression worked out, rewritten or solved. Exact.

The request has the text, and the values that the result must not be: what equals one of these is a ``hit``, and it is
for the caller to keep it back. What cannot be compared counts as one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from math import isfinite
from typing import Any, Final

from tutor.checker.algebra import build, solutions, sympy
from tutor.checker.grammar import read
from tutor.checker.rational import NotRationalError, UndefinedError
from tutor.checker.tree import Number, ParseError, Relation, Several, Symbol, TooLargeError, Tree, Words, symbols
from tutor.checker.values import exact

RESULT_MAX: Final = 300  # characters
TEX_MAX: Final = 1_200
SOLUTIONS_MAX: Final = 12
NEAR: Final = 1e-4  # as near to a value, in proportion, counts as that value
UNREADABLE: Final = "I can't read this as maths"
_WORDS: Final = {"simplify": sympy.simplify, "expand": sympy.expand, "factor": sympy.factor}


class ComputeError(ValueError):
    """A calculation that is refused, with the reason in words for people."""


def calculated(do: str, text: str, unknown: str | None, forbidden: Sequence[str]) -> dict[str, Any]:
    """{text, tex, about, hit}: the result as text and as TeX, and as a decimal with its sign. Raises ComputeError."""
    tree = tree_of(text)
    if do == "solve":
        return _solved(tree, unknown, forbidden)
    if isinstance(tree, Relation):
        raise ComputeError("This has two sides. Give one expression, or solve it.")
    made = _built(tree)
    if do == "evaluate" and symbols(tree):
        do = "simplify"
    result = _value(tree, made) if do == "evaluate" else _WORDS[do](made)
    return {
        "text": _written(result),
        "tex": _bounded(sympy.latex(result, ln_notation=True), TEX_MAX),
        "about": _about(result),
        "hit": is_hit([result], forbidden),
    }


def tree_of(text: str) -> Tree:
    """Raises ComputeError with the place where reading stopped, or for what nobody can calculate with."""
    try:
        reading = read(text)
    except ParseError as error:
        raise ComputeError(f"{UNREADABLE}: {error.why} (character {error.column}).") from None
    if reading.units:
        raise ComputeError("I do not calculate with units. Write the numbers alone.")
    if isinstance(reading.tree, Words | Several):
        raise ComputeError("Give one expression or one equation.")
    return reading.tree


def _built(tree: Tree) -> Any:
    return build(tree, {name: sympy.Symbol(name, real=True) for name in symbols(tree)})


def _value(tree: Tree, made: Any) -> Any:
    try:
        value = exact(tree, {})
    except NotRationalError:
        return sympy.nsimplify(sympy.simplify(made)) if made.is_number else made
    return sympy.Rational(value.numerator, value.denominator)


def _solved(tree: Tree, unknown: str | None, forbidden: Sequence[str]) -> dict[str, Any]:
    """All real solutions of one equation in one unknown."""
    left: Tree = tree
    right: Tree = Number(Fraction(0))
    if isinstance(tree, Relation):
        if tree.signs != ("=",):
            raise ComputeError("I solve one equation with one equals sign.")
        left, right = tree.sides
    names = sorted({*symbols(left), *symbols(right)})
    if len(names) != 1 or (unknown and names != [unknown]):
        raise ComputeError("I solve equations in one unknown.")
    found = solutions([(left, right)], names)
    if found is None:
        raise ComputeError("I cannot list all solutions of this.")
    if len(found) > SOLUTIONS_MAX:
        raise ComputeError(f"It has more than {SOLUTIONS_MAX} solutions.")
    roots = sorted((root for (root,) in found), key=float)
    about = " or ".join(filter(None, map(_about, roots)))
    said = " or ".join(f"{names[0]} = {_written(root)}" for root in roots) or "no real solution"
    tex = " \\;\\text{or}\\; ".join(f"{names[0]} = {sympy.latex(root, ln_notation=True)}" for root in roots)
    return {
        "text": _bounded(said, RESULT_MAX),
        "tex": _bounded(tex, TEX_MAX) or "\\text{no real solution}",
        "about": about,
        "hit": is_hit(roots, forbidden),
    }


def _written(value: Any) -> str:
    text = str(value).replace("**", "^").replace("log(", "ln(").replace("oo", "∞")
    text = re.sub(r"\bE\b", "e", re.sub(r"\bI\b", "i", text))
    if value in (sympy.zoo, sympy.nan) or value.has(sympy.zoo, sympy.nan):
        raise ComputeError("It needs division by zero, which has no value.")
    return _bounded(text, RESULT_MAX)


def _bounded(text: str, longest: int) -> str:
    if len(text) > longest:
        raise ComputeError(f"The result is longer than {longest} characters.")
    return text


def _about(value: Any) -> str:
    """A decimal of what is no whole number, with “=” or “≈” and six digits; empty for all else."""
    if not value.is_number or value.is_integer or not value.is_real:
        return ""
    short = f"{float(value.evalf(20)):.6g}"
    is_exact = value.is_rational and sympy.Rational(short) == value
    return f"{'=' if is_exact else '≈'} {short}"


# ---- what must not come out


def is_hit(results: Sequence[Any], forbidden: Sequence[str]) -> bool:
    """Whether a result has one of the values, whatever its sign."""
    values = [value for text in forbidden for value in _values_in(text)]
    return any(_same(one, other) for one in results for other in values)


def _values_in(text: str) -> list[Any]:
    """The numbers and expressions that a sealed value names: ``x = 7``, ``(2, 3)``, ``2x + 1``. Words name none."""
    try:
        return [_built(part) for part in _parts(read(text).tree)]
    except (ParseError, RecursionError, TooLargeError, UndefinedError, NotRationalError):
        return []  # the guard, which reads the result too, compares such a value as text


def _parts(tree: Tree) -> list[Tree]:
    if isinstance(tree, Several):
        return [one for part in tree.parts for one in _parts(part)]
    if isinstance(tree, Relation):
        return [side for side in tree.sides if not isinstance(side, Symbol)]
    return [] if isinstance(tree, Words) else [tree]


def _same(one: Any, other: Any) -> bool:
    if one.is_number != other.is_number:
        return False
    if not one.is_number:
        return bool(sympy.expand(one - other) == 0 or sympy.simplify(one - other) == 0)
    try:
        here, there = abs(complex(one.evalf(20))), abs(complex(other.evalf(20)))
    except (TypeError, ValueError, OverflowError):
        return True
    return not isfinite(here) or abs(here - there) <= NEAR * max(there, NEAR)
