"""Is everything there? One set of checks for ``/readyz`` (programs) and ``manage.py doctor`` (people).

A part's ``state`` is a word for everybody. ``detail`` may name folders and hosts: it is for the machine's owner alone
and never leaves by HTTP.
"""

from __future__ import annotations

import asyncio
import sys
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import DatabaseError, OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from redis import RedisError
from redis.asyncio import Redis

from classroom.rooms.clock import database_now
from classroom.supervisor import frontend, packages
from inference_worker import job
from tutor.models import Shard

SCRIBE_SILENT_S: Final = 15.0  # a scribe says every second or two that it lives
MODEL_STATES: Final = ("ready", "loading", "broken")  # the better first
FIXES: Final = {
    "database": "start the database, or set DATABASE_URL (empty: SQLite in DATA_DIR)",
    "redis": "`make run` starts one; or set REDIS_URL to a running Redis",
}
CHECK_S: Final = 3.0  # the longest that one part may keep the answer waiting


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the house: ``name``, whether it is well, a word for all, more for the owner, and what to do."""

    name: str
    ok: bool
    state: str
    detail: str = ""
    fix: str = ""


async def database_check() -> Part:
    return await sync_to_async(_database)()


def _database() -> Part:
    where = f"{connection.vendor} {settings.DATABASES['default'].get('NAME', '')}"
    database_reach()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    executor = MigrationExecutor(connection)
    due = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if due:
        detail = f"{where}: {len(due)} migrations due"
        return Part("database", False, "not migrated", detail, "python manage.py migrate (`make run` does)")
    return Part("database", True, "ok", where)


def database_reach() -> None:
    """Raises OperationalError with the reason, at once. The pool would hide it, and keep its caller for ten seconds."""
    if connection.vendor != "postgresql":
        return
    import psycopg

    chosen = ("dbname", "user", "password", "host", "port")
    words = {name: word for name, word in connection.get_connection_params().items() if name in chosen}
    try:
        psycopg.connect(**words, connect_timeout=2).close()
    except psycopg.Error as error:
        raise OperationalError(str(error)) from error


async def redis_check() -> Part:
    async with _redis() as redis:
        await redis.get("health")  # ping() is typed as either of two worlds
    return Part("redis", True, "ok")


async def channel_layer_check() -> Part:
    """A message to a group of our own must come back: this is the way that every word takes to the rooms."""
    fix = "every word reaches the rooms this way: see Redis's line, then the web processes' logs"
    layer = get_channel_layer()
    if layer is None:
        return Part("channel_layer", False, "missing", "settings name no channel layer", fix)
    group, nonce = f"health.{uuid.uuid4().hex}", uuid.uuid4().hex
    try:
        channel = await layer.new_channel()
        await layer.group_add(group, channel)
        await layer.group_send(group, {"type": "health.echo", "nonce": nonce})
        answer = await asyncio.wait_for(layer.receive(channel), CHECK_S / 2)
        await layer.group_discard(group, channel)
        await _channel_forget(layer.receive(channel))
    except (TimeoutError, RedisError, OSError) as error:
        return Part("channel_layer", False, "no echo", str(error) or "not in time", fix)
    if answer.get("nonce") != nonce:
        return Part("channel_layer", False, "wrong echo", "somebody else's message came back", fix)
    return Part("channel_layer", True, "ok")


async def _channel_forget(receive: Awaitable[object]) -> None:
    """The layer unsubscribes a channel when somebody who waits on it is cancelled; it has no other word for that."""
    waiting = asyncio.ensure_future(receive)
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def scribe_check() -> Part:
    return await sync_to_async(_scribe)()


def _scribe() -> Part:
    fix = "start it: python manage.py scribe (`make run` does)"
    shard = Shard.objects.filter(beat_at__isnull=False).order_by("beat_at").first()
    if shard is None or shard.beat_at is None:
        return Part("scribe", False, "not started", "no scribe has taken the stream yet", fix)
    silent = database_now() - shard.beat_at
    if silent > timedelta(seconds=SCRIBE_SILENT_S):
        return Part("scribe", False, "silent", f"last heard of {silent.total_seconds():.0f} s ago", fix)
    return Part("scribe", True, "ok")


async def worker_check() -> Part:
    """A worker's heartbeat. It may well live without its model: that is the next part."""
    states = await _worker_states()
    if not states:
        fix = "start it: celery -A inference_worker.celery_app worker -P threads -Q inference (`make run` does)"
        return Part("worker", False, "not started", "no worker's heartbeat in Redis", fix)
    return Part("worker", True, "ok", ", ".join(sorted(state.name for state in states)))


async def model_check() -> Part:
    """The best of all workers counts: one that is ready answers."""
    best = min(await _worker_states(), key=lambda state: MODEL_STATES.index(state.state), default=None)
    if best is None:
        return Part("model", False, "not loaded", "no worker has it", "see the worker's line")
    if best.state == "ready":
        return Part("model", True, "ok", f"{best.model} in {best.engine}")
    detail = f"{best.model}: {best.reason}".rstrip(": ")
    if best.state == "loading":
        return Part("model", False, "loading", detail, "wait: it takes a minute, the first time more")
    fix = "make it right, or set TUTOR_MODEL to `demo`, a model folder or a hub id"
    return Part("model", False, "broken", detail, fix)


async def _worker_states() -> list[job.WorkerState]:
    async with _redis() as redis:
        keys = [key async for key in redis.scan_iter(match=job.WORKER.format(name="*"), count=1000)]
        beats = await redis.mget(keys) if keys else []
    return [job.WorkerState.from_json(beat) for beat in beats if beat]


def _redis() -> Redis:
    return Redis.from_url(settings.REDIS_URL, socket_timeout=CHECK_S / 2, socket_connect_timeout=CHECK_S / 2)


SERVERS: Final[dict[str, Callable[[], Awaitable[Part]]]] = {"database": database_check, "redis": redis_check}
# What leans on a server is only asked when that one is well: nobody waits twice for the same silence.
LEANING: Final[dict[str, tuple[str, Callable[[], Awaitable[Part]]]]] = {
    "channel_layer": ("redis", channel_layer_check),
    "scribe": ("database", scribe_check),
    "worker": ("redis", worker_check),
    "model": ("redis", model_check),
}


async def parts() -> list[Part]:
    """Every part, the servers first."""
    servers = await asyncio.gather(*(_bounded(name, check) for name, check in SERVERS.items()))
    well = {part.name: part.ok for part in servers}
    unknown = [Part(name, False, "unknown", f"{on} does not say", f"see {on}") for name, (on, _) in LEANING.items()]
    asked = [
        _bounded(name, check) if well[on] else _known(part)
        for part, (name, (on, check)) in zip(unknown, LEANING.items(), strict=True)
    ]
    return [*servers, *await asyncio.gather(*asked)]


async def _known(part: Part) -> Part:
    return part


async def _bounded(name: str, check: Callable[[], Awaitable[Part]]) -> Part:
    try:
        return await asyncio.wait_for(check(), CHECK_S)
    except TimeoutError:
        return Part(name, False, "no answer", f"not within {CHECK_S:.0f} s", FIXES.get(name, "look at its log"))
    except (DatabaseError, RedisError, OSError) as error:
        return Part(name, False, "unreachable", " ".join(str(error).split()), FIXES.get(name, "look at its log"))


def machine_parts() -> list[Part]:
    """Python and Node, as the set-up judges them."""
    python = ".".join(map(str, sys.version_info[:3]))
    wrong = packages.python_sentence(sys.version_info[:3])
    node = frontend.node_find()
    return [
        Part("python", not wrong, python, sys.executable, wrong),
        Part("node", True, node.version, node.npm[0])
        if node
        else Part("node", False, "missing", f"none that is {frontend.NEEDS}", "make install"),
    ]


async def doctor_parts() -> list[Part]:
    return [*machine_parts(), *await parts()]


async def livez(request: HttpRequest) -> JsonResponse:
    """This process serves requests; nothing is said about any other."""
    return JsonResponse({"ok": True})


async def readyz(request: HttpRequest) -> JsonResponse:
    """200 when a question would be answered, else 503: {"ok", "parts": {name: {"ok", "state"}}}."""
    found = await parts()
    ok = all(part.ok for part in found)
    body = {"ok": ok, "parts": {part.name: {"ok": part.ok, "state": part.state} for part in found}}
    response = JsonResponse(body, status=200 if ok else 503, headers={"Cache-Control": "no-store"})
    # "Not ready yet" is an answer, not an error of this process: Django would log each 503.
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django's own mark
    return response
