"""The numbers that stand in an expression, as the grammar reads them and not as its signs look: ``x - (-3/4)`` has a −3/4."""

from __future__ import annotations

from fractions import Fraction

from tutor.checker.grammar import read
from tutor.checker.rational import NotRationalError, UndefinedError
from tutor.checker.tree import ParseError, TooLargeError, Tree, symbols, walk
from tutor.checker.values import exact


def constants_of(text: str) -> set[Fraction]:
    """Every part of it without letters that has a rational value; none of a text that cannot be read."""
    try:
        tree = read(text).tree
    except (ParseError, RecursionError):
        return set()
    found = (_value(part) for part in walk(tree) if not symbols(part))
    return {value for value in found if value is not None}


def _value(tree: Tree) -> Fraction | None:
    try:
        return exact(tree, {})
    except (NotRationalError, UndefinedError, TooLargeError, ArithmeticError):
        return None
