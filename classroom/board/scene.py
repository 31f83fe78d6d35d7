"""What a board shows: shapes and pages, typed and checked, read from a Yjs document.

``scene_read`` gives them to whoever draws, exports or explains a board. ``shape_read`` is the one judge of a shape: it is
asked for every shape that an update has touched, before the update is in the log.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import UUID

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from pycrdt import Array, Doc, Map, Text

from classroom.board import limits

TUTOR: Final = "tutor"
FIRST_PAGE: Final = "1"
STROKES = frozenset({"pen", "highlighter"})  # points are x, y, pressure
PATHS = frozenset({"line", "arrow", "polygon"})  # points are x, y
BOXES = frozenset({"rectangle", "ellipse", "image"})
KINDS = STROKES | PATHS | BOXES | {"text", "formula", "point"}
_MARKUP = re.compile(
    r"<\s*/?\s*(?:script|svg|iframe|object|embed|style|link|meta|base|form|math|template|img|video|audio|foreignobject)"
    r"(?:[\s/][^<>]*)?>",
    re.IGNORECASE,
)
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


class SceneError(Exception):
    """What does not belong on a board. ``code`` as in PROTOCOL.md, ``field`` names the culprit."""

    def __init__(self, code: str, message: str | Promise, field: str) -> None:
        super().__init__(message)
        self.code, self.message, self.field = code, message, field


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape. Lengths are world units, ``x`` and ``y`` from the top left of the page; ``points`` are relative to them.

    ``points`` is flat: x, y, pressure 0..1 of pen and highlighter, x, y of line, arrow and polygon. ``by`` is a person's
    id or ``tutor``. ``rotation`` in degrees, clockwise. ``step``: the line of a solution that it shows.
    """

    id: str
    kind: str
    page: str
    x: float
    y: float
    by: str
    z: float = 0.0
    w: float = 0.0
    h: float = 0.0
    points: tuple[float, ...] = ()
    rotation: float = 0.0
    stroke: str = "#000000"
    fill: str | None = None
    fill_opacity: float = 1.0
    opacity: float = 1.0
    width: float = 2.0
    text: str = ""
    latex: str = ""
    image: str = ""
    alt: str = ""
    locked: bool = False
    step: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    id: str
    title: str


def scene_read(doc: Doc[Any]) -> list[Shape]:
    """All shapes of a board, teacher or layer document: by page, then from the lowest to the topmost. Raises SceneError."""
    order = {page.id: at for at, page in enumerate(pages_read(doc))}
    shapes = [shape_read(key, fields) for key, fields in doc.get("shapes", type=Map).to_py().items()]
    return sorted(shapes, key=lambda one: (order.get(one.page, len(order)), one.page, one.z, one.id))


def pages_read(doc: Doc[Any]) -> list[Page]:
    """The pages in their order; a board without any has one. Raises SceneError."""
    found = []
    for fields in doc.get("pages", type=Array).to_py():
        if not isinstance(fields, dict) or set(fields) - {"id", "title"}:
            raise SceneError("bad_field", "A page has an id and a title.", "pages")
        title = _string(limits.TITLE)(fields.get("title", ""), "pages.title")
        found.append(Page(_page(fields.get("id"), "pages.id"), title))
    if len(found) > limits.PAGES:
        raise SceneError("too_many", format_lazy(_("A board has at most {most} pages."), most=limits.PAGES), "pages")
    return found or [Page(FIRST_PAGE, "")]


def code_read(doc: Doc[Any]) -> str:
    """The text of a code document. Raises SceneError when it is too long."""
    text = str(doc.get("code", type=Text))
    if len(text) > limits.CODE:
        raise SceneError("too_long", f"The code is longer than {limits.CODE} characters.", "code")
    return text


def shape_read(key: str, fields: Any) -> Shape:
    """A shape from its plain fields. Raises SceneError, which names the first field that is wrong."""
    _uuid(key, "id")
    if not isinstance(fields, dict):
        raise SceneError("bad_field", "A shape is a map of fields.", "shape")
    unknown = sorted(set(fields) - set(_FIELDS))
    if unknown:
        raise SceneError("bad_field", f"`{unknown[0][:60]}` is not a field of a shape.", unknown[0][:60])
    kind = fields.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise SceneError("bad_field", "There is no such kind of shape.", "kind")
    for name in ("page", "x", "y", "by", *_needed(kind)):
        if name not in fields:
            raise SceneError("bad_field", f"`{name}` is missing.", name)
    shape = Shape(id=key, **{name: _FIELDS[name](value, name) for name, value in fields.items()})
    _points_check(shape)
    return shape


def _needed(kind: str) -> tuple[str, ...]:
    if kind in STROKES | PATHS:
        return ("points",)
    if kind in BOXES:
        return ("w", "h", "image") if kind == "image" else ("w", "h")
    return {"text": ("text",), "formula": ("latex",)}.get(kind, ())


def _points_check(shape: Shape) -> None:
    step = 3 if shape.kind in STROKES else 2
    if shape.kind in STROKES | PATHS and (len(shape.points) % step or not shape.points):
        raise SceneError("bad_field", f"`points` of a {shape.kind} come in {step}s.", "points")
    if step == 3 and any(not 0 <= pressure <= 1 for pressure in shape.points[2::3]):
        raise SceneError("bad_field", "A pressure lies between 0 and 1.", "points")


Check = Callable[[Any, str], Any]


def _number(least: float, most: float) -> Check:
    def check(value: Any, field: str) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise SceneError("bad_field", f"`{field}` must be a number.", field)
        if not math.isfinite(value) or not least <= value <= most:
            raise SceneError("bad_field", f"`{field}` must lie between {least:g} and {most:g}.", field)
        return float(value)

    return check


def _string(most: int) -> Check:
    def check(value: Any, field: str) -> str:
        if not isinstance(value, str):
            raise SceneError("bad_field", f"`{field}` must be text.", field)
        if len(value) > most:
            raise SceneError("too_long", f"`{field}` is longer than {most} characters.", field)
        if "\x00" in value:
            raise SceneError("bad_field", f"`{field}` has a character that cannot be stored.", field)
        if _MARKUP.search(value):
            raise SceneError("markup", _("The text has a tag of a web page in it. Write it without."), field)
        return value

    return check


def _colour(value: Any, field: str) -> str:
    if not isinstance(value, str) or not _COLOUR.fullmatch(value):
        raise SceneError("bad_field", f"`{field}` must be a colour such as #1a2b3c.", field)
    return value


def _colour_or_none(value: Any, field: str) -> str | None:
    return None if value is None else _colour(value, field)


def _uuid(value: Any, field: str) -> str:
    try:
        return cast(str, value) if str(UUID(value)) == value else _refuse_id(field)
    except (ValueError, TypeError, AttributeError):
        return _refuse_id(field)


def _refuse_id(field: str) -> str:
    raise SceneError("bad_field", f"`{field}` must be a UUID.", field) from None


def _by(value: Any, field: str) -> str:
    return TUTOR if value == TUTOR else _uuid(value, field)


def _page(value: Any, field: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 36:
        raise SceneError("bad_field", f"`{field}` must be a short text.", field)
    return value


def _flag(value: Any, field: str) -> bool:
    if not isinstance(value, bool):
        raise SceneError("bad_field", f"`{field}` must be true or false.", field)
    return value


def _points(value: Any, field: str) -> tuple[float, ...]:
    if not isinstance(value, list):
        raise SceneError("bad_field", f"`{field}` must be a list of numbers.", field)
    if len(value) > limits.POINT_NUMBERS:
        raise SceneError("too_many", f"`{field}` has more than {limits.POINT_NUMBERS} numbers.", field)
    return tuple(_coordinate(number, field) for number in value)


_coordinate = _number(-limits.REACH, limits.REACH)
_fraction = _number(0, 1)
_size = _number(0, limits.REACH)
_FIELDS: Final[dict[str, Check]] = {
    "kind": _string(20),
    "page": _page,
    "x": _coordinate,
    "y": _coordinate,
    "z": _number(-1e9, 1e9),
    "w": _size,
    "h": _size,
    "points": _points,
    "rotation": _number(-36_000, 36_000),
    "stroke": _colour,
    "fill": _colour_or_none,
    "fill_opacity": _fraction,
    "opacity": _fraction,
    "width": _number(0.5, 40),
    "text": _string(limits.TEXT),
    "latex": _string(limits.LATEX),
    "image": _uuid,
    "alt": _string(limits.ALT),
    "by": _by,
    "locked": _flag,
    "step": _uuid,
}
