"""What a pen's stroke covers: an outline that is as broad as the pen was pressed. Pure, in units of the board."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import atan2, cos, hypot, pi, sin
from typing import Final

PRESSED: Final = 0.55  # how much of the breadth hangs on the pressure, as in the browser's strokes
BROAD: Final = 1.6
BEND: Final = 0.2  # a turn by more, in radians, gets a round joint
NEAR: Final = 0.05  # points nearer to each other are one
Spot = tuple[float, float, float]  # x, y, radius


def stroke_path(points: Sequence[float], width: float, *, marker: bool) -> str:
    """SVG path data of a stroke of x, y, pressure triples. Its pieces all turn the same way, so that none cuts a hole."""
    spots = _spots(points, width, marker)
    return "".join(_pieces(spots))


def _spots(points: Sequence[float], width: float, marker: bool) -> list[Spot]:
    found: list[Spot] = []
    for x, y, pressure in zip(points[::3], points[1::3], points[2::3], strict=False):
        radius = width / 2 if marker else width * BROAD * (0.5 - PRESSED * (0.5 - pressure))
        if not found or hypot(x - found[-1][0], y - found[-1][1]) > NEAR:
            found.append((x, y, max(0.2, radius)))
    return found


def _pieces(spots: list[Spot]) -> Iterator[str]:
    if not spots:
        return
    yield _disc(spots[0])
    heading = None
    for one, two in pairwise(spots):
        angle = atan2(two[1] - one[1], two[0] - one[0])
        if heading is not None and abs((angle - heading + pi) % (2 * pi) - pi) > BEND:
            yield _disc(one)
        yield _stretch(one, two, angle)
        heading = angle
    if len(spots) > 1:
        yield _disc(spots[-1])


def _stretch(one: Spot, two: Spot, angle: float) -> str:
    """Four corners, always the same way round."""
    across, along = -sin(angle), cos(angle)
    corners = [
        (x + side * across * r, y + side * along * r) for (x, y, r), side in ((one, 1), (one, -1), (two, -1), (two, 1))
    ]
    return "M" + "L".join(f"{short(x)} {short(y)}" for x, y in corners) + "Z"


def _disc(spot: Spot) -> str:
    x, y, r = spot
    arc = f"a{short(r)} {short(r)} 0 1 1 "
    return f"M{short(x - r)} {short(y)}{arc}{short(2 * r)} 0{arc}{short(-2 * r)} 0Z"


def short(value: float) -> str:
    """A number of at most two places, without needless noughts."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
