"""A wrong clock for a whole Python process: with this folder on PYTHONPATH, CHAOS_SKEW_S seconds are added to the time.

Moves ``time.time`` and ``datetime.now``, which is what Python code reads; monotonic clocks and other programs keep theirs.
"""

import datetime
import os
import time
from collections.abc import Callable
from functools import partial

SKEW_S = float(os.environ.get("CHAOS_SKEW_S", "0"))
_time, _time_ns, _Datetime = time.time, time.time_ns, datetime.datetime


class _AnyDatetime(type):
    def __instancecheck__(cls, one: object) -> bool:
        return isinstance(one, _Datetime)


class Datetime(_Datetime, metaclass=_AnyDatetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> "Datetime":
        return cls.fromtimestamp(time.time(), tz)

    @classmethod
    def utcnow(cls) -> "Datetime":
        return cls.fromtimestamp(time.time(), datetime.UTC).replace(tzinfo=None)


def _seconds(real: Callable[[], float]) -> float:
    return real() + SKEW_S


def _nanoseconds(real: Callable[[], int]) -> int:
    return real() + int(SKEW_S * 1e9)


if SKEW_S:
    # Partials, because a function that somebody keeps in a class would become its method; the real ones do not.
    time.time = partial(_seconds, _time)
    time.time_ns = partial(_nanoseconds, _time_ns)
    datetime.datetime = Datetime  # type: ignore[misc]  # it is what the process imports from now on
