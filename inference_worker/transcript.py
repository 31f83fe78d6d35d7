"""What the worker still owes the scribe for one attempt: its whole raw text, and how far it was sent and confirmed.

Pure but for the clock that the caller brings; the publisher holds the lock.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from inference_worker.chunker import pieces
from inference_worker.job import FinishReason, Output, Persisted

CONFIRM_S = 3.0  # a `done` that is not confirmed for so long is sent again, then at twice the time …
CONFIRM_MAX_S = 30.0  # … up to this
HOLE_QUIET_S = 0.5  # one gap is reported once for every batch behind it; we answer once
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(slots=True)
class Transcript:
    """``raw`` begins with the job's prefix: any part of it can be asked for again. Lengths are code points."""

    answer: str
    attempt: int
    raw: str
    started: Mapping[str, Any]
    sent: int = field(init=False)
    persisted: int = field(init=False)
    wait_s: float = CONFIRM_S
    done: Output | None = None
    round: int = 0  # goes up with every rewind, so that a batch on its way cannot undo one
    _done_sent: bool = False
    _heard: bool = False
    _start_again: bool = False
    _again_at: float = 0.0
    _hole: tuple[int, float] = (-1, 0.0)

    def __post_init__(self) -> None:
        self.sent = self.persisted = len(self.raw)

    @property
    def key(self) -> str:
        return f"{self.answer}:{self.attempt}"

    def end(self, reason: FinishReason, info: Mapping[str, Any]) -> None:
        """Nothing can be appended afterwards."""
        clean = {name: storable(value) if isinstance(value, str) else value for name, value in info.items()}
        digest = hashlib.sha256(self.raw.encode()).hexdigest()
        self.done = Output(self.answer, self.attempt, "done", len(self.raw), reason=reason, sha256=digest, info=clean)

    def outputs(self) -> list[Output]:
        """Everything that is due, in order."""
        due = []
        if self._start_again:
            due.append(Output(self.answer, self.attempt, "started", self.persisted, info=dict(self.started)))
        at = self.sent
        for text in pieces(self.raw[self.sent :]):
            due.append(Output(self.answer, self.attempt, "text", at, text))
            at += len(text)
        if self.done is not None and not self._done_sent:
            due.append(self.done)
        return due

    def sent_to(self, last: Output, sent_in: int, now: float) -> None:
        """All of ``outputs()`` up to ``last`` has gone out; it was asked for when ``round`` was ``sent_in``."""
        if sent_in != self.round:
            return
        self._start_again = False
        self.sent = max(self.sent, last.offset + len(last.text))
        if last.kind == "done":
            self._done_sent = True
            self._again_at = now + self.wait_s

    def confirm(self, word: Persisted, now: float) -> None:
        """The scribe's word on this attempt, when it is not ``done``."""
        self._heard = True
        if not word.hole:
            self.persisted = max(self.persisted, word.raw_length)
            return
        at, when = self._hole
        if at == word.raw_length and now - when < HOLE_QUIET_S:
            return
        self._hole = (word.raw_length, now)
        self.persisted = word.raw_length
        self._rewind()

    def rewind_to(self, length: int) -> None:
        """Send again from there: what was sent beyond it was dropped, because nobody wanted it then."""
        self.persisted = min(length, len(self.raw))
        self._rewind()

    def rewind(self) -> None:
        """Send again whatever was not confirmed: Redis may have lost it."""
        self._start_again = not self._heard
        self._rewind()

    def _rewind(self) -> None:
        self.round += 1
        self.sent = min(self.sent, self.persisted)
        self._done_sent = False

    def again_at(self) -> float | None:
        """When to doubt that ``done`` arrived."""
        return self._again_at if self._done_sent else None

    def remind(self, now: float) -> None:
        """Send ``done`` again; if text is missing too, the scribe answers with the hole and gets it."""
        if self.done is None or not self._done_sent or now < self._again_at:
            return
        self.wait_s = min(2 * self.wait_s, CONFIRM_MAX_S)
        if self._heard:
            self._done_sent = False
        else:
            self.rewind()


def storable(text: str) -> str:
    """As long as before, without what no database or no UTF-8 can hold: NUL and halves of surrogate pairs."""
    return _UNSTORABLE.sub("\ufffd", text)
