"""Is everything there? One set of checks for ``/readyz`` (programs) and ``manage.py doctor`` (people).

A part's ``state`` is a word for everybody. ``detail`` may name folders and hosts: it is for the machine's owner alone
and never leaves by HTTP.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from redis import RedisError
from redis.asyncio import Redis

from inference_worker import job
from tutor.models import Shard

SCRIBE_SILENT_S: Final = 15.0  # a scribe says every second or two that it lives
CHECK_S: Final = 3.0  # the longest that one part may keep the answer waiting


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the house: ``name``, whether it is well, a word for all, more for the owner, and what to do."""

    name: str
    ok: bool
    state: str
    detail: str = ""
    fix: str = ""


async def database_part() -> Part:
    return await sync_to_async(_database_part)()


def _database_part() -> Part:
    name = str(settings.DATABASES["default"].get("NAME", ""))
    where = f"{connection.vendor} {name}"
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        executor = MigrationExecutor(connection)
        due = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except (DatabaseError, OSError) as error:
        fix = "start the database, or set DATABASE_URL (empty: SQLite in DATA_DIR)"
        return Part("database", False, "unreachable", f"{where}: {error}".strip(), fix)
    if due:
        return Part(
            "database", False, "not migrated", f"{where}: {len(due)} migrations due", "python manage.py migrate"
        )
    return Part("database", True, "ok", where)


async def redis_part() -> Part:
    async with _redis() as redis:
        try:
            await redis.ping()
        except (RedisError, OSError) as error:
            fix = "`make run` starts one; or set REDIS_URL to a running Redis"
            return Part("redis", False, "unreachable", str(error), fix)
    return Part("redis", True, "ok")


async def channel_layer_part() -> Part:
    """A message to a group of our own must come back: this is the way that every word takes to the rooms."""
    fix = "the channel layer needs Redis: see the line above"
    layer = get_channel_layer()
    if layer is None:
        return Part("channel_layer", False, "missing", "", "set CHANNEL_LAYERS")
    group, nonce = f"health.{uuid.uuid4().hex}", uuid.uuid4().hex
    try:
        channel = await layer.new_channel()
        await layer.group_add(group, channel)
        await layer.group_send(group, {"type": "health.echo", "nonce": nonce})
        answer = await asyncio.wait_for(layer.receive(channel), CHECK_S / 2)
        await layer.group_discard(group, channel)
        await _channel_forget(layer.receive(channel))
    except (TimeoutError, RedisError, OSError) as error:
        return Part("channel_layer", False, "no echo", str(error) or type(error).__name__, fix)
    ok = answer.get("nonce") == nonce
    return Part("channel_layer", ok, "ok" if ok else "wrong echo", "", "" if ok else fix)


async def _channel_forget(receive: Awaitable[object]) -> None:
    """The layer unsubscribes a channel when somebody who waits on it is cancelled; it has no other word for that."""
    waiting = asyncio.ensure_future(receive)
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def scribe_part() -> Part:
    return await sync_to_async(_scribe_part)()


def _scribe_part() -> Part:
    fix = "start it: python manage.py scribe (`make run` does)"
    try:
        shard = Shard.objects.filter(beat_at__isnull=False).order_by("beat_at").first()
    except (DatabaseError, OSError) as error:
        return Part("scribe", False, "unknown", f"the database does not say: {error}", "see the database's line")
    if shard is None or shard.beat_at is None:
        return Part("scribe", False, "not started", "no scribe has taken the stream yet", fix)
    silent = timezone.now() - shard.beat_at
    if silent > timedelta(seconds=SCRIBE_SILENT_S):
        return Part("scribe", False, "silent", f"last heard of {silent.total_seconds():.0f} s ago", fix)
    return Part("scribe", True, "ok")


async def worker_parts() -> list[Part]:
    """The worker's heartbeat and its model: two parts, since a worker may well live without its model."""
    fix = "start it: celery -A inference_worker.celery_app worker -P threads -Q inference (`make run` does)"
    try:
        states = await _worker_states()
    except (RedisError, OSError) as error:
        unknown = f"Redis does not say: {error}"
        return [Part(name, False, "unknown", unknown, "see Redis's line") for name in ("worker", "model")]
    if not states:
        nobody = "no worker's heartbeat in Redis"
        return [Part("worker", False, "not started", nobody, fix), Part("model", False, "not loaded", nobody, fix)]
    worker = Part("worker", True, "ok", ", ".join(sorted(state.name for state in states)))
    best = min(states, key=lambda state: ("ready", "loading", "broken").index(state.state))
    if best.state == "ready":
        return [worker, Part("model", True, "ok", f"{best.model} in {best.engine}")]
    if best.state == "loading":
        return [
            worker,
            Part("model", False, "loading", f"{best.model} {best.reason}".strip(), "wait: it takes a minute"),
        ]
    fix = "make it right, or set TUTOR_MODEL to `demo`, a model folder or a hub id"
    return [worker, Part("model", False, "broken", f"{best.model}: {best.reason}", fix)]


async def _worker_states() -> list[job.WorkerState]:
    async with _redis() as redis:
        keys = [key async for key in redis.scan_iter(match=job.WORKER.format(name="*"), count=1000)]
        beats = await redis.mget(keys) if keys else []
    return [job.WorkerState.from_json(beat) for beat in beats if beat]


def _redis() -> Redis:
    return Redis.from_url(settings.REDIS_URL, socket_timeout=CHECK_S / 2, socket_connect_timeout=CHECK_S / 2)


async def parts() -> list[Part]:
    """Every part, in the order in which one leans on the other."""
    single: list[Callable[[], Awaitable[Part]]] = [database_part, redis_part, channel_layer_part, scribe_part]
    names = ["database", "redis", "channel_layer", "scribe"]
    *first, pair = await asyncio.gather(
        *(_bounded(check(), name) for check, name in zip(single, names, strict=True)), _bounded_pair()
    )
    return [*first, *pair]


async def _bounded(check: Awaitable[Part], name: str) -> Part:
    try:
        return await asyncio.wait_for(check, CHECK_S)
    except TimeoutError:
        return Part(name, False, "no answer", f"not within {CHECK_S:.0f} s", "look at its log")


async def _bounded_pair() -> list[Part]:
    try:
        return await asyncio.wait_for(worker_parts(), CHECK_S)
    except TimeoutError:
        return [Part(name, False, "no answer", f"not within {CHECK_S:.0f} s", "") for name in ("worker", "model")]


async def livez(request: HttpRequest) -> JsonResponse:
    """This process serves requests; nothing is said about any other."""
    return JsonResponse({"ok": True})


async def readyz(request: HttpRequest) -> JsonResponse:
    """200 when a question would be answered, else 503: {"ok", "parts": {name: {"ok", "state"}}}."""
    found = await parts()
    ok = all(part.ok for part in found)
    body = {"ok": ok, "parts": {part.name: {"ok": part.ok, "state": part.state} for part in found}}
    return JsonResponse(body, status=200 if ok else 503, headers={"Cache-Control": "no-store"})
