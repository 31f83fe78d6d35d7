"""A board's page as SVG: one writer for exports, thumbnails, transcripts and replays. Pure: formulas and pictures are given.

What people wrote is escaped text, addresses there are none but ``data:`` of our own pictures, and nothing can run. It looks
as ``static/src/board/glyphs.ts`` and ``outline.ts`` draw it, on white paper.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import atan2, cos, radians, sin
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from classroom.board.printing import Sheet
from classroom.board.scene import BOXES, PATHS, STROKES, Shape
from classroom.board.strokes import short, stroke_path

MARGIN: Final = 24.0
LEAST: Final = (320.0, 200.0)  # of a sheet: an empty page is one too
LINE_HEIGHT: Final = 1.25
FONTS: Final = "DejaVu Sans, Noto Sans, Noto Sans CJK SC, PingFang SC, Microsoft YaHei, sans-serif"
PAPER: Final = "#ffffff"
Box = tuple[float, float, float, float]  # left, top, right, bottom
_ROUND: Final = 'stroke-linecap="round" stroke-linejoin="round"'


@dataclass(frozen=True, slots=True)
class Sources:
    """``formula``: LaTeX → {w, h, paths}, None if it cannot be drawn. ``picture``: id → (content type, bytes), None if gone."""

    formula: Callable[[str], dict[str, Any] | None]
    picture: Callable[[str], tuple[str, bytes] | None]


NOTHING: Final = Sources(lambda latex: None, lambda image: None)


def page_draw(shapes: Sequence[Shape], sources: Sources = NOTHING, *, title: str = "") -> Sheet:
    """The shapes of one page in the order they lie, around them some paper."""
    left, top, right, bottom = _paper(shapes)
    w, h = right - left, bottom - top
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{short(left)} {short(top)} {short(w)} {short(h)}"'
        f' width="{short(w)}" height="{short(h)}" role="img">'
    )
    named = f"<title>{_text(title)}</title>" if title else ""
    paper = f'<rect x="{short(left)}" y="{short(top)}" width="{short(w)}" height="{short(h)}" fill="{PAPER}"/>'
    body = "".join(shape_draw(shape, sources) for shape in shapes)
    return Sheet(f"{head}{named}{paper}{body}</svg>", w, h, title)


def shape_draw(shape: Shape, sources: Sources) -> str:
    """One shape as a group: moved to its place, turned about its middle, named by its alternative text."""
    left, top, right, bottom = frame_of(shape)
    turn = f"rotate({short(shape.rotation % 360)} {short((left + right) / 2)} {short((top + bottom) / 2)}) "
    place = (turn if shape.rotation % 360 else "") + f"translate({short(shape.x)} {short(shape.y)})"
    clear = "" if shape.opacity == 1 else f' opacity="{short(shape.opacity)}"'
    name = f"<title>{_text(shape.alt)}</title>" if shape.alt else ""
    return f'<g transform="{place}"{clear}>{name}{_inside(shape, sources)}</g>'


def _inside(shape: Shape, sources: Sources) -> str:
    if shape.kind in STROKES:
        path = stroke_path(shape.points, shape.width, marker=shape.kind == "highlighter")
        return f'<path d="{path}" fill="{shape.stroke}"/>'
    if shape.kind in PATHS:
        return f'<path d="{_line(shape)}" {_painted(shape)}/>'
    if shape.kind == "rectangle":
        return f'<rect width="{short(shape.w)}" height="{short(shape.h)}" rx="2" {_painted(shape)}/>'
    if shape.kind == "ellipse":
        rx, ry = short(shape.w / 2), short(shape.h / 2)
        return f'<ellipse cx="{rx}" cy="{ry}" rx="{rx}" ry="{ry}" {_painted(shape)}/>'
    if shape.kind == "point":
        label = _writing([(8, -6, shape.text)], 16, shape.stroke) if shape.text else ""
        return f'<circle r="{short(max(3, shape.width * 1.5))}" fill="{shape.stroke}"/>{label}'
    if shape.kind == "text":
        return _lines(shape)
    return _formula(shape, sources) if shape.kind == "formula" else _picture(shape, sources)


def _painted(shape: Shape) -> str:
    fill = shape.fill if shape.fill and shape.kind in BOXES | {"polygon"} else None
    inner = f'fill="{fill}" fill-opacity="{short(shape.fill_opacity)}"' if fill else 'fill="none"'
    return f'{inner} stroke="{shape.stroke}" stroke-width="{short(shape.width)}" {_ROUND}'


def _line(shape: Shape) -> str:
    places = list(zip(shape.points[::2], shape.points[1::2], strict=False))
    path = "M" + "L".join(f"{short(x)} {short(y)}" for x, y in places) + ("Z" if shape.kind == "polygon" else "")
    return path + (_head(places, shape.width) if shape.kind == "arrow" and len(places) > 1 else "")


def _head(places: list[tuple[float, float]], width: float) -> str:
    (x0, y0), (x, y) = places[-2:]
    angle, length = atan2(y - y0, x - x0), 6 + width * 3
    wings = [f"{short(x - length * cos(angle + turn))} {short(y - length * sin(angle + turn))}" for turn in (0.5, -0.5)]
    return f"M{wings[0]}L{short(x)} {short(y)}L{wings[1]}"


def _lines(shape: Shape) -> str:
    lines = shape.text.split("\n")
    size = max(4.0, shape.h / (len(lines) * LINE_HEIGHT))
    return _writing([(0, at * size * LINE_HEIGHT + size, line) for at, line in enumerate(lines)], size, shape.stroke)


def _writing(lines: Iterable[tuple[float, float, str]], size: float, colour: str) -> str:
    return "".join(
        f'<text x="{short(x)}" y="{short(y)}" font-size="{short(size)}" font-family={quoteattr(FONTS)} fill="{colour}"'
        f' xml:space="preserve">{_text(line)}</text>'
        for x, y, line in lines
        if line
    )


def _formula(shape: Shape, sources: Sources) -> str:
    drawn = sources.formula(shape.latex) if shape.latex else None
    if drawn is None:
        return _writing([(0, shape.h * 0.7, shape.latex)], max(8.0, min(shape.h * 0.6, 18.0)), shape.stroke)
    scale = f"scale({(shape.w or drawn['w']) / drawn['w']:.4f} {(shape.h or drawn['h']) / drawn['h']:.4f})"
    paths = "".join(
        f"<path d={quoteattr(path['d'])} transform={quoteattr(path['transform'])}/>" for path in drawn["paths"]
    )
    return f'<g transform="{scale}" fill="{shape.stroke}">{paths}</g>'


def _picture(shape: Shape, sources: Sources) -> str:
    found = sources.picture(shape.image)
    size = f'width="{short(shape.w)}" height="{short(shape.h)}"'
    if found is None:
        return f'<rect {size} fill="none" stroke="#888888" stroke-dasharray="6 6"/>'
    kind, data = found
    return f'<image {size} preserveAspectRatio="none" href="data:{kind};base64,{base64.b64encode(data).decode()}"/>'


_UNWRITABLE: Final = dict.fromkeys([*range(9), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF])


def _text(text: str) -> str:
    """Text that no XML reader stumbles over."""
    return escape(text.translate(_UNWRITABLE))


# ---- where things are


def frame_of(shape: Shape) -> Box:
    """The box of the unturned shape, without the breadth of its line."""
    if shape.points:
        step = 3 if shape.kind in STROKES else 2
        across, down = shape.points[::step], shape.points[1::step]
        return shape.x + min(across), shape.y + min(down), shape.x + max(across), shape.y + max(down)
    if shape.kind == "point":
        return shape.x - 4, shape.y - 4, shape.x + 4, shape.y + 4
    return shape.x, shape.y, shape.x + shape.w, shape.y + shape.h


def bounds_of(shape: Shape) -> Box:
    """The upright box that holds all of a shape as it is drawn."""
    left, top, right, bottom = frame_of(shape)
    if shape.kind == "text":
        right = max(right, left + text_width(shape.text, (bottom - top) / (shape.text.count("\n") + 1) / LINE_HEIGHT))
    if shape.rotation % 360:
        angle, x, y = radians(shape.rotation), (left + right) / 2, (top + bottom) / 2
        wide = abs((right - left) * cos(angle)) + abs((bottom - top) * sin(angle))
        tall = abs((right - left) * sin(angle)) + abs((bottom - top) * cos(angle))
        left, top, right, bottom = x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2
    more = shape.width * (3.5 if shape.kind == "arrow" else 1.0) + (24.0 if shape.kind == "point" and shape.text else 0)
    beside = text_width(shape.text, 16.0) if shape.kind == "point" else 0.0
    return left - more, top - more, right + more + beside, bottom + more


def text_width(text: str, size: float) -> float:
    """About how long the longest line is: letters half as wide as high, CJK as wide as high."""
    lines = text.split("\n")
    return max(sum(1.0 if ord(sign) > 0x2E7F else 0.6 for sign in line) for line in lines) * size


def _paper(shapes: Sequence[Shape]) -> Box:
    boxes = [bounds_of(shape) for shape in shapes]
    if not boxes:
        return 0.0, 0.0, *LEAST
    left, top = min(box[0] for box in boxes) - MARGIN, min(box[1] for box in boxes) - MARGIN
    right, bottom = max(box[2] for box in boxes) + MARGIN, max(box[3] for box in boxes) + MARGIN
    wide, tall = max(0.0, LEAST[0] - (right - left)) / 2, max(0.0, LEAST[1] - (bottom - top)) / 2
    return left - wide, top - tall, right + wide, bottom + tall
