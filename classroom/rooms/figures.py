"""What a web process counts about its rooms, for ``/metrics``. Names after Prometheus' customs: seconds, totals."""

from __future__ import annotations

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
LAG = Histogram(
    "chalkstream_delivery_lag_seconds",
    "From an event's commit to the last socket of this process",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)


def delivered(told: list[Told]) -> None:
    """These have been written to everybody here. Their time stands in their text, so nothing is parsed but that."""
    for item in told:
        start = item.text.find('"at":"')
        if start > 0:
            at = datetime.fromisoformat(item.text[start + 6 : item.text.index('"', start + 6)])
            LAG.observe(max(0.0, (timezone.now() - at).total_seconds()))


def watched(*, viewers: int, rooms: int) -> None:
    VIEWERS.set(viewers)
    ROOMS.set(rooms)
