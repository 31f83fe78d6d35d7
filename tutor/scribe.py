"""The scribe: from the workers' Redis Stream into the log, then to everybody; one at a time for each shard.

The recipe (order of locks, takeover, why tell comes before ack) is in ARCHITECTURE.md. The lease is the shard's epoch
in the database: a scribe that was overtaken fails its next transaction and leaves.
"""

from __future__ import annotations

import threading
import time
from typing import Any
from uuid import UUID

import redis
import structlog
from django.db import Error, connection, transaction
from django.db.models import F

from classroom.rooms import broadcast
from classroom.rooms.clock import database_now
from classroom.rooms.connections import redis_alone
from classroom.rooms.offload import connections_rest
from inference_worker.job import OUTPUT_FIELD, OUTPUTS, PERSISTED, Output
from tutor import answers, proofreading
from tutor.dispatch import stop_send
from tutor.intake import Fenced, batch_store
from tutor.models import Shard

log = structlog.get_logger(__name__)
GROUP = "scribe"
COUNT = 500
BLOCK_MS = 500
GATHER_S = 0.0005  # from the first entry to the batch: the rest of what a worker has sent comes meanwhile
PAUSE_S = 0.01  # between two batches: leaves the one write lock of SQLite to people, and lets chunks gather
IDLE_S = 2.0
LEFT_MS = 1_000  # an overtaken scribe may have read on until its next transaction; what it left is taken after so long
RETRY_S = 1.0
ENDS = {"answer.completed", "answer.stopped", "answer.failed"}
Entry = tuple[str, dict[str, str]]


class Scribe:
    def __init__(self, shard: int = 0, name: str = "scribe") -> None:
        self.shard, self.name = shard, name
        self.stream = OUTPUTS.format(shard=shard)
        self.epoch = 0
        self._stop = threading.Event()
        self._told_at = self._claimed_at = 0.0

    def stop(self) -> None:
        self._stop.set()

    def run(self) -> None:
        """Serve until stopped or overtaken. Database and Redis may go and come back; nothing is acked before commit."""
        while not self._stop.is_set():
            try:
                with redis_alone(timeout_s=5.0) as client:
                    self._take_over(client)
                    while not self._stop.is_set():
                        self._turn(client)
            except Fenced:
                log.warning("scribe_overtaken", shard=self.shard, epoch=self.epoch)
                return
            except (redis.RedisError, Error) as error:
                log.warning("scribe_waits", error=str(error))
                connection.close()
                self._stop.wait(RETRY_S)

    def _take_over(self, client: Any) -> None:
        """Raise the epoch, then serve everybody's pending entries before any new one (0 shards → made)."""
        with transaction.atomic():
            Shard.objects.get_or_create(pk=self.shard)
            Shard.objects.filter(pk=self.shard).update(epoch=F("epoch") + 1, beat_at=database_now())
            self.epoch = Shard.objects.get(pk=self.shard).epoch
        self._group(client)
        self._claim(client, 0)
        self._pending(client)
        log.info("scribe_serves", shard=self.shard, epoch=self.epoch)

    def _group(self, client: Any) -> None:
        try:
            client.xgroup_create(self.stream, GROUP, id="0", mkstream=True)  # `$` would skip what is there
        except redis.ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    def _claim(self, client: Any, idle_ms: int) -> None:
        """Make ours what was delivered to anybody so long ago and is not acked."""
        start = "0-0"
        while True:
            start, *_ = client.xautoclaim(self.stream, GROUP, self.name, idle_ms, start, count=COUNT)
            if start == "0-0":
                break
        self._claimed_at = time.monotonic()

    def _pending(self, client: Any) -> None:
        """Everything delivered to us and not yet acked, oldest first."""
        while entries := self._read(client, "0"):
            self._serve(client, entries)

    def _turn(self, client: Any) -> None:
        connections_rest()
        try:
            entries = self._gathered(client)
        except redis.ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            self._group(client)  # Redis came back empty: workers send again what was not confirmed
            return
        if entries:
            self._serve(client, entries)
        else:
            self._beat()
        if not entries or time.monotonic() - self._claimed_at > IDLE_S:
            self._claim(client, LEFT_MS)
            self._pending(client)

    def _gathered(self, client: Any) -> list[Entry]:
        """What is there, and what comes within GATHER_S of it, or PAUSE_S of the last batch: a worker's pipeline wakes us with
        its first entry, and all of it in one batch costs hardly more than that one.
        """
        entries = self._read(client, ">", block=BLOCK_MS)
        if entries:
            self._stop.wait(max(GATHER_S, self._told_at + PAUSE_S - time.monotonic()))
            if len(entries) < COUNT:
                entries += self._read(client, ">")
        return entries

    def _read(self, client: Any, start: str, block: int | None = None) -> list[Entry]:
        reply: Any = client.xreadgroup(GROUP, self.name, {self.stream: start}, count=COUNT, block=block)
        return reply[0][1] if reply else []

    def _serve(self, client: Any, entries: list[Entry]) -> None:
        """Write, tell, ack: in this order, so that a crash between any two repeats and never loses."""
        outputs = [output for _, fields in entries if (output := _parsed(fields)) is not None]
        result = batch_store(self.shard, self.epoch, entries[-1][0], outputs)
        pipeline = client.pipeline(transaction=False)
        broadcast.events_publish(pipeline, result.events).execute()  # viewers first: of the rest nobody sees anything
        for confirmed in result.persisted:
            pipeline.publish(PERSISTED, confirmed.to_json())
        pipeline.xack(self.stream, GROUP, *[entry_id for entry_id, _ in entries])
        pipeline.xtrim(self.stream, minid=entries[-1][0], approximate=True)
        pipeline.execute()
        self._told_at = time.monotonic()
        for event in result.events:
            if event.type in ENDS:
                log.info("answer_kept", answer=event.data["answer"], end=event.type, trace=event.trace)
        for answer_id, room_id in result.ended:
            stop_send(answer_id)
            answers.room_advance(room_id)
        proofreading.events_ring(result.events)

    def _beat(self) -> None:
        """Show that we live, and notice that we were overtaken, while no text comes."""
        if time.monotonic() - self._told_at > IDLE_S:
            if not Shard.objects.filter(pk=self.shard, epoch=self.epoch).update(beat_at=database_now()):
                raise Fenced
            self._told_at = time.monotonic()


def _parsed(fields: dict[str, str]) -> Output | None:
    """An entry that cannot be read is dropped: it must not stand in the way of those behind it."""
    try:
        output = Output.from_json(fields[OUTPUT_FIELD])
        UUID(output.answer)
        if not isinstance(output.info, dict) or not all(isinstance(n, int) for n in (output.attempt, output.offset)):
            raise TypeError("attempt, offset or info is of another type")
        f"{output.text}{output.sha256}".encode()
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        log.error("output_unreadable", error=str(error))
        return None
    return output
