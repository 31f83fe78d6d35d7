"""Rows about Redis: E4, E5, E22."""

from __future__ import annotations

import asyncio
import random
import shutil
import time

import redis
import redis.asyncio

from tests.chaos.proxy import Proxy
from tests.chaos.round import Round

TAGS = 200
WAITS = 1_000
AT_ONCE = 100


def lost(round: Round) -> None:
    """E4: in the middle of an answer Redis is flushed, or comes back without its data, or stands still for a while."""
    house, screens = round.house, round.join(3)
    question = round.ask(screens[0], words=50)
    round.written(question, round.random.randrange(1, 60))
    kind = ("flushed", "empty", "stalled")[round.seed % 3]
    if kind == "flushed":
        with redis.Redis.from_url(house.redis.url) as client:
            client.flushall()
    elif kind == "empty":
        house.kill("redis")
        shutil.rmtree(house.redis.folder / "redis")
        round.chat(round.random.uniform(0.2, 1.0))
        house.start("redis")
    else:
        house.pause("redis")
        round.chat(round.lengths["stall"], every_s=0.5)
        house.resume("redis")
    round.inject()
    round.healed()


def down(round: Round) -> None:
    """E5: Redis is gone in the middle of an answer; the class talks on, a question waits, and everything is there after."""
    house, screens = round.house, round.join(4)
    question = round.ask(screens[0], words=100, rate=30)
    round.written(question, 20)
    house.kill("redis")
    gone = time.monotonic()
    round.inject()
    round.healed()  # without Redis: the words of everybody reach everybody by the log
    late = round.ask(screens[1], words=20)
    round.answer(late)
    round.chat(max(0.0, round.lengths["redis_down"] - (time.monotonic() - gone)), every_s=0.5)
    round.expect(round.end(late) is None, "a question was answered without Redis")
    house.start("redis")
    round.healed()


def cancelled(round: Round) -> None:
    """E22: waits for a slow Redis are given up at random moments; no answer may reach another's wait."""
    house = round.house
    line = Proxy(house.background, target=house.redis.socket)
    for slow in [line, *house.of("redis")]:
        slow.set(delay_s=0.05)
    try:
        wrong, given_up = house.background.run(_tagged(line.port, round.seed), timeout_s=120)
    finally:
        line.close()
    round.inject(given_up)
    round.expect(wrong == 0, f"{wrong} of {WAITS} waits got another's answer")
    screens = round.join(2)
    for screen in screens:
        house.background.call(screen.drop)
    round.chat(0.5)
    for slow in house.of("redis"):
        slow.heal()
    round.healed()


async def _tagged(port: int, seed: int) -> tuple[int, int]:
    """(answers that were not the asked one, waits that were given up): one client, as the product's own is made."""
    chance = random.Random(seed)
    client = redis.asyncio.Redis(port=port, socket_timeout=None, decode_responses=True, max_connections=AT_ONCE)
    await client.mset({f"chaos:{tag}": str(tag) for tag in range(TAGS)})
    gate = asyncio.Semaphore(AT_ONCE)
    wrong = given_up = 0

    async def ask(tag: int) -> None:
        nonlocal wrong, given_up
        async with gate:
            try:
                async with asyncio.timeout(chance.uniform(0.0, 0.25)):
                    wrong += await client.get(f"chaos:{tag}") != str(tag)
            except TimeoutError:
                given_up += 1

    await asyncio.gather(*(ask(chance.randrange(TAGS)) for _ in range(WAITS)))
    wrong += await client.mget([f"chaos:{tag}" for tag in range(TAGS)]) != [str(tag) for tag in range(TAGS)]
    await client.aclose()
    return wrong, given_up
