"""The worker's connections to Redis."""

from __future__ import annotations

from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

REDIS_S = 5.0  # the longest that a call may take


def redis_make(url: str) -> Any:
    """Without retries inside: a lost connection must be noticed, what was said meanwhile may be gone."""
    return redis.Redis.from_url(
        url,
        decode_responses=True,
        socket_timeout=REDIS_S,
        socket_connect_timeout=REDIS_S,
        health_check_interval=10,
        retry=Retry(NoBackoff(), 0),
    )
