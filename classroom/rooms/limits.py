"""How much a person, a room and a class may send (L1, L2): token buckets in Redis, all or none, by Redis' own clock.

Without Redis each process counts for itself, at half the rate: there may be two of them. ``RATE_LIMITS`` multiplies every
rate; 0 switches the limits off.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import redis
import structlog
from django.conf import settings
from django.utils.translation import gettext as _

from classroom.rooms.access import RoomRights
from classroom.rooms.connections import redis_client
from classroom.rooms.frames import FrameError

log = structlog.get_logger(__name__)
REDIS_S: Final = 0.25
AWAY_S: Final = 2.0  # a Redis that did not answer is not asked again for so long
KEPT_MAX: Final = 10_000  # buckets of one process


@dataclass(frozen=True, slots=True)
class Rate:
    """``burst`` at once, then ``minute`` a minute."""

    minute: float
    burst: int


@dataclass(frozen=True, slots=True)
class Limit:
    """What one kind of frame may cost. None: no bound of its own."""

    user: Rate
    room: Rate | None = None
    school_class: Rate | None = None


ASK: Final = Limit(Rate(6, 3), Rate(30, 10), Rate(240, 60))
SAY: Final = Limit(Rate(40, 10), Rate(240, 60))
STEP: Final = Limit(Rate(20, 8), Rate(120, 40), Rate(600, 120))
RUN: Final = Limit(Rate(20, 6), Rate(60, 20))
HINT: Final = Limit(Rate(6, 3), Rate(20, 6), Rate(240, 60))
HAND: Final = Limit(Rate(60, 20))
# By verb; what is not here (join, ping, auth.refresh) is bounded by the socket's own pace (F6).
LIMITS: Final[dict[str, tuple[str, Limit]]] = {
    "answer.ask": ("ask", ASK),
    "answer.insert": ("ask", ASK),
    "message.post": ("say", SAY),
    "step.submit": ("step", STEP),
    "code.run": ("run", RUN),
    "hint.request": ("hint", HINT),
    "teacher.rung": ("hand", HAND),
    "board.mode": ("hand", HAND),
    "board.grant": ("hand", HAND),
    "board.reveal": ("hand", HAND),
    "highlight.set": ("hand", HAND),
    "answer.stop": ("hand", HAND),
    "answer.pause": ("hand", HAND),
    "answer.resume": ("hand", HAND),
    "hand.raise": ("hand", HAND),
    "hand.lower": ("hand", HAND),
    "typing.show": ("typing", HAND),
}
# KEYS: buckets. ARGV: tokens a millisecond and burst of each. Gives 0, or the milliseconds until all have a token.
_SPEND: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local left, wait = {}, 0
for at, key in ipairs(KEYS) do
  local rate, burst = tonumber(ARGV[2 * at - 1]), tonumber(ARGV[2 * at])
  local found = redis.call('HMGET', key, 'left', 'at')
  local had, since = tonumber(found[1]) or burst, tonumber(found[2]) or now
  left[at] = math.min(burst, had + math.max(0, now - since) * rate)
  if left[at] < 1 then wait = math.max(wait, math.ceil((1 - left[at]) / rate)) end
end
if wait > 0 then return wait end
for at, key in ipairs(KEYS) do
  local rate, burst = tonumber(ARGV[2 * at - 1]), tonumber(ARGV[2 * at])
  redis.call('HSET', key, 'left', string.format('%.6f', left[at] - 1), 'at', now)
  redis.call('PEXPIRE', key, math.ceil(burst / rate) + 1000)
end
return 0
"""
Bucket = tuple[str, float, int]  # key, tokens a millisecond, burst


def spend(rights: RoomRights, verb: str) -> None:
    """Take one token of each bucket that this frame draws from. Raises FrameError ``slow_down`` with when to come back."""
    if verb in LIMITS:
        spend_for(rights, *LIMITS[verb])


def spend_for(rights: RoomRights, kind: str, limit: Limit) -> None:
    """The same for what is no frame. Raises FrameError ``slow_down``."""
    if settings.RATE_LIMITS <= 0:
        return
    wait_ms = _wait_ms(list(_buckets(rights, kind, limit)))
    if wait_ms:
        raise FrameError("slow_down", _("That was very quick. Wait a moment, then send it again."), retry_ms=wait_ms)


def _buckets(rights: RoomRights, kind: str, limit: Limit) -> Iterable[Bucket]:
    whose = (
        (f"user:{rights.user.pk}", limit.user),
        (f"room:{rights.room.pk}", limit.room),
        (f"class:{rights.room.school_class_id}", limit.school_class),
    )
    for name, rate in whose:
        if rate is not None:
            per_ms = rate.minute * settings.RATE_LIMITS / 60_000
            yield f"{settings.CHANNEL_PREFIX}:limit:{kind}:{name}", per_ms, rate.burst


def _wait_ms(buckets: list[Bucket]) -> int:
    if time.monotonic() >= _Away.until:
        try:
            arguments = [value for _, rate, burst in buckets for value in (rate, burst)]
            return int(redis_client(REDIS_S).eval(_SPEND, len(buckets), *[key for key, *_ in buckets], *arguments))
        except redis.RedisError as error:
            log.warning("limits_without_redis", error=str(error))
            _Away.until = time.monotonic() + AWAY_S
    return _LOCAL.spend([(key, rate / 2, burst) for key, rate, burst in buckets])


class _Away:
    until = 0.0


class Local:
    """The same buckets in this process."""

    def __init__(self) -> None:
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def spend(self, buckets: list[Bucket], *, now_ms: float | None = None) -> int:
        now = time.monotonic() * 1000 if now_ms is None else now_ms
        with self._lock:
            if len(self._buckets) > KEPT_MAX:
                self._buckets.clear()
            left = {key: self._left(key, rate, burst, now) for key, rate, burst in buckets}
            short = [int((1 - left[key]) / rate) + 1 for key, rate, _ in buckets if left[key] < 1]
            if not short:
                self._buckets.update({key: (tokens - 1, now) for key, tokens in left.items()})
            return max(short, default=0)

    def _left(self, key: str, rate: float, burst: int, now: float) -> float:
        had, since = self._buckets.get(key, (float(burst), now))
        return min(burst, had + (now - since) * rate)


_LOCAL = Local()
