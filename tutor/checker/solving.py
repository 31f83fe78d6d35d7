"""Systems, and one unknown under roots and logarithms: by the list of all solutions, or by putting given values in."""

from __future__ import annotations

from typing import Any

from tutor.checker.expressions import compare
from tutor.checker.rational import UndefinedError
from tutor.checker.statements import GAINED, Atom, Joined, Mode, Statement, atoms_of, number_of
from tutor.checker.tree import Symbol, TooLargeError, Tree, replaced, symbols
from tutor.checker.verdicts import Verdict, point_shown, refuted, unknown, verified

FITS = "It fits the line before; whether that is all, I cannot tell."
OPEN = "I found nothing wrong, and no proof that it is right."
SAME = "It has the same solutions."


def listed_check(before: Statement, after: Statement, names: list[str], mode: Mode) -> Verdict:
    """By the list of all solutions where there is one; else by putting the given values in."""
    from tutor.checker.algebra import same_numbers, solutions

    said = _values_given(after, names)
    for point in said or []:
        found = _point_fails(before, point, names)
        if found is not None:
            return found
    equations = [_equations(before), _equations(after)]
    if equations[0] is None:
        return unknown(OPEN)
    was = solutions(equations[0], names)
    if was is None:
        return unknown(FITS if said else OPEN)
    if said is not None and all(len(point) == len(names) for point in said):
        now: list[tuple[Any, ...]] | None = _solutions_given(said, names)
    else:
        now = solutions(equations[1], names) if equations[1] is not None else None
    if now is not None:
        if same_numbers(was, now):
            return verified(SAME)
        if len(now) < len(was):
            return refuted("A solution of the line before is lost here.", "not every solution is here", solved=True)
        if mode == "step" and equations[1] is not None and _all_hold(after, was, names):
            return unknown(GAINED)
    if mode == "step" and was and equations[1] is not None and _all_hold(after, was, names):
        return verified("It follows from the line before.")
    return unknown(OPEN)


def _solutions_given(said: list[dict[str, Tree]], names: list[str]) -> list[tuple[Any, ...]]:
    from tutor.checker.algebra import build

    return [tuple(build(point[name], {}) for name in names) for point in said]


def _values_given(statement: Statement, names: list[str]) -> list[dict[str, Tree]] | None:
    """The points that a line names outright, as in “x = 8, y = 5” or “x = 2 or x = 3”; None if it names none."""
    if isinstance(statement, Atom):
        if statement.sign != "=":
            return None
        for one, other in ((statement.left, statement.right), (statement.right, statement.left)):
            if isinstance(one, Symbol) and not symbols(other):
                return [{one.name: other}]
        return None
    parts = [_values_given(part, names) for part in statement.parts]
    if any(part is None for part in parts):
        return None
    given = [point for part in parts for point in part or []]
    if statement.kind == "or":
        return given
    if len({name for point in given for name in point}) != len(given):
        return None
    return [{name: value for point in given for name, value in point.items()}]


def _point_fails(before: Statement, point: dict[str, Tree], names: list[str]) -> Verdict | None:
    """Refuted where the values certainly do not fit the line before."""
    if isinstance(before, Joined) and before.kind == "or":
        return None
    for atom in atoms_of(before):
        left, right = replaced(atom.left, point), replaced(atom.right, point)
        if atom.sign != "=" or symbols(left) or symbols(right):
            continue
        try:
            same = compare(left, right)
        except (UndefinedError, TooLargeError):
            continue
        if same.answer == "differ":
            where = _said(point)
            return refuted("This does not fit the line before.", f"{where}{same.left} ≠ {same.right}")
    return None


def _said(point: dict[str, Tree]) -> str:
    values = {name: number_of(value) for name, value in point.items()}
    known = {name: value for name, value in values.items() if value is not None}
    return f"{point_shown(known)} gives " if len(known) == len(values) else "put in, it gives "


def _equations(statement: Statement) -> list[tuple[Tree, Tree]] | None:
    if isinstance(statement, Joined) and statement.kind == "or":
        return None
    atoms = list(atoms_of(statement))
    return None if any(atom.sign != "=" for atom in atoms) else [(atom.left, atom.right) for atom in atoms]


def _all_hold(after: Statement, found: list[tuple[Any, ...]], names: list[str]) -> bool:
    """Whether every solution (numbers of the computer algebra) solves all equations of ``after``, proved."""
    from tutor.checker.algebra import build, sympy

    for solution in found:
        letters = dict(zip(names, solution, strict=True))
        for atom in atoms_of(after):
            if sympy.simplify(build(atom.left, letters) - build(atom.right, letters)) != 0:
                return False
    return True
