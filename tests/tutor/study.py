"""What the tests of private writing say again and again: a worker's outputs, and the study's rounds."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from inference_worker.job import WORKER, Output, WorkerState
from tutor.intake import Result, batch_store
from tutor.models import Shard, Writing


def beat(client: Any, *, running: Sequence[str] = (), model: str = "wise", name: str = "w1", **more: Any) -> None:
    state = WorkerState(name, "ready", "scripted", model, running=tuple(running), **more)
    client.set(WORKER.format(name=name), state.to_json(), ex=60)


def started(writing: Writing, *, worker: str = "w1", model: str = "wise") -> Output:
    info = {"model": model, "engine": "scripted", "worker": worker}
    return Output(str(writing.pk), writing.attempt, "started", writing.raw_length, info=info)


def text(writing: Writing, offset: int, words: str) -> Output:
    return Output(str(writing.pk), writing.attempt, "text", offset, words)


def done(writing: Writing, raw: str, reason: str = "stop", **info: Any) -> Output:
    digest = hashlib.sha256(raw.encode()).hexdigest()
    info = {"completion_tokens": 5, **info}
    return Output(str(writing.pk), writing.attempt, "done", len(raw), reason=reason, sha256=digest, info=info)


def store(*outputs: Output) -> Result:
    """As the scribe does."""
    Shard.objects.get_or_create(pk=0, defaults={"epoch": 1})
    return batch_store(0, 1, "1-0", outputs)


def write(writing: Writing, raw: str) -> Result:
    """A worker writes all of it."""
    return store(started(writing), text(writing, 0, raw), done(writing, raw))


def fresh(writing: Writing) -> Writing:
    return Writing.objects.get(pk=writing.pk)
