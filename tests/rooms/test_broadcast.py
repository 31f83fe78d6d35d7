"""Telling: what is published is what the real channel layer hears, and a lost hint loses nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import channels_redis
import pytest
import redis
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.db import transaction
from pytest_django import Settings

from classroom.people.models import User
from classroom.rooms import broadcast, frames, journal
from classroom.rooms.models import Event, Room
from tests.services import Valkey

pytestmark = pytest.mark.django_db(transaction=True)
Hear = Callable[[], Awaitable[dict[str, Any]]]


@pytest.fixture
async def hear(redis_url: str, room: Room) -> AsyncIterator[Hear]:
    """What a hub in this room is told next."""
    layer = get_channel_layer()
    assert layer is not None
    channel = await layer.new_channel()
    await layer.group_add(broadcast.room_group(room.pk), channel)
    await layer.group_add(broadcast.EVERYWHERE, channel)

    async def receive() -> dict[str, Any]:
        return dict(await asyncio.wait_for(layer.receive(channel), 10))

    yield receive
    await layer.flush()


@sync_to_async
def say(room: Room, *texts: str, audience: str = "all") -> list[Event]:
    with transaction.atomic():
        return [
            journal.append(room.pk, type="message.posted", data={"text": text}, audience=audience) for text in texts
        ]


def test_the_wire_format_is_that_of_the_installed_layer() -> None:
    assert channels_redis.__version__ == broadcast.LAYER_VERSION, "look at the layer's wire format, then raise this"


async def test_an_event_is_told_as_everybody_gets_it(hear: Hear, room: Room) -> None:
    [event] = await say(room, "林 👩‍👩‍👧")
    heard = await hear()
    assert heard["type"] == "room.events"
    assert (heard["room"], heard["epoch"]) == (str(room.pk), room.epoch)
    [[seq, audience, text]] = heard["frames"]
    assert (seq, audience) == (1, "all")
    assert text == frames.encode(event.frame())
    assert json.loads(text)["data"]["text"] == "林 👩‍👩‍👧"


async def test_a_batch_of_one_room_is_one_message(hear: Hear, room: Room, alice: User) -> None:
    other = await Room.objects.acreate(school_class=room.school_class, title="Two", created_by=alice)
    drafts = [journal.Draft(key, "message.posted", {"text": "x"}) for key in (room.pk, other.pk, room.pk)]

    @sync_to_async
    def write() -> None:
        with transaction.atomic():
            events = journal.append_many(drafts)
        broadcast.events_tell(events)

    await write()
    heard = await hear()
    assert [seq for seq, *_ in heard["frames"]] == [1, 2]


async def test_each_room_hears_its_own_only(hear: Hear, room: Room, alice: User) -> None:
    other = await Room.objects.acreate(school_class=room.school_class, title="Two", created_by=alice)
    await say(other, "not for you")
    await say(room, "for you")
    assert (await hear())["room"] == str(room.pk)


async def test_ephemeral_presence_and_everywhere(hear: Hear, room: Room) -> None:
    frame = frames.event_frame("typing.shown", {})
    await sync_to_async(broadcast.ephemeral_tell)(room.pk, frame)
    assert await hear() == {"type": "room.ephemeral", "room": str(room.pk), "frame": frames.encode(frame)}
    await sync_to_async(broadcast.presence_tell)(room.pk)
    assert await hear() == {"type": "room.presence", "room": str(room.pk)}
    await sync_to_async(broadcast.everywhere_tell)({"type": "rights.changed"})
    assert await hear() == {"type": "rights.changed"}


async def test_another_release_of_the_layer_is_spoken_to_by_its_front_door(
    hear: Hear, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcast, "LAYER_VERSION", "0")
    await sync_to_async(broadcast.presence_tell)(room.pk)
    assert (await hear())["type"] == "room.presence"
    [event] = await say(room, "hello")
    assert (await hear())["frames"] == [[1, "all", frames.encode(event.frame())]]


async def test_one_thread_keeps_its_connection(redis_url: str) -> None:
    @sync_to_async
    def twice() -> bool:
        return broadcast._client() is broadcast._client()

    assert await twice()


def test_redis_away_loses_hints_and_nothing_else(
    room: Room, tmp_path_factory: pytest.TempPathFactory, settings: Settings
) -> None:
    with Valkey(Path(tmp_path_factory.mktemp("r"))) as server:
        settings.REDIS_URL = server.url
        for number, step in enumerate((lambda: None, server.kill, lambda: None, server.start, lambda: None), 1):
            step()
            with transaction.atomic():
                assert journal.append(room.pk, type="message.posted", data={"text": "x"}).seq == number
            broadcast.presence_tell(room.pk)
        with redis.Redis.from_url(server.url) as client:
            assert client.ping()
    assert [event.seq for event in journal.read(room.pk, after=0)] == [1, 2, 3, 4, 5]


async def test_a_hint_carries_its_audience_and_charlie_has_no_say_in_it(hear: Hear, room: Room, charlie: User) -> None:
    await say(room, "psst", audience=journal.STAFF)
    [[_, audience, _]] = (await hear())["frames"]
    assert audience == "staff"
    assert audience not in {"all", journal.only(charlie.pk)}
