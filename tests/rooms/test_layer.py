"""The channel layer's own connection: it sleeps until Redis speaks, and its subscriptions outlive it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.asyncio.connection import AbstractConnection

from classroom.rooms import layer
from classroom.rooms.layer import HintLayer


@pytest.fixture
async def hints(redis_url: str) -> AsyncIterator[HintLayer]:
    one = HintLayer(hosts=[{"address": redis_url, "socket_timeout": None}])
    yield one
    await one.flush()


async def heard(one: HintLayer, channel: str) -> Any:
    return await asyncio.wait_for(one.receive(channel), 20)


async def test_it_looks_once_for_each_thing_that_redis_says(hints: HintLayer, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    stock = AbstractConnection.read_response

    async def counted(self: Any, *words: Any, **more: Any) -> Any:
        nonlocal looks
        looks += 1
        return await stock(self, *words, **more)

    channel = await hints.new_channel()
    await hints.group_add("room", channel)
    await hints.group_send("room", {"type": "first"})
    assert await heard(hints, channel) == {"type": "first"}
    monkeypatch.setattr(AbstractConnection, "read_response", counted)
    await asyncio.sleep(0.5)
    assert looks == 0  # the stock layer would have looked five times
    for number in range(3):
        await hints.group_send("room", {"type": "more", "number": number})
        assert (await heard(hints, channel))["number"] == number
    assert looks <= 2 * 3  # the replies to the publisher are read too


async def test_what_is_delivered_wakes_no_task_and_an_error_in_it_ends_only_the_connection(
    hints: HintLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layer, "RETRY_S", 0.01)
    heard: list[Any] = []

    def take(message: dict[str, Any]) -> None:
        heard.append(message["number"] / message["by"])
        assert asyncio.current_task() is None

    channel = await hints.new_channel()
    hints.deliver(channel, take)
    await hints.group_add("room", channel)

    async def said(number: int, by: int) -> None:
        await hints.group_send("room", {"type": "more", "number": number, "by": by})

    async with asyncio.timeout(20):
        await said(1, 1)
        await said(2, 1)
        while heard != [1, 2]:
            await asyncio.sleep(0.01)
        asyncio.get_running_loop().set_exception_handler(lambda loop, about: broke.set())
        broke = asyncio.Event()
        await said(3, 0)  # divides by zero
        await broke.wait()
        while 4 not in heard:  # what is said meanwhile is lost, as hints may be
            await said(4, 1)
            await asyncio.sleep(0.05)


async def test_subscriptions_outlive_the_connection(
    hints: HintLayer, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layer, "RETRY_S", 0.01)
    channel = await hints.new_channel()
    await hints.group_add("room", channel)
    await hints.group_add("left", channel)
    await hints.group_discard("left", channel)
    with redis.Redis.from_url(redis_url) as client:
        for _ in range(2):
            while not client.client_kill_filter(_type="pubsub"):
                await asyncio.sleep(0.01)
            while client.pubsub_numsub("asgi__group__room") == [(b"asgi__group__room", 0)]:
                await asyncio.sleep(0.01)
            await hints.group_send("room", {"type": "again"})
            assert await heard(hints, channel) == {"type": "again"}
        assert client.pubsub_numsub("asgi__group__left") == [(b"asgi__group__left", 0)]


async def test_a_server_that_hangs_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer, "CONNECT_S", 0.05)
    gone = asyncio.Event()

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)
        writer.close()
        gone.set()

    async with await asyncio.start_unix_server(deaf, str(tmp_path / "r")) as server:
        one = HintLayer(hosts=[{"address": f"unix://{tmp_path / 'r'}", "socket_timeout": None}])
        with pytest.raises(layer.LAYER_ERRORS):
            await one.new_channel()
        await asyncio.wait_for(gone.wait(), 20)  # nothing of the try stays open
        server.close()
    await one.flush()
