"""Lasting connections to Redis for short calls: a new connection for each costs more than the call itself."""

from __future__ import annotations

from functools import cache
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry


def redis_client(timeout_s: float = 1.0) -> Any:
    """This process's client with that limit, for any thread; never close it.

    A connection that Redis has closed meanwhile is made anew, once; a Redis that is away is told at once
    (redis.RedisError). Any: redis-py's own types mix its synchronous and its asynchronous replies.
    """
    return _client(settings.REDIS_URL, timeout_s)


def redis_alone(timeout_s: float) -> Any:
    """A client for one holder, who closes it. Nothing is asked twice: an answer that was lost is the holder's to notice.

    A stream read that is repeated behind the holder's back would skip what the lost answer held.
    """
    return _made(settings.REDIS_URL, timeout_s, 0)


@cache
def _client(url: str, timeout_s: float) -> Any:
    return _made(url, timeout_s, 1)


def _made(url: str, timeout_s: float, retries: int) -> Any:
    return redis.Redis.from_url(
        url,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        decode_responses=True,
        retry=Retry(NoBackoff(), retries),
    )
