"""One attempt at one answer: from the engine's events through the chunker to the publisher."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from inference_worker.chunker import Chunker
from inference_worker.engines.base import Engine, Event, Finish, Handle, Request
from inference_worker.engines.schedule import Group
from inference_worker.job import BACKGROUND, Job
from inference_worker.presets import card_for, prefix_for, sampling_for
from inference_worker.publisher import Publisher
from inference_worker.pump import Pump

log = logging.getLogger(__name__)
ENGINE_LATE_S = 10.0  # behind its deadline an engine that says nothing is given up
EXCUSED_S = 60.0  # less than the time after which a silent run is taken for stalled (tutor/reaper.py)
ABANDON_S = 1.5  # how long a leaving worker waits for the engine's next token
SILENT = "The model stopped answering."


class Run:
    """Made by a ticket's thread, which waits in ``serve``; ``cancel`` and ``abandon`` may come from any thread."""

    def __init__(self, job: Job, publisher: Publisher, pump: Pump, *, max_tokens: int) -> None:
        self.job = job
        self.key = f"{job.answer}:{job.attempt}"
        self._publisher, self._pump = publisher, pump
        self._chunker = Chunker(calm=self.background)
        self._max_tokens = max_tokens
        self._handle: Handle | None = None
        self._lock = threading.Lock()
        self._cancelled = self._paused = self._told = False
        self._abandoned_at: float | None = None
        self._begun = self._waited_at = time.monotonic()
        self._first: float | None = None
        # What this attempt has used, which the prefix is no part of.
        self.prompt_tokens = self.made_tokens = 0

    def cancel(self) -> None:
        with self._lock:
            self._cancelled = True
            handle = self._handle
        if handle is not None:
            handle.cancel()

    def pause(self, *, on: bool, is_old: bool = False) -> None:
        """Halt at the next token with all that the model has in memory, or go on. ``is_old``: it was said before anybody
        could find this run, and what it was told since is newer."""
        with self._lock:
            if is_old and self._told:
                return
            self._paused, self._told = on, True
            handle = self._handle
        if handle is not None:
            _paused(handle, on=on)

    @property
    def paused(self) -> bool:
        return self._paused

    @property
    def background(self) -> bool:
        """Nobody waits for it."""
        return self.job.class_key == BACKGROUND

    @property
    def group(self) -> Group:
        return self.job.class_key, self.job.room_key

    @property
    def aside(self) -> bool:
        """It has given its place in the engine to another one."""
        handle = self._handle
        return handle is not None and handle.aside

    @property
    def pending(self) -> bool:
        """The engine has not begun with it."""
        handle = self._handle
        return not self._paused and (handle is None or (handle.waits and not handle.aside))

    def excused(self, now: float) -> bool:
        """It waits in the engine, or has waited there until a moment ago: nobody may wonder that no text comes."""
        handle = self._handle
        if handle is None or handle.waits:
            self._waited_at = now
        return now - self._waited_at < EXCUSED_S

    def abandon(self) -> None:
        """The worker leaves: end without a last word, another worker goes on from what the scribe has."""
        with self._lock:
            self._abandoned_at = self._abandoned_at or time.monotonic()
            handle = self._handle
        if handle is not None:
            handle.cancel("preempted")

    def serve(self, engine: Engine) -> Finish:
        """Run to the end and publish ``done``; nothing final if the worker leaves."""
        finish = self._pump.carry(self._submit(engine), self)
        self._count(finish)
        if finish.reason == "preempted":
            log.info("answer %s attempt %s is left to another worker", self.job.answer, self.job.attempt)
            return finish
        self._publisher.end(self.key, finish.reason, self._info(finish))
        log.info(
            "answer %s attempt %s: %s, %s tokens in %.1f s",
            *(self.job.answer, self.job.attempt, finish.reason, finish.completion_tokens),
            time.monotonic() - self._begun,
        )
        return finish

    def _submit(self, engine: Engine) -> Handle:
        job, card = self.job, card_for(engine.model)
        sampling = sampling_for(card, job.preset, job.sampling, most=self._max_tokens)
        first, prefix = prefix_for(card, job.prefix[job.cut :], job.language)
        self._send([first] if first else [])
        handle = engine.submit(
            Request(self.key, job.messages, sampling, prefix, job.deadline_s, job.room_key, job.class_key)
        )
        with self._lock:
            self._handle = handle
            cancelled, abandoned, paused = self._cancelled, self._abandoned_at is not None, self._paused
        if paused:
            _paused(handle, on=True)
        if cancelled or abandoned:
            handle.cancel("cancelled" if cancelled else "preempted")
        return handle

    def _count(self, finish: Finish) -> None:
        """An engine counts the prefix too (E4), and one that was given up counts nothing: then what was heard counts,
        which is a little less than was made, since some tokens have no text of their own."""
        self.prompt_tokens = finish.prompt_tokens
        if not self.job.prefix[self.job.cut :]:
            self.made_tokens = max(self.made_tokens, finish.completion_tokens)

    # ---- the pump's thread

    def hear(self, event: Event | None, now: float) -> Finish | None:
        if isinstance(event, Finish):
            # A text that another attempt continues must not end inside a grapheme.
            if event.reason != "preempted":
                self._send(self._chunker.finish())
            return event
        if event is None:
            self._send(self._chunker.tick(now))
            return self._late(now)
        self._first = self._first or now
        self.made_tokens += event.tokens
        self._send(self._chunker.push(event.text, now))
        return None

    def due(self) -> float | None:
        return self._chunker.due()

    def _late(self, now: float) -> Finish | None:
        if self._abandoned_at is not None and now - self._abandoned_at > ABANDON_S:
            return Finish("preempted")
        handle = self._handle
        if handle is not None and now > handle.deadline + ENGINE_LATE_S:
            handle.cancel()
            return Finish("error", message=SILENT)
        return None

    def _send(self, chunks: list[str]) -> None:
        for chunk in chunks:
            self._publisher.append(self.key, chunk)

    def _info(self, finish: Finish) -> dict[str, Any]:
        info: dict[str, Any] = {
            "prompt_tokens": finish.prompt_tokens,
            "completion_tokens": finish.completion_tokens,
            "first_token_ms": None if self._first is None else round(1000 * (self._first - self._begun)),
            "total_ms": round(1000 * (time.monotonic() - self._begun)),
        }
        return info | ({"message": finish.message} if finish.message else {})


def _paused(handle: Handle, *, on: bool) -> None:
    if on:
        handle.pause()
    else:
        handle.resume()
