"""Shapes of a board in plain words, one a line: for a model that cannot see them, and for people who cannot. Pure, English.

Every line is ours; what people wrote in a shape stands between quotation marks on one line, so that it cannot look like one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from classroom.board.drawing import frame_of
from classroom.board.scene import TUTOR, Shape

COLOURS: Final = {
    "black": (0, 0, 0), "grey": (128, 128, 128), "white": (255, 255, 255), "red": (220, 38, 38), "orange": (234, 120, 20),
    "yellow": (250, 204, 21), "green": (22, 130, 60), "teal": (15, 118, 110), "blue": (29, 78, 216), "purple": (124, 58, 237),
    "pink": (219, 39, 119), "brown": (120, 70, 20),
}  # fmt: skip
QUOTED_MAX: Final = 300
NAMES: Final = {"pen": "pen stroke", "highlighter": "highlighter stroke", "image": "picture", "point": "marked point"}


def shapes_described(shapes: Sequence[Shape], most: int) -> str:
    """Numbered lines of at most ``most`` characters in all; what does not fit is counted."""
    lines: list[str] = []
    left = most - 40
    for number, shape in enumerate(shapes, 1):
        line = f"{number}. {shape_described(shape)}"
        if len(line) + 1 > left:
            lines.append(f"… and {len(shapes) - number + 1} more.")
            break
        left -= len(line) + 1
        lines.append(line)
    return "\n".join(lines)


def shape_described(shape: Shape) -> str:
    """Kind, colour, where it is in units of the page (x to the right, y downwards), and what is written in it."""
    x, y, right, bottom = (round(number) for number in frame_of(shape))
    parts = [f"{colour_of(shape.stroke)} {NAMES.get(shape.kind, shape.kind)}"]
    if shape.kind in ("line", "arrow"):
        parts.append(f"from {_place(shape, 0)} to {_place(shape, -1)}")
    elif shape.kind == "polygon":
        parts.append("with corners " + ", ".join(_place(shape, at) for at in range(min(len(shape.points) // 2, 12))))
    elif shape.kind == "point":
        parts.append(f"at ({round(shape.x)}, {round(shape.y)})")
    else:
        parts.append(f"at ({x}, {y}), {right - x} wide and {bottom - y} high")
    if shape.rotation % 360:
        parts.append(f"turned by {round(shape.rotation % 360)}°")
    if shape.step:
        parts.append("a line of the solution")
    if shape.by == TUTOR:
        parts.append("drawn by the tutor")
    said = [("saying", shape.text), ("with the formula", shape.latex), ("described as", shape.alt)]
    return ", ".join([*parts, *(f"{word} “{_quoted(text)}”" for word, text in said if text.strip())])


def _place(shape: Shape, at: int) -> str:
    points = list(zip(shape.points[::2], shape.points[1::2], strict=False))
    return f"({round(shape.x + points[at][0])}, {round(shape.y + points[at][1])})"


def _quoted(text: str) -> str:
    """One line without quotation marks of ours."""
    line = " / ".join(part.strip() for part in text.splitlines() if part.strip())
    line = line.replace("“", '"').replace("”", '"')
    return line if len(line) <= QUOTED_MAX else f"{line[:QUOTED_MAX]}…"


def colour_of(colour: str) -> str:
    """The nearest colour that has a name."""
    wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return min(
        COLOURS, key=lambda name: sum((one - other) ** 2 for one, other in zip(COLOURS[name], wanted, strict=True))
    )
