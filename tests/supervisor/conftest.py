"""Processes that tests of the supervisor start and look for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from classroom.supervisor.child import BASE_DIR
from classroom.supervisor.keeper import Keeper
from tests.services import wait_until


def alive(pid: int) -> bool:
    """Whether this process exists and is not merely waiting for its parent to look."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self").exists():
        try:
            return stat.read_text().rpartition(")")[2].split()[0] != "Z"
        except OSError:
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def pid_in(path: Path) -> int:
    """The pid that a shell wrote with ``echo $$ > path``, once it has."""
    text = wait_until(lambda: path.exists() and path.read_text().strip(), f"a pid in {path.name}")
    return int(text)


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    made = Keeper()
    yield made
    made.close()


class Show:
    """A running ``tests.supervisor.shows``."""

    def __init__(self, words: list[str], log: Path) -> None:
        self._log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.supervisor.shows", *words],
                cwd=BASE_DIR,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def text(self) -> str:
        return self._log.read_text()

    def wait_for(self, words: str) -> None:
        wait_until(lambda: words in self.text(), f"{words!r} in:\n{self.text()}")

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)


@pytest.fixture
def show(tmp_path: Path) -> Iterator[Callable[..., Show]]:
    started: list[Show] = []

    def start(*words: str) -> Show:
        started.append(Show(list(words), tmp_path / f"show{len(started)}.log"))
        return started[-1]

    yield start
    for one in started:
        with suppress(ProcessLookupError):
            one.process.kill()
        one.process.wait()
