"""One batch of Outputs becomes rows: fence, dedupe, guard, append, all in one transaction (S1–S5).

S1 the batch commits only under the scribe's own epoch; S2 an Output of another attempt, of an ended answer or below the
stored length is a repeat and dropped; S3 one above it is a hole: nothing of it is stored and the worker sends again;
S4 raw text, released text and events commit together; S5 the text of a ``done`` must hash to what the worker wrote.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog
from django.db import connection, transaction

from classroom.rooms import journal
from classroom.rooms.clock import database_now
from classroom.rooms.models import Event
from inference_worker.job import Output, Persisted
from tutor import availability, calls, guard, hidden, showing
from tutor.answers import ACTIVE, answer_end
from tutor.changes import Changes
from tutor.holding import answers_hold
from tutor.models import Answer
from tutor.writings import Desk

log = structlog.get_logger(__name__)
_FIELDS = [
    "state", "reason", "raw", "raw_length", "released", "shown", "withheld", "model", "engine", "worker", "prompt_tokens",
    "completion_tokens", "attempt", "forgiven", "calls", "call_due_at", "started_attempt", "started_at", "first_text_at",
    "progress_at", "finished_at",
]  # fmt: skip
_FENCE = "UPDATE tutor_shard SET cursor = %s, beat_at = %s, lag_ms = %s WHERE id = %s AND epoch = %s"


class Fenced(Exception):
    """Another scribe has taken this shard: leave at once."""


@dataclass(slots=True)
class Result:
    """What to tell after the commit: events to viewers, lengths to workers, rooms whose turn is free."""

    events: list[Event] = field(default_factory=list)
    persisted: list[Persisted] = field(default_factory=list)
    ended: list[tuple[UUID, UUID]] = field(default_factory=list)  # (answer, room)


def batch_store(shard_id: int, epoch: int, cursor: str, outputs: Sequence[Output]) -> Result:
    """Store one batch in one transaction. Raises Fenced, or DatabaseError with nothing stored."""
    with transaction.atomic():
        now = database_now()
        lag_ms = max(0, round(now.timestamp() * 1000) - int(cursor.partition("-")[0]))  # stream ids begin with the time
        _fence((shard_id, epoch), cursor, now, min(lag_ms, 2**31 - 1))
        ids = {output.answer for output in outputs}
        rows, closed = answers_hold(ids)
        batch, desk = _Batch(rows, closed, now), Desk(ids - rows.keys(), now)
        for output in outputs:
            if not desk.take(output):
                batch.take(output)
        result = batch.finish()
        result.persisted += desk.finish()
        return result


def _fence(lease: tuple[int, int], cursor: str, now: datetime, lag_ms: int) -> None:
    """S1: set the shard's cursor, and hold its row's lock from here on. Raises Fenced if it is not ours any more."""
    with connection.cursor() as database:
        database.execute(_FENCE, [cursor, connection.ops.adapt_datetimefield_value(now), lag_ms, *lease])
        if not database.rowcount:
            raise Fenced


class _Batch:
    def __init__(self, rows: dict[str, Answer], closed: set[UUID], now: datetime) -> None:
        self._rows, self._closed, self._now = rows, closed, now
        self._changes = Changes(rows.values(), _FIELDS)
        self._drafts: list[journal.Draft] = []
        self._touched: dict[str, Answer] = {}
        self._fresh: dict[str, int] = {}  # answer → length of `shown` before this batch
        self._policies: dict[str, guard.Policy] = {}
        self._holes: set[str] = set()
        self._confirm: dict[tuple[str, int], Persisted] = {}
        self._ended: list[tuple[UUID, UUID]] = []

    def take(self, output: Output) -> None:
        answer = self._rows.get(output.answer)
        if answer is None or answer.attempt != output.attempt or answer.state not in ACTIVE:
            # S2: nobody waits for it; the worker may forget it.
            self._settled(output.answer, output.attempt, output.offset)
            return
        if answer.room_id in self._closed:
            self._end(answer, Answer.State.STOPPED, "room_closed")
            return
        self._touched[output.answer] = answer
        answer.progress_at = self._now
        if answer.state == Answer.State.PAUSED:
            # Nothing is kept and nothing confirmed: the worker sends it again when the answer goes on (A7).
            answer.started_attempt = answer.attempt
        elif output.kind == "started":
            self._started(answer, output)
        elif output.offset > answer.raw_length:
            self._holes.add(output.answer)
        else:
            self._started(answer, output)  # should Redis have lost that entry, the text proves it
            if output.kind == "text":
                self._text(answer, output)
            else:
                self._done(answer, output)

    def _started(self, answer: Answer, output: Output) -> None:
        if answer.started_attempt == answer.attempt:
            return  # the worker was not sure that we heard it
        info = output.info
        answer.state, answer.started_attempt = Answer.State.RUNNING, answer.attempt
        answer.started_at = answer.started_at or self._now
        answer.model = availability.model_told(str(info.get("model", "")))[:200]
        answer.engine = str(info.get("engine", ""))[:40]
        answer.worker = str(info.get("worker", ""))[:120]
        data = {
            "answer": str(answer.pk), "attempt": answer.attempt, "model": answer.model, "engine": answer.engine,
        }  # fmt: skip
        self._drafts.append(journal.Draft(answer.room_id, "answer.started", data, trace=answer.trace))

    def _text(self, answer: Answer, output: Output) -> None:
        text = output.text[answer.raw_length - output.offset :]
        if text:
            answer.raw += text
            answer.raw_length += len(text)
            answer.first_text_at = answer.first_text_at or self._now
            call = calls.call_made(answer)
            if call is None:
                self._release(answer, done=False)
            else:
                self._called(answer, call)

    def _called(self, answer: Answer, call: hidden.Call) -> None:
        """The part ends here, and its worker is stopped: the answer goes on when the tool has answered (K1)."""
        self._settled(str(answer.pk), answer.attempt, answer.raw_length)
        self._fresh.setdefault(str(answer.pk), len(answer.shown))
        draft = calls.call_open(answer, call, self._policy(answer))
        self._delta(answer)
        self._drafts.append(draft)

    def _policy(self, answer: Answer) -> guard.Policy:
        key = str(answer.pk)
        if key not in self._policies:
            self._policies[key] = showing.policy_of(answer)
        return self._policies[key]

    def _release(self, answer: Answer, *, done: bool) -> None:
        before = len(answer.shown)
        if showing.answer_show(answer, self._policy(answer), done=done):
            self._fresh.setdefault(str(answer.pk), before)

    def _done(self, answer: Answer, output: Output) -> None:
        if output.offset < answer.raw_length or output.sha256 != hashlib.sha256(answer.raw.encode()).hexdigest():
            log.error("output_corrupt", answer=output.answer, attempt=output.attempt)
            self._end(answer, Answer.State.FAILED, "corrupt", "The answer was damaged on its way.")
            return
        if output.reason == "preempted":
            return  # the reaper hands it to another worker
        call = calls.call_made(answer, done=True) if output.reason == "stop" else None
        if call is not None:
            self._called(answer, call)
            return
        answer.prompt_tokens = output.info.get("prompt_tokens")
        answer.completion_tokens = output.info.get("completion_tokens")
        self._release(answer, done=True)
        if output.reason == "cancelled":
            self._end(answer, Answer.State.STOPPED, "cancelled")
        elif output.info.get("unavailable"):
            self._end(answer, Answer.State.FAILED, "unavailable", availability.BROKEN)
        elif output.reason == "error":
            message = str(output.info.get("message") or "The model could not answer.")[:280]
            self._end(answer, Answer.State.FAILED, "error", message)
        else:
            self._end(answer, Answer.State.COMPLETED, output.reason)

    def _end(self, answer: Answer, state: str, reason: str, message: str = "") -> None:
        self._touched[str(answer.pk)] = answer
        self._delta(answer)
        self._drafts.append(answer_end(answer, state, reason, message=message))
        self._ended.append((answer.pk, answer.room_id))
        self._settled(str(answer.pk), answer.attempt, answer.raw_length)

    def _settled(self, key: str, attempt: int, length: int) -> None:
        """Nobody waits for anything more of this attempt."""
        self._confirm[key, attempt] = Persisted(key, attempt, length, done=True)

    def _delta(self, answer: Answer) -> None:
        """One delta an answer and batch: what became visible in it."""
        start = self._fresh.pop(str(answer.pk), None)
        if start is not None and answer.shown[start:]:
            data = {"answer": str(answer.pk), "offset": start, "text": answer.shown[start:], "part": "text"}
            self._drafts.append(journal.Draft(answer.room_id, "answer.delta", data, trace=answer.trace))

    def finish(self) -> Result:
        for key, answer in self._touched.items():
            self._delta(answer)
            hole = key in self._holes
            said = Persisted(key, answer.attempt, answer.raw_length, hole=hole)
            self._confirm.setdefault((key, answer.attempt), said)
        self._changes.save()
        events = journal.append_many(self._drafts)
        return Result(events, list(self._confirm.values()), self._ended)
