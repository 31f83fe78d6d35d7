"""Whether this worker's model can be used: whether it has loaded, and whether it still answers.

A model that was ready can break for good: behind a fault of its device all that a process asks of it fails, and every
question would end with an error while the heartbeat says "ready". So when a few runs in a row have ended with errors and
none well, the engine is asked for one token. Can it not give that, then the worker is broken, as if the model had not
loaded: its tickets go to others, and rooms are told. It is asked again now and then, for a model server comes back; not
only when a question comes, since nobody can ask where there is no tutor.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Literal

from inference_worker.engines.base import Chunk, Engine, Finish, Request
from inference_worker.engines.errors import ModelError, blamed
from inference_worker.job import FinishReason, Sampling
from inference_worker.transcript import storable

log = logging.getLogger(__name__)
FAILURES = 3  # in a row, until the engine itself is looked at
ANSWER_S = 30.0  # so long it may take for a token, when others are being answered
AGAIN_S = 10.0  # between two looks at a broken one
MEND_S = 10.0  # and so often somebody looks, without being asked
SILENT = "it says nothing"
ONE_TOKEN = Request("still-there", ({"role": "user", "content": "Hi"},), Sampling(max_tokens=1, temperature=0))


class Condition:
    """``changed`` is called when ``state`` is another one. Any thread may call."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self.state: Literal["loading", "ready", "broken"] = "loading"
        self.reason = ""
        self._failures = 0
        self._failure = ""
        self._looking = threading.Lock()
        self._looked_at = float("-inf")

    def ready(self) -> None:
        self._failures = 0
        self._be("ready", "")

    def broken(self, reason: str) -> None:
        log.error("the model cannot be used: %s", reason)
        self._be("broken", storable(reason))

    def note(self, reason: FinishReason, message: str = "") -> None:
        """A run has ended so. Whose fault an error was, nobody knows yet."""
        if reason in ("stop", "length"):
            self._failures = 0
        elif reason == "error":
            self._failures += 1
            self._failure = message

    def look(self, engine: Engine) -> None:
        """Ask the engine, if there is a doubt and nobody asks just now. Waits for its answer."""
        if not (self._failures >= FAILURES or self.state == "broken") or not self._looking.acquire(blocking=False):
            return
        try:
            if time.monotonic() - self._looked_at < AGAIN_S:
                return
            fault = _fault(engine)
            self._looked_at = time.monotonic()
            if not fault or (fault == SILENT and self._failures < FAILURES):  # somebody was answered meanwhile
                self.ready()
            elif self.state != "broken":
                failed = f"{self._failures} answers in a row have failed, the last one so: {self._failure}"
                self.broken(f"{engine.model} answers no more: {fault}. {failed}")
        finally:
            self._looking.release()

    def mend(self, look: Callable[[], object], leaving: threading.Event) -> None:
        """Until the worker leaves: ``look`` now and then, as long as the model is broken."""
        while not leaving.wait(MEND_S):
            if self.state == "broken":
                look()

    def _be(self, state: Literal["ready", "broken"], reason: str) -> None:
        is_new = self.state != state
        self.state, self.reason = state, reason
        if is_new:
            self._changed()


def _fault(engine: Engine) -> str:
    """What is wrong with it; empty when it gives a token, or leaves with its worker."""
    before, end = engine.stats().tokens, time.monotonic() + ANSWER_S
    try:
        with blamed(engine.model):
            handle = engine.submit(ONE_TOKEN)
            event = handle.poll(ANSWER_S)
            while isinstance(event, Chunk):
                event = handle.poll(max(0.0, end - time.monotonic()))
    except ModelError as error:
        return str(error)
    if isinstance(event, Finish):
        return (event.message or "it fails") if event.reason == "error" else ""
    handle.cancel()
    return SILENT if engine.stats().tokens == before else ""
