"""Whether two expressions have the same value: refuted at a point where they certainly differ, verified by a proof."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any, Final, Literal

from tutor.checker.complexes import is_complex, parts_of
from tutor.checker.rational import NotRationalError, Ratio, UndefinedError, difference, ratio_of
from tutor.checker.tree import Apply, Number, TooLargeError, Tree, symbols, walk
from tutor.checker.values import exact, interval
from tutor.checker.verdicts import point_shown, shown

SAMPLES: Final = tuple(
    Fraction(text)
    for text in ("2", "3", "1", "5", "-2", "-1", "1/2", "7", "-3", "10", "-1/2", "11", "1000", "-7", "1/10", "-100")
)
POINTS_MAX: Final = 24
ORTHANTS_LETTERS_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class Same:
    """``differ``: at ``point`` they have the values ``left`` and ``right``, ready to be shown."""

    answer: Literal["same", "differ", "open"]
    point: Mapping[str, Fraction] | None = None
    left: str = ""
    right: str = ""

    def witness(self, sign: str = "≠") -> str:
        values = f"{self.left} {sign} {self.right}"
        return f"{point_shown(self.point)} gives {values}" if self.point else values


def compare(left: Tree, right: Tree) -> Same:
    """Over the reals, wherever both sides are defined. Raises TooLargeError, and UndefinedError for a side never defined."""
    if left == right and symbols(left):
        return Same("same")
    # Without letters everything must have a value; with them, where one side has none is no matter.
    opaque: dict[Tree, str] | None = {} if symbols(left) and symbols(right) else None
    try:
        one, other = ratio_of(left, opaque), ratio_of(right, opaque)
        if not difference(one, other):
            return Same("same")
        found = _exact_difference(one, other)
        if found is not None:
            return found
    except (NotRationalError, TooLargeError):
        pass  # not rational, or too much to multiply out: points and then the computer algebra
    if is_complex(left) or is_complex(right):
        return _by_parts(left, right)
    return _by_points(left, right)


def _by_parts(left: Tree, right: Tree) -> Same:
    """Complex numbers: real parts with real parts, then imaginary ones."""
    try:
        pairs = list(zip(("the real part", "the imaginary part"), parts_of(left), parts_of(right), strict=True))
    except NotRationalError:
        return Same("open")
    found = [(what, compare(one, other)) for what, one, other in pairs]
    for what, same in found:
        if same.answer == "differ":
            return Same("differ", same.point, f"{what} {same.left}", same.right)
    return Same("open" if any(same.answer == "open" for _, same in found) else "same")


def _exact_difference(one: Ratio, other: Ratio) -> Same | None:
    """Two numbers that differ, real or complex; letters are left to points."""
    left, right = one.constant, other.constant
    if left is not None and right is not None:
        return Same("differ", {}, shown(left), shown(right))
    if {*one.letters, *other.letters} == {" i"}:
        return Same("differ", {}, _complex(one), _complex(other))
    return None


def _complex(ratio: Ratio) -> str:
    below = ratio.bottom.get((), Fraction(0))
    if set(ratio.bottom) != {()} or not below:
        return "another complex number"
    real, turned = (ratio.top.get(key, Fraction(0)) / below for key in ((), ((" i", 1),)))
    return f"{shown(real)} + {shown(turned)}i" if turned else shown(real)


def points(names: list[str]) -> Iterator[dict[str, Fraction]]:
    """Where to try: different values for different letters, every sign with every other."""
    for turn in range(POINTS_MAX if names else 1):
        yield {name: SAMPLES[(turn + 5 * number + turn * number) % len(SAMPLES)] for number, name in enumerate(names)}


def _by_points(left: Tree, right: Tree) -> Same:
    names = sorted({*symbols(left), *symbols(right)})
    defined: list[dict[str, Fraction]] = []
    reasons: list[UndefinedError | TooLargeError] = []
    for point in points(names):
        try:
            found = differ_at(left, right, point)
        except NotRationalError:
            break  # complex, or a function without a value: no point will help
        except (UndefinedError, TooLargeError) as error:
            reasons.append(error)
            continue
        if found is not None:
            return found
        defined.append(point)
    if not defined and reasons and not names:
        raise reasons[0]
    return Same("same") if _proved(left, right, names, defined) else Same("open")


def differ_at(left: Tree, right: Tree, point: Mapping[str, Fraction]) -> Same | None:
    """That they certainly differ at this point, or None. Raises UndefinedError, NotRationalError, TooLargeError."""
    try:
        one, other = exact(left, point), exact(right, point)
    except NotRationalError:
        first, second = interval(left, point), interval(right, point)
        if first.b < second.a or second.b < first.a:
            return Same("differ", point, _about(first), _about(second))
        return None
    return None if one == other else Same("differ", point, shown(one), shown(other))


def _about(value: Any) -> str:
    return f"{float(value.a):.6g}"  # both ends agree in far more digits


def _proved(left: Tree, right: Tree, names: list[str], defined: list[dict[str, Fraction]]) -> bool:
    """By the computer algebra, in every combination of signs in which both sides had values at the points."""
    from tutor.checker.algebra import zero_proved

    if not names:
        return zero_proved(left, right, {})
    if len(names) > ORTHANTS_LETTERS_MAX:
        smooth = not any(_bends(part) for tree in (left, right) for part in walk(tree))
        return smooth and bool(defined) and zero_proved(left, right, dict.fromkeys(names, 1))
    wanted = {tuple(1 if point[name] > 0 else -1 for name in names) for point in defined}
    every = [signs for signs in product((1, -1), repeat=len(names)) if signs in wanted]
    return bool(every) and all(zero_proved(left, right, dict(zip(names, signs, strict=True))) for signs in every)


def _bends(tree: Tree) -> bool:
    """Whether a proof for positive letters may say nothing of negative ones."""
    if not isinstance(tree, Apply):
        return False
    if tree.op == "^":
        return not (isinstance(tree.args[1], Number) and tree.args[1].value.denominator == 1)
    return tree.op in {"sqrt", "root", "abs"}
