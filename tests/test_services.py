"""The tests' own servers: they start, they are alone, they go."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import psycopg
import pytest
from redis import Redis

from tests.prepared import tables_made
from tests.services import Postgres, Valkey, free_port, wait_until
from tests.supervisor.conftest import alive


def test_redis_starts_on_a_socket_and_goes(tmp_path: Path) -> None:
    with Valkey(tmp_path) as server:
        client = Redis.from_url(server.url)
        assert client.ping()
        client.close()
        assert server.child is not None
        pid = server.child.pid
        with pytest.raises(AssertionError, match="tcp=True"):
            assert server.tcp_url
    assert not alive(pid)


def test_redis_speaks_tcp_when_asked(tmp_path: Path) -> None:
    with Valkey(tmp_path, tcp=True) as server:
        client = Redis.from_url(server.tcp_url)
        assert client.ping()
        client.close()


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    server = Valkey(tmp_path)
    server.port = -5
    with pytest.raises(AssertionError, match="redis ended:"), server:
        pass
    server.close()


def test_each_database_is_new_and_empty() -> None:
    with Postgres() as server:
        one, two = server.database(), server.database()
        assert one != two
        with psycopg.connect(one, autocommit=True) as link:
            link.execute("CREATE TABLE mine (x int)")
        with psycopg.connect(two) as link:
            assert link.execute("SELECT to_regclass('mine')").fetchone() == (None,)
        folder = server.folder
    assert not folder.exists()


def test_a_killed_server_comes_back_with_its_data() -> None:
    with Postgres() as server:
        url = server.database()
        with psycopg.connect(url, autocommit=True) as link:
            link.execute("CREATE TABLE mine AS SELECT 7 AS x")
        server.kill()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(url, connect_timeout=2)
        server.start()
        with psycopg.connect(url) as link:
            assert link.execute("SELECT x FROM mine").fetchone() == (7,)


def test_postgresql_never_runs_as_root_and_opens_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the unprivileged user cannot read the installation: then it runs from a copy."""
    if os.geteuid() == 0:
        monkeypatch.setattr(Postgres, "_runs", lambda self, folder: False)
    with Postgres() as server:
        assert server.child is not None
        owner = os.stat(f"/proc/{server.child.pid}").st_uid if Path("/proc").exists() else server.folder.stat().st_uid
        assert owner == (pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.geteuid())
        assert server.folder.stat().st_mode & 0o077 == 0
        if os.geteuid() == 0:
            assert server.bin.is_relative_to(server.folder)


def test_tables_are_made_once_and_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHALKSTREAM_TEST_HOME", str(tmp_path))
    made: list[str] = []

    def migrate(url: str) -> None:
        made.append(url)
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE chalk (id serial PRIMARY KEY, colour text)")
            connection.execute("INSERT INTO chalk (colour) VALUES ('white')")

    with Postgres() as server:
        urls = [tables_made(server, migrate) for _ in range(2)]
        assert made == urls[:1] != urls[1:]
        for url in urls:
            with psycopg.connect(url) as connection:
                connection.execute("INSERT INTO chalk (colour) VALUES ('red')")
                assert connection.execute("SELECT id, colour FROM chalk ORDER BY id").fetchall() == [
                    (1, "white"),
                    (2, "red"),
                ]


def test_a_stranger_is_refused() -> None:
    with Postgres() as server:
        charlie = f"postgres://charlie:guess@127.0.0.1:{server.port}/postgres"
        with pytest.raises(psycopg.OperationalError, match="authentication failed"):
            psycopg.connect(charlie, connect_timeout=5)


def test_free_ports_are_free() -> None:
    assert len({free_port() for _ in range(5)}) > 1


def test_waiting_names_what_did_not_come() -> None:
    assert wait_until(lambda: 7, "seven") == 7
    with pytest.raises(AssertionError, match="rain"):
        wait_until(lambda: None, "rain", timeout_s=0.1)
