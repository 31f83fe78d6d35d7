"""/livez, /readyz and the doctor: the same parts, told to programs and to people, with every server there or gone."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from channels.layers import channel_layers, get_channel_layer
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from redis import Redis

from classroom import health
from classroom.supervisor.child import BASE_DIR
from inference_worker import job
from tests.services import Postgres, Valkey
from tutor.models import Shard

PARTS = ["database", "redis", "channel_layer", "scribe", "worker", "model"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    with Valkey(tmp_path_factory.mktemp("h")) as server:
        yield server


@pytest.fixture
def redis(valkey: Valkey, settings: Any) -> Iterator[Redis]:
    """A real Redis, empty, that the settings point to."""
    settings.REDIS_URL = valkey.url
    layer = {
        "BACKEND": "classroom.rooms.layer.HintLayer",
        "CONFIG": {"hosts": [{"address": valkey.url, "socket_timeout": None}], "prefix": "test"},
    }
    settings.CHANNEL_LAYERS = {"default": layer}
    channel_layers.backends = {}
    client = Redis.from_url(valkey.url)
    client.flushall()
    yield client
    client.close()
    channel_layers.backends = {}


def beat(redis: Redis, state: Any, *, name: str = "w1", reason: str = "") -> None:
    worker = job.WorkerState(name, state, "scripted", "demo", reason)
    redis.set(job.WORKER.format(name=name), worker.to_json(), ex=job.WORKER_TTL_S)


def scribe_beat(seconds_ago: float = 0.0) -> None:
    beat_at = timezone.now() - timedelta(seconds=seconds_ago)
    Shard.objects.update_or_create(id=0, defaults={"beat_at": beat_at})


def states(client: Client) -> dict[str, str]:
    return {name: part["state"] for name, part in client.get("/readyz").json()["parts"].items()}


def test_alive_is_told_without_asking_anybody(client: Client, settings: Any) -> None:
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    answer = client.get("/livez")
    assert (answer.status_code, answer.json()) == (200, {"ok": True})


def test_all_well_is_200(client: Client, redis: Redis) -> None:
    scribe_beat()
    beat(redis, "ready")
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"ok": True, "parts": {name: {"ok": True, "state": "ok"} for name in PARTS}}
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_newcomer_and_an_outsider_may_ask(client_for: Any, charlie: Any, client: Client, redis: Redis) -> None:
    """Programs have no account; what is told to anybody holds no name, folder or host."""
    beat(redis, "broken", reason="/home/secret/model.safetensors is missing")
    for who in (client, client_for(charlie)):
        answer = who.get("/readyz")
        assert answer.status_code == 503
        assert "secret" not in answer.content.decode()


def test_nothing_started_is_503_and_every_part_says_so(client: Client, redis: Redis) -> None:
    assert client.get("/readyz").status_code == 503
    assert states(client) == {
        "database": "ok",
        "redis": "ok",
        "channel_layer": "ok",
        "scribe": "not started",
        "worker": "not started",
        "model": "not loaded",
    }


def test_without_redis_only_what_leans_on_it_is_unknown(client: Client, settings: Any) -> None:
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    scribe_beat()
    told = states(client)
    assert told.pop("redis") == "unreachable"
    assert {name for name, state in told.items() if state == "unknown"} == {"channel_layer", "worker", "model"}
    assert told["scribe"] == "ok"


def test_a_scribe_that_has_gone_quiet_is_told(client: Client, redis: Redis) -> None:
    scribe_beat(health.SCRIBE_SILENT_S - 5)
    assert states(client)["scribe"] == "ok"
    scribe_beat(health.SCRIBE_SILENT_S + 5)
    assert states(client)["scribe"] == "silent"


@pytest.mark.parametrize(("loaded", "word"), [("loading", "loading"), ("broken", "broken"), ("ready", "ok")])
def test_a_worker_may_live_without_its_model(client: Client, redis: Redis, loaded: str, word: str) -> None:
    beat(redis, loaded)
    told = states(client)
    assert (told["worker"], told["model"]) == ("ok", word)


def test_one_ready_worker_is_enough(client: Client, redis: Redis) -> None:
    beat(redis, "broken", name="w1")
    beat(redis, "loading", name="w2")
    assert states(client)["model"] == "loading"
    beat(redis, "ready", name="w3")
    assert states(client)["model"] == "ok"


def test_a_worker_that_was_killed_is_forgotten(client: Client, redis: Redis) -> None:
    beat(redis, "ready")
    redis.delete(job.WORKER.format(name="w1"))
    assert states(client)["worker"] == "not started"


async def test_the_echo_leaves_nothing_behind(redis: Redis) -> None:
    """It is asked every few seconds for months: no channel, group or subscription may stay."""
    for _ in range(5):
        assert (await health.channel_layer_check()).ok
    layer: Any = get_channel_layer()
    assert layer._get_layer().channels == {}
    assert layer._get_layer().groups == {}
    assert redis.pubsub_channels("test*") == []
    await layer.flush()


async def test_a_layer_without_an_echo_is_told(settings: Any) -> None:
    settings.CHANNEL_LAYERS = {}
    channel_layers.backends = {}
    assert (await health.channel_layer_check()).state == "missing"
    channel_layers.backends = {}


async def test_a_part_that_does_not_answer_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    async def stuck() -> health.Part:
        await asyncio.sleep(3600)
        raise AssertionError

    monkeypatch.setattr(health, "CHECK_S", 0.05)
    part = await health._bounded("redis", stuck)
    assert (part.ok, part.state) == (False, "no answer")
    assert part.fix == health.FIXES["redis"]


def doctor(*words: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("doctor", *words, stdout=out, no_color=True)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


def test_the_doctor_names_every_part(redis: Redis) -> None:
    scribe_beat()
    beat(redis, "ready")
    status, text = doctor()
    assert status == 0
    for name in ("python", "node", *PARTS):
        assert f"✓ {name}" in text


def test_the_doctor_says_what_to_do(settings: Any) -> None:
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    status, text = doctor()
    assert status == 1
    assert "✗ redis" in text
    assert "→ `make run` starts one" in text
    assert "/nowhere/redis.sock" in text  # the owner of the machine may see where it looked


def test_the_doctor_tells_programs_in_json(redis: Redis) -> None:
    beat(redis, "broken", reason="config.json is missing")
    status, text = doctor("--json")
    told = json.loads(text)
    assert (status, told["ok"]) == (1, False)
    model = next(part for part in told["parts"] if part["name"] == "model")
    assert model["state"] == "broken"
    assert "config.json is missing" in model["detail"]
    assert "TUTOR_MODEL" in model["fix"]


@pytest.mark.parametrize(
    ("settings_", "words"),
    [
        ({"PORT": "x"}, "✗ settings: PORT: "),
        ({"DATABASE_URL": "mysterydb://x"}, "✗ settings: Scheme 'mysterydb://' is unknown"),
        ({"DATA_DIR": "/dev/null/x"}, "✗ settings: "),
    ],
)
def test_settings_that_cannot_be_read_are_a_sentence(settings_: dict[str, str], words: str) -> None:
    status, text = make_doctor(**settings_)
    assert status == 1
    assert words in text
    assert "Traceback" not in text


def test_with_everything_down_there_is_a_table_and_no_traceback(tmp_path: Path) -> None:
    status, text = make_doctor(DATA_DIR=str(tmp_path))
    assert status == 1
    assert "not migrated" in text
    assert text.count("✗") == len(PARTS)
    assert "Traceback" not in text


@pytest.mark.stack
def test_a_postgresql_that_is_away_is_told_at_once_and_by_its_reason(tmp_path: Path) -> None:
    postgres = Postgres()
    with postgres:
        status, text = make_doctor(DATA_DIR=str(tmp_path), DATABASE_URL=postgres.database())
        assert "✗ database       not migrated" in text
        wrong = postgres.url("no_such_database")
        status, text = make_doctor(DATA_DIR=str(tmp_path), DATABASE_URL=wrong)
        assert 'database "no_such_database" does not exist' in text
        assert postgres.PASSWORD not in text
    status, text = make_doctor(DATA_DIR=str(tmp_path), DATABASE_URL=wrong)
    assert status == 1
    assert "Connection refused" in text


def make_doctor(**settings: str) -> tuple[int, str]:
    """``make doctor``'s last step as a process of its own: settings are read on import."""
    done = subprocess.run(
        [sys.executable, "-m", "classroom.supervisor.doctor"],
        cwd=BASE_DIR,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr
