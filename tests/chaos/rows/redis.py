"""Rows about Redis: E4."""

from __future__ import annotations

import shutil

from tests.chaos.round import Round


def lost(round: Round) -> None:
    """E4: in the middle of an answer Redis is flushed, or comes back without its data, or stands still for a while."""
    house, screens = round.house, round.join(3)
    question = round.ask(screens[0], words=50)
    round.written(question, round.random.randrange(1, 60))
    kind = ("flushed", "empty", "stalled")[round.seed % 3]
    if kind == "flushed":
        flush(round)
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


def flush(round: Round) -> None:
    import redis

    with redis.Redis.from_url(round.house.redis.url) as client:
        client.flushall()
