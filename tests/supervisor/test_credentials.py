"""The database's password for containers: made once, readable by its two readers, and libpq really takes it."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest

from classroom.supervisor.credentials import HOST, USER, credentials_make, main
from tests.services import Postgres


def test_it_is_made_once(tmp_path: Path) -> None:
    assert credentials_make(tmp_path)
    first = (tmp_path / "password").read_text()
    assert len(first) >= 40
    assert not credentials_make(tmp_path)
    assert (tmp_path / "password").read_text() == first


def test_two_schools_have_two_passwords(tmp_path: Path) -> None:
    texts = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        credentials_make(tmp_path / name)
        texts.add((tmp_path / name / "password").read_text())
    assert len(texts) == 2


def test_a_first_start_that_was_cut_off_is_finished(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("already-with-the-database")
    (tmp_path / "pgpass.new").write_text("half")
    assert credentials_make(tmp_path)
    assert (tmp_path / "pgpass").read_text() == f"{HOST}:*:*:{USER}:already-with-the-database\n"


def test_the_clients_file_is_its_owners_alone(tmp_path: Path) -> None:
    old = os.umask(0o077)
    try:
        credentials_make(tmp_path)
    finally:
        os.umask(old)
    assert (tmp_path / "pgpass").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "password").stat().st_mode & 0o777 == 0o444


def test_libpq_takes_the_password_from_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials_make(tmp_path)
    word = (tmp_path / "password").read_text()
    with Postgres() as postgres:
        with psycopg.connect(postgres.url(), autocommit=True) as owner:
            owner.execute(f"CREATE ROLE {USER} LOGIN PASSWORD '{word}'".encode())
        # The file names the host `db`; here that is this machine.
        (tmp_path / "pgpass").write_text((tmp_path / "pgpass").read_text().replace(HOST, "127.0.0.1", 1))
        monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pgpass"))
        url = f"postgres://{USER}@127.0.0.1:{postgres.port}/postgres"
        with psycopg.connect(url) as client:
            row = client.execute("SELECT current_user").fetchone()
        assert row == (USER,)
        monkeypatch.setenv("PGPASSFILE", "/nowhere")
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(url, connect_timeout=5)


def test_the_command_says_what_it_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 0
    assert main([str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines() == ["credentials made", "credentials are there"]
    assert main([]) == 2
