"""Points of a function's graph, inside the child: where it has no value or jumps, the line is broken. Never text to code."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Final

from tutor.checker.compute import ComputeError, tree_of
from tutor.checker.rational import NotRationalError, UndefinedError
from tutor.checker.tree import Relation, Symbol, TooLargeError, Tree, symbols
from tutor.checker.values import exact, interval

SAMPLES: Final = 200  # stretches between two points
HALVINGS: Final = 12  # of a stretch in which it may jump
STEEP: Final = 0.25  # of the whole height in one stretch: looked at closely
CLOSE_MAX: Final = 60  # stretches that are
HEIGHT_MAX: Final = 1e9
Place = tuple[float, float]


def sampled(text: str, low: float, high: float) -> dict[str, Any]:
    """{pieces}: lists of [x, y], left to right, none of which crosses a gap or a jump. Raises ComputeError."""
    tree = function_of(text)
    names = symbols(tree)
    if len(names) > 1:
        raise ComputeError("A graph needs a function of one letter.")
    graph = _Graph(tree, names[0] if names else "x")
    begin, end = Fraction(low), Fraction(high)
    xs = [begin + (end - begin) * number / SAMPLES for number in range(SAMPLES + 1)]
    places = [graph.at(x) for x in xs]
    heights = sorted(y for y in places if y is not None)
    if not heights:
        raise ComputeError("It has no real value in this window.")
    span = heights[-len(heights) // 20] - heights[len(heights) // 20] if len(heights) > 20 else heights[-1] - heights[0]
    pieces: list[list[Place]] = [[]]
    for number, (x, y) in enumerate(zip(xs, places, strict=True)):
        if number and pieces[-1] and y is not None:
            before = places[number - 1]
            if before is not None and graph.jumps(xs[number - 1], before, x, y, span):
                pieces.append([])
        if y is not None:
            pieces[-1].append((float(x), y))
        elif pieces[-1]:
            pieces.append([])
    return {"pieces": [piece for piece in pieces if piece]}


def function_of(text: str) -> Tree:
    """The right side of ``y = …`` or ``f(x) = …``, or the expression itself. Raises ComputeError."""
    tree = tree_of(text)
    if isinstance(tree, Relation):
        left, *right = tree.sides
        if tree.signs != ("=",) or not isinstance(left, Symbol) or left.name in {"x", *symbols(right[0])}:
            raise ComputeError("Give a function, such as x^2 - 4 or y = x^2 - 4.")
        return right[0]
    return tree


class _Graph:
    def __init__(self, tree: Tree, name: str) -> None:
        self._tree, self._name, self._looks = tree, name, CLOSE_MAX

    def at(self, x: Fraction) -> float | None:
        """Its height there; None where it has none, or one that nobody draws."""
        point = {self._name: x}
        try:
            value = float(exact(self._tree, point))
        except NotRationalError:
            value = self._between(point)
        except (UndefinedError, TooLargeError, OverflowError):
            return None
        return value if abs(value) < HEIGHT_MAX else None

    def _between(self, point: dict[str, Fraction]) -> float:
        try:
            found = interval(self._tree, point)
            return float(found.mid)
        except (NotRationalError, UndefinedError, TooLargeError, OverflowError, ZeroDivisionError):
            return float("inf")

    def jumps(self, left: Fraction, low: float, right: Fraction, high: float, span: float) -> bool:
        """Whether most of the difference stays in one half however often the stretch is halved."""
        gap = abs(high - low)
        if gap <= STEEP * span or not self._looks:
            return False
        self._looks -= 1
        for _ in range(HALVINGS):
            middle = (left + right) / 2
            value = self.at(middle)
            if value is None:
                return True
            if abs(value - low) >= abs(high - value):
                right, high = middle, value
            else:
                left, low = middle, value
        return abs(high - low) > gap / 8
