"""A result that was rounded is neither right nor wrong: ``10/3 = 3.33`` is what a calculator says."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from tutor.checker.rational import NotRationalError, UndefinedError
from tutor.checker.tree import Apply, Number, TooLargeError, Tree
from tutor.checker.values import exact, interval
from tutor.checker.verdicts import Verdict, unknown

PLACES_MIN: Final = 2  # fewer are more often a slip than a rounding
FLOAT_PLACES: Final = 9  # so many are written by machines, whose last digits are noise
FLOAT_NOISE: Final = Fraction(1, 10**10)


def rounded(left: Tree, right: Tree) -> Verdict | None:
    """“Only rounded” for a decimal that is the other side's value, rounded; None if it is exact or something else."""
    for written, other in ((right, left), (left, right)):
        found = _decimal(written)
        if found is None:
            continue
        value, places = found
        true = _value(other)
        if true is None:
            return None
        gap = abs(true - value)
        if gap == 0 or places < PLACES_MIN:
            return None
        near = gap * 2 <= Fraction(1, 10**places) and not _short(true)
        noise = places >= FLOAT_PLACES and gap <= FLOAT_NOISE * max(abs(true), Fraction(1))
        return unknown(f"It is right only when rounded to {places} places.") if near or noise else None
    return None


def _value(tree: Tree) -> Fraction | None:
    """The value, or for an irrational one the end of an interval that is far shorter than any written decimal."""
    try:
        return exact(tree, {})
    except NotRationalError:
        pass
    except (UndefinedError, TooLargeError):
        return None
    try:
        sign, mantissa, exponent, _ = interval(tree, {}).a.mid._mpi_[0]
    except (NotRationalError, UndefinedError, TooLargeError):
        return None
    size = Fraction(int(mantissa)) * (Fraction(2) ** int(exponent))
    return -size if sign else size


def _decimal(tree: Tree) -> tuple[Fraction, int] | None:
    if isinstance(tree, Apply) and tree.op == "-" and isinstance(tree.args[0], Number):
        tree = Number(-tree.args[0].value, tree.args[0].places)
    return (tree.value, tree.places) if isinstance(tree, Number) and tree.places else None


def _short(value: Fraction) -> bool:
    """Whether it can be written out in a few places, so that nobody would round it."""
    return (value * 10**4).denominator == 1
