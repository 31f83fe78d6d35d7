"""The producer: a Django process that stands where the scribe stands.

It writes events into the log in batches and tells them by the product's own path. For the peer it builds the very same
frames and publishes them one by one to the peer's channel, without a log: the peer has none.

Asked by lines (see talk):
- {"do": "rooms", "way": "ours" | "bare" | …, "rooms", "members" of each} → {"rooms", "outsider"}
- {"do": "tickets", "first", "count"} → {"tickets"}
- {"do": "produce", "count", "window", "rate"} → {"sent", "seconds", "commit_ms"}; every event goes to each of the rooms, and
  the scribe, too, writes what came for all rooms in one transaction
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import select
import statistics
import struct
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "classroom.settings")

import django

django.setup()

import redis
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from classroom.rooms import broadcast, frames, journal
from classroom.rooms.models import Event
from tests.bench import peer_socketio, peer_tutorial
from tests.bench.bare import CHANNEL
from tests.bench.school import School
from tests.bench.talk import answers_only

STALLED_S = 20.0
EVENT = "message.posted"
TRACE = "0" * 32
WORDS = "so both sides of it are divided by three "  # with the stamp about one chunk of an answer


class Acks:
    """Up to which event every member has received: whole numbers of 8 bytes through a pipe from the audience."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        os.set_blocking(fd, False)

    def take(self) -> int:
        """The newest number there is, 0 if there is none."""
        try:
            data = os.read(self._fd, 65_536)
        except BlockingIOError:
            return 0
        return int(struct.unpack("=q", data[-8:])[0]) if data else 0

    def drain(self) -> None:
        while self.take():
            pass

    def wait(self, above: int) -> int:
        """A number above ``above``. Raises TimeoutError when the audience is stuck."""
        end = time.monotonic() + STALLED_S
        while time.monotonic() < end:
            select.select([self._fd], [], [], 1.0)
            if (number := self.take()) > above:
                return number
        raise TimeoutError(f"the members are stuck at event {above}")


class Log:
    """Our way: a transaction of the journal, then one message."""

    def __init__(self, rooms: Sequence[str], by: dict[str, Any]) -> None:
        self._rooms, self._by = [UUID(room) for room in rooms], by

    def tell(self, count: int) -> float:
        """Append and tell ``count`` events in every room; the ms until they were committed."""
        began = time.monotonic()
        drafts = [
            journal.Draft(room, EVENT, data(), trace=TRACE, by=self._by) for _ in range(count) for room in self._rooms
        ]
        with transaction.atomic():
            events = journal.append_many(drafts)
        committed_ms = (time.monotonic() - began) * 1000
        broadcast.events_tell(events)
        return committed_ms


class Frames:
    """The same frames for a peer, which has no log."""

    def __init__(self, rooms: Sequence[str], by: dict[str, Any]) -> None:
        self._rooms, self._by, self._seq = rooms, by, 0

    def frame(self) -> dict[str, Any]:
        self._seq += 1
        return Event(seq=self._seq, type=EVENT, at=timezone.now(), by=self._by, trace=TRACE, data=data()).frame()


class Channel(Frames):
    """The bare peer's way: published."""

    def __init__(self, rooms: Sequence[str], by: dict[str, Any]) -> None:
        super().__init__(rooms, by)
        self._redis = redis.Redis.from_url(settings.REDIS_URL)

    def tell(self, count: int) -> float:
        pipeline = self._redis.pipeline(transaction=False)
        for _ in range(count):
            told = frames.encode(self.frame())
            for room in self._rooms:
                pipeline.publish(CHANNEL.format(room=room), told)
        pipeline.execute()
        return 0.0


class Group(Frames):
    """The tutorial's way: sent to a group of the channel layer."""

    def __init__(self, rooms: Sequence[str], by: dict[str, Any]) -> None:
        super().__init__(rooms, by)
        self._loop = asyncio.new_event_loop()
        self._layer = peer_tutorial.layer_to(settings.REDIS_URL)

    def tell(self, count: int) -> float:
        for _ in range(count):
            message = {"type": "chat.message", "message": frames.encode(self.frame())}
            self._loop.run_until_complete(self._layer.group_send(peer_tutorial.GROUP, message))
        return 0.0


class Emitter(Frames):
    """Socket.IO's way: emitted by a manager that only writes."""

    def __init__(self, rooms: Sequence[str], by: dict[str, Any]) -> None:
        import socketio

        super().__init__(rooms, by)
        self._manager = socketio.RedisManager(settings.REDIS_URL, write_only=True)

    def tell(self, count: int) -> float:
        for _ in range(count):
            self._manager.emit(peer_socketio.EVENT, json.loads(frames.encode(self.frame())), room=peer_socketio.ROOM)
        return 0.0


PEERS: dict[str, type[Channel | Group | Emitter]] = {
    "bare": Channel,
    "go": Channel,
    "tutorial": Group,
    "socketio": Emitter,
}


def data() -> dict[str, str]:
    """The text begins with the moment of its making, in ns of the one monotonic clock of this machine."""
    return {"text": f"{time.monotonic_ns()} {WORDS}"}


class Producer:
    def __init__(self, acks: Acks) -> None:
        self._acks = acks
        self._school = School()
        self._way: Log | Channel | Group | Emitter = Channel([], {})
        self._seq = 0

    def rooms(self, way: str, rooms: int, members: int) -> dict[str, Any]:
        made, by = self._school.rooms(rooms, members), self._school.speaker
        self._way = Log(made, by) if way == "ours" else PEERS[way](made, by)
        self._seq = 0
        return {"rooms": made, "outsider": self._school.outsider_ticket()}

    def tickets(self, first: int, count: int) -> dict[str, Any]:
        return {"tickets": self._school.tickets(first, count)}

    def produce(self, count: int, window: int, rate: float) -> dict[str, Any]:
        """``window``: so many events at most on their way (closed loop); 0: ``rate`` events a second (paced)."""
        self._acks.drain()
        began = time.monotonic()
        commits = self._closed(count, window) if window else self._paced(count, rate)
        return {
            "sent": count,
            "seconds": round(time.monotonic() - began, 3),
            "commit_ms": round(statistics.median(commits), 3),
        }

    def _closed(self, count: int, window: int) -> list[float]:
        commits, done, last = [], self._seq, self._seq + count
        while self._seq < last:
            free = min(window - (self._seq - done), last - self._seq)
            if free:
                commits.append(self._way.tell(free))
                self._seq += free
                done = max(done, self._acks.take())
            else:
                done = self._acks.wait(done)
        return commits

    def _paced(self, count: int, rate: float) -> list[float]:
        commits, began = [], time.monotonic()
        for number in range(count):
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
            commits.append(self._way.tell(1))
        self._seq += count
        return commits


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.producer")
    parser.add_argument("--acks", type=int, required=True, help="the reading end of the audience's pipe")
    options = parser.parse_args()
    answer = answers_only()
    producer = Producer(Acks(options.acks))
    answer({"ready": True})
    verbs: dict[str, Callable[..., dict[str, Any]]] = {
        "rooms": producer.rooms,
        "tickets": producer.tickets,
        "produce": producer.produce,
    }
    for line in sys.stdin:
        message = json.loads(line)
        try:
            answer(verbs[message.pop("do")](**message))
        except Exception as error:  # the edge of this process: whoever asked must hear it
            answer({"error": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    main()
