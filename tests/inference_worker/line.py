"""Both ends of the line for tests: the worker's publisher and listener as the runtime joins them, and a small scribe.

The scribe has no database, but the rule of the real one: an Output of another attempt or of an ended answer is dropped,
below the stored length it is a repeat, above it is a hole, and what is stored is confirmed. It can be told to misbehave
as networks and processes do: forget what it read, read twice, and say nothing.
"""

from __future__ import annotations

import hashlib
import random
import shutil
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Self

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from inference_worker.control import Listener
from inference_worker.job import (
    CONTROL,
    JOB,
    JOBS,
    OUTPUT_FIELD,
    OUTPUTS,
    PAUSE,
    PERSISTED,
    Control,
    Job,
    Output,
    Persisted,
)
from inference_worker.publisher import Publisher
from inference_worker.pump import Pump
from tests.services import Valkey

STREAM = OUTPUTS.format(shard=0)


def client_make(url: str) -> Any:
    """As the worker makes its own: replies as text, and no retries inside."""
    return redis.Redis.from_url(
        url, decode_responses=True, socket_timeout=5, socket_connect_timeout=5, retry=Retry(NoBackoff(), 0)
    )


def job_put(client: Any, job: Job) -> None:
    """What the web side does for a question, but for the ticket."""
    client.set(JOB.format(answer=job.answer, attempt=job.attempt), job.to_json())
    client.lpush(JOBS, job.entry)


def stop_say(client: Any, answer: str) -> None:
    client.set(f"cs:stop:{answer}", "1")
    client.publish(CONTROL, Control("stop", answer).to_json())


def pause_say(client: Any, scribe: SmallScribe, answer: str) -> None:
    """What the web side does: the log takes nothing more, and the worker hears of it."""
    scribe.paused.add(answer)
    client.set(PAUSE.format(answer=answer), "1")
    client.publish(CONTROL, Control("pause", answer).to_json())


def resume_say(client: Any, scribe: SmallScribe, answer: str) -> None:
    scribe.paused.discard(answer)
    client.delete(PAUSE.format(answer=answer))
    client.publish(CONTROL, Control("resume", answer, raw_length=len(scribe.row(answer).raw)).to_json())


def persisted_say(client: Any, word: Persisted) -> None:
    client.publish(PERSISTED, word.to_json())


def outputs_read(client: Any) -> list[Output]:
    """Everything that is in the stream now."""
    return [Output.from_json(fields[OUTPUT_FIELD]) for _, fields in client.xrange(STREAM)]


def data_lose(server: Valkey) -> None:
    """Kill the server and take its file away, as when a disk is gone; then start it again, empty."""
    server.kill()
    shutil.rmtree(server.folder / "redis")
    server.start()


@dataclass(slots=True)
class Row:
    """One answer as the scribe keeps it."""

    attempt: int = 1
    raw: str = ""
    started: int = 0
    holes: int = 0
    repeats: int = 0
    info: dict[str, Any] = field(default_factory=dict)
    done: Output | None = None

    @property
    def whole(self) -> bool:
        """The text that came is the text that the worker meant."""
        return self.done is not None and self.done.sha256 == hashlib.sha256(self.raw.encode()).hexdigest()


class SmallScribe:
    """A thread that serves the stream until ``close``. ``faults``: how often each of the three mishaps comes."""

    def __init__(self, url: str, *, faults: float = 0.0, seed: int = 0) -> None:
        self._client, self._faults, self._chance = client_make(url), faults, random.Random(seed)
        self.rows: dict[str, Row] = {}
        self.said: list[Output] = []
        self.quiet = threading.Event()  # set: stores, and confirms nothing
        self.paused: set[str] = set()  # answers whose text is dropped for the time being
        self._cursor = "0-0"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="small-scribe", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(5)
        assert not self._thread.is_alive()

    def row(self, answer: str) -> Row:
        return self.rows.setdefault(answer, Row())

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                reply = self._client.xread({STREAM: self._cursor}, count=50, block=50)
            except redis.RedisError:
                self._stop.wait(0.05)
                continue
            for _, entries in reply:
                self._serve(entries)

    def _serve(self, entries: list[Any]) -> None:
        words: dict[str, Persisted] = {}
        for _, fields in entries:
            output = Output.from_json(fields[OUTPUT_FIELD])
            for _ in range(self._times()):
                words[output.answer] = self._take(output, words.get(output.answer))
        self._cursor = entries[-1][0]
        for word in words.values():
            if not self.quiet.is_set() and self._chance.random() >= self._faults:
                try:
                    persisted_say(self._client, word)
                except redis.RedisError:
                    return

    def _times(self) -> int:
        if self._chance.random() < self._faults:
            return 0
        return 2 if self._chance.random() < self._faults else 1

    def _take(self, output: Output, before: Persisted | None) -> Persisted:
        self.said.append(output)
        row = self.row(output.answer)
        if output.attempt != row.attempt or row.done is not None:
            row.repeats += 1
            return Persisted(output.answer, output.attempt, output.offset, done=True)
        if output.kind == "started":
            row.started, row.info = row.started + 1, output.info
        elif output.answer in self.paused:
            return Persisted(output.answer, output.attempt, len(row.raw))
        elif output.offset > len(row.raw):
            row.holes += 1
            return Persisted(output.answer, output.attempt, len(row.raw), hole=True)
        elif output.kind == "text":
            row.repeats += output.offset < len(row.raw)
            row.raw += output.text[len(row.raw) - output.offset :]
        else:
            row.done = output
        hole = before is not None and before.hole
        return Persisted(output.answer, output.attempt, len(row.raw), done=row.done is not None, hole=hole)


class Line:
    """The worker's side without an engine: a publisher, a pump and a listener, joined as the runtime joins them."""

    def __init__(self, url: str, *, held_max: int = 64_000_000, confirm_s: float = 0.4) -> None:
        self.publisher = Publisher(client_make(url), held_max=held_max, confirm_s=confirm_s)
        self.pump = Pump()
        self.controls: list[Control] = []
        self.connections = 0
        self.listener = Listener(
            client_make(url),
            on_control=self.controls.append,
            on_persisted=self.publisher.confirm,
            on_connect=self._connected,
        )

    def _connected(self) -> None:
        self.connections += 1
        self.publisher.rewind()

    def __enter__(self) -> Self:
        self.publisher.start()
        self.pump.start()
        self.listener.start()
        assert self.listener.connected.wait(5)
        return self

    def __exit__(self, *_: object) -> None:
        self.pump.stop(5)
        self.publisher.stop(5)
        self.listener.stop(5)

    def open(self, answer: str, attempt: int = 1, prefix: str = "") -> str:
        self.publisher.open(Job(answer, attempt, (), prefix=prefix), {"worker": "w"})
        return f"{answer}:{attempt}"

    def say(self, key: str, text: str, *, pause_s: float = 0.0, size: int = 7) -> None:
        """The text in pieces, at a pace."""
        for at in range(0, len(text), size):
            self.publisher.append(key, text[at : at + size])
            if pause_s:
                time.sleep(pause_s)
