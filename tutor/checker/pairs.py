"""An answer beside an accepted one: the same value, the same set of values, the same equation, in whatever form."""

from __future__ import annotations

from tutor.checker.expressions import compare
from tutor.checker.statements import INTERVALS, assigned, statement_of
from tutor.checker.systems import names_of, statements_check
from tutor.checker.tree import Relation, Several, Tree, Words, symbols
from tutor.checker.verdicts import Verdict, refuted, unknown, verified

PARTS = (Several, Words, Relation)
NOT_ALIKE = "The two are of different kinds, and I cannot compare them."


def answer_pair(wanted: Tree, given: Tree) -> Verdict:
    """Raises TooLargeError, UndefinedError, NotRationalError."""
    if isinstance(wanted, Words) or isinstance(given, Words):
        return verified("It says the same.") if wanted == given else unknown(NOT_ALIKE)
    wanted, given = _aligned(wanted, given), _aligned(given, wanted)
    if not isinstance(wanted, PARTS) and not isinstance(given, PARTS):
        return _values(wanted, given)
    if isinstance(wanted, Several) and wanted.kind in {"list", "set"} and not isinstance(given, PARTS):
        given = Several("list", (given,))
    if isinstance(wanted, Several) and isinstance(given, Several) and not _states(wanted) and not _states(given):
        return _many(wanted, given)
    names = sorted({*symbols(wanted), *symbols(given)})
    before, after = statement_of(wanted, names), statement_of(given, names)
    if before is None or after is None or not names_of(before):
        return unknown(NOT_ALIKE)
    return statements_check(before, after, "answer")


def _aligned(tree: Tree, other: Tree) -> Tree:
    """``x = 7`` beside ``7`` is 7; a calculation beside a value is its result."""
    if not isinstance(tree, Relation) or isinstance(other, PARTS):
        return tree
    if not symbols(tree) and set(tree.signs) == {"="}:
        return tree.sides[-1]
    head = assigned(tree)
    return head[1] if head is not None and head[0] not in symbols(other) else tree


def _states(tree: Several) -> bool:
    return any(isinstance(part, Relation) or (isinstance(part, Several) and _states(part)) for part in tree.parts)


def _values(wanted: Tree, given: Tree) -> Verdict:
    same = compare(wanted, given)
    if same.answer == "same":
        return verified("It is equal.")
    if same.answer == "differ":
        return refuted("It is not equal.", same.witness(), solved=True)
    return unknown("I found no difference, and no proof that there is none.")


def _many(wanted: Several, given: Several) -> Verdict:
    ordered = {"point", "row", "matrix", *INTERVALS}
    kinds = {one.kind for one in (wanted, given)}
    if kinds & ordered:
        if len(kinds) > 1 or len(wanted.parts) != len(given.parts):
            return unknown(NOT_ALIKE)
        return _worst([answer_pair(one, other) for one, other in zip(wanted.parts, given.parts, strict=True)])
    if len(wanted.parts) != len(given.parts):
        return refuted("There are not as many values.", f"{len(given.parts)} ≠ {len(wanted.parts)}", solved=True)
    left = list(given.parts)
    found = []
    for one in wanted.parts:
        tried = [answer_pair(one, other) for other in left]
        best = min(range(len(tried)), key=lambda at: ("verified", "unknown", "refuted").index(tried[at].verdict))
        found.append(tried[best])
        if tried[best].verdict == "verified":
            left.pop(best)
        elif tried[best].verdict == "refuted":
            return tried[best]
    return _worst(found)


def _worst(found: list[Verdict]) -> Verdict:
    for word in ("refuted", "unknown"):
        for one in found:
            if one.verdict == word:
                return one
    return verified("It says the same.")
