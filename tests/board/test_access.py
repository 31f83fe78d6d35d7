"""Who may do what with which document (rules Q5–Q8), and the list of a room's boards."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.http import Http404
from rest_framework.test import APIClient

from classroom.board import access
from classroom.board.models import Board, Document, Grant, Kind, Mode
from classroom.people.models import User
from classroom.rooms.models import Room

pytestmark = pytest.mark.django_db


def boards(user: User, room: Room) -> Any:
    client = APIClient()
    client.force_authenticate(user)
    answer = client.get(f"/api/rooms/{room.pk}/boards/")
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_a_room_has_its_documents_from_the_first_look(room: Room, bob: User, alice: User) -> None:
    found = boards(bob, room)
    assert [(one["kind"], one["may_write"]) for one in found["documents"]] == [
        ("board", True),
        ("teacher", False),
        ("code", True),
    ]
    assert (found["mode"], found["may_manage"]) == ("open", False)
    again = boards(alice, room)
    assert [one["id"] for one in again["documents"]] == [one["id"] for one in found["documents"]]
    assert again["may_manage"]
    assert all(one["may_write"] for one in again["documents"])


def test_q6_who_has_a_right_of_her_own_is_listed_for_those_who_give_it(
    room: Room, bob: User, dora: User, alice: User, charlie: User
) -> None:
    Grant.objects.create(room=room, person=bob, write=True)
    Grant.objects.create(room=room, person=dora, write=False)
    elsewhere = Room.objects.create(school_class=room.school_class, title="Other", created_by=alice)
    Grant.objects.create(room=elsewhere, person=charlie, write=True)
    assert boards(alice, room)["grants"] == [
        {"person": {"id": str(bob.pk), "name": bob.name}, "write": True},
        {"person": {"id": str(dora.pk), "name": dora.name}, "write": False},
    ]
    assert boards(bob, room)["grants"] == []


def test_the_outsider_and_the_unknown_get_the_same_answer(
    room: Room, board: Document, charlie: User, bob: User
) -> None:
    client = APIClient()
    client.force_authenticate(charlie)
    assert client.get(f"/api/rooms/{room.pk}/boards/").status_code == 404
    assert APIClient().get(f"/api/rooms/{room.pk}/boards/").status_code == 401
    for user, document in ((charlie, board.pk), (bob, room.pk)):
        with pytest.raises(Http404):
            access.board_for(user, document)


def test_in_isolated_mode_each_student_has_a_layer_of_her_own(
    room: Room, bob: User, dora: User, alice: User, olga: User
) -> None:
    Board.objects.create(room=room, mode=Mode.ISOLATED)
    of_bob, of_dora = boards(bob, room), boards(dora, room)
    assert [(one["kind"], one["may_write"]) for one in of_bob["documents"]] == [
        ("board", False), ("teacher", False), ("layer", True), ("code", False),
    ]  # fmt: skip
    layer = next(one for one in of_dora["documents"] if one["kind"] == "layer")
    assert layer["owner"] == {"id": str(dora.pk), "name": "Dora 多拉"}
    with pytest.raises(Http404):
        access.board_for(bob, UUID(layer["id"]))
    assert sum(one["kind"] == "layer" for one in boards(alice, room)["documents"]) == 2
    assert all(one["kind"] != "layer" for one in boards(olga, room)["documents"])
    Document.objects.filter(pk=layer["id"]).update(revealed=True)
    assert access.board_for(bob, UUID(layer["id"])).may_write is False


@pytest.mark.parametrize(
    ("mode", "grant", "writes"),
    [
        (Mode.OPEN, None, {Kind.BOARD, Kind.CODE, Kind.LAYER}),
        (Mode.OPEN, False, set()),
        (Mode.VIEW, None, set()),
        (Mode.VIEW, True, {Kind.BOARD, Kind.CODE}),
        (Mode.ISOLATED, None, {Kind.LAYER}),
        (Mode.ISOLATED, True, {Kind.BOARD, Kind.CODE, Kind.LAYER}),
        (Mode.ISOLATED, False, set()),
        (Mode.LOCKED, None, set()),
        (Mode.LOCKED, True, set()),
    ],
)
def test_what_a_student_may_write(
    room: Room, bob: User, alice: User, olga: User, mode: str, grant: bool | None, writes: set[str]
) -> None:
    Board.objects.create(room=room, mode=mode)
    if grant is not None:
        Grant.objects.create(room=room, person=bob, write=grant)
    for kind in Kind.values:
        owner = bob if kind == Kind.LAYER else None
        document = Document.objects.create(room=room, kind=kind, owner=owner)
        assert access.board_for(bob, document.pk).may_write is (kind in writes), kind
        assert access.board_for(alice, document.pk).may_write is True
        if kind != Kind.LAYER:
            assert access.board_for(olga, document.pk).may_write is False


def test_in_a_closed_room_nobody_writes(room: Room, board: Document, alice: User) -> None:
    Room.objects.filter(pk=room.pk).update(state=Room.State.CLOSED)
    assert access.board_for(alice, board.pk).may_write is False
