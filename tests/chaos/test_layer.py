"""The unkind layer: by its seed, in its shares, and nothing that it holds back is held for ever."""

from __future__ import annotations

import asyncio
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer

from tests.chaos.layer import Unkind, UnkindLayer


def passed(seed: int, count: int = 2_000, **shares: float) -> tuple[list[int], Unkind]:
    unkind = Unkind(seed, **shares)
    told = [message for number in range(count) for message in unkind.take(number)]
    return told + unkind.release(), unkind


def test_the_same_seed_does_the_same() -> None:
    assert passed(1)[0] == passed(1)[0] != passed(2)[0]


def test_a_fifth_of_each() -> None:
    told, unkind = passed(3)
    assert all(300 < unkind.counts[kind] < 500 for kind in ("dropped", "doubled"))
    assert 250 < unkind.counts["reordered"] < 500
    assert len(set(told)) == 2_000 - unkind.counts["dropped"]
    assert len(told) - len(set(told)) == unkind.counts["doubled"]
    assert told != sorted(told)


def test_a_kind_layer_changes_nothing() -> None:
    assert passed(4, 100, drop=0, double=0, reorder=0)[0] == list(range(100))


async def test_over_a_real_redis(redis_url: str) -> None:
    """Every message but the dropped ones arrives, some twice, some late; health's own echo is left alone."""
    hosts: Any = [{"address": redis_url, "socket_timeout": None}]
    sender, layer = RedisPubSubChannelLayer(hosts=hosts), UnkindLayer(hosts=hosts, seed=5)
    channel = await layer.new_channel()
    await layer.group_add("room", channel)
    told, _ = passed(5, 60)
    for number in range(60):
        await sender.group_send("room", {"type": "room.events", "number": number})
    heard = [(await asyncio.wait_for(layer.receive(channel), 20))["number"] for _ in told]
    assert sorted(heard) == sorted(told)
    for _ in range(20):
        await sender.group_send("room", {"type": "health.echo"})
        assert (await asyncio.wait_for(layer.receive(channel), 20))["type"] == "health.echo"
    await sender.flush()
    await layer.flush()


async def test_what_is_delivered_at_once_is_treated_alike(redis_url: str) -> None:
    hosts: Any = [{"address": redis_url, "socket_timeout": None}]
    sender, layer = RedisPubSubChannelLayer(hosts=hosts), UnkindLayer(hosts=hosts, seed=5)
    heard: list[int] = []
    channel = await layer.new_channel()
    layer.deliver(channel, lambda message: heard.append(message["number"]))
    await layer.group_add("room", channel)
    told, unkind = passed(5, 60)
    assert {"dropped", "doubled", "reordered"} == set(unkind.counts)
    for number in range(60):
        await sender.group_send("room", {"type": "room.events", "number": number})
    async with asyncio.timeout(20):
        while len(heard) < len(told):
            await asyncio.sleep(0.02)
    assert sorted(heard) == sorted(told)
    await sender.flush()
    await layer.flush()
