"""Figures: points with names, and what is drawn through them. Every name must be that of a point."""

from __future__ import annotations

from math import atan2, cos, degrees, dist, hypot, pi, sin
from typing import Final

from tutor.tools import arguments as given
from tutor.tools.drawing import TONES, Drawing, Place, said
from tutor.tools.plots import graph_draw, graph_of
from tutor.tools.results import Result, Scope, ToolError

ROOM: Final = 0.14  # around the figure, of its size
MARK: Final = 0.07  # radius of an angle's mark, of the width
ARC: Final = 16  # stretches of such a mark
RIGHT: Final = 1e-3  # as near to a right angle, in degrees, it is marked as one


def asked(call: given.Draw) -> str:
    count = len(call.objects)
    return f"Drew a figure of {count} part{'s' if count > 1 else ''}"


def run(call: given.Draw, scope: Scope) -> Result:
    """Raises ToolError."""
    figure = _Figure(call, scope)
    for shape in sorted(call.objects, key=lambda one: _ORDER[one.kind]):
        figure.add(shape)
    text = " ".join(figure.sentences[number] for number in range(len(call.objects)))
    return Result(text=text, said=f"{text}\n{labels_read(figure.drawing)}", drawing=figure.drawing.data())


def labels_read(drawing: Drawing) -> str:
    """What is written in the picture, as it may be read: in the order of writing, from left to right, from above, and alone."""
    texts = [shape for shape in drawing.shapes if shape["kind"] == "text"]
    orders = (texts, sorted(texts, key=lambda one: one["at"][0]), sorted(texts, key=lambda one: -one["at"][1]))
    joined = [" ".join(shape["text"] for shape in order) for order in orders]
    return "\n".join(dict.fromkeys([*joined, *(shape["text"] for shape in texts)]))


_ORDER: Final = {"polygon": 0, "circle": 1, "graph": 2, "line": 3, "segment": 4, "angle": 5, "point": 6, "text": 7}


class _Figure:
    def __init__(self, call: given.Draw, scope: Scope) -> None:
        self._scope, self._objects = scope, call.objects
        self._points: dict[str, given.Point] = {}
        for shape in call.objects:
            if isinstance(shape, given.Point) and self._points.setdefault(shape.id, shape) is not shape:
                raise ToolError(f"Two points are called {shape.id}.")
        self.drawing = Drawing(self._window(), axes=call.axes, same_scale=True)
        self.sentences: dict[int, str] = {}
        self._tones = {id(shape): 1 + number % TONES for number, shape in enumerate(self._coloured())}
        places = [shape.at for shape in self._points.values()]
        self._middle = tuple(sum(ways) / len(places) for ways in zip(*places, strict=True)) if places else (0.0, 0.0)

    def _coloured(self) -> list[given.Shape]:
        return [shape for shape in self._objects if shape.kind in {"circle", "graph", "line", "polygon"}]

    def at(self, name: str) -> Place:
        if name not in self._points:
            raise ToolError(f"There is no point {name}.")
        return self._points[name].at

    def _window(self) -> tuple[float, float, float, float]:
        """All points, circles and texts with some room; the usual window if there are only graphs."""
        places: list[Place] = []
        for shape in self._objects:
            if isinstance(shape, given.Point | given.Text):
                places.append(shape.at)
            elif isinstance(shape, given.Circle):
                (x, y), radius = self.at(shape.centre), self._radius(shape)
                places += [(x - radius, y - radius), (x + radius, y + radius)]
        if not places:
            return -10.0, 10.0, -7.5, 7.5
        left, right = min(x for x, _ in places), max(x for x, _ in places)
        bottom, top = min(y for _, y in places), max(y for _, y in places)
        room = ROOM * max(right - left, top - bottom) or 1.0
        return left - room, right + room, bottom - room, top + room

    def _radius(self, circle: given.Circle) -> float:
        radius = circle.radius or dist(self.at(circle.centre), self.at(circle.through or ""))
        if radius <= 0:
            raise ToolError(f"The circle around {circle.centre} has no size.")
        return radius

    def add(self, shape: given.Shape) -> None:
        number = next(place for place, one in enumerate(self._objects) if one is shape)
        self.sentences[number] = getattr(self, f"_{shape.kind}")(shape)

    def _point(self, shape: given.Point) -> str:
        label = shape.id if shape.label is None else shape.label
        self.drawing.point(shape.at)
        x, y = shape.at[0] - self._middle[0], shape.at[1] - self._middle[1]
        side = ("n" if y >= 0 else "s") + ("" if abs(x) < abs(y) / 4 else "e" if x > 0 else "w")
        self.drawing.text(shape.at, label, side)
        named = f", marked {label}" if label not in {shape.id, ""} else ""
        return f"Point {shape.id} at ({said(shape.at[0])}, {said(shape.at[1])}){named}."

    def _segment(self, shape: given.Segment) -> str:
        one, other = self._two(shape.ends)
        self.drawing.line([one, other])
        self._beside(one, other, shape.label)
        return f"Segment from {shape.ends[0]} to {shape.ends[1]}{_marked(shape.label)}."

    def _line(self, shape: given.Line) -> str:
        one, other = self._two(shape.through)
        left, right, bottom, top = self.drawing.window
        far = 4 * (right - left + top - bottom) / dist(one, other)
        dx, dy = (other[0] - one[0]) * far, (other[1] - one[1]) * far
        tone = self._tones[id(shape)]
        self.drawing.line([(one[0] - dx, one[1] - dy), (other[0] + dx, other[1] + dy)], tone)
        self._beside(one, other, shape.label, tone)
        return f"Line through {shape.through[0]} and {shape.through[1]}{_marked(shape.label)}."

    def _circle(self, shape: given.Circle) -> str:
        at, radius = self.at(shape.centre), self._radius(shape)
        tone = self._tones[id(shape)]
        self.drawing.circle(at, radius, tone)
        self.drawing.text((at[0], at[1] + radius), shape.label, "n", tone)
        size = f"through {shape.through}" if shape.through else f"with radius {said(radius)}"
        return f"Circle around {shape.centre} {size}{_marked(shape.label)}."

    def _polygon(self, shape: given.Polygon) -> str:
        corners = [self.at(name) for name in shape.points]
        self.drawing.polygon(corners, self._tones[id(shape)])
        x, y = (sum(ways) / len(corners) for ways in zip(*corners, strict=True))
        self.drawing.text((x, y), shape.label, "c")
        kind = {3: "Triangle", 4: "Quadrilateral"}.get(len(corners), "Polygon")
        return f"{kind} {' '.join(shape.points)}{_marked(shape.label)}."

    def _angle(self, shape: given.Angle) -> str:
        first, corner, last = (self.at(name) for name in shape.points)
        begin, end = (atan2(to[1] - corner[1], to[0] - corner[0]) for to in (first, last))
        if first == corner or last == corner:
            raise ToolError(f"The angle {''.join(shape.points)} has a side without a length.")
        turn = (end - begin + pi) % (2 * pi) - pi
        left, right, *_ = self.drawing.window
        radius = MARK * (right - left)
        half = begin + turn / 2
        if abs(abs(degrees(turn)) - 90) < RIGHT:
            ways = ((begin, 1.0), (half, 2**0.5), (end, 1.0))
            mark = [_away(corner, way, radius * 0.7 * far) for way, far in ways]
        else:
            mark = [_away(corner, begin + turn * step / ARC, radius) for step in range(ARC + 1)]
        self.drawing.line(mark)
        self.drawing.text(_away(corner, half, radius * 1.7), shape.label)
        return f"Angle {' '.join(shape.points)} at {shape.points[1]}{_marked(shape.label)}."

    def _graph(self, shape: given.Graph) -> str:
        left, right, *_ = self.drawing.window
        tone, before = self._tones[id(shape)], len(self.drawing.shapes)
        graph_draw(self.drawing, graph_of(shape.function, (left, right), self._scope), tone)
        if len(self.drawing.shapes) == before:
            raise ToolError(f"Nothing of {shape.function} lies in this figure.")
        points = self.drawing.shapes[-1]["points"]
        self.drawing.text(tuple(points[len(points) * 3 // 4]), shape.label, "nw", tone)
        return f"Graph of {shape.function}{_marked(shape.label)}."

    def _text(self, shape: given.Text) -> str:
        self.drawing.text(shape.at, shape.text)
        return f"The words “{shape.text}” at ({said(shape.at[0])}, {said(shape.at[1])})."

    def _two(self, names: tuple[str, str]) -> tuple[Place, Place]:
        one, other = self.at(names[0]), self.at(names[1])
        if one == other:
            raise ToolError(f"{names[0]} and {names[1]} are at the same place.")
        return one, other

    def _beside(self, one: Place, other: Place, label: str, tone: int = 0) -> None:
        """On the side that is away from the middle of the figure."""
        x, y = (one[0] + other[0]) / 2, (one[1] + other[1]) / 2
        across = (one[1] - other[1], other[0] - one[0])
        outward = across[0] * (x - self._middle[0]) + across[1] * (y - self._middle[1])
        way = across if outward >= 0 else (-across[0], -across[1])
        left, right, *_ = self.drawing.window
        far = 0.04 * (right - left) / hypot(*way)
        self.drawing.text((x + way[0] * far, y + way[1] * far), label, "c", tone)


def _away(at: Place, way: float, far: float) -> Place:
    return at[0] + cos(way) * far, at[1] + sin(way) * far


def _marked(label: str) -> str:
    return f", marked {label}" if label else ""
