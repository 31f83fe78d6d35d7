"""Shapes to draw: one of each kind, and a way to put them on a board."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from pycrdt import Array, Doc, Map

from classroom.board.log import update_append
from classroom.board.models import Document
from classroom.board.scene import Shape, shape_read
from classroom.people.models import User

BY = "11111111-1111-4111-8111-111111111111"


def shape(kind: str, **fields: Any) -> Shape:
    """A shape at 10, 20 on the first page, of about a hundred units."""
    return shape_read(str(uuid4()), fields_of(kind, **fields))


def fields_of(kind: str, **fields: Any) -> dict[str, Any]:
    common = {"kind": kind, "page": "1", "x": 10.0, "y": 20.0, "by": BY, "z": 0.0, "stroke": "#1d4ed8", "width": 3.0}
    own: dict[str, dict[str, Any]] = {
        "pen": {"points": [0.0, 0.0, 0.5, 30.0, 10.0, 0.9, 60.0, 0.0, 0.2, 20.0, 40.0, 0.5]},
        "highlighter": {"points": [0.0, 0.0, 0.5, 90.0, 0.0, 0.5], "width": 20.0, "opacity": 0.4},
        "line": {"points": [0.0, 0.0, 100.0, 50.0]},
        "arrow": {"points": [0.0, 0.0, 100.0, 0.0]},
        "polygon": {"points": [0.0, 0.0, 100.0, 0.0, 50.0, 80.0], "fill": "#fde047", "fill_opacity": 0.25},
        "rectangle": {"w": 120.0, "h": 60.0, "rotation": 30.0},
        "ellipse": {"w": 120.0, "h": 60.0, "fill": "#86efac"},
        "text": {"w": 120.0, "h": 50.0, "text": "Area = 7 < 9\n面积 & more"},
        "formula": {"w": 60.0, "h": 60.0, "latex": r"\frac{1}{2}"},
        "image": {"w": 90.0, "h": 60.0, "image": str(uuid4())},
        "point": {"text": "A"},
    }
    return {**common, **own[kind], **fields}


KINDS = ("pen", "highlighter", "line", "arrow", "polygon", "rectangle", "ellipse", "text", "formula", "image", "point")


def put(
    document: Document, shapes: Iterable[dict[str, Any]], *, author: User | None = None, pages: Iterable[str] = ()
) -> list[str]:
    """Put shapes on a document, as its log has them: their ids."""
    doc: Doc[Any] = Doc()
    ids = [str(uuid4()) for _ in shapes] if isinstance(shapes, list) else []
    board = doc.get("shapes", type=Map)
    listed = doc.get("pages", type=Array)
    with doc.transaction():
        for page in pages:
            listed.append(Map({"id": page, "title": f"Page {page}"}))
        for key, fields in zip(ids, shapes, strict=True):
            board[key] = Map(fields)
    update_append(document, doc.get_update(), author=author, origin="test")
    return ids
