"""Is there a worker with a model? Read from the heartbeats in Redis, told in words for the people in the room."""

from __future__ import annotations

import time
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, Final
from uuid import UUID

import redis
from django.utils.translation import gettext, gettext_noop

from classroom.rooms.connections import redis_client
from inference_worker.job import LEFT, OUTPUTS, WORKER, WorkerState
from tutor.tools import registry

UNREACHABLE = gettext_noop("The tutor cannot be reached just now.")
NOBODY = gettext_noop("The tutor is not running.")
BROKEN = gettext_noop("The tutor's model cannot be used just now.")
HEARD_S: Final = 0.5
_AROUND: Final = Path(__file__).with_name("around.lua").read_text()
ATTEMPTS_EVER = 10  # from then on leaving in order counts too: what makes people restart its workers must end some time
BEHIND_S = 2.0  # the scribe keeps text within some 20 ms
LOADING = gettext_noop("The tutor is starting: its model is being loaded.")


def workers_read(client: Any) -> list[WorkerState]:
    """Every worker whose heartbeat has not expired. Raises redis.RedisError."""
    names = list(client.scan_iter(match=WORKER.format(name="*"), count=1_000))
    texts = client.mget(names) if names else []
    return [WorkerState.from_json(text) for text in texts if text]


@lru_cache(maxsize=1)
def workers_heard(client: Any, moment: int) -> list[WorkerState]:
    return workers_read(client)


def _workers() -> list[WorkerState]:
    """As ``workers_read``, looked up at most once in HEARD_S: a question asks three times what a worker is. Raises
    redis.RedisError.
    """
    return workers_heard(redis_client(), int(time.monotonic() / HEARD_S))


def left_in_order(client: Any, worker: str) -> bool:
    """Whether this worker has left by itself (a restart, an upgrade), and did not fall. Raises redis.RedisError."""
    return bool(client.exists(LEFT.format(name=worker)))


def held(answer_id: UUID, attempt: int) -> bool | None:
    """Whether some worker has this attempt in hand; None when Redis does not say."""
    try:
        return any(f"{answer_id}:{attempt}" in worker.running for worker in workers_read(redis_client()))
    except redis.RedisError:
        return None


def context_read() -> int:
    """The most tokens that every ready worker takes, prompt and answer together; 0 when nobody says."""
    try:
        workers = _workers()
    except redis.RedisError:
        return 0
    return min((worker.context for worker in workers if worker.state == "ready" and worker.context), default=0)


def model_read() -> str:
    """The model of a ready worker; empty when there is none, or nobody says."""
    try:
        workers = _workers()
    except redis.RedisError:
        return ""
    return next((worker.model for worker in workers if worker.state == "ready"), "")


def model_told(model: str) -> str:
    """A worker's model as a room may read it: of a folder or file of the machine its own name, without the way there."""
    is_path = model.startswith(("/", ".", "~")) or model.endswith(".gguf") or model.count("/") > 1
    return PurePosixPath(model).name if is_path else model


def tools_read(setting: str) -> list[str]:
    """The tools that an answer may call now: what ``setting`` names, or with ``auto`` all of them if every ready worker's
    model is known to call tools well; none when nobody says.
    """
    if setting != "auto":
        return registry.names_of(setting)
    try:
        ready = [worker for worker in _workers() if worker.state == "ready"]
    except redis.RedisError:
        return []
    return registry.names_of("all") if ready and all(worker.tools for worker in ready) else []


def around_read() -> tuple[dict[str, Any], bool]:
    """What ``state_read`` says, and whether the oldest text that the scribe has not kept is older than BEHIND_S. Never raises;
    without Redis, which people are told of, nothing is said of saving.
    """
    try:
        waited, *texts = _around(redis_client())(keys=[OUTPUTS.format(shard=0)], args=[WORKER.format(name="*")])
    except redis.RedisError:
        return {"available": False, "reason": UNREACHABLE}, False
    return state_of([WorkerState.from_json(text) for text in texts]), waited > BEHIND_S * 1_000


@lru_cache(maxsize=1)
def _around(client: Any) -> Any:
    return client.register_script(_AROUND)


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


def reason_words(state: dict[str, Any]) -> str:
    """The reason in the language of whoever asks now; on the wire and in the log it stays English."""
    return gettext(str(state["reason"]))


def state_read() -> dict[str, Any]:
    """{available, reason} now. Never raises."""
    try:
        return state_of(workers_read(redis_client()))
    except redis.RedisError:
        return {"available": False, "reason": UNREACHABLE}
