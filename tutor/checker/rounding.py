"""What was rounded. With “=” it is neither right nor wrong: ``10/3 = 3.3`` is what a calculator says. With “≈” it is right
if every digit of it is.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from tutor.checker.rational import NotRationalError, UndefinedError
from tutor.checker.statements import Atom, Joined, Statement, gaps
from tutor.checker.tree import Apply, Number, Symbol, TooLargeError, Tree
from tutor.checker.values import exact, interval
from tutor.checker.verdicts import Verdict, unknown, verified

FLOAT_PLACES: Final = 9  # so many are written by machines, whose last digits are noise
FLOAT_NOISE: Final = Fraction(1, 10**10)
NEVER: Final = Joined("or", ())


def rounded(left: Tree, sign: str, right: Tree) -> Verdict | None:
    """What is to be said of a number that is the other side's value, rounded; None if it is exact or something else."""
    for written, other in ((right, left), (left, right)):
        found = _number(written)
        if found is None or (sign == "=" and not found[1]):
            continue  # a whole number behind “=” was meant to be exact
        value, places = found
        true = _value(other)
        if true is None:
            return None
        gap = abs(true - value)
        near = gap * 2 <= Fraction(1, 10**places)
        noise = places >= FLOAT_PLACES and gap <= FLOAT_NOISE * max(abs(true), Fraction(1))
        if gap and (noise or (near and (sign == "≈" or not _short(true)))):
            return told(sign if near else "=", places)
        if gap or sign == "=":
            return None
        return verified("The calculation is right.")
    return None


def told(sign: str, places: int) -> Verdict:
    """Rounded to so many places it is right: said so of “≈”, and of “=”, which claims more."""
    to = {0: "a whole number", 1: "one decimal place"}.get(places, f"{places} places")
    if sign == "≈":
        return verified(f"Rounded to {to}, it is right.")
    return unknown(f"It is right only when rounded to {to}.")


def rounded_solutions(before: Statement, after: Statement, name: str) -> Verdict | None:
    """The same for the unknown: ``x ≈ 3.33`` after ``3x = 10``. None unless the line gives decimals of all solutions.

    Raises NotRationalError, UndefinedError, TooLargeError.
    """
    parts = after.parts if isinstance(after, Joined) and after.kind == "or" else (after,)
    found = [_given(part, name) for part in parts]
    if not found or any(one is None for one in found):
        return None
    near = [one for one in found if one is not None]
    solutions = len(gaps(before, NEVER)[0])
    around = [_around(name, value, places) for _, value, places in near]
    if not solutions or gaps(before, Joined("or", tuple(around)))[0]:
        return None  # one of the solutions is near none of them
    if any(len(gaps(before, one)[0]) == solutions for one in around):
        return None  # or one of them is near no solution
    return told("=" if any(sign == "=" for sign, _, _ in near) else "≈", min(places for _, _, places in near))


def _given(part: Statement, name: str) -> tuple[str, Fraction, int] | None:
    if not isinstance(part, Atom) or part.sign not in {"=", "≈"} or part.left != Symbol(name):
        return None
    found = _number(part.right)
    return None if found is None or (part.sign == "=" and not found[1]) else (part.sign, *found)


def _around(name: str, value: Fraction, places: int) -> Statement:
    half = Fraction(1, 2 * 10**places)
    return Joined(
        "and", (Atom(Symbol(name), Number(value - half), ">="), Atom(Symbol(name), Number(value + half), "<="))
    )


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


def _number(tree: Tree) -> tuple[Fraction, int] | None:
    """(value, places behind the point) of a number as it is written."""
    if isinstance(tree, Apply) and tree.op == "-" and isinstance(tree.args[0], Number):
        tree = Number(-tree.args[0].value, tree.args[0].places)
    return (tree.value, tree.places) if isinstance(tree, Number) else None


def _short(value: Fraction) -> bool:
    """Whether it can be written out in a few places, so that nobody would round it."""
    return (value * 10**4).denominator == 1
