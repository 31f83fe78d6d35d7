"""The value of a tree at a point: an exact rational, or an interval that certainly holds it.

Over the reals: what has no real value there raises UndefinedError. Intervals come from mpmath with outward rounding, so
that two that do not meet are two different numbers, whatever was rounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from importlib import import_module
from typing import Any, Final

from tutor.checker.rational import (
    BITS_MAX,
    NotRationalError,
    UndefinedError,
    exact_root,
    factorial_of,
    integer_power,
)
from tutor.checker.tree import EXPONENT_MAX, Apply, Constant, Number, Symbol, TooLargeError, Tree

PRECISION_BITS: Final = 250
LARGEST_LOG: Final = 20_000.0  # of what is computed with intervals, to the base e
Point = Mapping[str, Fraction]


@cache
def _iv() -> Any:
    """mpmath's interval arithmetic, which has no types of its own; only the child has it."""
    iv = import_module("mpmath").iv
    iv.prec = PRECISION_BITS
    return iv


def exact(tree: Tree, at: Point) -> Fraction:
    """Raises NotRationalError where the value is not rational or not seen to be; UndefinedError, TooLargeError."""
    if isinstance(tree, Number):
        return tree.value
    if isinstance(tree, Symbol):
        return at[tree.name]
    if not isinstance(tree, Apply):
        raise NotRationalError("a constant")
    value = _exact_applied(tree.op, tree.args, at)
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > BITS_MAX:
        raise TooLargeError("the result has too many digits")
    return value


def _exact_applied(op: str, trees: tuple[Tree, ...], at: Point) -> Fraction:
    args = [exact(one, at) for one in trees]
    if op == "+":
        return sum(args, Fraction(0))
    if op == "*":
        result = Fraction(1)
        for one in args:
            result *= one
        return result
    if op == "/":
        if not args[1]:
            raise UndefinedError("division by zero")
        return args[0] / args[1]
    if op == "^":
        return _exact_power(args[0], args[1])
    if op == "root":
        if args[1].denominator != 1 or not 2 <= args[1] <= 100:
            raise NotRationalError(op)
        return _rational(exact_root(args[0], int(args[1])))
    if op == "log":
        return _exact_log(args[0], args[1])
    return _exact_one(op, args[0])


def _exact_one(op: str, value: Fraction) -> Fraction:
    if op == "-":
        return -value
    if op == "abs":
        return abs(value)
    if op == "!":
        return factorial_of(value)
    if op == "sqrt":
        return _rational(exact_root(value, 2))
    if op in {"sin", "tan", "asin", "atan"} and value == 0:
        return value
    if op == "ln" and value <= 0:
        raise UndefinedError("the logarithm of a number that is not positive")
    if (op in {"cos", "exp"} and value == 0) or (op == "ln" and value == 1):
        return Fraction(0 if op == "ln" else 1)
    raise NotRationalError(op)


def _rational(root: Fraction | None) -> Fraction:
    if root is None:
        raise NotRationalError("an irrational root")
    return root


def _exact_power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator == 1:
        if abs(exponent) > EXPONENT_MAX:
            raise TooLargeError(f"an exponent is larger than {EXPONENT_MAX}")
        return integer_power(base, int(exponent))
    if base < 0:
        raise UndefinedError("a root of a negative number")  # with an odd index people and books differ
    if exponent.denominator > 100:
        raise NotRationalError("a root")
    return _exact_power(_rational(exact_root(base, exponent.denominator)), Fraction(exponent.numerator))


def _exact_log(value: Fraction, base: Fraction) -> Fraction:
    if value <= 0 or base <= 0 or base == 1:
        raise UndefinedError("the logarithm of a number that is not positive")
    for exponent in range(-64, 65):
        if integer_power(base, exponent) == value:
            return Fraction(exponent)
    raise NotRationalError("log")


def interval(tree: Tree, at: Point) -> Any:
    """An ``mpi`` that holds the value. Raises UndefinedError, NotRationalError for what is not real, TooLargeError."""
    iv = _iv()
    if isinstance(tree, Number | Symbol):
        value = tree.value if isinstance(tree, Number) else at[tree.name]
        return iv.mpf(value.numerator) / value.denominator
    if isinstance(tree, Constant):
        if tree.name in {"pi", "e"}:
            return +iv.pi if tree.name == "pi" else iv.exp(iv.mpf(1))
        raise NotRationalError(tree.name)
    if not isinstance(tree, Apply):
        raise NotRationalError("this is no number")
    try:
        return iv.mpf(exact(tree, at).numerator) / exact(tree, at).denominator
    except (NotRationalError, KeyError):
        return _interval_applied(tree, at)


def _interval_applied(tree: Apply, at: Point) -> Any:
    args = [interval(one, at) for one in tree.args]
    if tree.op == "+":
        return sum(args[1:], args[0])
    if tree.op == "*":
        result = args[0]
        for one in args[1:]:
            result = result * one
        return result
    if tree.op == "-":
        return -args[0]
    if tree.op == "/":
        return args[0] / _away_from_zero(args[1])
    if tree.op == "^":
        return _interval_power(args[0], tree.args[1], args[1], at)
    if tree.op == "root":
        return _interval_root(args[0], exact(tree.args[1], at))
    if tree.op == "log":
        return _log(args[0]) / _away_from_zero(_log(args[1]))
    return _interval_one(tree.op, args[0])


def _away_from_zero(value: Any) -> Any:
    if value.a <= 0 <= value.b:
        raise UndefinedError("division by what may be zero")
    return value


def _log(value: Any) -> Any:
    if not value.a > 0:
        raise UndefinedError("the logarithm of a number that is not positive")
    return _iv().log(value)


def _exp(value: Any) -> Any:
    if not (value.a > -LARGEST_LOG and value.b < LARGEST_LOG):
        raise TooLargeError("the result has too many digits")
    return _iv().exp(value)


def _interval_power(base: Any, exponent_tree: Tree, exponent: Any, at: Point) -> Any:
    try:
        whole = exact(exponent_tree, at)
    except NotRationalError:
        return _exp(exponent * _log(base))
    if whole.denominator == 1:
        if abs(whole) > EXPONENT_MAX:
            raise TooLargeError(f"an exponent is larger than {EXPONENT_MAX}")
        return _away_from_zero(base) ** int(whole) if whole <= 0 else base ** int(whole)
    return _exp(exponent * _log(base))


def _interval_root(value: Any, index: Fraction) -> Any:
    if index.denominator != 1 or index < 2:
        raise NotRationalError("root")
    if value.b < 0 and index % 2:
        return -_interval_root(-value, index)
    return _exp(_log(value) / int(index))


def _interval_one(op: str, value: Any) -> Any:
    iv = _iv()
    if op == "abs":
        return abs(value)
    if op == "sqrt":
        if value.a < 0:
            raise UndefinedError("the root of a negative number")
        return iv.sqrt(value)
    if op == "ln":
        return _log(value)
    if op == "exp":
        return _exp(value)
    if op in {"sin", "cos", "tan", "sec", "csc", "cot"} and abs(value).b < EXPONENT_MAX * 1000:
        sine, cosine = iv.sin(value), iv.cos(value)
        above, below = {
            "sin": (sine, None), "cos": (cosine, None), "tan": (sine, cosine),
            "cot": (cosine, sine), "sec": (iv.mpf(1), cosine), "csc": (iv.mpf(1), sine),
        }[op]  # fmt: skip
        return above if below is None else above / _away_from_zero(below)
    raise NotRationalError(op)
