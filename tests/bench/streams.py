"""The workers' side of the scribe's bench: a Django process that has answers asked and sends their text as a worker would.

Asked by lines (see talk):
- {"do": "open", "streams"} → {"rooms": [one a stream], "tickets": [one a room]}
- {"do": "poster"} → {"ticket": for the first room, good for 30 s}
- {"do": "stream", "rate", "seconds"} → {"chunks"}: so many chunks a second on every stream, each with the moment of its sending
- {"do": "direct", "rate", "seconds"} → {"chunks"}: the same frames at the same rate, told to the channel layer by this process:
  no stream, no scribe, no log
- {"do": "fill", "chunks"} → {}: so many chunks in all, as fast as Redis takes them
- {"do": "stored"} → {"seconds"}: until the log has all that was sent, from now on
- {"do": "bulk", "chunks"} → {"seconds"}: a bare loop that inserts as many events, BATCH in a transaction
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "classroom.settings")

import django

django.setup()

import redis
from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from classroom.people.models import User
from classroom.rooms import broadcast, frames
from classroom.rooms.models import Event, Room
from inference_worker.job import OUTPUT_FIELD, OUTPUTS, WORKER, WORKER_TTL_S, Output, WorkerState
from tests.bench.school import School
from tests.bench.talk import answers_only
from tests.tutor import turns
from tutor import answers
from tutor.models import Answer

BATCH = 500  # as many as the scribe reads at once
STORED_S = 120.0
WORDS = "so both sides of it are divided by three "


class Streams:
    def __init__(self) -> None:
        self._school = School()
        self._redis = redis.Redis.from_url(settings.REDIS_URL)
        self._answers: list[Answer] = []
        self._sent: list[int] = []
        answers.CLASS_MAX = 10_000  # type: ignore[misc]  # one class here stands for many

    def open(self, streams: int) -> dict[str, Any]:
        rooms = self._school.rooms(streams, 1)
        people = list(User.objects.filter(username__startswith="member").order_by("pk"))
        tickets = self._school.tickets(0, streams)
        for room, user in zip(rooms, people, strict=False):
            self._answers.append(turns.ask(user, Room.objects.get(pk=room)))
        self._sent = [0] * streams
        self._alive()
        self._send([turns.started(answer) for answer in self._answers])
        return {"rooms": rooms, "tickets": tickets}

    def poster(self) -> dict[str, Any]:
        return {"ticket": self._school.tickets(0, 1)[0]}

    def stream(self, rate: float, seconds: float) -> dict[str, Any]:
        return self._paced(rate, seconds, lambda: self._send([self._chunk(n) for n in range(len(self._answers))]))

    def direct(self, rate: float, seconds: float) -> dict[str, Any]:
        return self._paced(rate, seconds, self._tell)

    def _paced(self, rate: float, seconds: float, send: Callable[[], None]) -> dict[str, Any]:
        began = time.monotonic()
        beats = int(rate * seconds)
        for beat in range(beats):
            time.sleep(max(0.0, began + beat / rate - time.monotonic()))
            self._alive()
            send()
        return {"chunks": beats * len(self._answers)}

    def fill(self, chunks: int) -> dict[str, Any]:
        self._alive()
        for start in range(0, chunks, BATCH):
            numbers = range(start, min(start + BATCH, chunks))
            self._send([self._chunk(number % len(self._answers)) for number in numbers])
        return {}

    def stored(self) -> dict[str, Any]:
        began = time.monotonic()
        mine = Answer.objects.filter(pk__in=[answer.pk for answer in self._answers])
        while mine.aggregate(all=Sum("raw_length"))["all"] < sum(self._sent):
            if time.monotonic() - began > STORED_S:
                raise TimeoutError(f"the scribe has not stored {sum(self._sent)} characters")
            time.sleep(0.02)
            self._alive()
        return {"seconds": time.monotonic() - began}

    def bulk(self, chunks: int) -> dict[str, Any]:
        room = UUID(self._school.rooms(1, 0)[0])
        began = time.monotonic()
        for start in range(0, chunks, BATCH):
            with transaction.atomic():
                Event.objects.bulk_create(
                    Event(
                        room_id=room, seq=seq + 1, type="answer.delta", at=timezone.now(), trace="0" * 32,
                        data={"answer": str(room), "offset": seq * 60, "text": WORDS, "part": "text"},
                    )
                    for seq in range(start, min(start + BATCH, chunks))
                )  # fmt: skip
        return {"seconds": time.monotonic() - began}

    def _chunk(self, number: int) -> Output:
        answer, text = self._answers[number], f"{time.monotonic_ns()} {WORDS}"
        self._sent[number] += len(text)
        return turns.text(answer, self._sent[number] - len(text), text)

    def _tell(self) -> None:
        """One message a room in one pipeline, as the scribe tells. As what is not in the log (a presence, say): a hub would
        look in vain for a ``seq`` that the log has not. So it lacks the hub's placing by seq, some µs of a delivery.
        """
        pipeline = self._redis.pipeline(transaction=False)
        for answer in self._answers:
            text = f"{time.monotonic_ns()} {WORDS}"
            data = {"answer": str(answer.pk), "offset": 0, "text": text, "part": "text"}
            frame = frames.encode(
                Event(seq=1, type="answer.delta", at=timezone.now(), trace=answer.trace, data=data).frame()
            )
            message = {"type": "room.ephemeral", "room": str(answer.room_id), "frame": frame}
            channel = broadcast._channel(broadcast.room_group(answer.room_id))
            pipeline.publish(channel, broadcast._serializer.serialize(message))
        pipeline.execute()

    def _send(self, outputs: list[Output]) -> None:
        pipeline = self._redis.pipeline(transaction=False)
        for output in outputs:
            pipeline.xadd(OUTPUTS.format(shard=0), {OUTPUT_FIELD: output.to_json()})
        pipeline.execute()

    def _alive(self) -> None:
        """The heartbeat: whoever has none loses its answers to another worker."""
        running = tuple(f"{answer.pk}:{answer.attempt}" for answer in self._answers)
        state = WorkerState("bench", "ready", "bench", "bench", running=running)
        self._redis.set(WORKER.format(name="bench"), state.to_json(), ex=WORKER_TTL_S)


def main() -> None:
    argparse.ArgumentParser(prog="python -m tests.bench.streams").parse_args()
    answer = answers_only()
    streams = Streams()
    answer({"ready": True})
    verbs: dict[str, Callable[..., dict[str, Any]]] = {
        "open": streams.open,
        "poster": streams.poster,
        "stream": streams.stream,
        "direct": streams.direct,
        "fill": streams.fill,
        "stored": streams.stored,
        "bulk": streams.bulk,
    }
    for line in sys.stdin:
        message = json.loads(line)
        try:
            answer(verbs[message.pop("do")](**message))
        except Exception as error:  # the edge of this process: whoever asked must hear it
            answer({"error": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    main()
