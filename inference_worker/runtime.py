"""One worker process: an engine, the publisher, the control listener and the heartbeat, and how a job runs through them."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, Literal

import redis

from inference_worker.control import ControlListener
from inference_worker.engines.base import Chunk, Engine, EngineError, Finish, Handle, Request, Started
from inference_worker.job import HEARTBEAT_S, WORKER, WORKER_TTL_S, Control, Job, WorkerState
from inference_worker.jobs import job_pop, job_stopped
from inference_worker.publisher import Publisher

log = logging.getLogger(__name__)


class Runtime:
    """``make_engine`` is called on a thread of its own: loading a model must not keep the worker from saying so."""

    def __init__(
        self, connect: Callable[[], Any], make_engine: Callable[[], Engine], *, engine: str, model: str
    ) -> None:
        self.name = f"{socket.gethostname()}-{os.getpid()}"
        self._connect, self._make_engine = connect, make_engine
        self._engine_name, self._model = engine, model
        self._engine: Engine | None = None
        self._state: Literal["loading", "ready", "broken"] = "loading"
        self._reason = ""
        self._loaded = threading.Event()
        self._draining = threading.Event()
        self._handles: dict[str, Handle] = {}
        self._lock = threading.Lock()
        self.publisher = Publisher(connect)
        self._control = ControlListener(
            connect, on_control=self._controlled, on_persisted=self.publisher.persisted, on_connect=self._connected
        )

    def start(self) -> None:
        self.publisher.start()
        self._control.start()
        for work in (self._load, self._heartbeat):
            threading.Thread(target=work, name=work.__name__.strip("_"), daemon=True).start()

    def drain(self) -> None:
        """Before the process ends: running answers are given up without an end; another worker goes on from the log."""
        self._draining.set()
        self._loaded.set()
        if self._engine is not None:
            self._engine.drain("preempted")

    def close(self) -> None:
        """Send what is there, and say at once that this worker is gone."""
        self.publisher.stop()
        self._control.stop()
        try:
            self._connect().delete(WORKER.format(name=self.name))
        except redis.RedisError as error:
            log.warning("heartbeat left to expire: %s", error)

    # ---- jobs

    def ticket_serve(self) -> str | None:
        """Pop one job and run it to its end; gives back its answer id, or None without work. Raises redis.RedisError."""
        self._loaded.wait()
        if self._draining.is_set():
            return None
        client = self._connect()
        job = job_pop(client, self.name)
        if job is None:
            return None
        key = self.publisher.open(job.answer, job.attempt, job.prefix)
        if self._engine is None:
            self.publisher.done(key, "error", {"message": self._reason})
        elif job_stopped(client, job.answer):
            self.publisher.done(key, "cancelled", {})
        else:
            self._run(self._engine, job, key)
        return job.answer

    def _run(self, engine: Engine, job: Job, key: str) -> None:
        log.info("answer %s attempt %s begins, trace %s", job.answer, job.attempt, job.trace)
        begun = time.monotonic()
        handle = engine.submit(
            Request(key, job.messages, job.sampling, job.prefix, job.deadline_s, job.room_key, job.class_key)
        )
        with self._lock:
            self._handles[job.answer] = handle
        first: float | None = None
        for step in handle.events():
            if isinstance(step, Started):
                info = {"model": engine.model, "engine": engine.name, "worker": self.name}
                self.publisher.started(key, {**info, "prompt_tokens": step.prompt_tokens})
            elif isinstance(step, Chunk):
                first = first or time.monotonic()
                self.publisher.text(key, step.text)
            else:
                self._finish(job, key, step, (begun, first))
        with self._lock:
            self._handles.pop(job.answer, None)

    def _finish(self, job: Job, key: str, finish: Finish, times: tuple[float, float | None]) -> None:
        begun, first = times
        log.info("answer %s attempt %s ends: %s %s", job.answer, job.attempt, finish.reason, finish.message)
        if finish.reason == "preempted":
            self.publisher.forget(key)
            return
        info = {
            "completion_tokens": finish.completion_tokens,
            "first_token_ms": None if first is None else round((first - begun) * 1000),
            "total_ms": round((time.monotonic() - begun) * 1000),
            "message": finish.message,
        }
        self.publisher.done(key, finish.reason, info)

    # ---- threads

    def _load(self) -> None:
        try:
            engine = self._make_engine()
            engine.load()
            self._engine, self._model, self._state = engine, engine.model, "ready"
            log.info("model %s is ready (%s)", engine.model, engine.name)
        except (EngineError, ValueError) as error:
            self._state, self._reason = "broken", str(error)
            log.error("the model cannot be used: %s", error)
        finally:
            self._loaded.set()

    def _heartbeat(self) -> None:
        while not self._draining.wait(HEARTBEAT_S):
            state = WorkerState(
                self.name, self._state, self._engine_name, self._model, self._reason, self.publisher.running()
            )
            try:
                self._connect().set(WORKER.format(name=self.name), state.to_json(), ex=WORKER_TTL_S)
            except redis.RedisError as error:
                log.warning("heartbeat waits for Redis: %s", error)

    def _controlled(self, control: Control) -> None:
        with self._lock:
            handle = self._handles.get(control.answer)
        if handle is not None:
            handle.cancel()

    def _connected(self, client: Any) -> None:
        """After Redis was away: stops and confirmations may have passed unheard."""
        with self._lock:
            handles = list(self._handles.items())
        for answer, handle in handles:
            if job_stopped(client, answer):
                handle.cancel()
        self.publisher.resend()
