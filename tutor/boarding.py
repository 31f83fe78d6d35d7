"""What the tutor has drawn in its answer, put on the room's board as ordinary shapes (K8). Pure but for ``drawing_put``.

A drawing has passed the guard before it comes here, each of its labels alone and all of them together; nothing is added to
it but a description that has passed it too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import uuid4

import structlog
from pycrdt import Doc, Map

from classroom.board.access import document_of
from classroom.board.drawing import bounds_of
from classroom.board.limits import ALT, POINT_NUMBERS
from classroom.board.log import document_load, update_append
from classroom.board.models import Kind
from classroom.board.replica import UpdateRefused
from classroom.board.scene import TUTOR, Shape, pages_read, scene_read
from classroom.rooms.models import Room
from tutor import pointing

log = structlog.get_logger(__name__)
SCALE: Final = 1.4  # units of the board for one of a drawing, which is 340 wide
GAP: Final = 48.0  # between what is there and what comes below it
LETTERS: Final = 18.0
TICKS: Final = 13.0
INK: Final = "#182726"
AXES: Final = "#64748b"
NAMED: Final = 24  # shapes of a drawing that the model hears the references of
TONES: Final = (INK, "#0f766e", "#b45309", "#7c3aed", "#be123c", "#1d4ed8")
Fields = dict[str, Any]


def drawing_put(room: Room, drawing: dict[str, Any], alt: str) -> list[str]:
    """The drawing below everything on the first page of the room's common board: ids of its shapes, from below.

    To be called in the transaction that tells the room of it. A board that is full takes nothing: [].
    """
    document = document_of(room, Kind.BOARD)
    present = document_load(document)
    page = pages_read(present)[0].id
    left, top, height = _free_place([shape for shape in scene_read(present) if shape.page == page])
    shapes = [
        {**fields, "page": page, "by": TUTOR, "z": height + at}
        for at, fields in enumerate(drawing_shapes(drawing, left, top), 1)
    ]
    if shapes:  # said by the first part of the figure itself, not by its axes
        axes = len(shapes) - len(drawing["shapes"])
        shapes[axes if drawing["shapes"] else 0]["alt"] = alt
    update: Doc[Any] = Doc()
    board = update.get("shapes", type=Map)
    ids = [str(uuid4()) for _ in shapes]
    with update.transaction():
        for key, fields in zip(ids, shapes, strict=True):
            board[key] = Map(fields)
    try:
        update_append(document, update.get_update(), author=None, origin=TUTOR)
    except UpdateRefused as refused:
        log.info("drawing_not_on_the_board", room=str(room.pk), code=refused.code, error=str(refused))
        return []
    return ids


def drawing_named(drawing: dict[str, Any], ids: Sequence[str]) -> str:
    """What a drawing has put on the board, with the references by which the tutor may point there (A15).

    A point goes by its label; labels and axes are not named of themselves.
    """
    shapes = drawing["shapes"]
    labels = {tuple(shape["at"]): shape["text"] for shape in shapes if shape["kind"] == "text"}
    drawn = [
        (" ".join(filter(None, (shape["kind"], labels.get(tuple(shape.get("at", ())))))), key)
        for shape, key in zip(shapes, ids[len(ids) - len(shapes) :], strict=True)
        if shape["kind"] != "text"
    ][:NAMED]
    names = ", ".join(f"{words} {pointing.shape_named(key)}" for words, key in drawn)
    return f"{names}. {pointing.HOW.format(pointing.shape_named(drawn[0][1]))}" if drawn else ""


def _free_place(there: Sequence[Shape]) -> tuple[float, float, float]:
    """Left and top of what is free below a page's shapes, and their highest z."""
    if not there:
        return 0.0, 0.0, 0.0
    boxes = [bounds_of(shape) for shape in there]
    return min(box[0] for box in boxes), max(box[3] for box in boxes) + GAP, max(shape.z for shape in there)


def alt_of(text: str) -> str:
    """A description that a shape may have: cut between sentences, never within a number."""
    text = " ".join(text.split())
    while len(text) > ALT:
        cut = text.rfind(". ", 0, min(ALT, len(text) - 1))
        text = text[: cut + 1] if cut > 0 else ""
    return text


def drawing_shapes(drawing: dict[str, Any], left: float, top: float) -> list[Fields]:
    """A drawing's data (``tools.drawing``) as fields of shapes, its corner at ``left``, ``top``."""
    place = _Place(drawing, left, top)
    return [*_axes(drawing, place), *(_shape(shape, place) for shape in drawing["shapes"])]


class _Place:
    """From a drawing's window to the board."""

    def __init__(self, drawing: dict[str, Any], left: float, top: float) -> None:
        self.window = drawing["window"]
        west, east, south, north = self.window
        self.unit = drawing["width"] * SCALE / (east - west)
        self._rise = drawing["height"] * SCALE / (north - south)
        self._left, self._top = left, top

    def __call__(self, at: Sequence[float]) -> tuple[float, float]:
        west, _, _, north = self.window
        return round(self._left + (at[0] - west) * self.unit, 2), round(self._top + (north - at[1]) * self._rise, 2)


def _shape(shape: dict[str, Any], place: _Place) -> Fields:
    tone = TONES[shape["tone"]]
    if shape["kind"] in ("line", "polygon"):
        points = [place(at) for at in shape["points"]]
        filled = {"fill": tone, "fill_opacity": 0.12} if shape["kind"] == "polygon" else {}
        return {"kind": shape["kind"], **_path(points, tone, 2.5), **filled}
    x, y = place(shape["at"])
    if shape["kind"] == "circle":
        r = round(shape["r"] * place.unit, 2)
        return {"kind": "ellipse", "x": x - r, "y": y - r, "w": 2 * r, "h": 2 * r, "stroke": tone, "width": 2.5}
    if shape["kind"] == "point":
        return {"kind": "point", "x": x, "y": y, "stroke": tone, "width": 3.0, "text": ""}
    return _text(shape["text"], (x, y), shape["side"], tone, LETTERS)


def _path(points: Sequence[tuple[float, float]], colour: str, width: float) -> Fields:
    """Points relative to the first, and no more of them than a shape may have."""
    step = -(-len(points) // (POINT_NUMBERS // 2))
    kept = [*points[:-1:step], points[-1]]
    x, y = kept[0]
    flat = [round(number, 2) for at in kept for number in (at[0] - x, at[1] - y)]
    return {"x": x, "y": y, "points": flat, "stroke": colour, "width": width}


def _text(text: str, at: tuple[float, float], side: str, colour: str, size: float) -> Fields:
    """A text beside its place: ``side`` is a point of the compass, or c."""
    w = round(sum(1.0 if ord(sign) > 0x2E7F else 0.6 for sign in text) * size, 2)
    h = round(size * 1.25, 2)
    x, y = at[0] - w / 2, at[1] - h / 2
    x += (w / 2 + 6) * (("e" in side) - ("w" in side))
    y += (h / 2 + 3) * (("s" in side) - ("n" in side))
    return {"kind": "text", "x": round(x, 2), "y": round(y, 2), "w": w, "h": h, "text": text, "stroke": colour}


def _axes(drawing: dict[str, Any], place: _Place) -> Iterator[Fields]:
    """Through 0, or along the edge that is nearest to it, with their numbers."""
    if not drawing["axes"]:
        return
    west, east, south, north = drawing["window"]
    x, y = min(max(0.0, west), east), min(max(0.0, south), north)
    yield {"kind": "arrow", **_path([place((west, y)), place((east, y))], AXES, 1.5)}
    yield {"kind": "arrow", **_path([place((x, south)), place((x, north))], AXES, 1.5)}
    for tick in drawing["ticks"]["x"]:
        yield _text(_said(tick), place((tick, y)), "s", AXES, TICKS)
    for tick in drawing["ticks"]["y"]:
        yield _text(_said(tick), place((x, tick)), "w", AXES, TICKS)


def _said(tick: float) -> str:
    return f"{tick:.10g}".replace("-", "−")
