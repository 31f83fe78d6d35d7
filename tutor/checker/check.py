"""Is this step right? The door of the checker inside the child: texts in, a Verdict out, never an exception.

A *step* is compared with the line before it, and a calculation with itself. An *answer* is compared with accepted answers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tutor.checker.expressions import compare
from tutor.checker.grammar import read
from tutor.checker.pairs import PARTS, answer_pair
from tutor.checker.rational import NotRationalError, UndefinedError
from tutor.checker.rounding import rounded
from tutor.checker.statements import SHOWN, failed_at, statement_of
from tutor.checker.statements import Atom as Pair
from tutor.checker.systems import names_of, statements_check
from tutor.checker.tree import (
    ParseError,
    Reading,
    Relation,
    Several,
    Symbol,
    TooLargeError,
    Tree,
    Words,
    children,
    symbols,
)
from tutor.checker.verdicts import Verdict, refuted, unknown, verified

UNREADABLE = "I can't read this as maths"
ALONE = "There is no line before it to compare it with."
NEAR = "How near is near enough, I cannot tell."
UNITS = "The units differ, and I do not convert units."
_CONTINUED = re.compile(r"\s*\$?\s*(=(?!=)|≈|\\approx(?![a-z]))")


def step_check(text: str, before: str | None = None, *, opening: bool = False) -> Verdict:
    """The step ``text`` after the line ``before``, if there is one.

    ``opening``: nobody has written ``before``, it is the problem's own line. Then a bare value is not compared: that would
    be a guess, not a step.
    """
    continued = _CONTINUED.match(text)
    sign = "≈" if continued is not None and continued[1] != "=" else "="
    if continued is not None:
        text = text.replace(continued[1], " ", 1)
    after = _read(text)
    if isinstance(after, Verdict):
        return after
    earlier = _read(before) if before is not None else None
    if opening and isinstance(earlier, Reading):
        if after == earlier:
            return verified("It is the problem's own line.")
        if is_bare(after.tree):
            return unknown(ALONE)
    try:
        return _step(after, earlier if isinstance(earlier, Reading) else None, sign if continued else "")
    except (TooLargeError, RecursionError) as error:
        return unknown(_large(error))
    except UndefinedError as error:
        return unknown(f"It needs {error}, which has no value.")
    except NotRationalError:
        return unknown("I cannot work this out.")


def answer_check(text: str, accepted: Sequence[str]) -> Verdict:
    """The answer ``text`` against each accepted one: verified by one of them, refuted only by all."""
    answer = _read(text)
    if isinstance(answer, Verdict):
        # “Ellipse” is no maths, but it is the answer: the same words in the same order.
        same = any(_plain(text) == _plain(one) for one in accepted)
        return verified("It says the same.") if same and _plain(text) else answer
    found: list[Verdict] = []
    for one in accepted:
        wanted = _read(one)
        if isinstance(wanted, Verdict):
            found.append(unknown("The accepted answer cannot be read as maths."))
            continue
        try:
            found.append(_mixed_units(answer, wanted) or answer_pair(wanted.tree, answer.tree))
        except (TooLargeError, RecursionError) as error:
            found.append(unknown(_large(error)))
        except (UndefinedError, NotRationalError) as error:
            found.append(unknown(f"I cannot work this out: {error}."))
        if found[-1].verdict == "verified":
            return found[-1]
    return next(
        (one for one in found if one.verdict == "unknown"), found[0] if found else unknown("Nothing is accepted.")
    )


def _read(text: str) -> Reading | Verdict:
    try:
        return read(text)
    except ParseError as error:
        return unknown(f"{UNREADABLE}: {error.why}.", column=error.column)
    except RecursionError:
        return unknown(f"{UNREADABLE}: it is nested too deeply.", column=1)


def is_bare(tree: Tree) -> bool:
    """Whether it names values outright, as ``7``, ``x = 7`` and ``x < 3, y = 2 + 1`` do."""
    if isinstance(tree, Relation | Several):
        return all(is_bare(part) for part in children(tree))
    return isinstance(tree, Symbol | Words) or not symbols(tree)


def _plain(text: str) -> str:
    return " ".join(text.replace("$", " ").casefold().split())


def _large(error: Exception) -> str:
    return (
        f"This is too large to work out: {error}."
        if isinstance(error, TooLargeError)
        else "This is too large to work out."
    )


def _mixed_units(one: Reading, other: Reading) -> Verdict | None:
    """“5 km” beside “5000 m” is no error: the metre was taken for a letter, or the units are two."""
    differ = one.units and other.units and one.units != other.units
    differ = differ or ((one.units or other.units) and symbols(one.tree) != symbols(other.tree))
    return unknown(UNITS) if differ or len(one.units) > 1 or len(other.units) > 1 else None


def _step(after: Reading, before: Reading | None, continued: str) -> Verdict:
    """``continued``: the sign that the line begins with, going on with the one before; or nothing."""
    tree = after.tree
    if isinstance(tree, Words):
        return unknown("These are words; I check maths only.")
    if isinstance(tree, Relation) and not symbols(tree):
        return unknown(UNITS) if len(after.units) > 1 else calculation_check(tree)
    if before is not None and (units := _mixed_units(after, before)) is not None:
        return units
    line = before.tree if before is not None else None
    if isinstance(line, Relation) and (continued or not isinstance(tree, Relation | Several)):
        line = line.sides[-1] if set(line.signs) == {"="} else None
        if line is not None and not continued and compare(line, tree).answer != "same":
            return unknown(ALONE)  # a new expression, which does not say that it is equal
    if line is None or isinstance(line, Words):
        return _identity(tree) or unknown(ALONE)
    if isinstance(line, Relation | Several) or isinstance(tree, Several):
        return _statements(line, tree)
    return _from_expression(line, continued or "=", tree)


def calculation_check(tree: Relation) -> Verdict:
    """``16 - 3 - 4 = 9``: a relation of numbers alone, right or wrong in itself. Each sign of a chain must hold."""
    open_verdict: Verdict | None = None
    last = verified("The calculation is right.")
    for left, sign, right in zip(tree.sides, tree.signs, tree.sides[1:], strict=False):
        found = _calculated(left, sign, right)
        if found.verdict == "refuted":
            return found
        open_verdict = open_verdict or (found if found.verdict == "unknown" else None)
        last = found if sign == "≈" else last
    return open_verdict or last


def _calculated(left: Tree, sign: str, right: Tree) -> Verdict:
    if isinstance(left, PARTS) or isinstance(right, PARTS):
        return unknown("I do not calculate with these.")
    if sign in {"=", "≈"} and (near := rounded(left, sign, right)) is not None:
        return near
    if sign == "≈":
        return unknown(NEAR)
    if sign in {"=", "!="}:
        same = compare(left, right)
        if same.answer == "open":
            return unknown("I cannot tell whether the two sides are equal.")
        if (same.answer == "same") == (sign == "="):
            return verified("The calculation is right.")
        return refuted(
            "The two sides are not equal." if sign == "=" else "The two sides are equal.", same.witness(SHOWN[sign])
        )
    failing = failed_at(Pair(left, right, sign), {})
    if failing:
        return refuted("The comparison does not hold.", failing)
    return _ordered(left, sign, right)


def _ordered(left: Tree, sign: str, right: Tree) -> Verdict:
    from tutor.checker.values import interval

    one, other = interval(left, {}), interval(right, {})
    below, above = one.b < other.a, other.b < one.a
    equal = not below and not above and compare(left, right).answer == "same"
    if not (below or above or equal):
        return unknown("I cannot tell which side is larger.")
    holds = below if sign == "<" else above if sign == ">" else (below or equal) if sign == "<=" else (above or equal)
    if holds:
        return verified("The comparison holds.")
    return refuted(
        "The comparison does not hold.", f"the left side is {float(one.a):.6g}, the right {float(other.a):.6g}"
    )


def _identity(tree: Tree) -> Verdict | None:
    """A line with unknowns and nothing before it: right if all its sides are the same for every value."""
    if not isinstance(tree, Relation) or set(tree.signs) != {"="}:
        return None
    same = [compare(left, right).answer for left, right in zip(tree.sides, tree.sides[1:], strict=False)]
    return verified("Both sides are equal for every value.") if set(same) == {"same"} else None


def _from_expression(line: Tree, sign: str, tree: Tree) -> Verdict:
    """An expression rewritten; or rewritten on, in a chain that begins with it."""
    first = tree.sides[0] if isinstance(tree, Relation) else tree
    if first is tree and not isinstance(line, PARTS) and (near := rounded(line, sign, tree)) is not None:
        return near
    if sign == "≈":
        return unknown(NEAR)
    same = compare(line, first)
    if same.answer == "open":
        return unknown("I found no difference to the line before, and no proof that there is none.")
    if same.answer == "differ":
        if isinstance(tree, Relation):
            return _identity(tree) or unknown(ALONE)
        return refuted("This is not equal to the line before.", same.witness())
    if not isinstance(tree, Relation):
        return verified("It is equal to the line before.")
    if set(tree.signs) != {"="}:
        return unknown("I compare expressions with expressions and equations with equations.")
    for left, right in zip(tree.sides, tree.sides[1:], strict=False):
        here = compare(left, right)
        if here.answer == "differ":
            return refuted("The sides are not equal.", here.witness())
        if here.answer == "open":
            return unknown("I found no difference between the sides, and no proof that there is none.")
    return verified("It is equal to the line before.")


def _statements(line: Tree, tree: Tree) -> Verdict:
    names = sorted({*symbols(line), *symbols(tree)})
    before, after = statement_of(line, names), statement_of(tree, names)
    if before is None or after is None:
        if isinstance(line, Several) and isinstance(tree, Several):
            return answer_pair(line, tree)
        return unknown("I compare expressions with expressions and equations with equations.")
    if not names_of(before):
        return _identity(tree) or unknown(ALONE)
    return statements_check(before, after, "step")
