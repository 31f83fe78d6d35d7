"""One request to a model server over all its connections: what was said, what was counted, how each one ends."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field

from inference_worker.engines.base import Handle
from inference_worker.engines.errors import RequestError
from inference_worker.engines.event_stream import Deltas, EventStream, in_thought
from inference_worker.engines.loops import looping
from inference_worker.engines.stops import StopStrings
from inference_worker.engines.text_seam import TextSeam
from inference_worker.job import FinishReason

log = logging.getLogger(__name__)
BYTES_A_TOKEN = 4
BROKE_OFF = "The model server broke off in the middle of its answer."
FAILED = "The model server failed in the middle of its answer."
FILTERED = "The model server's filter has cut this answer off."
CALLED = "The model wanted to use a tool that the model server keeps from us."
ENDS = frozenset({"stop", "length", "eos_token", "stop_sequence"})  # the last two: TGI's own words for the first
UNFINISHED = {"abort": BROKE_OFF, "content_filter": FILTERED, "tool_calls": CALLED, "function_call": CALLED}


class Rewritten(Exception):
    """Behind a prefix that was taken back by two words, the model has written other words."""


@dataclass(slots=True, eq=False)
class Run:
    """One request over all its connections. ``text``: behind the request's prefix; ``count``: tokens of both."""

    handle: Handle
    wake: asyncio.Event
    stops: StopStrings
    count: int
    text: str = ""
    pieces: tuple[str, ...] = ()  # the last ones, as many as the loop guard looks at
    made: int = 0
    prompt_tokens: int = 0
    rewritten: bool = False
    running: bool = False

    @property
    def wanted(self) -> bool:
        """Whether the caller wants more text now."""
        return self.handle.due() is None and self.handle.paused_at is None and not self.handle.over

    @property
    def looped(self) -> bool:
        return looping(self.pieces, self.handle.request.sampling.loop_tokens)

    def emit(self, text: str) -> None:
        self.text += text
        if window := self.handle.request.sampling.loop_tokens:
            self.pieces = (*self.pieces, text)[-window:]
        self.handle.emit(self.stops.push(text))


@dataclass(slots=True)
class Connection:
    """``before``: tokens of the text that the server is given; it counts its own from there. ``parts``: see Deltas."""

    run: Run
    seam: TextSeam
    parts: bool = False
    events: EventStream = field(default_factory=EventStream)
    deltas: Deltas = field(init=False)
    before: int = field(init=False)
    pieces: int = 0

    def __post_init__(self) -> None:
        self.deltas = Deltas(open_thought=in_thought(self.seam.kept), parts=self.parts)
        self.before = max(0, self.run.count - tokens_in(self.seam.again)) if self.seam.kept else 0

    def take(self, data: bytes) -> bool:
        """False: enough has come. Raises BrokenStream and Rewritten."""
        run = self.run
        for chunk in self.events.push(data):
            text = self.deltas.push(chunk)
            if not run.wanted:
                return False
            if text:
                self._say(text)
            if run.stops.hit or run.looped:
                return False
        return not self.events.done

    def _say(self, text: str) -> None:
        self.pieces += 1
        self.run.made += 1
        new = self.seam.push(text)
        if new is None:
            raise Rewritten
        if self.seam.closed:
            self.run.count = max(self.run.count, self.before + self.pieces)
        if new:
            self.run.emit(new)

    def end(self) -> FinishReason | None:
        """Why the answer ends; None: the caller wants something else first. Raises RequestError and Rewritten."""
        run, deltas = self.run, self.deltas
        if run.stops.hit or run.looped:
            return "stop"
        if not run.wanted:
            return None
        if deltas.error is not None:
            log.warning("request %s: the server says: %s", run.handle.request.id, deltas.error[:300])
            raise RequestError(FAILED)
        if deltas.reason is None and not self.events.done:
            raise RequestError(BROKE_OFF)
        if deltas.reason is not None and deltas.reason not in ENDS:
            log.warning("request %s: the server ended with %.100r", run.handle.request.id, deltas.reason)
            raise RequestError(UNFINISHED.get(deltas.reason, FAILED))
        if not self.seam.closed:
            raise Rewritten
        run.prompt_tokens = run.prompt_tokens or deltas.prompt_tokens
        if deltas.tokens is not None:
            run.count = self.before + deltas.tokens
        return "length" if deltas.reason == "length" else "stop"


def tokens_in(text: str) -> int:
    """About."""
    return -(-len(text.encode(errors="replace")) // BYTES_A_TOKEN)
