"""What a line of mathematics means: a small typed tree of our own. Nothing here computes; everything is immutable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

TEXT_MAX: Final = 1_000  # characters of a line
TOKENS_MAX: Final = 400
DEPTH_MAX: Final = 30
DIGITS_MAX: Final = 50  # of a written number
EXPONENT_MAX: Final = 1_000
RESULT_DIGITS_MAX: Final = 10_000
FACTORIAL_MAX: Final = 200

FUNCTIONS: Final = frozenset(
    {"sqrt", "ln", "exp", "sin", "cos", "tan", "cot", "sec", "csc", "asin", "acos", "atan", "abs"}
)
# Apply.op is one of these or of FUNCTIONS; root and log take (argument, index or base).
OPERATORS: Final = frozenset({"+", "*", "/", "^", "-", "root", "log", "!", "±"})
SIGNS: Final = ("=", "<", ">", "<=", ">=", "!=", "≈")
CONSTANTS: Final = frozenset({"pi", "e", "i", "oo"})


class ParseError(ValueError):
    """A text that is not mathematics that we read. ``column`` is 1 for the first character."""

    def __init__(self, why: str, column: int) -> None:
        super().__init__(why)
        self.why, self.column = why, column


class TooLargeError(ValueError):
    """Something that would be too large to work out; known before anything is computed."""


@dataclass(frozen=True, slots=True)
class Number:
    """An exact rational. ``places``: how many decimals it was written with, 0 for a whole number or a fraction."""

    value: Fraction
    places: int = 0


@dataclass(frozen=True, slots=True)
class Symbol:
    """A letter, with its index if it has one, or a function of something as one unknown: ``f(x)``."""

    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """One of CONSTANTS."""

    name: str


@dataclass(frozen=True, slots=True)
class Apply:
    """An operator or function and what it is applied to."""

    op: str
    args: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """``sides[0] signs[0] sides[1] signs[1] …``: a chain of one sign or more."""

    sides: tuple[Tree, ...]
    signs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Several:
    """Many things in one line.

    ``kind``: ``list`` (commas), ``and``, ``or``, ``point`` (round brackets), ``set``, ``row``, ``matrix``, or an interval by
    its brackets: ``[]``, ``[)``, ``(]``, ``()``.
    """

    kind: str
    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """An answer in words, such as “no solution”: compared as a text, never computed."""

    text: str


Tree = Number | Symbol | Constant | Apply | Relation | Several | Words


@dataclass(frozen=True, slots=True)
class Reading:
    """A line as it was understood. ``units``: those written in it, each once; they take no part in the arithmetic."""

    tree: Tree
    units: frozenset[str] = frozenset()


def children(tree: Tree) -> tuple[Tree, ...]:
    if isinstance(tree, Apply):
        return tree.args
    if isinstance(tree, Relation):
        return tree.sides
    return tree.parts if isinstance(tree, Several) else ()


def walk(tree: Tree) -> Iterator[Tree]:
    """The tree and everything in it, outside first."""
    waiting = [tree]
    while waiting:
        here = waiting.pop()
        yield here
        waiting.extend(reversed(children(here)))


def symbols(tree: Tree) -> list[str]:
    """Names of the unknowns, sorted."""
    return sorted({part.name for part in walk(tree) if isinstance(part, Symbol)})


def has(tree: Tree, op: str) -> bool:
    return any(isinstance(part, Apply) and part.op == op for part in walk(tree))


def negated(tree: Tree) -> Tree:
    if isinstance(tree, Number):
        return Number(-tree.value, tree.places)
    return Apply("-", (tree,))


def replaced(tree: Tree, by: Mapping[str, Tree]) -> Tree:
    """The tree with other trees in place of unknowns."""
    if isinstance(tree, Symbol):
        return by.get(tree.name, tree)
    if isinstance(tree, Apply):
        return Apply(tree.op, tuple(replaced(one, by) for one in tree.args))
    if isinstance(tree, Relation):
        return Relation(tuple(replaced(one, by) for one in tree.sides), tree.signs)
    return Several(tree.kind, tuple(replaced(one, by) for one in tree.parts)) if isinstance(tree, Several) else tree
