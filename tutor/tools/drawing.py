"""A drawing as data: a few kinds of shapes with coordinates in a window. The page draws it from nodes, ``svg`` as a text.

All shapes lie in the window (lines are cut at its edge), so that nobody who draws it has to compute anything but the scale.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import floor, isfinite, log10
from typing import Any, Final

WIDTH: Final = 340  # units of the picture; a page makes it as wide as there is room
TALL: Final = (0.45, 1.15)  # the least and most of its height, by its width
TICKS: Final = 6  # about so many on each axis
TONES: Final = 5  # colours, 1 to TONES; 0 is the colour of text
Place = tuple[float, float]
Side = str  # where a text stands by its place: n, ne, e, se, s, sw, w, nw, or c


@dataclass
class Drawing:
    """``window``: (left, right, bottom, top). ``same_scale``: a unit is as long upwards as sideways, as geometry wants it."""

    window: tuple[float, float, float, float]
    axes: bool = True
    same_scale: bool = False
    shapes: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        left, right, bottom, top = self.window
        wide, tall = right - left, top - bottom
        self.height = 255
        if self.same_scale:
            low, high = (share * wide for share in TALL)
            grown = max(0.0, low - tall) / 2
            widened = max(0.0, tall / TALL[1] - wide) / 2 if tall > high else 0.0
            self.window = (left - widened, right + widened, bottom - grown, top + grown)
            left, right, bottom, top = self.window
            self.height = round(WIDTH * (top - bottom) / (right - left))
        self._digits = 4 - floor(log10(min(right - left, top - bottom)))

    def data(self) -> dict[str, Any]:
        """As it goes over the wire."""
        left, right, bottom, top = self.window
        ticks = {"x": ticks_of(left, right), "y": ticks_of(bottom, top)} if self.axes else {"x": [], "y": []}
        window = [self._number(edge) for edge in self.window]
        return {
            "width": WIDTH,
            "height": self.height,
            "window": window,
            "axes": self.axes,
            "ticks": ticks,
            "shapes": self.shapes,
        }

    def line(self, points: Sequence[Place], tone: int = 0) -> None:
        """What of it lies in the window, in as many pieces as that makes."""
        for piece in clipped(points, self.window):
            self.shapes.append({"kind": "line", "tone": tone, "points": self._places(piece)})

    def polygon(self, points: Sequence[Place], tone: int) -> None:
        self.shapes.append({"kind": "polygon", "tone": tone, "points": self._places(points)})

    def circle(self, at: Place, radius: float, tone: int) -> None:
        self.shapes.append({"kind": "circle", "tone": tone, "at": self._place(at), "r": self._number(radius)})

    def point(self, at: Place, tone: int = 0) -> None:
        self.shapes.append({"kind": "point", "tone": tone, "at": self._place(at)})

    def text(self, at: Place, text: str, side: Side = "c", tone: int = 0) -> None:
        if text:
            self.shapes.append({"kind": "text", "tone": tone, "at": self._place(at), "text": text, "side": side})

    def _number(self, value: float) -> float:
        rounded = round(value, self._digits)
        return int(rounded) if rounded == int(rounded) else rounded

    def _place(self, at: Place) -> list[float]:
        return [self._number(at[0]), self._number(at[1])]

    def _places(self, points: Iterable[Place]) -> list[list[float]]:
        return [self._place(at) for at in points]


def ticks_of(low: float, high: float) -> list[float]:
    """Round numbers between the two, without 0, which is where the axes are."""
    raw = (high - low) / TICKS
    power = 10.0 ** floor(log10(raw))
    step = next(step for step in (power, 2 * power, 5 * power, 10 * power) if raw <= step * 1.0001)
    first, last = floor(low / step) + 1, floor(high / step)
    found = [float(f"{number * step:.10g}") for number in range(first, last + 1) if number]
    return [int(tick) if tick == int(tick) else tick for tick in found if low < tick < high]


def clipped(points: Sequence[Place], window: tuple[float, float, float, float]) -> list[list[Place]]:
    """The stretches of a line of points that lie in the window."""
    pieces: list[list[Place]] = []
    for begin, end in pairwise(points):
        part = _within(begin, end, window)
        if part is None:
            continue
        if pieces and pieces[-1][-1] == part[0]:
            pieces[-1].append(part[1])
        else:
            pieces.append(list(part))
    return pieces


def _within(begin: Place, end: Place, window: tuple[float, float, float, float]) -> tuple[Place, Place] | None:
    """Of one stretch (Liang and Barsky, 1984)."""
    left, right, bottom, top = window
    (x, y), dx, dy = begin, end[0] - begin[0], end[1] - begin[1]
    enter, leave = 0.0, 1.0
    for step, gap in ((-dx, x - left), (dx, right - x), (-dy, y - bottom), (dy, top - y)):
        if step == 0:
            if gap < 0:
                return None
        elif step < 0:
            enter = max(enter, gap / step)
        else:
            leave = min(leave, gap / step)
    if enter > leave or not isfinite(enter + leave):
        return None
    start = begin if enter == 0 else (x + enter * dx, y + enter * dy)
    return start, end if leave == 1 else (x + leave * dx, y + leave * dy)


def said(number: float) -> str:
    """A number in a sentence."""
    return f"{number:.10g}".replace("-", "−")
