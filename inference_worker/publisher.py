"""Publishing: one thread writes the Outputs of all answers, pipelined (measured: each task for itself costs 25 %).

It keeps the raw text of every attempt until the scribe has confirmed ``done``, and sends again from the confirmed length
when the scribe sees a hole, after Redis was away, and while a ``done`` stays unconfirmed. Repeats are harmless: the scribe
drops what lies below its length.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import redis

from inference_worker.chunker import Chunker
from inference_worker.job import OUTPUT_FIELD, OUTPUTS, Output, Persisted

log = logging.getLogger(__name__)
CONFIRM_S = 3.0
CONFIRM_MAX_S = 30.0
FORGET_S = 600.0  # a done that nobody confirmed for so long: the answer's row is gone
IDLE_S = 0.5


@dataclass(slots=True)
class Attempt:
    """One attempt as it must reach the log: everything needed to send it again."""

    answer: str
    attempt: int
    base: int  # length of the prefix: `text` begins there
    prefix: str
    text: str = ""
    sent: int = 0  # length of `text` that is in the stream
    confirmed: int = 0  # length of `text` that is in the log
    started: Output | None = None
    started_sent: bool = False
    done: Output | None = None
    done_sent: bool = False
    again_at: float = 0.0
    again_s: float = CONFIRM_S
    forget_at: float = 0.0
    chunker: Chunker = field(default_factory=Chunker)

    @property
    def key(self) -> str:
        return f"{self.answer}:{self.attempt}"


class Publisher:
    """Thread-safe. ``connect`` makes a Redis client; ``shard`` names the stream."""

    def __init__(self, connect: Callable[[], Any], shard: int = 0) -> None:
        self._connect = connect
        self._stream = OUTPUTS.format(shard=shard)
        self._attempts: dict[str, Attempt] = {}
        self._ready = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        """Send what is there and end the thread."""
        with self._ready:
            self._stopped = True
            self._ready.notify()
        self._thread.join(timeout_s)

    def running(self) -> tuple[str, ...]:
        """Every attempt that is not confirmed to its end: what the heartbeat lists."""
        with self._ready:
            return tuple(self._attempts)

    # ---- from the tasks

    def open(self, answer: str, attempt: int, prefix: str) -> str:
        made = Attempt(answer, attempt, len(prefix), prefix)
        with self._ready:
            self._attempts[made.key] = made
        return made.key

    def started(self, key: str, info: dict[str, Any]) -> None:
        with self._ready:
            made = self._attempts[key]
            made.started = Output(made.answer, made.attempt, "started", made.base, info=info)
            self._ready.notify()

    def text(self, key: str, text: str) -> None:
        with self._ready:
            self._attempts[key].chunker.push(text)
            self._ready.notify()

    def done(self, key: str, reason: str, info: dict[str, Any]) -> None:
        with self._ready:
            made = self._attempts[key]
            self._cut(made, final=True)
            raw = made.prefix + made.text
            made.done = Output(
                made.answer, made.attempt, "done", len(raw), reason=reason,
                sha256=hashlib.sha256(raw.encode()).hexdigest(), info=info,
            )  # fmt: skip
            made.forget_at = time.monotonic() + FORGET_S
            self._ready.notify()

    def forget(self, key: str) -> None:
        """Give an attempt up without an end: the reaper hands it to another worker."""
        with self._ready:
            self._attempts.pop(key, None)

    # ---- from the control thread

    def persisted(self, said: Persisted) -> None:
        with self._ready:
            made = self._attempts.get(f"{said.answer}:{said.attempt}")
            if made is None:
                return
            if said.done:
                # Also while it still runs: the answer has ended without us (stopped, or another attempt has it).
                if made.done is not None:
                    del self._attempts[made.key]
                return
            made.confirmed = max(made.confirmed, min(said.raw_length - made.base, len(made.text)))
            if said.hole:
                self._again(made)
            self._ready.notify()

    def resend(self) -> None:
        """Redis was away: whatever is not confirmed goes again."""
        with self._ready:
            for made in self._attempts.values():
                self._again(made)
            self._ready.notify()

    # ---- the thread

    def _again(self, made: Attempt) -> None:
        made.sent, made.done_sent = made.confirmed, False
        made.started_sent = made.started_sent and made.confirmed > 0

    def _run(self) -> None:
        client, failed = None, False
        while True:
            with self._ready:
                if not self._stopped:
                    self._ready.wait(self._pause())
                outputs = self._collect()
                if self._stopped and not outputs:
                    return
            if not outputs:
                continue
            try:
                client = client or self._connect()
                if failed:
                    client.ping()
                self._send(client, outputs)
                failed = False
            except redis.RedisError as error:
                log.warning("outputs wait for Redis: %s", error)
                client, failed = None, True
                self.resend()
                if self._stopped:
                    return
                time.sleep(0.5)

    def _send(self, client: Any, outputs: list[Output]) -> None:
        pipeline = client.pipeline(transaction=False)
        for output in outputs:
            pipeline.xadd(self._stream, {OUTPUT_FIELD: output.to_json()})
        pipeline.execute()

    def _pause(self) -> float:
        now = time.monotonic()
        moments = [now + IDLE_S]
        for made in self._attempts.values():
            due = made.chunker.due()
            if due is not None:
                moments.append(due)
            if self._unsent(made):
                moments.append(now)
            elif made.done_sent:
                moments.append(made.again_at)
        return max(0.0, min(moments) - now)

    def _unsent(self, made: Attempt) -> bool:
        return (
            (made.started is not None and not made.started_sent)
            or made.sent < len(made.text)
            or (made.done is not None and not made.done_sent)
        )

    def _cut(self, made: Attempt, *, final: bool = False) -> None:
        made.text += "".join(made.chunker.take(time.monotonic(), final=final))

    def _collect(self) -> list[Output]:
        """What is due now, in order for each answer; marks it as sent."""
        now, outputs = time.monotonic(), []
        for made in list(self._attempts.values()):
            self._cut(made)
            if made.done_sent and now >= made.again_at:
                made.again_s = min(made.again_s * 2, CONFIRM_MAX_S)
                self._again(made)
            if made.done is not None and now > made.forget_at:
                log.error("nobody confirmed answer %s, attempt %s", made.answer, made.attempt)
                del self._attempts[made.key]
                continue
            outputs += self._due(made, now)
        return outputs

    def _due(self, made: Attempt, now: float) -> list[Output]:
        outputs = []
        if made.started is not None and not made.started_sent:
            outputs.append(made.started)
            made.started_sent = True
        while made.sent < len(made.text):
            piece = made.text[made.sent : made.sent + 2_000]
            outputs.append(Output(made.answer, made.attempt, "text", made.base + made.sent, text=piece))
            made.sent += len(piece)
        if made.done is not None and not made.done_sent:
            outputs.append(made.done)
            made.done_sent, made.again_at = True, now + made.again_s
        return outputs
