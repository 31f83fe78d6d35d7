"""A board as a file: SVG, PNG or PDF for whoever may read it (Q22), and its picture for other pages of the house."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Final

from django.db.models import Q
from django.utils.translation import gettext as _
from pycrdt import Doc

from classroom.board.access import BoardRights
from classroom.board.drawing import Sources, page_draw
from classroom.board.formulas import formula_drawn, formula_known
from classroom.board.jail import Refused, child_ask
from classroom.board.log import document_load
from classroom.board.models import Document, Kind, Picture, Update
from classroom.board.printing import Sheet
from classroom.board.reasons import reason_said
from classroom.board.scene import Page, Shape, pages_read, scene_read
from classroom.rooms.frames import FrameError
from classroom.rooms.limits import Limit, Rate, spend_for
from classroom.rooms.models import Room

EXPORTING: Final = Limit(Rate(20, 6), Rate(60, 20))
TYPES: Final = {"svg": "image/svg+xml", "png": "image/png", "pdf": "application/pdf"}
NEW_FORMULAS_MAX: Final = 30  # that one export has drawn; the browsers have drawn what they show already
PNG_PIXELS: Final = 2400


def board_exported(rights: BoardRights, kind: str, page: str | None) -> bytes:
    """The file of a document, which this person pays for. Raises FrameError."""
    spend_for(rights.room, "export", EXPORTING)
    sheets = sheets_of(rights.document, page=page, whole=kind == "pdf")
    return sheets_print(sheets, kind, title=rights.room.room.title)


def board_at(room: Room, seq: int, kind: str, page: str | None = None) -> bytes:
    """A room's common board as it was when the room's log was at ``seq``; ``page`` as in ``sheets_of``. Raises FrameError."""
    document = _board_of(room)
    if document is None:
        raise FrameError("bad_field", "There is no board.", field="seq")
    return sheets_print(sheets_of(document, page=page, room_seq=seq, whole=kind == "pdf"), kind, title=room.title)


def pages_at(room: Room, seq: int) -> list[Page]:
    """The pages of a room's common board that had anything on them at ``seq``; the first where none had. Each has a title."""
    document = _board_of(room)
    if document is None:
        return []
    doc = document_load(document, room_seq=seq)
    pages, used = pages_read(doc), {shape.page for shape in scene_read(doc)}
    return [Page(one.id, _title(one, pages)) for one in [one for one in pages if one.id in used] or pages[:1]]


def _board_of(room: Room) -> Document | None:
    return Document.objects.filter(room=room, kind=Kind.BOARD).first()


def changes_of(room: Room) -> list[int]:
    """The room's seqs after which its common board has changed, in order."""
    rows = Update.objects.filter(document__room=room, document__kind=Kind.BOARD)
    return list(rows.order_by("room_seq").values_list("room_seq", flat=True).distinct())


def sheets_print(sheets: list[Sheet], kind: str, *, title: str, pixels: int = PNG_PIXELS) -> bytes:
    """SVG and PNG are the first sheet. Raises FrameError."""
    if kind == "svg":
        return sheets[0].svg.encode()
    asked = {"format": kind, "pixels": pixels, "title": title, "pages": [asdict(sheet) for sheet in sheets]}
    try:
        return child_ask("print", json.dumps(asked).encode())[1]
    except Refused as refused:
        raise FrameError("unavailable", reason_said(str(refused))) from None


def sheets_of(
    document: Document, *, page: str | None = None, room_seq: int | None = None, whole: bool = False
) -> list[Sheet]:
    """The document's pages as they are, or were at a room's seq. One page: the one asked for, else the first with anything on
    it; ``whole``: all that have. Raises FrameError for a page that is not there."""
    doc = document_load(document, room_seq=room_seq)
    pages, shapes = _pages(document, doc, room_seq), scene_read(doc)
    if page is not None and page not in {one.id for one in pages}:
        raise FrameError("bad_field", _("This board has no such page."), field="page")
    by_page = {one.id: [shape for shape in shapes if shape.page == one.id] for one in pages}
    wanted = (
        [one for one in pages if one.id == page] if page else [one for one in pages if by_page[one.id]] or pages[:1]
    )
    sources = sources_of(document)
    return [page_draw(by_page[one.id], sources, title=_title(one, pages)) for one in (wanted if whole else wanted[:1])]


def _pages(document: Document, doc: Doc[Any], room_seq: int | None) -> list[Page]:
    """Layers lie on the pages of the common board: they have none of their own."""
    board = None
    if document.kind != Kind.BOARD:
        board = Document.objects.filter(room=document.room_id, kind=Kind.BOARD).first()
    return pages_read(document_load(board, room_seq=room_seq) if board else doc)


def _title(page: Page, pages: list[Page]) -> str:
    return page.title or _("Page %(n)s") % {"n": pages.index(page) + 1}


def shapes_drawn(document: Document, shapes: Iterable[Shape]) -> Sheet:
    """Some shapes of a document, as they are."""
    return page_draw(list(shapes), sources_of(document))


def sources_of(document: Document) -> Sources:
    """Formulas as they were drawn, or are now; pictures of the document and of what everybody in the room reads."""
    left = NEW_FORMULAS_MAX

    def formula(latex: str) -> dict[str, Any] | None:
        nonlocal left
        known = formula_known(latex.strip())
        if known is not None or not left:
            return known
        left -= 1
        try:
            return formula_drawn(latex)
        except FrameError:
            return None

    # A picture of a student's own layer is shown nowhere else: not everybody may read that layer.
    here = Q(document=document) | (Q(document__room=document.room_id) & ~Q(document__kind=Kind.LAYER))

    def picture(image: str) -> tuple[str, bytes] | None:
        found = Picture.objects.filter(here, pk=image).values_list("kind", "data").first()
        return (found[0], bytes(found[1])) if found else None

    return Sources(formula, picture)
