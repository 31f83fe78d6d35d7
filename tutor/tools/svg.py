"""A drawing as SVG text, for transcripts and exports: a handful of elements and attributes, everything else escaped.

The page draws the same from nodes (``static/src/room/drawing.ts``); ``tests/tutor/tools/drawings.json`` holds the two to
each other.
"""

from __future__ import annotations

import re
from typing import Any, Final
from xml.etree import ElementTree

ELEMENTS: Final = frozenset({"svg", "title", "g", "line", "polyline", "polygon", "circle", "text"})
ATTRIBUTES: Final = frozenset(
    {"xmlns", "class", "role", "viewBox", "x1", "y1", "x2", "y2", "points", "cx", "cy", "r", "x", "y", "text-anchor"}
)
NAMESPACE: Final = "http://www.w3.org/2000/svg"
POINT_R: Final = 3.0
LETTER: Final = 12.0  # how tall the text is
GAP: Final = 6.0  # between a text and its place
TICK: Final = 3.0
_UNFIT: Final = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML cannot hold


def svg_text(drawing: dict[str, Any], alt: str) -> str:
    """``drawing`` as ``Drawing.data`` gives it. The text stands in HTML as well as alone."""
    return _Writer(drawing).written(alt)


class _Writer:
    def __init__(self, drawing: dict[str, Any]) -> None:
        self._drawing = drawing
        self._left, self._right, self._bottom, self._top = (float(edge) for edge in drawing["window"])
        self._width, self._height = float(drawing["width"]), float(drawing["height"])

    def written(self, alt: str) -> str:
        view = f"0 0 {_n(self._width)} {_n(self._height)}"
        root = ElementTree.Element("svg", {"xmlns": NAMESPACE, "class": "drawing", "role": "img", "viewBox": view})
        _add(root, "title", {}).text = _UNFIT.sub("", alt)
        if self._drawing["axes"]:
            self._axes(_add(root, "g", {"class": "axes"}))
        for shape in self._drawing["shapes"]:
            self._shape(root, shape)
        return ElementTree.tostring(root, encoding="unicode")

    def _x(self, x: float) -> float:
        return (x - self._left) / (self._right - self._left) * self._width

    def _y(self, y: float) -> float:
        return (self._top - y) / (self._top - self._bottom) * self._height

    def _axes(self, group: ElementTree.Element) -> None:
        """Through 0, or along the edge that is nearest to it, with their ticks."""
        across = min(max(self._y(0), 0), self._height)
        along = min(max(self._x(0), 0), self._width)
        _line(group, 0, across, self._width, across)
        _line(group, along, 0, along, self._height)
        below = across + LETTER + 2 if across + LETTER + 4 < self._height else across - GAP
        beside = along - GAP if along > 40 else along + GAP
        for tick in self._drawing["ticks"]["x"]:
            x = self._x(tick)
            _line(group, x, across - TICK, x, across + TICK)
            if 12 < x < self._width - 12:
                _text(group, (x, below), _sign(tick), "middle")
        for tick in self._drawing["ticks"]["y"]:
            y = self._y(tick)
            _line(group, along - TICK, y, along + TICK, y)
            if LETTER < y < self._height - 4:
                _text(group, (beside, y + 4), _sign(tick), "end" if along > 40 else "start")

    def _shape(self, root: ElementTree.Element, shape: dict[str, Any]) -> None:
        kind, tone = shape["kind"], f"{shape['kind']} tone-{shape['tone']}"
        if kind in {"line", "polygon"}:
            points = " ".join(f"{_n(self._x(x))},{_n(self._y(y))}" for x, y in shape["points"])
            _add(root, "polyline" if kind == "line" else "polygon", {"class": tone, "points": points})
            return
        x, y = self._x(shape["at"][0]), self._y(shape["at"][1])
        if kind == "circle":
            radius = shape["r"] / (self._right - self._left) * self._width
            _add(root, "circle", {"class": tone, "cx": _n(x), "cy": _n(y), "r": _n(radius)})
        elif kind == "point":
            _add(root, "circle", {"class": tone, "cx": _n(x), "cy": _n(y), "r": _n(POINT_R)})
        else:
            side = shape["side"]
            anchor = "start" if "e" in side else "end" if "w" in side else "middle"
            x += GAP if "e" in side else -GAP if "w" in side else 0
            y += -GAP if "n" in side else LETTER + 2 if "s" in side else 4
            _text(root, (x, y), shape["text"], anchor, tone)


def _add(parent: ElementTree.Element, tag: str, attributes: dict[str, str]) -> ElementTree.Element:
    assert tag in ELEMENTS
    assert ATTRIBUTES.issuperset(attributes)
    return ElementTree.SubElement(parent, tag, attributes)


def _line(parent: ElementTree.Element, x1: float, y1: float, x2: float, y2: float) -> None:
    _add(parent, "line", {"x1": _n(x1), "y1": _n(y1), "x2": _n(x2), "y2": _n(y2)})


def _text(parent: ElementTree.Element, at: tuple[float, float], text: str, anchor: str, tone: str = "") -> None:
    attributes = {"x": _n(at[0]), "y": _n(at[1]), "text-anchor": anchor}
    _add(parent, "text", {"class": tone, **attributes} if tone else attributes).text = _UNFIT.sub("", text)


def _n(value: float) -> str:
    """A length with two decimals at most, the same in every language: rounded half up."""
    hundredths = int(value * 100 + 0.5) if value >= 0 else -int(-value * 100 + 0.5)
    whole = hundredths / 100
    return str(int(whole)) if whole == int(whole) else f"{whole:.2f}".rstrip("0")


def _sign(tick: float) -> str:
    return f"{tick:.10g}".replace("-", "−")
