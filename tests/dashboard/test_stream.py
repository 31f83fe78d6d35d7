"""The wall's stream: everything first, then what differs, until the spectator may look no more.

Against a real hub, a real Redis and a real database file. Charlie gets no stream, and a removed assistant's ends.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, cast

import pytest
from django.conf import settings
from django.db import transaction
from django.test import AsyncClient, Client

from classroom.dashboard import stream
from classroom.dashboard.stream import Spectator, Wall, sse, wall_stream
from classroom.people import services as people
from classroom.people.models import User
from classroom.rooms import journal
from classroom.rooms import services as rooms
from classroom.rooms.models import Room
from classroom.rooms.offload import offload
from tests.conftest import ClientFor
from tests.services import Valkey

LONG_S = 20.0


# ---- the pure half


def test_an_event_is_one_line_of_json() -> None:
    text = sse("tile", {"text": "a\nb\r\n\u2028c", "name": "林小雨"})
    assert text.startswith("event: tile\ndata: ")
    assert text.endswith("\n\n")
    (data,) = [line for line in text.split("\n") if line.startswith("data: ")]
    assert json.loads(data[6:]) == {"text": "a\nb\r\n\u2028c", "name": "林小雨"}
    assert "林小雨" in text


def made(room: str, title: str = "T") -> Any:
    return {"room": room, "title": title}


def test_a_wall_tells_only_what_differs() -> None:
    wall = Wall()
    first = wall.first([made("a"), made("b")])
    assert json.loads(first.split("data: ")[1])["tiles"] == [made("a"), made("b")]
    assert wall.changes([made("a"), made("b")], None) == []
    assert wall.changes([made("a", "new")], {"a"}) == [sse("tile", made("a", "new"))]
    assert wall.changes([made("a", "new"), made("c")], None) == [sse("gone", {"room": "b"}), sse("tile", made("c"))]
    assert wall.changes([], {"c"}) == [sse("gone", {"room": "c"})]
    assert wall.changes([], {"never told"}) == []


# ---- the live half


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    with Valkey(Path(settings.DATA_DIR)) as server:
        yield server


@pytest.fixture
def live(transactional_db: None, valkey: Valkey) -> None:
    """Commits are real: other threads must see them and hints must be told."""


def session_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return str(client.session.session_key)


class Browser:
    """Reads a stream event by event."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines
        self._waiting: list[tuple[str, Any]] = []

    async def next(self) -> tuple[str, Any]:
        while not self._waiting:
            text = await asyncio.wait_for(anext(self._lines), LONG_S)
            for block in text.split("\n\n"):
                name = [line[7:] for line in block.split("\n") if line.startswith("event: ")]
                data = [line[6:] for line in block.split("\n") if line.startswith("data: ")]
                if name:
                    self._waiting.append((name[0], json.loads(data[0])))
        return self._waiting.pop(0)

    async def rest(self) -> None:
        """Read on until the stream ends by itself."""
        async for _ in self._lines:
            pass

    async def until(self, name: str) -> Any:
        while True:
            found, data = await self.next()
            if found == name:
                return data


def say(room: Room, user: User, text: str) -> None:
    with transaction.atomic():
        journal.append(room.pk, type="message.posted", data={"text": text}, actor=user)


async def on_database(work: Any, *args: Any, **kwargs: Any) -> Any:
    return await offload(work, *args, **kwargs)  # which gives its connection back


async def test_changes_arrive_and_only_the_changed_tile(live: None, room: Room, alice: User, bob: User) -> None:
    spectator = Spectator(alice.pk, await on_database(session_of, alice))
    async with aclosing(cast(Any, wall_stream(spectator))) as lines:
        browser = Browser(lines)
        name, data = await browser.next()
        assert name == "tiles"
        assert [tile["room"] for tile in data["tiles"]] == [str(room.pk)]
        task = asyncio.ensure_future(browser.next())
        await asyncio.sleep(0)
        await on_database(say, room, bob, "hello")
        name, tile = await task
        assert (name, tile["last"]["text"]) == ("tile", "hello")


async def test_new_rooms_appear_and_deleted_ones_go(
    live: None, room: Room, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "RIGHTS_S", 0.5)
    spectator = Spectator(alice.pk, await on_database(session_of, alice))
    async with aclosing(cast(Any, wall_stream(spectator))) as lines:
        browser = Browser(lines)
        await browser.until("tiles")
        fresh = await on_database(
            rooms.room_create, by=alice, school_class=room.school_class, title="New", problem=None, group=None
        )
        assert (await browser.until("tile"))["room"] == str(fresh.pk)
        fresh_id = str(fresh.pk)
        await on_database(fresh.delete)
        assert (await browser.until("gone"))["room"] == fresh_id


async def ends(spectator: Spectator, change: Any) -> None:
    """The stream runs, the change happens, the stream ends by itself."""
    browser = Browser(wall_stream(spectator))
    await browser.until("tiles")
    await on_database(change)
    await asyncio.wait_for(browser.rest(), LONG_S)


async def test_a_removed_assistants_stream_ends(
    live: None, room: Room, alice: User, tom: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "RIGHTS_S", 0.5)
    spectator = Spectator(tom.pk, await on_database(session_of, tom))
    await ends(spectator, lambda: rooms.member_remove(school_class=room.school_class, user_id=tom.pk, by=alice))


async def test_a_disabled_accounts_stream_ends(
    live: None, room: Room, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "RIGHTS_S", 0.5)
    spectator = Spectator(alice.pk, await on_database(session_of, alice))
    await ends(spectator, lambda: User.objects.filter(pk=alice.pk).update(is_active=False))


async def test_logging_out_ends_the_stream(
    live: None, room: Room, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "RIGHTS_S", 0.5)
    client = Client()
    await on_database(client.force_login, alice)
    await ends(Spectator(alice.pk, str(client.session.session_key)), client.logout)


async def test_a_silent_wall_is_kept_alive(
    live: None, room: Room, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "QUIET_S", 0.1)
    monkeypatch.setattr(stream, "KEEP_ALIVE_S", 0.3)
    spectator = Spectator(alice.pk, await on_database(session_of, alice))
    async with aclosing(cast(Any, wall_stream(spectator))) as lines:
        await anext(lines)
        assert await asyncio.wait_for(anext(lines), LONG_S) == ": keep-alive\n\n"


async def test_students_have_no_stream_whatever_session_they_hold(
    live: None, room: Room, bob: User, charlie: User, alice: User
) -> None:
    key = await on_database(session_of, alice)
    for user in (bob, charlie):
        assert [line async for line in wall_stream(Spectator(user.pk, key))] == []
    assert [line async for line in wall_stream(Spectator(alice.pk, "no such session"))] == []


async def test_the_address_streams_with_the_right_headers(live: None, room: Room, alice: User) -> None:
    client = AsyncClient()
    await client.aforce_login(alice)
    answer = await client.get("/dashboard/events/")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/event-stream"
    assert answer["Cache-Control"] == "no-cache"
    assert answer["X-Accel-Buffering"] == "no"
    async with aclosing(cast(Any, answer.streaming_content)) as pieces:
        first = await anext(pieces)
    assert first.startswith(b"retry: 2000\n\nevent: tiles\n")


def test_the_page_is_for_staff(room: Room, olga: User, bob: User, charlie: User, client_for: ClientFor) -> None:
    assert client_for(olga).get("/dashboard/").status_code == 200
    for user in (bob, charlie):
        answer = client_for(user).get("/dashboard/")
        assert answer.status_code == 403
        assert b"The dashboard is for the staff of a class." in answer.content
        assert client_for(user).get("/dashboard/events/").status_code == 403


def test_nothing_of_people_removed_stays_on_the_wall(room: Room, alice: User, bob: User) -> None:
    people.enrolment_remove(school_class=room.school_class, user_id=bob.pk)
    assert Spectator(bob.pk, "x").tiles() is None
