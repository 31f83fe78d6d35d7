"""Is there a worker with a model? Read from the heartbeats in Redis, told in words for the people in the room."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import redis

from classroom.rooms.connections import redis_client
from inference_worker.job import WORKER, WorkerState

UNREACHABLE = "The tutor cannot be reached just now."
NOBODY = "The tutor is not running."
BROKEN = "The tutor is unavailable: its model cannot be used. The class can go on without it."
LOADING = "The tutor is starting: its model is being loaded."


def workers_read(client: Any) -> list[WorkerState]:
    """Every worker whose heartbeat has not expired. Raises redis.RedisError."""
    names = list(client.scan_iter(match=WORKER.format(name="*"), count=1_000))
    texts = client.mget(names) if names else []
    return [WorkerState.from_json(text) for text in texts if text]


def held(answer_id: UUID, attempt: int) -> bool | None:
    """Whether some worker has this attempt in hand; None when Redis does not say."""
    try:
        return any(f"{answer_id}:{attempt}" in worker.running for worker in workers_read(redis_client()))
    except redis.RedisError:
        return None


def context_read() -> int:
    """The most tokens that every ready worker takes, prompt and answer together; 0 when nobody says."""
    try:
        workers = workers_read(redis_client())
    except redis.RedisError:
        return 0
    return min((worker.context for worker in workers if worker.state == "ready" and worker.context), default=0)


def state_of(workers: list[WorkerState]) -> dict[str, Any]:
    """{available, reason}: one ready worker is enough; otherwise the most hopeful reason.

    Which file is broken is for the worker's log, /readyz and ``make doctor``: pupils are told no path of the machine.
    """
    states = {worker.state for worker in workers}
    if "ready" in states:
        return {"available": True, "reason": ""}
    if "loading" in states:
        return {"available": False, "reason": LOADING}
    return {"available": False, "reason": BROKEN if "broken" in states else NOBODY}


def state_read() -> dict[str, Any]:
    """{available, reason} now. Never raises."""
    try:
        return state_of(workers_read(redis_client()))
    except redis.RedisError:
        return {"available": False, "reason": UNREACHABLE}
