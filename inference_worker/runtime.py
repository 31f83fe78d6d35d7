"""Everything that lives as long as the worker: the engine, the publisher, the listener, the heartbeat, the runs."""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import redis

from inference_worker.condition import Condition
from inference_worker.connections import redis_make
from inference_worker.control import Listener
from inference_worker.engines import engine_make
from inference_worker.engines.base import Engine, EngineOptions
from inference_worker.engines.errors import ModelError, Unreached, blamed
from inference_worker.heartbeat import Heartbeat, other_has_hope
from inference_worker.job import Control, Job, Persisted, WorkerState
from inference_worker.jobs import Elsewhere, Jobs, Taken
from inference_worker.places import Places
from inference_worker.presets import card_for
from inference_worker.publisher import Publisher
from inference_worker.pump import Pump
from inference_worker.runs import Run

log = logging.getLogger(__name__)
WAIT_S = 0.2
RETURN_S = 0.5  # keeps a ticket that nobody here may serve from going round in circles
START = secrets.token_hex(4)  # this process's own
DRAIN_S = 2.0
FLUSH_S = 1.0
FAILED = "The tutor had an accident while it answered."
UNUSABLE = "The tutor's model cannot be used."  # why not, who runs the machine reads in heartbeat and log


class TicketReturned(Exception):
    """This worker cannot serve the ticket, another one should."""


@dataclass(frozen=True, slots=True)
class RuntimeOptions:
    """``worker``: the name in heartbeats, unique among running workers. ``max_tokens``: the longest answer."""

    worker: str
    redis_url: str
    engine: str
    model: EngineOptions
    max_tokens: int = 512


class Runtime:
    """``open`` once, ``slot`` → ``take`` → ``run`` for every ticket, ``drain`` and ``close`` at the end."""

    def __init__(self, options: RuntimeOptions) -> None:
        self._options = options
        self._engine: Engine | None = None
        self._unreached = False
        self._runs: dict[str, Run] = {}
        self._lock = threading.Lock()
        self._draining = threading.Event()
        self._redis = redis_make(options.redis_url)
        self._jobs = Jobs(self._redis)
        self._places = Places(self._jobs, self._all)
        self._publisher = Publisher(redis_make(options.redis_url))
        self._pump = Pump()
        self._heartbeat = Heartbeat(redis_make(options.redis_url), self.state)
        self._condition = Condition(self._heartbeat.beat)
        self._listener = Listener(
            redis_make(options.redis_url),
            on_control=self._on_control,
            on_persisted=self._on_persisted,
            on_connect=self._on_connect,
        )

    # ---- life

    def open(self) -> None:
        """Load the model; the worker takes tickets only afterwards. A broken model is a state, not an error."""
        self._heartbeat.start()
        self._publisher.start()
        self._pump.start()
        self._listener.start()
        self._load()
        mend = (self._look, self._draining)
        threading.Thread(target=self._condition.mend, args=mend, name="condition", daemon=True).start()

    def _load(self) -> None:
        started, options = time.monotonic(), self._options
        log.info("engine %s loads the model %s", options.engine, options.model.model)
        try:
            with blamed(options.model.model):
                engine = engine_make(options.engine, options.model)
                self._places.open(engine.slots, takes_turns=engine.takes_turns)
                engine.start(log.info)
        except ModelError as error:
            self._unreached = isinstance(error, Unreached)
            self._condition.broken(str(error))
        else:
            self._engine = engine
            self._condition.ready()
            log.info("ready after %.1f s: %s, %s at a time", time.monotonic() - started, engine.model, engine.slots)

    def _look(self) -> None:
        if self._engine is not None:
            self._condition.look(self._engine)
        elif self._unreached:
            self._load()

    def drain(self) -> None:
        """Stop taking jobs and let go of the running ones: another worker goes on with them. From any thread."""
        self._draining.set()
        for run in self._all():
            run.abandon()
        if self._engine is not None:
            self._engine.drain(DRAIN_S)

    def close(self) -> None:
        self.drain()
        self._pump.stop(FLUSH_S)
        self._publisher.stop(FLUSH_S)
        self._listener.stop(FLUSH_S)
        self._heartbeat.stop(FLUSH_S)

    def state(self) -> WorkerState:
        options = self._options
        model = self._engine.model if self._engine is not None else options.model.model
        context = int(getattr(self._engine, "context", 0))  # a remote model keeps it to itself
        card, running = card_for(model), self._publisher.running()
        figures = asdict(self._engine.stats()) if self._engine is not None else {}
        told = (options.worker, self._condition.state, options.engine, model, self._condition.reason)
        now = time.monotonic()
        waiting = tuple(run.key for run in self._all() if run.excused(now))
        return WorkerState(*told, running, context, figures, card.tools, waiting)

    @property
    def tickets(self) -> int:
        """How many to hold at once."""
        return self._places.tickets

    # ---- one ticket

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Wait until the engine can be given one more.

        Raises TicketReturned when the worker leaves, or is broken while another is ready or loads its model.
        """
        while not self._places.enter(WAIT_S):
            if self._draining.is_set():
                raise TicketReturned
        try:
            if self._draining.is_set():
                raise TicketReturned
            if self._engine is not None:
                self._condition.look(self._engine)
            if self._condition.state == "broken" and other_has_hope(self._redis, self._options.worker):
                self._draining.wait(RETURN_S)
                raise TicketReturned
            yield
        finally:
            self._places.leave()

    def take(self, ring: Callable[[str], None]) -> Taken | None:
        """The next job, if there is one. ``ring`` sends a ticket to the worker of that name, who should have it first.

        Raises redis.RedisError, or TicketReturned when this worker leaves meanwhile.
        """
        rung: set[str] = set()
        while not self._draining.is_set():
            try:
                return self._jobs.take(self._options.worker, self._info())
            except Elsewhere as other:
                if other.home not in rung:
                    ring(other.home)
                    rung.add(other.home)
                self._draining.wait(WAIT_S)
        raise TicketReturned

    def run(self, taken: Taken) -> None:
        """Answer it: to the end, whatever that is. Its class and room get back what it did not use."""
        job = taken.job or Job(taken.answer, taken.attempt, ())
        run = Run(job, self._publisher, self._pump, max_tokens=self._options.max_tokens)
        try:
            if self._publisher.open(job, self._info()):
                self._answer(run, taken)
            else:
                log.warning("answer %s attempt %s came again, and is in hand", taken.answer, taken.attempt)
        finally:
            self._settle(taken, run)

    def _answer(self, run: Run, taken: Taken) -> None:
        job = run.job
        # The trace is that of the question: it leads from the browser's frame to here and on to the scribe's line.
        about = {"answer": taken.answer, "attempt": taken.attempt, "trace": job.trace}
        log.info("answer_taken", extra=about)
        with self._lock:
            self._runs[run.key] = run
        try:
            if taken.stopped or self._said_before(run):
                self._publisher.end(run.key, "cancelled", {})
            elif taken.job is None:
                log.error("answer %s attempt %s: the job is unreadable: %s", taken.answer, taken.attempt, taken.fault)
                self._publisher.end(run.key, "error", {"message": FAILED})
            elif self._engine is None or self._condition.state == "broken":
                self._publisher.end(run.key, "error", {"message": UNUSABLE, "unavailable": True})
            else:
                self._serve(run, self._engine, taken)
        finally:
            with self._lock:
                self._runs.pop(run.key, None)

    def fail(self, taken: Taken) -> None:
        """After an accident: the attempt ends with an error, if it has not ended."""
        self._condition.note("error", FAILED)
        self._publisher.end(f"{taken.answer}:{taken.attempt}", "error", {"message": FAILED})

    def _serve(self, run: Run, engine: Engine, taken: Taken) -> None:
        if self._draining.is_set():
            run.abandon()
        finish = run.serve(engine)
        self._condition.note(finish.reason, finish.message)
        about = {"answer": taken.answer, "attempt": taken.attempt, "trace": run.job.trace}
        log.info("answer_written", extra={**about, "reason": finish.reason, "tokens": finish.completion_tokens})
        if finish.reason == "preempted" and not self._draining.is_set():
            self._publisher.drop(run.key)  # ours no more: the reaper hands it on, when it is to go on

    def _settle(self, taken: Taken, run: Run) -> None:
        try:
            self._jobs.settle(taken, prompt_tokens=run.prompt_tokens, completion_tokens=run.made_tokens)
        except redis.RedisError as error:
            log.warning("the class keeps what was reserved for answer %s: %s", taken.answer, error)

    def _all(self) -> list[Run]:
        with self._lock:
            return list(self._runs.values())

    def _info(self) -> dict[str, Any]:
        state = self.state()
        return {"model": state.model, "engine": state.engine, "worker": state.name}

    def _said_before(self, run: Run) -> bool:
        """Whether it was stopped. That, or a pause, may have been said before the run could be found by its id."""
        try:
            stopped, paused = self._jobs.said(run.job.answer)
        except redis.RedisError:
            return False  # the listener looks again when Redis is back
        if paused:
            run.pause(on=True, is_old=True)
        return stopped

    # ---- from the listener's thread

    def _on_control(self, control: Control) -> None:
        if control.verb == "resume":
            self._publisher.rewind_to(control.answer, control.raw_length)
        for run in self._runs_of(control):
            if control.verb == "stop":
                run.cancel()
            else:
                run.pause(on=control.verb == "pause")

    def _runs_of(self, control: Control) -> list[Run]:
        runs = [run for run in self._all() if run.job.answer == control.answer]
        return [run for run in runs if control.attempt in (0, run.job.attempt)]

    def _on_persisted(self, word: Persisted) -> None:
        self._publisher.confirm(word)
        if word.done:
            with self._lock:
                run = self._runs.get(f"{word.answer}:{word.attempt}")
            if run is not None:
                run.cancel()  # stopped, handed on or closed meanwhile: nobody waits for more

    def _on_connect(self) -> None:
        self._publisher.rewind()
        for run in self._all():
            stopped, paused = self._jobs.said(run.job.answer)
            if stopped:
                run.cancel()
            run.pause(on=paused)


class Holder:
    """The one runtime of this process, from ``worker_init`` on."""

    runtime: Runtime | None = None


def worker_name(hostname: str) -> str:
    """A restarted worker is another worker: it has none of the old one's jobs. In a container its number is the same."""
    return f"{hostname}:{START}:{os.getpid()}"
