"""Equations and inequalities in one unknown, decided exactly: the line is cut where anything changes its sign."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from tutor.checker.rational import NotRationalError, Polynomial, UndefinedError, difference, product, ratio_of
from tutor.checker.tree import (
    Constant,
    Number,
    Relation,
    Several,
    Symbol,
    Tree,
    symbols,
)
from tutor.checker.values import exact
from tutor.checker.verdicts import Verdict, refuted, shown, unknown, verified

Mode = Literal["step", "answer"]
HOLDS: Final = {
    "=": lambda sign: sign == 0, "!=": lambda sign: sign != 0, "<": lambda sign: sign < 0, ">": lambda sign: sign > 0,
    "<=": lambda sign: sign <= 0, ">=": lambda sign: sign >= 0,
}  # fmt: skip
SHOWN: Final = {"=": "≠", "<": "≥", ">": "≤", "<=": ">", ">=": "<", "!=": "="}  # what stands where a sign fails
GAINED: Final = "Nothing is lost, but a solution is new that the line before has not: test it at the end."
INTERVALS: Final = frozenset({"[]", "[)", "(]", "()"})


@dataclass(frozen=True, slots=True)
class Atom:
    """One relation between two expressions."""

    left: Tree
    right: Tree
    sign: str


@dataclass(frozen=True, slots=True)
class Joined:
    """Statements of which all (``and``) or one (``or``) must hold. An empty ``and`` holds always, an empty ``or`` never."""

    kind: Literal["and", "or"]
    parts: tuple[Statement, ...]


Statement = Atom | Joined


def statement_of(tree: Tree, names: list[str]) -> Statement | None:
    """The tree as a statement about ``names``; None for what states nothing.

    Bare values, as in “2, 3” or “(8, 5)” or “[2, 3)”, are statements about the unknowns of the step they are compared with.
    """
    if isinstance(tree, Relation):
        pairs = zip(tree.sides, tree.signs, tree.sides[1:], strict=False)
        atoms = tuple(Atom(left, right, sign) for left, sign, right in pairs)
        return atoms[0] if len(atoms) == 1 else Joined("and", atoms)
    if isinstance(tree, Several):
        return _several(tree, names)
    if len(names) == 1 and not symbols(tree) and not isinstance(tree, Constant):
        return Atom(Symbol(names[0]), tree, "=")
    return None


def _several(tree: Several, names: list[str]) -> Statement | None:
    if tree.kind in INTERVALS and len(names) == 1 and len(tree.parts) == 2:
        return _interval(tree, Symbol(names[0]))
    if tree.kind == "point":
        if len(names) != len(tree.parts) or any(symbols(part) for part in tree.parts):
            return None
        return Joined("and", tuple(Atom(Symbol(n), p, "=") for n, p in zip(names, tree.parts, strict=True)))
    parts = [statement_of(part, names) for part in tree.parts]
    if tree.kind not in {"list", "and", "or", "set"} or any(part is None for part in parts):
        return None
    kind: Literal["and", "or"] = "or" if tree.kind in {"or", "set"} or is_choice(tree) else "and"
    return Joined(kind, tuple(part for part in parts if part is not None))


def is_choice(tree: Several) -> bool:
    """Whether “x = 2, x = 3”, “2 and 3” or “(1, 2), (3, 4)” lists solutions, each of which is one."""
    heads = [assigned(part) for part in tree.parts]
    if all(head is not None for head in heads):
        return len({head[0] for head in heads if head}) == 1
    return not any(isinstance(part, Relation) for part in tree.parts)


def assigned(tree: Tree) -> tuple[str, Tree] | None:
    """(name, value) of a relation such as ``x = 2a + 1``, in which the name stands on one side alone."""
    if not isinstance(tree, Relation) or tree.signs != ("=",):
        return None
    for one, other in (tree.sides, tree.sides[::-1]):
        if isinstance(one, Symbol) and one.name not in symbols(other):
            return one.name, other
    return None


def _interval(tree: Several, name: Symbol) -> Statement:
    low, high = tree.parts
    atoms: list[Statement] = []
    if not _endless(low):
        atoms.append(Atom(name, low, ">=" if tree.kind[0] == "[" else ">"))
    if not _endless(high):
        atoms.append(Atom(name, high, "<=" if tree.kind[1] == "]" else "<"))
    return Joined("and", tuple(atoms))


def _endless(tree: Tree) -> bool:
    return any(part == Constant("oo") for part in (tree, *getattr(tree, "args", ())))


def atoms_of(statement: Statement) -> Iterator[Atom]:
    if isinstance(statement, Atom):
        yield statement
        return
    for part in statement.parts:
        yield from atoms_of(part)


@dataclass(frozen=True, slots=True)
class Gap:
    """A place at which one statement holds and the other does not. ``at`` is exact unless ``is_exact`` is False."""

    at: Fraction
    is_point: bool
    is_exact: bool


def gaps(before: Statement, after: Statement) -> tuple[list[Gap], list[Gap], bool]:
    """(lost, gained, whether ``after`` holds at single points only). Raises NotRationalError, TooLargeError, UndefinedError."""
    from tutor.checker.algebra import cells

    atoms = [*atoms_of(before), *atoms_of(after)]
    polynomials: list[Polynomial] = []
    for atom in atoms:
        if atom.sign not in HOLDS:
            raise NotRationalError(atom.sign)
        left, right = ratio_of(atom.left), ratio_of(atom.right)
        if any(name.startswith(" ") for name in left.letters | right.letters):
            raise NotRationalError("a constant")
        polynomials += [difference(left, right), product(left.bottom, right.bottom)]
    lost: list[Gap] = []
    gained: list[Gap] = []
    pointwise = True
    for cell in cells(polynomials):
        truths = {
            id(atom): bool(cell.signs[2 * n + 1]) and HOLDS[atom.sign](cell.signs[2 * n] * cell.signs[2 * n + 1])
            for n, atom in enumerate(atoms)
        }
        was, now = _holds(before, truths), _holds(after, truths)
        if now and not cell.is_point:
            pointwise = False
        if was != now:
            (lost if was else gained).append(Gap(cell.at, cell.is_point, cell.is_exact))
    return lost, gained, pointwise


def _holds(statement: Statement, truths: Mapping[int, bool]) -> bool:
    if isinstance(statement, Atom):
        return truths[id(statement)]
    return (all if statement.kind == "and" else any)(_holds(part, truths) for part in statement.parts)


def line_check(before: Statement, after: Statement, name: str, mode: Mode) -> Verdict:
    """Two statements about one unknown. Raises as ``gaps``."""
    lost, gained, pointwise = gaps(before, after)
    gained.sort(key=lambda gap: (not gap.is_exact, abs(gap.at)))
    if not lost and not gained:
        return verified("It has the same solutions." if mode == "step" else "It says the same.")
    if gained and not lost and pointwise and mode == "step":
        return unknown(GAINED)
    if gained:
        witness = gained_witness(before, name, gained[0])
        # What the line itself says outright is its writer's; anything else was found by solving it.
        return refuted("This line allows what the line before does not.", witness, solved=not is_outright(after, name))
    where = _near(name, lost[0])
    return refuted("A solution of the line before is lost here.", f"{where} holds before, not here", solved=True)


def is_outright(statement: Statement, name: str) -> bool:
    """Whether it says of the unknown itself what it is, as ``x = 5``, ``x < 3`` or ``2 < x < 5`` do."""
    return all(
        any(
            one == Symbol(name) and not symbols(other)
            for one, other in ((atom.left, atom.right), (atom.right, atom.left))
        )
        for atom in atoms_of(statement)
    )


def _near(name: str, gap: Gap) -> str:
    return f"{name} = {shown(gap.at)}" if gap.is_exact else f"{name} ≈ {float(gap.at):.4g}"


def gained_witness(before: Statement, name: str, gap: Gap) -> str:
    """What the value does in the line before, with numbers where that line is one relation."""
    where = _near(name, gap)
    if isinstance(before, Atom) and gap.is_exact:
        failing = failed_at(before, {name: gap.at})
        if failing:
            return f"{where} gives {failing} in the line before"
    return f"{where} fits this line, not the one before"


def failed_at(atom: Atom, point: Mapping[str, Fraction]) -> str:
    """“13 ≠ 21” for a relation that certainly fails at the point; else nothing."""
    try:
        left, right = exact(atom.left, point), exact(atom.right, point)
    except (NotRationalError, UndefinedError, KeyError):
        return ""
    if atom.sign not in HOLDS or HOLDS[atom.sign]((left > right) - (left < right)):
        return ""
    return f"{shown(left)} {SHOWN[atom.sign]} {shown(right)}"


def number_of(tree: Tree) -> Fraction | None:
    """The exact value of what has no unknown; None if it is not rational."""
    if isinstance(tree, Number):
        return tree.value
    try:
        return ratio_of(tree).constant
    except (NotRationalError, UndefinedError):
        return None
