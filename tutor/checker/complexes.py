"""Complex numbers as two real trees, so that everything known of real ones serves."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from tutor.checker.rational import NotRationalError
from tutor.checker.tree import Apply, Constant, Number, Tree, negated, walk

POWER_MAX: Final = 4
ZERO: Final = Number(Fraction(0))
ONE: Final = Number(Fraction(1))
Parts = tuple[Tree, Tree]


def is_complex(tree: Tree) -> bool:
    return any(part == Constant("i") for part in walk(tree))


def parts_of(tree: Tree) -> Parts:
    """(real, imaginary), letters being real. Raises NotRationalError for functions and large powers of complex numbers."""
    if tree == Constant("i"):
        return ZERO, ONE
    if not is_complex(tree):
        return tree, ZERO
    if not isinstance(tree, Apply):
        raise NotRationalError("this is no number")
    if tree.op == "^":
        return _power(parts_of(tree.args[0]), tree.args[1])
    args = [parts_of(one) for one in tree.args]
    if tree.op == "+":
        return _sum([real for real, _ in args]), _sum([turned for _, turned in args])
    if tree.op == "-":
        return negated(args[0][0]), negated(args[0][1])
    if tree.op == "*":
        result = args[0]
        for one in args[1:]:
            result = _product(result, one)
        return result
    if tree.op == "/":
        return _product(args[0], _inverse(args[1]))
    raise NotRationalError(f"{tree.op} of a complex number")


def _sum(terms: list[Tree]) -> Tree:
    kept = tuple(term for term in terms if term != ZERO)
    return Apply("+", kept) if len(kept) > 1 else kept[0] if kept else ZERO


def _times(one: Tree, other: Tree) -> Tree:
    if ZERO in (one, other):
        return ZERO
    return other if one == ONE else one if other == ONE else Apply("*", (one, other))


def _product(one: Parts, other: Parts) -> Parts:
    (a, b), (c, d) = one, other
    return _sum([_times(a, c), negated(_times(b, d))]), _sum([_times(a, d), _times(b, c)])


def _inverse(one: Parts) -> Parts:
    a, b = one
    size = _sum([_times(a, a), _times(b, b)])
    return Apply("/", (a, size)), negated(Apply("/", (b, size)))


def _power(base: Parts, exponent: Tree) -> Parts:
    power = exponent.value if isinstance(exponent, Number) else Fraction(POWER_MAX + 1)
    if power.denominator != 1 or abs(power) > POWER_MAX:
        raise NotRationalError("a power of a complex number")
    result: Parts = (ONE, ZERO)
    for _ in range(abs(int(power))):
        result = _product(result, base)
    return _inverse(result) if power < 0 else result
