"""Exact arithmetic with the standard library alone: quotients of polynomials over the rationals, in any letters.

``i`` is reduced by i² = −1; ``pi`` and ``e`` count as letters, so that two equal quotients are equal, while two different
ones with such letters prove nothing. Everything is bounded before it is computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import factorial, isqrt
from typing import Final

from tutor.checker.tree import (
    EXPONENT_MAX,
    FACTORIAL_MAX,
    RESULT_DIGITS_MAX,
    Apply,
    Constant,
    Number,
    Symbol,
    TooLargeError,
    Tree,
)

TERMS_MAX: Final = 400
WORK_MAX: Final = 60_000  # products of two terms in one tree
BITS_MAX: Final = RESULT_DIGITS_MAX * 10 // 3
ONE: Final = ()
Monomial = tuple[tuple[str, int], ...]  # letters in order, each with its exponent
Polynomial = dict[Monomial, Fraction]


class NotRationalError(ValueError):
    """The tree has something that is no quotient of polynomials."""


class UndefinedError(ValueError):
    """Division by nothing, the root of a negative number, and the like."""


@dataclass(frozen=True, slots=True)
class Ratio:
    top: Polynomial
    bottom: Polynomial

    @property
    def constant(self) -> Fraction | None:
        """Its value if no letter is left in it."""
        if set(self.top) <= {ONE} and set(self.bottom) == {ONE}:
            return self.top.get(ONE, Fraction(0)) / self.bottom[ONE]
        return None

    @property
    def letters(self) -> set[str]:
        return {name for part in (self.top, self.bottom) for monomial in part for name, _ in monomial}


def ratio_of(tree: Tree, opaque: dict[Tree, str] | None = None) -> Ratio:
    """The tree as one quotient. Raises NotRationalError, UndefinedError or TooLargeError.

    With ``opaque``, kept from one tree to the next, what is no quotient counts as one more letter: equal things get the
    same one. Two such quotients that are equal are equal; two that differ prove nothing.
    """
    return _Builder(opaque).ratio(tree)


def difference(left: Ratio, right: Ratio) -> Polynomial:
    """The top of left − right: empty exactly if they are equal wherever both are defined. Raises TooLargeError."""
    builder = _Builder()
    return _added(builder.times(left.top, right.bottom), _scaled(builder.times(right.top, left.bottom), Fraction(-1)))


def product(left: Polynomial, right: Polynomial) -> Polynomial:
    return _Builder().times(left, right)


def integer_power(base: Fraction, exponent: int) -> Fraction:
    """Raises TooLargeError before computing what would have more than RESULT_DIGITS_MAX digits; UndefinedError for 1/0."""
    if abs(exponent) > EXPONENT_MAX:
        raise TooLargeError(f"an exponent is larger than {EXPONENT_MAX}")
    if base == 0 and exponent <= 0:
        raise UndefinedError("0 to the power 0" if exponent == 0 else "division by zero")
    size = max(base.numerator.bit_length(), base.denominator.bit_length())
    if size * abs(exponent) > BITS_MAX and abs(base) != 1:
        raise TooLargeError("the result has too many digits")
    return base**exponent


def exact_root(value: Fraction, index: int) -> Fraction | None:
    """The real root if it is rational; None if not. Raises UndefinedError for an even root of a negative number."""
    if value < 0 and index % 2 == 0:
        raise UndefinedError("the root of a negative number")
    top, bottom = _whole_root(abs(value.numerator), index), _whole_root(value.denominator, index)
    if top is None or bottom is None:
        return None
    return Fraction(top, bottom) * (-1 if value < 0 else 1)


def factorial_of(value: Fraction) -> Fraction:
    if value.denominator != 1 or value < 0:
        raise UndefinedError("the factorial of this number")
    if value > FACTORIAL_MAX:
        raise TooLargeError(f"a factorial is larger than {FACTORIAL_MAX}!")
    return Fraction(factorial(int(value)))


def _whole_root(value: int, index: int) -> int | None:
    if index == 2:
        root = isqrt(value)
        return root if root * root == value else None
    low, high = 0, 1 << (value.bit_length() // index + 1)
    while low < high:
        middle = (low + high) // 2
        if middle**index < value:
            low = middle + 1
        else:
            high = middle
    return low if low**index == value else None


class _Builder:
    """One tree's work, counted."""

    def __init__(self, opaque: dict[Tree, str] | None = None) -> None:
        self.work, self.opaque = 0, opaque

    def ratio(self, tree: Tree) -> Ratio:
        try:
            return self._ratio(tree)
        except NotRationalError:
            if self.opaque is None or not isinstance(tree, Apply):
                raise
            name = self.opaque.setdefault(tree, f" {len(self.opaque)}")
            return Ratio({((name, 1),): Fraction(1)}, {ONE: Fraction(1)})

    def _ratio(self, tree: Tree) -> Ratio:
        if isinstance(tree, Number):
            return _constant(tree.value)
        if isinstance(tree, Symbol):
            return Ratio({((tree.name, 1),): Fraction(1)}, {ONE: Fraction(1)})
        if isinstance(tree, Constant) and tree.name != "oo":
            return Ratio({((f" {tree.name}", 1),): Fraction(1)}, {ONE: Fraction(1)})
        if not isinstance(tree, Apply):
            raise NotRationalError("this is no number")
        return self._applied(tree)

    def _applied(self, tree: Apply) -> Ratio:
        if tree.op == "+":
            total = self.ratio(tree.args[0])
            for term in tree.args[1:]:
                total = self._sum(total, self.ratio(term))
            return total
        if tree.op == "*":
            total = self.ratio(tree.args[0])
            for factor in tree.args[1:]:
                total = self._product(total, self.ratio(factor))
            return total
        if tree.op == "-":
            inside = self.ratio(tree.args[0])
            return Ratio(_scaled(inside.top, Fraction(-1)), inside.bottom)
        if tree.op == "/":
            return self._product(self.ratio(tree.args[0]), _inverse(self.ratio(tree.args[1])))
        if tree.op == "^":
            return self._power(self.ratio(tree.args[0]), self.ratio(tree.args[1]))
        return self._function(tree)

    def _function(self, tree: Apply) -> Ratio:
        """Roots, absolute values and factorials of plain numbers, where they are rational."""
        value = self.ratio(tree.args[0]).constant
        if value is None:
            raise NotRationalError(tree.op)
        if tree.op == "abs":
            return _constant(abs(value))
        if tree.op == "!":
            return _constant(factorial_of(value))
        index: Fraction | None = Fraction(2)
        if tree.op == "root":
            index = self.ratio(tree.args[1]).constant
        if tree.op not in {"sqrt", "root"} or index is None or index.denominator != 1 or not 2 <= index <= 100:
            raise NotRationalError(tree.op)
        root = exact_root(value, int(index))
        if root is None:
            raise NotRationalError("an irrational root")
        return _constant(root)

    def _sum(self, left: Ratio, right: Ratio) -> Ratio:
        if left.bottom == right.bottom:
            return Ratio(_added(left.top, right.top), left.bottom)
        top = _added(self.times(left.top, right.bottom), self.times(right.top, left.bottom))
        return Ratio(top, self.times(left.bottom, right.bottom))

    def _product(self, left: Ratio, right: Ratio) -> Ratio:
        return Ratio(self.times(left.top, right.top), self.times(left.bottom, right.bottom))

    def _power(self, base: Ratio, exponent: Ratio) -> Ratio:
        power = exponent.constant
        if power is None:
            raise NotRationalError("an exponent with letters")
        if abs(power) > EXPONENT_MAX:
            raise TooLargeError(f"an exponent is larger than {EXPONENT_MAX}")
        value = base.constant
        if power.denominator != 1:
            if value is None or value < 0 or power.denominator > 100:
                raise NotRationalError("a root")
            root = exact_root(value, power.denominator)
            if root is None:
                raise NotRationalError("an irrational root")
            return _constant(integer_power(root, power.numerator))
        if value is not None:
            return _constant(integer_power(value, int(power)))
        if power < 0:
            base = _inverse(base)
        return Ratio(self._raised(base.top, abs(int(power))), self._raised(base.bottom, abs(int(power))))

    def _raised(self, base: Polynomial, exponent: int) -> Polynomial:
        if len(base) > 1 and exponent > 60:
            raise TooLargeError("a power of a sum is too large to multiply out")
        result: Polynomial = {ONE: Fraction(1)}
        while exponent:
            if exponent & 1:
                result = self.times(result, base)
            exponent >>= 1
            if exponent:
                base = self.times(base, base)
        return result

    def times(self, left: Polynomial, right: Polynomial) -> Polynomial:
        self.work += len(left) * len(right)
        if self.work > WORK_MAX:
            raise TooLargeError("there is too much to multiply out")
        result: Polynomial = {}
        for one, by in left.items():
            for other, factor in right.items():
                monomial, sign = _joined(one, other)
                result[monomial] = result.get(monomial, Fraction(0)) + by * factor * sign
        result = {monomial: factor for monomial, factor in result.items() if factor}
        if len(result) > TERMS_MAX or any(_bits(factor) > BITS_MAX for factor in result.values()):
            raise TooLargeError("there is too much to multiply out")
        return result


def _joined(one: Monomial, other: Monomial) -> tuple[Monomial, int]:
    powers = dict(one)
    for name, power in other:
        powers[name] = powers.get(name, 0) + power
    sign = 1
    if powers.get(" i", 0) > 1:
        turns = powers.pop(" i")
        sign = -1 if turns % 4 in (2, 3) else 1
        if turns % 2:
            powers[" i"] = 1
    return tuple(sorted(powers.items())), sign


def _constant(value: Fraction) -> Ratio:
    if _bits(value) > BITS_MAX:
        raise TooLargeError("the result has too many digits")
    return Ratio({ONE: value} if value else {}, {ONE: Fraction(1)})


def _inverse(ratio: Ratio) -> Ratio:
    if not ratio.top:
        raise UndefinedError("division by zero")
    value = ratio.constant
    return _constant(1 / value) if value is not None else Ratio(ratio.bottom, ratio.top)


def _added(left: Polynomial, right: Polynomial) -> Polynomial:
    result = dict(left)
    for monomial, factor in right.items():
        result[monomial] = result.get(monomial, Fraction(0)) + factor
    return {monomial: factor for monomial, factor in result.items() if factor}


def _scaled(polynomial: Polynomial, by: Fraction) -> Polynomial:
    return {monomial: factor * by for monomial, factor in polynomial.items()}


def _bits(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())
