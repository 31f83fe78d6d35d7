"""Children that check, killed and replaced when one takes too long: whatever is written, the caller goes on.

The first use of a child waits until it has loaded sympy (START_S at most); a request then has WALL_S.
"""

from __future__ import annotations

import json
import os
import queue
import select
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tutor.checker.verdicts import Verdict, unknown

WALL_S: Final = 2.5  # three seconds with what killing costs
START_S: Final = 30.0
SIZE: Final = 2
REPLY_MAX: Final = 65_536
# Nothing of ours goes along; libraries for vectors compute on one thread.
ENVIRONMENT: Final = {"LANG": "C.UTF-8", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
ROOT: Final = Path(__file__).resolve().parent.parent.parent
TOO_LONG: Final = "This takes too long to work out."
NOT_STARTED: Final = "The checker could not be started."


class ChildError(Exception):
    """A child that ended, or was killed because its time was over."""


class Child:
    """One process of a module of ours that answers lines. Not for two threads at once."""

    def __init__(self, *words: str) -> None:
        self.is_ready = False
        self._kept = b""
        self.process = subprocess.Popen(
            [sys.executable, "-s", "-E", "-m", *(words or ("tutor.checker.child",))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            cwd=ROOT, env=ENVIRONMENT, start_new_session=True,
        )  # fmt: skip

    def ready(self, wait_s: float) -> bool:
        """Whether it has loaded, after at most ``wait_s``; if not, it goes on loading. Raises ChildError if it has ended."""
        try:
            if not self.is_ready:
                self._line(wait_s)
                self.is_ready = True
        except TimeoutError:
            return False
        except OSError as error:
            self.kill()
            raise ChildError(str(error)) from None
        return True

    def ask(self, request: dict[str, Any], wall_s: float = WALL_S) -> dict[str, Any]:
        """The reply to one request. Raises ChildError after ``wall_s``, or if the child has ended; it is then dead."""
        try:
            if not self.is_ready:
                self._line(START_S)
                self.is_ready = True
            assert self.process.stdin is not None
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
            reply: dict[str, Any] = json.loads(self._line(wall_s))
        except (OSError, ValueError) as error:
            self.kill()
            raise ChildError(str(error)) from None
        return reply

    def _line(self, seconds: float) -> bytes:
        """Raises OSError at the end of the output or of the time."""
        assert self.process.stdout is not None
        until = time.monotonic() + seconds
        while b"\n" not in self._kept:
            wait = until - time.monotonic()
            if wait <= 0 or not select.select([self.process.stdout], [], [], wait)[0]:
                raise TimeoutError("its time is over")
            # Past the buffer of the file, in which a line could lie that select does not see.
            part = os.read(self.process.stdout.fileno(), REPLY_MAX)
            if not part or len(self._kept) > REPLY_MAX:
                raise OSError("it has ended")
            self._kept += part
        line, _, self._kept = self._kept.partition(b"\n")
        return line

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


class Pool:
    """At most ``size`` children; callers beyond that wait for one."""

    def __init__(self, size: int = SIZE) -> None:
        self.killed = 0
        self._idle: queue.LifoQueue[Child | None] = queue.LifoQueue()
        for _ in range(size):
            self._idle.put(None)  # started when it is first wanted

    @property
    def needs_start(self) -> bool:
        """Whether the next request would wait for sympy to be loaded. For those who measure."""
        child = self._idle.queue[-1] if self._idle.queue else None
        return child is None or not child.is_ready

    def step_check(self, text: str, before: str | None = None, *, opening: bool = False) -> Verdict:
        return self._ask({"text": text, "before": before, "opening": opening})

    def answer_check(self, text: str, accepted: Sequence[str]) -> Verdict:
        return self._ask({"text": text, "accepted": list(accepted)})

    def compute(self, request: dict[str, Any]) -> dict[str, Any]:
        """A tool's request (with ``do``): its reply, or {error}."""
        found = self._asked(request)
        return {"error": found} if isinstance(found, str) else found

    def _ask(self, request: dict[str, Any]) -> Verdict:
        found = self._asked(request)
        return unknown(found) if isinstance(found, str) else Verdict(**found)

    def _asked(self, request: dict[str, Any]) -> dict[str, Any] | str:
        """The reply, or why there is none."""
        child = self._idle.get()
        try:
            child = child or Child()
            return child.ask(request)
        except ChildError:
            # A new one starts loading at once, for whoever comes next.
            was_ready, self.killed = child is not None and child.is_ready, self.killed + 1
            child = Child()
            return TOO_LONG if was_ready else NOT_STARTED
        finally:
            self._idle.put(child)

    def close(self) -> None:
        """Kill every idle child. Not while somebody asks."""
        for _ in range(self._idle.qsize()):
            child = self._idle.get()
            if child is not None:
                child.kill()
            self._idle.put(None)


_lock = threading.Lock()
_pools: list[Pool] = []


def pool() -> Pool:
    """The process's own pool."""
    with _lock:
        if not _pools:
            _pools.append(Pool())
        return _pools[0]
