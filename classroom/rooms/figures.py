"""What a web process counts about its rooms, for ``/metrics``. Names after Prometheus' customs: seconds, totals."""

from __future__ import annotations

import time
from datetime import datetime

from django.utils import timezone
from prometheus_client import Counter, Gauge, Histogram

from classroom.rooms.feed import Told

VIEWERS = Gauge(
    "chalkstream_viewers", "Sockets, event streams and polls that look at a room", multiprocess_mode="livesum"
)
ROOMS = Gauge("chalkstream_rooms_open", "Rooms that somebody looks at, by web process", multiprocess_mode="livesum")
REPAIRED = Counter("chalkstream_gaps_repaired_events", "Events read from the log because their hint was lost or late")
CATCH_UPS = Counter("chalkstream_catch_ups", "Times that a viewer was too slow for the live path")
LOOK_S = 0.2
LAG = Histogram(
    "chalkstream_delivery_lag_seconds",
    "From an event's commit to the last socket of this process, looked at 5 times a second at most",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)


class _Looked:
    """When this process last looked at a delivery: each observation is some ten writes into a shared file."""

    at = 0.0


def delivered(told: Told) -> None:
    """It has been written to everybody here. Its time stands in its text, so nothing is parsed but that."""
    now = time.monotonic()
    start = told.text.find('"at":"')
    if now - _Looked.at >= LOOK_S and start > 0:
        _Looked.at = now
        at = datetime.fromisoformat(told.text[start + 6 : told.text.index('"', start + 6)])
        LAG.observe(max(0.0, (timezone.now() - at).total_seconds()))


def watched(*, viewers: int, rooms: int) -> None:
    VIEWERS.set(viewers)
    ROOMS.set(rooms)
