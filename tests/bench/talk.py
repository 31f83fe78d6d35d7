"""A child that is asked and answers: one JSON object a line in, one out. The child ends when its standard input does,
so nothing is left over when the bench is killed."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from classroom.supervisor.child import BASE_DIR

ANSWER_S = 120.0
END_S = 10.0


class Unanswered(Exception):
    """The child has ended, did not answer in time, or answered with an error, which is the text."""


class Talk:
    """The asking side. ``module`` is run as ``python -m``; its standard error goes to ``log``."""

    def __init__(
        self,
        module: str,
        *words: str,
        log: Path,
        environment: Mapping[str, str] | None = None,
        fds: Iterable[int] = (),
    ) -> None:
        self._module, self._log = module, log
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=environment,
                pass_fds=tuple(fds),
                cwd=BASE_DIR,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def tell(self, **message: Any) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise Unanswered(self._ended()) from None

    def hear(self, *, timeout_s: float = ANSWER_S) -> dict[str, Any]:
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], timeout_s)
        if not ready:
            raise Unanswered(f"{self._module} did not answer within {timeout_s:.0f} s")
        line = self._process.stdout.readline()
        if not line:
            raise Unanswered(self._ended())
        answer = dict(json.loads(line))
        if "error" in answer:
            raise Unanswered(f"{self._module}: {answer['error']}")
        return answer

    def ask(self, **message: Any) -> dict[str, Any]:
        self.tell(**message)
        return self.hear()

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def _ended(self) -> str:
        return f"{self._module} has ended:\n{self._log.read_text(errors='replace')[-1500:]}"


def answers_only() -> Callable[[dict[str, Any]], None]:
    """For the child: a writer of answers on standard output; whatever else would print there goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(message: dict[str, Any]) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    return answer
