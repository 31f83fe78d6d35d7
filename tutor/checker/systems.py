"""Statements in several unknowns, or with roots, powers and logarithms of them: what can be proved, what can be refuted."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import islice
from typing import Final

from tutor.checker.expressions import Same, compare, points
from tutor.checker.rational import (
    NotRationalError,
    Polynomial,
    Ratio,
    UndefinedError,
    difference,
    product,
    ratio_of,
)
from tutor.checker.rounding import rounded_solutions
from tutor.checker.solving import FITS, OPEN, SAME, listed_check
from tutor.checker.statements import (
    Atom,
    Joined,
    Mode,
    Statement,
    atoms_of,
    failed_at,
    line_check,
)
from tutor.checker.tree import Number, Symbol, Tree, replaced, symbols
from tutor.checker.verdicts import Verdict, point_shown, refuted, unknown, verified

SLICES: Final = 4


def names_of(*statements: Statement) -> list[str]:
    return sorted(
        {name for one in statements for atom in atoms_of(one) for name in (*symbols(atom.left), *symbols(atom.right))}
    )


def statements_check(before: Statement, after: Statement, mode: Mode) -> Verdict:
    """Whether ``after`` says the same as ``before``; a step may also follow from a system. Raises TooLargeError."""
    names = names_of(before, after)
    if before == after:
        return verified(SAME)
    if not names:
        return unknown("Neither line has an unknown to compare.")
    if len(names) == 1:
        try:
            near = rounded_solutions(before, after, names[0]) if mode == "step" else None
            found = line_check(before, after, names[0], mode) if near is None or near.verdict == "unknown" else near
            return near if near is not None and found.verdict == "refuted" else found
        except (NotRationalError, UndefinedError):
            return listed_check(before, after, names, mode)
    if isinstance(before, Atom) and isinstance(after, Atom):
        return _pair(before, after, mode)
    return _matched(before, after, mode) or listed_check(before, after, names, mode)


def _matched(before: Statement, after: Statement, mode: Mode) -> Verdict | None:
    """Verified if the lines have the same parts, each in its own form; None tells nothing."""
    if not isinstance(before, Joined) or not isinstance(after, Joined) or before.kind != after.kind:
        return None
    left = list(after.parts)
    for one in before.parts:
        fits = (at for at, other in enumerate(left) if statements_check(one, other, mode).verdict == "verified")
        found = next(fits, None)
        if found is None:
            return None
        left.pop(found)
    return None if left else verified(SAME)


# ---- two equations or two inequalities


def _pair(before: Atom, after: Atom, mode: Mode) -> Verdict:
    for one, other in ((before.left, before.right), (before.right, before.left)):
        for this, that in ((after.left, after.right), (after.right, after.left)):
            if isinstance(one, Symbol) and one == this and before.sign == after.sign == "=":
                return _values(compare(other, that), one.name)
    try:
        first, second = _gap(before), _gap(after)
    except NotRationalError:
        return _put_in(before, after, mode)
    except UndefinedError as error:
        return unknown(f"It holds {error}.")
    factor = _proportion(first, second)
    if factor is not None and _signs_fit(before, after, factor):
        return verified(SAME)
    if before.sign == after.sign == "=":
        found = _literal(before, after, first, second)
        if found is not None:
            return found
    return sliced_check(before, after, mode)


def _values(same: Same, name: str) -> Verdict:
    if same.answer == "same":
        return verified(f"Both give the same {name}.")
    if same.answer == "differ":
        return refuted(f"This gives another {name} than the line before.", same.witness())
    return unknown(OPEN)


def _gap(atom: Atom, opaque: dict[Tree, str] | None = None) -> Polynomial:
    return difference(ratio_of(atom.left, opaque), ratio_of(atom.right, opaque))


def _proportion(first: Polynomial, second: Polynomial) -> Fraction | None:
    """c with second = c·first; None if there is none."""
    if not first or set(first) != set(second):
        return None
    key = next(iter(first))
    factor = second[key] / first[key]
    return factor if all(second[one] == factor * by for one, by in first.items()) else None


def _signs_fit(before: Atom, after: Atom, factor: Fraction) -> bool:
    if before.sign in {"=", "!="}:
        return before.sign == after.sign
    bottoms = [ratio_of(side).bottom for one in (before, after) for side in (one.left, one.right)]
    if any(set(bottom) != {()} or bottom[()] < 0 for bottom in bottoms):
        return False
    turned = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
    return after.sign == (before.sign if factor > 0 else turned.get(before.sign))


def _literal(before: Atom, after: Atom, first: Polynomial, second: Polynomial) -> Verdict | None:
    """Formulas such as d = rt and r = d/t: equal if, linear in one letter, they give it the same value."""
    for name in sorted({letter for key in second for letter, _ in key if not letter.startswith(" ")}):
        one, other = _linear(first, name), _linear(second, name)
        if other is None:
            continue
        if one is not None and not _crossed(one, other):
            return verified(SAME)
        found = _literal_witness(before, name, other, names_of(before, after))
        if found is not None:
            return found
    return None


def _linear(polynomial: Polynomial, name: str) -> tuple[Polynomial, Polynomial] | None:
    """(a, b) of a·name + b; None if it is not linear in it."""
    slope: Polynomial = {}
    rest: Polynomial = {}
    for key, by in polynomial.items():
        power = dict(key).get(name, 0)
        if power > 1:
            return None
        (slope if power else rest)[tuple(one for one in key if one[0] != name)] = by
    return (slope, rest) if slope else None


def _crossed(one: tuple[Polynomial, Polynomial], other: tuple[Polynomial, Polynomial]) -> Polynomial:
    unit: Polynomial = {(): Fraction(1)}
    return difference(Ratio(product(one[0], other[1]), unit), Ratio(product(other[0], one[1]), unit))


def _value(polynomial: Polynomial, point: dict[str, Fraction]) -> Fraction:
    total = Fraction(0)
    for key, by in polynomial.items():
        for name, power in key:
            by *= point[name] ** power
        total += by
    return total


def _literal_witness(before: Atom, name: str, line: tuple[Polynomial, Polynomial], names: list[str]) -> Verdict | None:
    """A point on the second line that is not on the first."""
    for point in points(names):
        try:
            slope, rest = _value(line[0], point), _value(line[1], point)
        except KeyError:
            return None  # pi or e: no exact point
        if not slope:
            continue
        point = {**point, name: -rest / slope}
        failing = failed_at(before, point)
        if failing:
            return refuted(
                "What fits this line does not fit the one before.", f"{point_shown(point)} gives {failing} there"
            )
    return None


def sliced_check(before: Statement, after: Statement, mode: Mode) -> Verdict:
    """With numbers for all unknowns but one: where the lines then differ, they differ. Refuted, or unknown."""
    names = names_of(before, after)
    found = unknown(OPEN)
    for point in islice(points(names), SLICES):
        for name in names:
            fixed = {other: value for other, value in point.items() if other != name}
            try:
                here = line_check(put_in(before, fixed), put_in(after, fixed), name, mode)
            except (NotRationalError, UndefinedError):
                continue
            if here.verdict == "refuted":
                witness = f"with {point_shown(fixed)}: {here.witness}"
                return refuted(here.reason, witness, solved=here.solved)
            found = here if here.verdict == "unknown" else found
    return found


def put_in(statement: Statement, point: Mapping[str, Fraction]) -> Statement:
    if isinstance(statement, Joined):
        return Joined(statement.kind, tuple(put_in(part, point) for part in statement.parts))
    by: dict[str, Tree] = {name: Number(value) for name, value in point.items()}
    return Atom(replaced(statement.left, by), replaced(statement.right, by), statement.sign)


def _put_in(before: Atom, after: Atom, mode: Mode) -> Verdict:
    """With roots, logarithms or unknown exponents: a multiple of the line before; or an unknown given here, put into it."""
    opaque: dict[Tree, str] = {}
    factor = _proportion(_gap(before, opaque), _gap(after, opaque))
    if factor is not None and _signs_fit(before, after, factor):
        return verified(SAME)
    name, value = after.left, after.right
    if not isinstance(name, Symbol):
        name, value = after.right, after.left
    if after.sign != "=" or before.sign != "=" or not isinstance(name, Symbol) or name.name in symbols(value):
        return unknown(OPEN)
    by: dict[str, Tree] = {name.name: value}
    try:
        same = compare(replaced(before.left, by), replaced(before.right, by))
    except UndefinedError as error:
        return unknown(f"Put into the line before, it needs {error}.")
    if same.answer == "differ":
        return refuted(f"This {name.name} does not fit the line before.", same.witness())
    return unknown(FITS if same.answer == "same" else OPEN)
