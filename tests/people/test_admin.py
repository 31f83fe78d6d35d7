"""Django's admin: every model has its page, and records that nobody may change cannot be changed there."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import transaction
from django.test import Client
from django.utils import timezone

import classroom.urls  # noqa: F401  (registers what the admin shows)
from classroom.board import models as board
from classroom.people.models import RevokedSession, SpentTicket, User
from classroom.review import services
from classroom.rooms import journal
from classroom.rooms.models import Room
from tests.conftest import ClientFor
from tutor.documents.models import Document, Passage, Retrieval
from tutor.models import Answer, Controls, HintRules, Ladder, Memory, Reference, Shard, Solve, Step, Vault, Writing

OURS = [model for model in apps.get_models() if model.__module__.startswith(("classroom.", "tutor."))]
BOARD = {"Board", "Grant", "Update", "Snapshot", "Writer", "Drawn", "Formula", "Picture", "Thumbnail"}
READ_ONLY = BOARD | {
    "Event", "Answer", "Step", "Controls", "Ladder", "ReadAudit", "Shard", "SpentTicket", "RevokedSession",
}  # fmt: skip


@pytest.fixture
def office(room: Room, root: User, client_for: ClientFor) -> Client:
    """An admin's browser, and one row of each kind."""
    root.is_staff = root.is_superuser = True
    root.save()
    with transaction.atomic():
        journal.append(room.pk, type="message.posted", data={"text": "hi"}, actor=root)
    Answer.objects.create(room=room, question="?", asked_at=timezone.now(), asked_seq=1)
    Step.objects.create(room=room, text="2x = 4", seq=1, asked_at=timezone.now())
    Shard.objects.create(pk=0)
    Reference.objects.create(problem=room.problem)
    Vault.objects.create(problem=room.problem, sealed_at=timezone.now())
    HintRules.objects.create(room=room)
    Controls.objects.create(room=room)
    now = timezone.now()
    paper = Document.objects.create(school_class=room.school_class, title="Paper", kind="text", size=3, uploaded_at=now)
    Passage.objects.create(document=paper, n=1, anchor="page 1", text="one", words="one")
    Retrieval.objects.create(answer=Answer.objects.get(), began_at=now)
    solve = Solve.objects.create(problem=room.problem, content="c", samples=1, asked_at=now)
    Memory.objects.create(room=room)
    Writing.objects.create(solve=solve, messages=[], preset="solve", asked_at=now)
    Ladder.objects.create(room=room, problem=room.problem)
    SpentTicket.objects.create(jti="j", expires_at=timezone.now())
    RevokedSession.objects.create(digest="d")
    services.read_record(room=room, actor=root, actor_name="Root", verb="view")
    room.school_class.groups.create(name="Group one")
    _board(room, root)
    return client_for(root)


def _board(room: Room, root: User) -> None:
    board.Board.objects.create(room=room)
    board.Grant.objects.create(room=room, person=root, write=True)
    drawn = board.Document.objects.create(room=room, kind="board")
    board.Update.objects.create(document=drawn, seq=1, room_seq=1, origin="o", data=b"\0\0", at=timezone.now())
    board.Snapshot.objects.create(document=drawn, seq=1, data=b"\0\0")
    board.Writer.objects.create(document=drawn, client=1, who="tutor")
    board.Drawn.objects.create(document=drawn, shape=uuid4(), who="tutor")
    board.Formula.objects.create(digest="d", drawn={"w": 1, "h": 1, "paths": []})
    board.Picture.objects.create(document=drawn, kind="image/png", w=1, h=1, size=1, sha256="s", data=b"p")
    board.Thumbnail.objects.create(document=drawn, seq=1, data=b"p")


def address(model: type, action: str = "changelist") -> str:
    return f"/admin/{model._meta.app_label}/{model._meta.model_name}/"


def test_every_model_of_ours_is_registered() -> None:
    assert [model.__name__ for model in OURS if model not in admin.site._registry] == []


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_lists_rows_and_searches_render(office: Client, model: type) -> None:
    row = model.objects.first()
    assert row is not None
    for path in ("", f"{row.pk}/change/"):
        assert office.get(address(model) + path, follow=True).status_code == 200
    if admin.site._registry[model].search_fields:
        assert office.get(address(model), {"q": "one"}).status_code == 200


@pytest.mark.parametrize(
    "model", [model for model in OURS if model.__name__ in READ_ONLY], ids=lambda model: model.__name__
)
def test_records_are_to_look_at(office: Client, model: type) -> None:
    row = model.objects.first()
    for path in ("add/", f"{row.pk}/delete/"):
        assert office.get(address(model) + path).status_code == 403
        assert office.post(address(model) + path, {"post": "yes"}).status_code == 403
    assert office.post(f"{address(model)}{row.pk}/change/", {}).status_code == 403
    assert model.objects.filter(pk=row.pk).exists()


def test_a_class_with_a_log_is_not_deleted_by_hand(office: Client, room: Room) -> None:
    office.post(f"{address(type(room.school_class))}{room.school_class_id}/delete/", {"post": "yes"})
    assert Room.objects.filter(pk=room.pk).exists()


@pytest.mark.parametrize("who", ["alice", "bob", "charlie"])
def test_nobody_else_gets_in(request: pytest.FixtureRequest, office: Client, client_for: ClientFor, who: str) -> None:
    user = request.getfixturevalue(who)
    assert client_for(user).get("/admin/").status_code == 302
    assert client_for(user).get(address(Room)).status_code == 302
