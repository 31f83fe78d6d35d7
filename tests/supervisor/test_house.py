"""``python -m classroom.supervisor`` itself: the whole house, started, hurt and stopped."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from classroom.supervisor.child import BASE_DIR
from classroom.supervisor.house import json_last, names
from classroom.supervisor.keeper import GRACE_S
from classroom.supervisor.ports import listen
from classroom.supervisor.processes import PROCESSES, WEB
from classroom.supervisor.readiness import readiness
from tests.services import free_port, wait_until
from tests.supervisor.conftest import alive

FAST_S = 90.0


class Run:
    """One supervisor and what it printed."""

    def __init__(self, data: Path, log: Path, *words: str, **settings: str) -> None:
        self.port = free_port()
        self._log = log
        told = {"DATA_DIR": str(data), "PORT": str(self.port), "DEMO": "1", "INFERENCE_ENGINE": "scripted"}
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "classroom.supervisor", *words],
                cwd=BASE_DIR,
                env={**os.environ, **told, **settings},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def text(self) -> str:
        return self._log.read_text()

    def wait_for(self, words: str, *, times: int = 1) -> None:
        def there() -> bool:
            assert self.process.poll() is None, self.text()
            return self.text().count(words) >= times

        wait_until(there, f"{words!r}", timeout_s=FAST_S)

    def pids(self) -> dict[int, str]:
        """Everything that it started, by looking for its DATA_DIR's children."""
        listed = subprocess.run(
            ["ps", "-ww", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True
        ).stdout
        rows = [line.split(None, 2) for line in listed.splitlines()[1:]]
        family = {self.process.pid}
        for _ in range(4):
            family |= {int(pid) for pid, parent, _ in rows if int(parent) in family}
        family.discard(self.process.pid)
        return {int(pid): args for pid, _, args in rows if int(pid) in family and not args.startswith("ps ")}

    def one(self, word: str) -> int:
        return next(pid for pid, args in self.pids().items() if word in args)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def start(*words: str, data: Path | None = None, **settings: str) -> Run:
        runs.append(Run(data or tmp_path / "d", tmp_path / f"run{len(runs)}.log", *words, **settings))
        return runs[-1]

    yield start
    for run in runs:
        run.process.kill()
        run.process.wait()


@pytest.mark.stack
def test_a_newcomers_first_start(house: Callable[..., Run], tmp_path: Path) -> None:
    """Ready, with address and accounts; a second one is refused; what dies comes back; Ctrl-C leaves nothing."""
    run = house()
    run.wait_for("Ctrl-C stops everything.")
    assert f"Chalkstream is ready: http://localhost:{run.port}/" in run.text()
    assert re.search(r"mia +\S+ +student", run.text())
    assert readiness("127.0.0.1", run.port)["ok"] is True
    assert "Traceback" not in run.text()
    assert "\x1b" not in run.text()

    second = house()
    assert second.process.wait(30) == 1
    assert f"already runs on {tmp_path / 'd'} (process {run.process.pid})" in second.text()
    third = house(data=tmp_path / "other", PORT=str(run.port))
    assert third.process.wait(30) == 1
    assert f"Port {run.port} is taken" in third.text()
    assert "Traceback" not in second.text() + third.text()

    os.kill(run.one("classroom.server"), signal.SIGKILL)
    run.wait_for("was ended by signal SIGKILL: it starts again")
    wait_until(lambda: readiness("127.0.0.1", run.port).get("ok"), "it serves")
    os.kill(run.one("valkey-server"), signal.SIGKILL)
    run.wait_for("redis was ended by signal SIGKILL")
    wait_until(lambda: readiness("127.0.0.1", run.port).get("ok"), "it is whole again", timeout_s=FAST_S)

    started = run.pids()
    assert len(started) >= 7
    run.process.send_signal(signal.SIGINT)
    assert run.process.wait(30) == 0
    assert not [args for pid, args in started.items() if alive(pid)]


@pytest.mark.stack
def test_a_killed_supervisor_leaves_nothing_and_can_start_again(house: Callable[..., Run]) -> None:
    run = house(DEMO="0")
    run.wait_for("Chalkstream is ready")
    started = run.pids()
    run.process.kill()
    run.process.wait()
    wait_until(lambda: not any(map(alive, started)), "all have ended", timeout_s=GRACE_S + 20)
    again = house(DEMO="0")
    again.wait_for(f"http://localhost:{again.port}/")


@pytest.mark.stack
def test_a_model_that_cannot_be_loaded_is_told_and_the_class_goes_on(house: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    run = house(DEMO="0", INFERENCE_ENGINE="batching", TUTOR_MODEL=str(tmp_path / "model"))
    run.wait_for("The tutor is unavailable: see the lines of `inference` above")
    assert f"Chalkstream is ready: http://localhost:{run.port}/" in run.text()
    assert str(tmp_path / "model") in run.text()  # the worker says which file or folder
    assert readiness("127.0.0.1", run.port)["parts"]["model"] == {"ok": False, "state": "broken"}


@pytest.mark.stack
def test_the_web_alone_as_in_a_container(house: Callable[..., Run], tmp_path: Path) -> None:
    """Redis and the database are elsewhere: it takes no lock, prepares nothing, and serves."""
    run = house("--only", "web", WEB_PROCESSES="3", REDIS_URL="redis://127.0.0.1:1/0")
    run.wait_for("pages are served at")
    assert sum("classroom.server" in args for args in run.pids().values()) == 3
    assert not (tmp_path / "d" / "supervisor.lock").exists()
    assert readiness("127.0.0.1", run.port)["parts"]["redis"] == {"ok": False, "state": "unreachable"}
    run.process.terminate()
    assert run.process.wait(30) == 0


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"PORT": "seventy"}, "A setting cannot be used. PORT: "),
        ({"INFERENCE_ENGINE": "magic"}, "INFERENCE_ENGINE: "),
        ({"BIND": "192.0.2.1"}, "Set BIND to an address of this machine"),
        ({"DATA_DIR": "/dev/null/data"}, "Set DATA_DIR to a folder of yours"),
    ],
)
def test_what_is_wrong_is_one_sentence(house: Callable[..., Run], settings: dict[str, str], sentence: str) -> None:
    run = house(**settings)
    assert run.process.wait(30) == 1
    assert sentence in run.text()
    assert "Traceback" not in run.text()


def test_a_folder_too_deep_for_a_socket_is_one_sentence(house: Callable[..., Run], tmp_path: Path) -> None:
    run = house(data=tmp_path / ("x" * 120))
    assert run.process.wait(30) == 1
    assert "too long for a socket's name" in run.text()


@pytest.mark.stack
def test_a_database_that_is_away_is_one_sentence(house: Callable[..., Run]) -> None:
    run = house(DATABASE_URL=f"postgres://chalk@127.0.0.1:{free_port()}/chalk")
    assert run.process.wait(60) == 1
    assert "The database cannot be prepared" in run.text()
    assert "Connection refused" in run.text()
    assert "Traceback" not in run.text()


def test_a_reader_that_goes_away_is_no_crash(tmp_path: Path) -> None:
    """``make run | head -1``."""
    environment = {
        **os.environ,
        "DATA_DIR": str(tmp_path),
        "PORT": str(free_port()),
        "REDIS_URL": "redis://127.0.0.1:1",
    }
    run = subprocess.Popen(
        [sys.executable, "-m", "classroom.supervisor", "--only", "web"],
        cwd=BASE_DIR,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert run.stdout is not None
    assert run.stderr is not None
    run.stdout.close()
    with run.stderr:
        told = run.stderr.read().decode()
    assert run.wait(60) == 1
    assert "Traceback" not in told


def test_web_processes_are_numbered_and_share_one_socket() -> None:
    assert names(WEB, 3) == ["web1", "web2", "web3"]
    assert [name for process in PROCESSES[1:] for name in names(process, 3)] == ["scribe", "inference", "class"]
    with listen("127.0.0.1", 0) as listener:
        assert WEB.argv(fd=listener.fileno())[-2:] == ["--fd", str(listener.fileno())]


def test_the_accounts_are_the_last_json_line() -> None:
    lines = ["sowing", '{"a": 1}', "{broken", '{"users": []}', "done"]
    assert json_last(lines) == {"users": []}
    assert json_last(["nothing"]) == {}
