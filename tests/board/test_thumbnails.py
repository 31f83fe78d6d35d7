"""Small pictures for a teacher's wall (rule Q23): drawn while somebody looks, seen by those with a wall."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.utils import timezone
from PIL import Image

from classroom.board import export
from classroom.board.models import Document, Thumbnail
from classroom.board.tasks import thumbnail_make as task
from classroom.board.thumbnails import thumbnail_make, thumbnail_read, thumbnail_seqs, thumbnails_due
from classroom.dashboard.selectors import tiles_for
from classroom.people.models import User
from classroom.rooms.models import Room
from tests.board.shapes import fields_of, put
from tests.conftest import ClientFor

pytestmark = pytest.mark.django_db


def test_q23_it_is_drawn_when_the_board_has_changed_and_given_to_one(room: Room, board: Document, bob: User) -> None:
    assert thumbnails_due([room.pk]) == []  # nobody has drawn
    put(board, [fields_of("rectangle")], author=bob)
    assert thumbnails_due([room.pk]) == [board.pk]
    assert thumbnails_due([room.pk]) == []  # somebody is at it
    task(str(board.pk))
    assert thumbnail_seqs([room.pk]) == {room.pk: 1}
    data = thumbnail_read(room.pk)
    assert data is not None
    with Image.open(io.BytesIO(data)) as small:
        assert max(small.size) <= 480
    put(board, [fields_of("line")], author=bob)
    assert thumbnails_due([room.pk]) == []
    Thumbnail.objects.update(asked_at=timezone.now() - timedelta(minutes=1))
    assert thumbnails_due([room.pk]) == [board.pk]


def test_q23_what_cannot_be_drawn_leaves_the_old_picture(
    room: Room, board: Document, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(work: str, data: bytes) -> None:
        raise export.Refused("This takes too long.")

    monkeypatch.setattr(export, "child_ask", fails)
    put(board, [fields_of("rectangle")], author=bob)
    assert thumbnail_make(board.pk) is False
    assert thumbnail_make(room.pk) is False  # no document has this id
    assert (thumbnail_seqs([room.pk]), thumbnail_read(room.pk)) == ({}, None)


def test_q23_the_wall_shows_it_to_staff_and_nobody_else(
    room: Room, board: Document, bob: User, alice: User, olga: User, charlie: User, client_for: ClientFor
) -> None:
    (tile,) = tiles_for(alice)
    assert tile["board"] is None
    Thumbnail.objects.create(document=board, seq=7, data=b"\x89PNG")
    (tile,) = tiles_for(alice)
    assert tile["board"] == f"/dashboard/{room.pk}/board.png?seq=7"
    for user in (alice, olga):
        answer = client_for(user).get(tile["board"])
        assert (answer.status_code, answer["Content-Type"], answer.content) == (200, "image/png", b"\x89PNG")
        assert answer["Cache-Control"].startswith("private")
    for user in (bob, charlie):
        assert client_for(user).get(tile["board"]).status_code == 404
