"""What is on a room's boards, as lines of its export: shapes and code as they stand, never the strokes' raw bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from classroom.board.log import document_load
from classroom.board.models import Document, Kind
from classroom.board.scene import TUTOR, code_read, scene_read
from classroom.review.pseudonyms import Pseudonyms, pseudonym
from classroom.rooms.models import Room


def boards_read(room: Room, replace: Pseudonyms | None) -> Iterator[dict[str, Any]]:
    """One row for each document that somebody has written on; with ``replace`` nobody is named in it."""
    documents = Document.objects.filter(room=room, last_seq__gt=0).order_by("created_at", "pk")
    for document in documents.select_related("owner"):
        doc = document_load(document)
        row: dict[str, Any] = {"kind": "board", "board": document.kind, "updates": document.last_seq}
        row["owner"] = None
        if document.owner is not None:
            owner = {"id": str(document.owner.pk), "name": document.owner.name}
            row["owner"] = replace.person(owner) if replace else owner
        if document.kind == Kind.CODE:
            code = code_read(doc)
            yield {**row, "shapes": [], "code": replace.text(code) if replace else code}
        else:
            yield {**row, "shapes": [_shape(asdict(one), replace) for one in scene_read(doc)], "code": ""}


def _shape(shape: dict[str, Any], replace: Pseudonyms | None) -> dict[str, Any]:
    shape["points"] = list(shape["points"])
    if replace is None:
        return shape
    said = {name: replace.text(shape[name]) for name in ("text", "alt", "latex")}
    return {**shape, **said, "by": shape["by"] if shape["by"] == TUTOR else pseudonym(shape["by"])}
