"""The room without WebSockets (rules X1–X3): refusals, and POST of client frames. Streams are tested on real servers."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.test import Client
from rest_framework_simplejwt.tokens import AccessToken

from classroom.people.models import User
from classroom.rooms import access
from classroom.rooms.hub import hub
from classroom.rooms.models import Event, Room
from classroom.rooms.transports import _events
from classroom.rooms.viewers import QueuedViewer
from tests.rooms import wire

pytestmark = pytest.mark.django_db(transaction=True)


def post(client: Client, room: Room, frame: Any, **headers: str) -> Any:
    return client.post(
        f"/api/rooms/{room.pk}/events/", json.dumps(frame), content_type="application/json", headers=headers
    )


def frame(verb: str = "message.post", **data: Any) -> dict[str, Any]:
    return {"type": verb, "id": str(uuid4()), "data": data}


def test_x3_a_posted_frame_does_what_the_socket_would(room: Room, bob: User, client_for: Any) -> None:
    client, sent = client_for(bob), frame(text="hello")
    for _ in range(2):
        answer = post(client, room, sent)
        assert (answer.status_code, answer.json()) == (200, {"type": "ack", "ref": sent["id"], "seq": 1})
    assert Event.objects.count() == 1


def test_x3_programs_post_with_their_token(room: Room, bob: User, client: Client) -> None:
    token = str(AccessToken.for_user(bob))
    assert post(client, room, frame(text="hello"), Authorization=f"Bearer {token}").status_code == 200
    assert post(client, room, frame(text="hello"), Authorization="Bearer x").status_code == 401
    assert post(client, room, frame(text="hello")).status_code == 401


def test_x3_a_page_needs_its_csrf_token(room: Room, bob: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(bob)
    assert post(strict, room, frame(text="hello")).status_code == 403


@pytest.mark.parametrize("verb", ["join", "ping", "auth.refresh"])
def test_x3_what_belongs_to_sockets_is_refused(verb: str, room: Room, bob: User, client_for: Any) -> None:
    data = {"access": "x"} if verb == "auth.refresh" else {}
    answer = post(client_for(bob), room, frame(verb, **data))
    assert (answer.status_code, wire.checked(answer.json())["code"]) == (400, "unknown_type")


def test_x3_a_bad_frame_names_its_field(room: Room, bob: User, client_for: Any) -> None:
    answer = post(client_for(bob), room, frame(txt="hello"))
    assert (answer.status_code, wire.checked(answer.json())["field"]) == (400, "data.text")


def test_x3_charlie_and_unknown_rooms_get_the_same(room: Room, charlie: User, client_for: Any) -> None:
    client = client_for(charlie)
    answers = [post(client, place, frame(text="x")) for place in (room, Room(pk=uuid4()))]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()
    assert client.get(f"/api/rooms/{room.pk}/events/?after=0&wait=0").status_code == 404


def test_x2_a_cursor_that_is_no_number_is_named(room: Room, bob: User, client_for: Any) -> None:
    client = client_for(bob)
    for query, field in (("after=x", "after"), ("after=1&wait=x", "wait")):
        answer = client.get(f"/api/rooms/{room.pk}/events/?{query}")
        assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_refusals_are_in_the_language_of_the_page_and_the_log_in_none(
    room: Room, bob: User, olga: User, charlie: User, client_for: Any
) -> None:
    chinese = {"Accept-Language": "zh-CN"}
    said = {
        user.username: post(client_for(user), room, frame(text="hello"), **chinese) for user in (olga, charlie, bob)
    }
    assert [answer.status_code for answer in said.values()] == [403, 404, 200]
    assert wire.checked(said["olga"].json())["message"] == "您可以旁观这个房间，但不能发言。"
    in_english = post(client_for(olga), room, frame(text="hello")).json()
    assert wire.checked(in_english)["message"] == "You may look in this room, but not write."
    assert Event.objects.get().by["role"] == "student"


async def test_x1_f9_each_stream_is_told_when_to_come_back_after_a_restart(room: Room, bob: User) -> None:
    rights = await sync_to_async(access.room_for)(bob, room.pk)
    streams = [_events(QueuedViewer(rights), None, None) for _ in range(8)]
    for stream in streams:
        while "event: snapshot" not in await anext(stream):
            pass
    await hub().drain()
    ends = [[text async for text in stream][-1].splitlines() for stream in streams]
    assert {tuple(lines[1:3]) for lines in ends} == {("event: closed", 'data: {"code":1012}')}
    assert len({lines[0] for lines in ends}) > 4
    assert all(200 <= int(lines[0].removeprefix("retry: ")) < 5_000 for lines in ends)


async def test_f9_who_comes_to_a_process_that_is_ending_is_sent_on(room: Room, bob: User) -> None:
    rights = await sync_to_async(access.room_for)(bob, room.pk)
    await hub().drain()
    lines = [text async for text in _events(QueuedViewer(rights), None, None)]
    assert 'data: {"code":1012}' in lines[-1]
    assert not any("snapshot" in text for text in lines)
