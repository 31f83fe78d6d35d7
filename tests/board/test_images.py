"""Pictures over HTTP (rule Q21): who writes may add them, who reads may see them, and nobody else."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from classroom.board import images
from classroom.board.models import Board, Document, Kind, Mode, Picture
from classroom.people.models import Enrolment, User
from classroom.rooms.models import Room
from tests.board.pictures import picture_of

pytestmark = pytest.mark.django_db


def api(user: User | None) -> APIClient:
    client = APIClient()
    if user is not None:
        client.force_authenticate(user)
    return client


def send(user: User | None, document: Document, data: bytes | None = None, field: str = "image") -> Any:
    file = SimpleUploadedFile("../../x.svg", picture_of() if data is None else data, content_type="image/svg+xml")
    return api(user).post(f"/api/boards/{document.pk}/images/", {field: file}, format="multipart")


def test_q21_a_picture_is_kept_and_shown(board: Document, bob: User, dora: User) -> None:
    answer = send(bob, board)
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert (made["w"], made["h"]) == (60, 40)
    shown = api(dora).get(f"/api/boards/{board.pk}/images/{made['image']}/")
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/png")
    assert shown["X-Content-Type-Options"] == "nosniff"
    assert shown["Cache-Control"].startswith("private")
    assert shown.content.startswith(b"\x89PNG")
    picture = Picture.objects.get()
    assert (str(picture.pk), picture.by, picture.size) == (made["image"], bob, len(shown.content))


def test_q21_the_same_picture_is_kept_once(board: Document, bob: User, dora: User) -> None:
    assert send(bob, board).json() == send(dora, board).json()
    assert Picture.objects.count() == 1


def test_q21_the_outsider_is_refused_everywhere(
    room: Room, board: Document, bob: User, dora: User, charlie: User
) -> None:
    made = send(bob, board).json()["image"]
    for nobody, code in ((charlie, 404), (None, 401)):
        assert send(nobody, board).status_code == code
        assert api(nobody).get(f"/api/boards/{board.pk}/images/{made}/").status_code == code
    layer = Document.objects.create(room=room, kind=Kind.LAYER, owner=dora)
    own = send(dora, layer).json()["image"]
    assert send(bob, layer).status_code == 404
    assert api(bob).get(f"/api/boards/{layer.pk}/images/{own}/").status_code == 404
    # A picture is on one board: knowing its id opens it on no other.
    assert api(bob).get(f"/api/boards/{board.pk}/images/{own}/").status_code == 404
    assert api(bob).get(f"/api/boards/{board.pk}/images/{uuid4()}/").status_code == 404
    Enrolment.objects.filter(user=bob).delete()
    assert api(bob).get(f"/api/boards/{board.pk}/images/{made}/").status_code == 404


def test_q21_who_only_looks_adds_none(room: Room, board: Document, bob: User, olga: User, alice: User) -> None:
    Board.objects.create(room=room, mode=Mode.VIEW)
    for looking in (bob, olga):
        refused = send(looking, board)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert send(alice, board).status_code == 201
    Room.objects.filter(pk=room.pk).update(state=Room.State.CLOSED)
    assert (send(alice, board).status_code, send(alice, board).json()["code"]) == (409, "room_closed")
    assert Picture.objects.count() == 1


def test_q21_on_a_layer_of_her_own_a_student_has_pictures_of_her_own(
    room: Room, board: Document, bob: User, dora: User, alice: User
) -> None:
    """In isolated mode the common board is not hers to write on: the picture is her layer's, and as secret as that."""
    Board.objects.create(room=room, mode=Mode.ISOLATED)
    layer = Document.objects.create(room=room, kind=Kind.LAYER, owner=dora)
    made = send(dora, board).json()["image"]
    assert Picture.objects.get().document == layer
    assert [api(one).get(f"/api/boards/{board.pk}/images/{made}/").status_code for one in (dora, alice, bob)] == [
        200,
        200,
        404,
    ]
    Document.objects.filter(pk=layer.pk).update(revealed=True)
    assert api(bob).get(f"/api/boards/{board.pk}/images/{made}/").status_code == 200
    assert send(bob, board).status_code == 403  # he has no layer yet


@pytest.mark.parametrize(
    "data", [b"", b"<svg onload='alert(1)'/>", picture_of(9, 9, kind="GIF"), b"\x89PNG\r\n\x1a\n" + b"x" * 99]
)
def test_q21_other_files_are_refused(board: Document, bob: User, data: bytes) -> None:
    refused = send(bob, board, data)
    assert (refused.status_code, refused.json()["field"]) == (400, "image")
    assert Picture.objects.count() == 0


def test_q21_too_large_and_too_many(board: Document, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    large = send(bob, board, picture_of() + b"\0" * (2 * 1024 * 1024))
    assert (large.json()["code"], large.json()["field"]) == ("too_big", "image")
    assert send(bob, board, field="file").json()["field"] == "image"
    assert send(bob, board).status_code == 201
    monkeypatch.setattr(images, "COUNT_MAX", 1)
    assert send(bob, board, picture_of(30, 30)).json()["code"] == "too_big"
    monkeypatch.setattr(images, "COUNT_MAX", 5)
    monkeypatch.setattr(images, "ROOM_BYTES_MAX", 200)
    assert send(bob, board, picture_of(30, 30)).json()["code"] == "too_big"
    assert send(bob, board).status_code == 201  # it is there already
