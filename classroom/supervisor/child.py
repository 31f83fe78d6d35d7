"""One child process in a group of its own, known to the keeper from its first moment to its last."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

from classroom.supervisor.keeper import Keeper, group_signal, noting

BASE_DIR = Path(__file__).resolve().parent.parent.parent


class Child:
    """A started process. ``output`` is a file for both its streams, or None for a pipe (``pipe``)."""

    def __init__(
        self,
        argv: list[str],
        keeper: Keeper,
        *,
        environment: Mapping[str, str],
        output: IO[Any] | None = None,
        fds: Iterable[int] = (),
        cwd: Path = BASE_DIR,
        **options: Any,
    ) -> None:
        self._keeper = keeper
        self._process: subprocess.Popen[bytes] = subprocess.Popen(
            noting(argv),
            stdin=keeper.pipe,
            stdout=subprocess.PIPE if output is None else output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=tuple(fds),
            env=dict(environment),
            cwd=cwd,
            **options,
        )
        self.pid = self._process.pid
        self._over = False
        self.started_at = time.monotonic()

    @property
    def pipe(self) -> IO[bytes] | None:
        return self._process.stdout

    def status(self) -> int | None:
        """None while it runs, else the exit status (negative: the signal that ended it). Clears away its group."""
        status = self._process.poll()
        if status is not None and not self._over:
            self._over = True  # once only: the number may be somebody else's next time
            group_signal(self.pid, signal.SIGKILL)  # what it may have left: a beat, a child of a test
            self._keeper.forget(self.pid)
        return status

    def signal(self, number: int) -> None:
        if self._process.poll() is None:
            group_signal(self.pid, number)

    def terminate(self) -> None:
        """SIGTERM to the process itself: it ends its own children, in its own order."""
        if self._process.poll() is None:
            self._process.terminate()

    def wait(self, timeout_s: float) -> int | None:
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None
        return self.status()


def children_stop(children: Iterable[Child], *, grace_s: float) -> list[Child]:
    """SIGTERM to all at once, SIGKILL after ``grace_s`` seconds; returns those that had to be killed."""
    left = [child for child in children if child.status() is None]
    for child in left:
        child.signal(signal.SIGCONT)  # a stopped process would never see the other one
        child.terminate()
    end = time.monotonic() + grace_s
    for child in left:
        child.wait(max(0.0, end - time.monotonic()))
    killed = [child for child in left if child.status() is None]
    for child in killed:
        child.signal(signal.SIGKILL)
        child.wait(5.0)
    return killed
