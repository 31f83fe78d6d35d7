"""Modes, own rights and layers (rules Q5–Q8): switched by frames of the room, told to it, and held by every open board."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.http import Http404

from classroom.board import access, log, modes
from classroom.board.models import Document, Grant, Kind, Mode, Update
from classroom.people.models import User
from classroom.rooms import access as room_access
from classroom.rooms import actions, frames
from classroom.rooms.frames import ClientFrame, Close, FrameError
from classroom.rooms.models import Event, Room
from tests.board.peers import Peer, Process
from tests.rooms import wire
from tests.services import until

pytestmark = [pytest.mark.usefixtures("redis_url"), pytest.mark.django_db(transaction=True)]


def frame(verb: str, **data: Any) -> ClientFrame:
    return ClientFrame(verb, str(uuid4()), frames.VERBS[verb].model_validate(data))


def perform(user: User, room: Room, verb: str, **data: Any) -> Any:
    return actions.perform(user, room.pk, frame(verb, **data))


def told(room: Room) -> list[tuple[str, Any]]:
    found = list(Event.objects.filter(room=room).order_by("seq"))
    for event in found:
        wire.checked(event.frame())
    return [(event.type, event.data) for event in found]


@pytest.fixture(autouse=True)
def _fresh() -> None:
    log._replicas.clear()


@pytest.fixture
async def web() -> AsyncIterator[Process]:
    async with Process() as one:
        yield one


# ---- the verbs


def test_q5_staff_switch_the_mode_and_the_room_is_told_once(room: Room, alice: User) -> None:
    assert perform(alice, room, "board.mode", mode="view")["seq"] == 1
    assert perform(alice, room, "board.mode", mode="view")["seq"] is None
    assert access.mode_of(room) == Mode.VIEW
    assert told(room) == [("board.changed", {"mode": "view"})]


def test_q6_staff_give_and_take_a_right_to_write(room: Room, alice: User, bob: User, tom: User) -> None:
    for write in (True, False, None, None):
        perform(alice, room, "board.grant", person=str(bob.pk), write=write)
    assert [data["write"] for _, data in told(room)] == [True, False, None]
    assert not Grant.objects.exists()
    assert modes.grants_of(room) == []
    with pytest.raises(FrameError, match="Staff"):
        perform(alice, room, "board.grant", person=str(tom.pk), write=False)


def test_q7_staff_reveal_a_layer(room: Room, alice: User, bob: User, dora: User) -> None:
    layer = Document.objects.create(room=room, kind=Kind.LAYER, owner=bob)
    for on in (True, True, False):
        perform(alice, room, "board.reveal", document=str(layer.pk), on=on)
    assert [data["on"] for _, data in told(room)] == [True, False]
    with pytest.raises(FrameError) as caught:
        perform(alice, room, "board.reveal", document=str(access.document_of(room, Kind.BOARD).pk), on=True)
    assert caught.value.field == "data.document"


@pytest.mark.parametrize(
    ("verb", "data"),
    [
        ("board.mode", {"mode": "view"}),
        ("board.grant", {"person": str(uuid4()), "write": True}),
        ("board.reveal", {"document": str(uuid4()), "on": True}),
    ],
)
def test_q8_only_staff_of_the_class_switch(
    room: Room, verb: str, data: Any, bob: User, olga: User, charlie: User
) -> None:
    for user in (bob, olga):
        with pytest.raises(FrameError) as caught:
            perform(user, room, verb, **data)
        assert caught.value.code == "forbidden"
    with pytest.raises(Http404):
        perform(charlie, room, verb, **data)
    assert told(room) == []


def test_the_same_frame_switches_once(room: Room, alice: User) -> None:
    once = frame("board.mode", mode="locked")
    rights = room_access.room_for(alice, room.pk)
    about = {"ref": once.id, "trace": ""}
    first = modes.mode_set(rights, "locked", about=about)
    modes.mode_set(rights, "open", about={"ref": str(uuid4()), "trace": ""})
    again = modes.mode_set(rights, "locked", about=about)
    assert first is not None
    assert again is not None
    assert (again.seq, access.mode_of(room)) == (first.seq, Mode.OPEN)


# ---- live, on open sockets


async def test_q8_a_switch_reaches_open_boards_and_binds_what_follows(
    web: Process, room: Room, board: Document, alice: User, bob: User
) -> None:
    async with Peer(bob, board.pk) as peer, Peer(alice, board.pk) as teacher:
        await peer.connect(web)
        await teacher.connect(web)
        peer.draw()
        await peer.settled()
        await sync_to_async(perform)(alice, room, "board.mode", mode="view")
        await until(lambda: peer.of("board.rights"), "the pupil hears")
        assert peer.of("board.rights") == [{"mode": "view", "may_write": False}]
        kept = peer.seen()
        peer.draw()
        await until(lambda: peer.refused, "her edit is refused")
        assert (peer.refused[0]["code"], peer.refused[0]["retryable"]) == ("forbidden", False)
        teacher.draw()
        await teacher.settled()
        assert await sync_to_async(Update.objects.count)() == 2
        await sync_to_async(perform)(alice, room, "board.grant", person=str(bob.pk), write=True)
        await until(lambda: len(peer.of("board.rights")) == 2, "she hears of her own right")
        peer.begin()
        peer.step1()
        await until(lambda: len(peer.seen()) == 2, "she has synced anew")
        assert kept.items() <= peer.seen().items()
        peer.draw()
        await until(lambda: len(teacher.seen()) == 3, "her later edits are taken")


async def test_q7_what_somebody_may_not_read_is_never_synced_to_her(
    web: Process, room: Room, alice: User, bob: User, dora: User
) -> None:
    await sync_to_async(perform)(alice, room, "board.mode", mode="isolated")
    mine = await sync_to_async(lambda: access.documents_for(room_access.room_for(bob, room.pk)))()
    layer = next(one.document for one in mine if one.document.kind == Kind.LAYER)
    async with Peer(bob, layer.pk) as owner, Peer(dora, layer.pk) as other, Peer(alice, layer.pk) as teacher:
        await owner.connect(web)
        await teacher.connect(web)
        owner.draw()
        await until(teacher.seen, "the teacher sees the layer")
        await other.connect(web)
        assert (other.closed, other.frames, other.told) == (Close.NOT_FOUND, [], [])
        await sync_to_async(perform)(alice, room, "board.reveal", document=str(layer.pk), on=True)
        await other.connect(web)
        assert other.seen() == owner.seen()
        assert other.hello["may_write"] is False
        await sync_to_async(perform)(alice, room, "board.reveal", document=str(layer.pk), on=False)
        await until(lambda: other.closed, "hidden again")
        assert other.closed == Close.REVOKED
        seen = len(other.frames)
        owner.draw()
        await until(lambda: len(teacher.seen()) == 2, "the owner goes on")
        assert len(other.frames) == seen
