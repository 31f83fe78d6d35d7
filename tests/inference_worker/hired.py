"""The real Celery worker as a process, and what the tests of it do again and again."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from celery import Celery

from classroom.supervisor.keeper import Keeper
from classroom.supervisor.processes import INFERENCE
from inference_worker.celery_app import broker_url
from inference_worker.job import QUEUE, TICKET, WORKER, Job, Sampling, WorkerState
from tests.inference_worker.line import Row, SmallScribe, client_make, job_put
from tests.services import Service, Valkey, wait_until


class Worker(Service):
    """The command of the table of processes. Up with its first heartbeat."""

    def __init__(self, folder: Path, server: Valkey, keeper: Keeper, **settings: str) -> None:
        super().__init__(folder, f"worker-{time.monotonic_ns()}", keeper)
        self.server = server
        self.environment = {
            "REDIS_URL": server.url,
            "DATA_DIR": str(folder),
            "INFERENCE_ENGINE": "scripted",
            **settings,
        }
        self.client = client_make(server.url)

    def argv(self) -> list[str]:
        return INFERENCE.argv()

    def options(self) -> dict[str, Any]:
        return {}

    def start(self) -> Any:
        before = dict(os.environ)
        os.environ.update(self.environment)
        try:
            return super().start()
        finally:
            os.environ.clear()
            os.environ.update(before)

    def answers(self) -> bool:
        return self.state() is not None

    def settled(self) -> Any:
        """Ready or broken: a busy machine may take a minute to import torch."""
        wait_until(lambda: (told := self.state()) and told.state != "loading", "it has loaded", timeout_s=120)
        return self

    def state(self) -> WorkerState | None:
        """The heartbeat of this very process."""
        assert self.child is not None
        for name in self.client.scan_iter(match=WORKER.format(name="*")):
            if name.endswith(f":{self.child.pid}") and (text := self.client.get(name)):
                return WorkerState.from_json(text)
        return None

    def ticket(self, count: int = 1) -> None:
        with Celery(broker=broker_url(self.server.url)) as app:
            app.conf.task_serializer = "json"
            for _ in range(count):
                app.send_task(TICKET, queue=QUEUE, ignore_result=True)


Hire = Callable[..., Worker]  # what the fixture ``hire`` gives


def ask(worker: Worker, text: str, answer: str = "a", *, attempt: int = 1, prefix: str = "") -> None:
    asked = Job(answer, attempt, ({"role": "user", "content": text},), Sampling(max_tokens=4_000), prefix)
    job_put(worker.client, asked)
    worker.ticket()


def ended(scribe: SmallScribe, answer: str = "a") -> Row:
    wait_until(lambda: scribe.row(answer).done, f"{answer} has ended")
    assert scribe.row(answer).whole
    return scribe.row(answer)


def gone(worker: Worker, timeout_s: float) -> None:
    """The process and all that it started have ended."""
    assert worker.child is not None
    group = worker.child.pid
    assert worker.child.wait(timeout_s) is not None, worker.log.read_text()[-2000:]
    left = [p.pid for p in psutil.process_iter() if p.status() != psutil.STATUS_ZOMBIE and group_of(p.pid) == group]
    assert not left


def group_of(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0
