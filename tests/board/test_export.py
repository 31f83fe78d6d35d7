"""A board as a file (rule Q22): for whoever reads it, whole, and as it was at any point of the room's log."""

from __future__ import annotations

import io
from typing import Any

import pypdf
import pytest
from PIL import Image
from pytest_django import Settings
from rest_framework.test import APIClient

from classroom.board import export
from classroom.board.export import sheets_of
from classroom.board.formulas import formula_drawn
from classroom.board.models import Document, Formula, Kind, Picture
from classroom.people.models import User
from classroom.rooms import journal, limits
from classroom.rooms.models import Room
from tests.board.pictures import picture_of
from tests.board.shapes import fields_of, put

pytestmark = pytest.mark.django_db


def get(user: User | None, document: Document, kind: str, **query: str) -> Any:
    client = APIClient()
    if user is not None:
        client.force_authenticate(user)
    return client.get(f"/api/boards/{document.pk}/export.{kind}", query)


def picture_on(document: Document) -> str:
    data = picture_of()
    made = Picture.objects.create(
        document=document, kind="image/png", w=60, h=40, size=len(data), sha256="x", data=data
    )
    return str(made.pk)


def test_q22_svg_png_and_pdf(board: Document, bob: User) -> None:
    image = picture_on(board)
    put(
        board,
        [fields_of("text", text="Hello"), fields_of("formula"), fields_of("image", image=image, x=200.0)],
        author=bob,
    )
    svg = get(bob, board, "svg")
    assert (svg.status_code, svg["Content-Type"]) == (200, "image/svg+xml")
    assert "attachment" in svg["Content-Disposition"]
    assert "default-src 'none'" in svg["Content-Security-Policy"]
    assert "sandbox" in svg["Content-Security-Policy"]
    text = svg.content.decode()
    assert "Hello" in text
    assert "data:image/png;base64," in text
    assert r"\frac" not in text
    png = get(bob, board, "png")
    with Image.open(io.BytesIO(png.content)) as printed:
        assert printed.format == "PNG"
        assert max(printed.size) <= 2400
    pdf = pypdf.PdfReader(io.BytesIO(get(bob, board, "pdf").content))
    assert len(pdf.pages) == 1
    assert "Hello" in pdf.pages[0].extract_text()


def test_q22_pages(board: Document, bob: User) -> None:
    shapes = [fields_of("text", text=f"on {page}", page=page) for page in ("1", "3")]
    put(board, shapes, author=bob, pages=("1", "2", "3"))
    assert b"on 1" in get(bob, board, "svg").content
    assert b"on 3" in get(bob, board, "svg", page="3").content
    assert b"Page 2" in get(bob, board, "svg", page="2").content
    assert (get(bob, board, "svg", page="9").status_code, get(bob, board, "svg", page="9").json()["field"]) == (
        400,
        "page",
    )
    assert [sheet.alt for sheet in sheets_of(board, whole=True)] == ["Page 1", "Page 3"]


def test_q22_a_layer_has_the_pages_of_the_common_board(room: Room, board: Document, bob: User, dora: User) -> None:
    layer = Document.objects.create(room=room, kind=Kind.LAYER, owner=dora)
    put(layer, [fields_of("text", text="mine on 2", page="2")], author=dora)
    assert get(dora, layer, "svg", page="2").status_code == 400
    put(board, [], author=bob, pages=("1", "2"))
    assert b"mine on 2" in get(dora, layer, "svg", page="2").content
    assert b"mine on 2" in get(dora, layer, "svg").content
    assert get(bob, layer, "svg", page="2").status_code == 404


def test_q22_the_outsider_is_refused_everywhere(
    room: Room, board: Document, code: Document, bob: User, dora: User, charlie: User
) -> None:
    layer = Document.objects.create(room=room, kind=Kind.LAYER, owner=dora)
    for kind in ("svg", "png", "pdf"):
        assert get(charlie, board, kind).status_code == 404
        assert get(None, board, kind).status_code == 401
        assert get(bob, layer, kind).status_code == 404
    assert get(bob, code, "svg").status_code == 404
    assert get(bob, board, "exe").status_code == 404
    assert get(dora, layer, "svg").status_code == 200


def test_q22_a_picture_of_a_layer_stays_there(room: Room, board: Document, bob: User, dora: User) -> None:
    """An id that somebody has seen once shows nothing on another board."""
    layer = Document.objects.create(room=room, kind=Kind.LAYER, owner=dora)
    own, common = picture_on(layer), picture_on(board)
    put(board, [fields_of("image", image=own), fields_of("image", image=common)], author=bob)
    put(layer, [fields_of("image", image=own), fields_of("image", image=common)], author=dora)
    assert get(bob, board, "svg").content.count(b"data:image") == 1
    assert get(dora, layer, "svg").content.count(b"data:image") == 2


def test_q22_as_it_was_at_a_point_of_the_rooms_log(room: Room, board: Document, bob: User) -> None:
    put(board, [fields_of("text", text="first")], author=bob)
    journal.append(room.pk, type="message.posted", data={"text": "hi"})
    then = Room.objects.get(pk=room.pk).last_seq
    put(board, [fields_of("text", text="second")], author=bob)
    journal.append(room.pk, type="message.posted", data={"text": "ho"})
    put(board, [fields_of("text", text="third")], author=bob)
    assert "first" in sheets_of(board, room_seq=then - 1)[0].svg
    assert "second" not in sheets_of(board, room_seq=then - 1)[0].svg
    assert "second" in sheets_of(board, room_seq=then)[0].svg
    assert "third" not in sheets_of(board, room_seq=then)[0].svg
    assert "third" in sheets_of(board)[0].svg


def test_q22_new_formulas_of_one_export_are_bounded(
    board: Document, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "NEW_FORMULAS_MAX", 1)
    formula_drawn("a")
    put(
        board, [fields_of("formula", latex=latex, z=float(at)) for at, latex in enumerate(("a", "x^", "b"))], author=bob
    )
    svg = sheets_of(board)[0].svg
    assert "x^" in svg  # it cannot be drawn, and was the one that was tried
    assert ">b<" in svg
    assert Formula.objects.count() == 1


def test_q22_printing_is_paid_for(
    board: Document, bob: User, settings: Settings, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RATE_LIMITS = 1.0
    monkeypatch.setattr(export, "EXPORTING", limits.Limit(limits.Rate(1, 1)))
    assert get(bob, board, "svg").status_code == 200
    assert get(bob, board, "svg").status_code == 429


def test_q22_what_cannot_be_printed_is_said(board: Document, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(work: str, data: bytes) -> None:
        raise export.Refused("This takes too long.")

    monkeypatch.setattr(export, "child_ask", fails)
    answer = get(bob, board, "png")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
