"""The whole of the worker, tickets to stream, beside its engine alone: the same questions, the same count at once."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from classroom.supervisor.child import Keeper
from inference_worker.job import Job, Sampling
from tests.bench import processor
from tests.bench.inference_work import messages
from tests.inference_worker.hired import Worker
from tests.inference_worker.line import SmallScribe, job_put
from tests.services import Valkey, wait_until

TASKS = 32


def jobs(name: str, first: int, count: int, tokens: int) -> list[Job]:
    sampling = Sampling(max_tokens=tokens, temperature=0.0)
    return [
        Job(f"{name}-{number}", 1, messages(number), sampling, deadline_s=600, room_key=f"room-{number}", class_key="c")
        for number in range(first, first + count)
    ]


def celery_sit(model: str, dtype: str, tokens: int, *, cpu: int, log: Path) -> dict[str, float]:
    """Tokens for each second of CPU of a real worker process that is tied to ``cpu``."""
    folder = Path(tempfile.mkdtemp(prefix="cs-"))  # a socket's name must be short
    here = os.sched_getaffinity(0)
    try:
        with closing(Keeper()) as keeper, Valkey(folder, keeper) as valkey, SmallScribe(valkey.url) as scribe:
            settings = {"INFERENCE_ENGINE": "batching", "TUTOR_MODEL": model, "INFERENCE_SLOTS": str(TASKS)}
            worker: Any = Worker(folder, valkey, keeper, **settings, OMP_NUM_THREADS="1")
            processor.move_to({cpu})
            try:
                worker.start()
            finally:
                processor.move_to(here)
            worker.settled()
            try:
                _all(worker, scribe, jobs("warm", 0, TASKS, tokens))
                cpu_s, begun = processor.cpu_s(worker.child.pid), time.monotonic()
                made = _all(worker, scribe, jobs("task", 1_000, TASKS, tokens))
                cpu_s, wall_s = processor.cpu_s(worker.child.pid) - cpu_s, time.monotonic() - begun
            finally:
                worker.stop()
                shutil.copy(worker.log, log)
        return {"tokens": made, "cpu_s": cpu_s, "wall_s": wall_s, "per_cpu_s": made / cpu_s}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _all(worker: Any, scribe: SmallScribe, asked: list[Job]) -> int:
    """Put them all, ring for each, wait for every end; the tokens that were made."""
    for job in asked:
        job_put(worker.client, job)
    worker.ticket(len(asked))
    for job in asked:
        row = wait_until(lambda answer=job.answer: scribe.row(answer).done, f"{job.answer} has ended", timeout_s=600)
        if row.reason == "error":
            raise RuntimeError(row.info.get("message", "the worker failed"))
    return sum(scribe.row(job.answer).done.info["completion_tokens"] for job in asked)
