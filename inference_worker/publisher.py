"""One thread that sends the text of all tasks to the scribe: one pipelined XADD for whatever has gathered.

It keeps the whole raw text of every attempt until the scribe confirms ``done``, so it can send any part again: when the
scribe reports a hole, when Redis was away, or when nobody confirms. Repeats are free, the scribe drops them by offset.
Callers never wait for Redis.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from typing import Any

import redis

from inference_worker.job import OUTPUT_FIELD, FinishReason, Job, Output, Persisted
from inference_worker.jobs import STREAM
from inference_worker.transcript import CONFIRM_S, Transcript, storable

log = logging.getLogger(__name__)
IDLE_S = 1.0
RETRY_S = (0.1, 0.2, 0.5, 1.0, 2.0)
HELD_MAX = 64_000_000  # characters of all kept attempts; above it the oldest ended ones are given up
BATCH_MAX = 500  # Outputs in one pipeline
Batch = list[tuple[Transcript, int, Output]]


class Publisher:
    """``client``: a redis.Redis of its own, without retries inside, so that a lost connection is noticed here.

    ``confirm_s``: how long an unconfirmed ``done`` rests before it is sent again for the first time.
    """

    def __init__(self, client: Any, *, held_max: int = HELD_MAX, confirm_s: float = CONFIRM_S) -> None:
        self._client = client
        self._confirm_s = confirm_s
        self._held_max = held_max
        self._kept: dict[str, Transcript] = {}
        self._changed = threading.Condition()
        self._stopping = False
        self._failures = 0
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Send what is due, if Redis answers, and end."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join(timeout_s)

    # ---- from the tasks

    def open(self, job: Job, started: Mapping[str, Any]) -> bool:
        """An attempt begins. Its ``started`` is in the stream already; ``started`` is the info to send it again.

        False for an attempt that is in hand already, running or not yet confirmed: two runs would write one text.
        """
        with self._changed:
            transcript = Transcript(job.answer, job.attempt, job.prefix, started, wait_s=self._confirm_s)
            return self._kept.setdefault(transcript.key, transcript) is transcript

    def append(self, key: str, text: str) -> None:
        """Text behind all that came before. Forgotten if the attempt is."""
        with self._changed:
            transcript = self._kept.get(key)
            if transcript is not None and transcript.done is None:
                transcript.raw += storable(text)
                self._changed.notify()

    def end(self, key: str, reason: FinishReason, info: Mapping[str, Any]) -> None:
        with self._changed:
            transcript = self._kept.get(key)
            if transcript is not None and transcript.done is None:
                transcript.end(reason, info)
                self._bound()
                self._changed.notify()

    def drop(self, key: str) -> None:
        with self._changed:
            self._kept.pop(key, None)

    def running(self) -> tuple[str, ...]:
        """Every attempt that is not confirmed yet, as "answer:attempt"."""
        with self._changed:
            return tuple(self._kept)

    # ---- from the control thread

    def confirm(self, word: Persisted) -> None:
        key = f"{word.answer}:{word.attempt}"
        with self._changed:
            if word.done:
                self._kept.pop(key, None)
            elif (transcript := self._kept.get(key)) is not None:
                transcript.confirm(word, time.monotonic())
                self._changed.notify()

    def rewind_to(self, answer: str, raw_length: int) -> None:
        """The answer goes on after a pause: send again what was dropped meanwhile."""
        with self._changed:
            for transcript in self._kept.values():
                if transcript.answer == answer:
                    transcript.rewind_to(raw_length)
            self._changed.notify()

    def rewind(self) -> None:
        """Redis was away: send everything again that the scribe has not confirmed."""
        with self._changed:
            for transcript in self._kept.values():
                transcript.rewind()
            self._changed.notify()

    # ---- the thread

    def _run(self) -> None:
        while True:
            with self._changed:
                batch = self._batch()
                if not batch:
                    if self._stopping:
                        return
                    self._changed.wait(self._nap())
            if batch and not self._send(batch) and self._rest():
                return

    def _rest(self) -> bool:
        """Wait before the next try. True when there is none, because the worker ends."""
        with self._changed:
            return self._changed.wait_for(lambda: self._stopping, RETRY_S[min(self._failures, len(RETRY_S)) - 1])

    def _batch(self) -> Batch:
        now = time.monotonic()
        batch: Batch = []
        for transcript in self._kept.values():
            transcript.remind(now)
            batch += [(transcript, transcript.round, output) for output in transcript.outputs()]
            if len(batch) >= BATCH_MAX:
                break
        return batch[:BATCH_MAX]

    def _nap(self) -> float:
        now = time.monotonic()
        times = [at for transcript in self._kept.values() if (at := transcript.again_at()) is not None]
        return max(0.0, min([IDLE_S, *(at - now for at in times)]))

    def _send(self, batch: Batch) -> bool:
        try:
            with self._client.pipeline(transaction=False) as pipeline:
                for _, _, output in batch:
                    pipeline.xadd(STREAM, {OUTPUT_FIELD: output.to_json()})
                pipeline.execute()
        except redis.RedisError as error:
            self._failures += 1
            if self._failures == 1:
                log.warning("redis does not answer, text is kept and sent later: %s", error)
            self.rewind()
            return False
        if self._failures:
            log.info("redis is back after %s tries", self._failures)
        self._failures = 0
        now = time.monotonic()
        with self._changed:
            for transcript, sent_in, output in batch:
                transcript.sent_to(output, sent_in, now)
        return True

    def _bound(self) -> None:
        """Memory has a bound: give up the oldest ended attempts, whose answers then fail by the reaper's clock."""
        held = sum(len(transcript.raw) for transcript in self._kept.values())
        for key, transcript in list(self._kept.items()):
            if held <= self._held_max:
                return
            if transcript.done is not None:
                held -= len(transcript.raw)
                del self._kept[key]
                log.error("attempt %s was never confirmed; its text is given up", key)
