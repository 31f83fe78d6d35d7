"""Boards in the export: what stands on them, and nobody by name unless an admin wants it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pycrdt import Text

from classroom.board import access, log
from classroom.board.models import Document, Kind
from classroom.people.models import User
from classroom.review.export import Export
from classroom.review.pseudonyms import pseudonym
from classroom.rooms.models import Room
from tests.board.peers import drawing, shape, update_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def drawn(room: Room, bob: User) -> Room:
    """A line by Bob, a label of the tutor's, some code, a layer of Bob's, and an empty teacher's layer."""
    board, code = access.document_of(room, Kind.BOARD), access.document_of(room, Kind.CODE)
    access.document_of(room, Kind.TEACHER)
    layer = Document.objects.create(room=room, kind=Kind.LAYER, owner=bob)
    line = shape(bob, kind="line", points=[0, 0, 5, 5], w=None, h=None, z=1)
    label = shape(kind="text", text="Bob Baker's line", alt="by Bob", z=2)
    log.update_append(board, drawing(line, label), author=bob, origin="x")
    log.update_append(layer, drawing(shape(bob)), author=bob, origin="x")
    log.update_append(
        code, update_of(lambda doc: doc.get("code", type=Text).insert(0, "# Bob\n1")), author=bob, origin="x"
    )
    return room


def boards(room: Room, **options: Any) -> dict[str, Any]:
    rows = [json.loads(line) for line in "".join(Export(room, **options).pieces()).splitlines()]
    assert rows[-1]["boards"] == sum(row["kind"] == "board" for row in rows)
    return {row["board"]: row for row in rows if row["kind"] == "board"}


def test_what_stands_on_boards_is_exported(drawn: Room, bob: User) -> None:
    found = boards(drawn, names=True)
    assert set(found) == {"board", "code", "layer"}
    assert [one["kind"] for one in found["board"]["shapes"]] == ["line", "text"]
    assert found["board"]["shapes"][0]["points"] == [0, 0, 5, 5]
    assert found["board"]["shapes"][0]["by"] == str(bob.pk)
    assert found["layer"]["owner"] == {"id": str(bob.pk), "name": "Bob Baker"}
    assert (found["code"]["code"], found["code"]["updates"]) == ("# Bob\n1", 1)


def test_no_name_is_left_on_a_board(drawn: Room, bob: User) -> None:
    text = json.dumps(boards(drawn))
    assert "Bob" not in text
    assert "Baker" not in text
    assert str(bob.pk) not in text
    found = boards(drawn)
    assert [one["by"] for one in found["board"]["shapes"]] == [pseudonym(str(bob.pk)), "tutor"]
    assert found["layer"]["owner"]["name"] == pseudonym(str(bob.pk))


def test_another_rooms_boards_stay_out(drawn: Room, other_class: Any, alice: User, charlie: User) -> None:
    """Charlie's room has a board of its own."""
    theirs = Room.objects.create(school_class=other_class, title="Table two", created_by=alice)
    log.update_append(access.document_of(theirs, Kind.BOARD), drawing(shape(charlie)), author=charlie, origin="x")
    assert set(boards(theirs)) == {"board"}
    assert str(charlie.pk) not in json.dumps(boards(drawn, names=True))
