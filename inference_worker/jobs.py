"""Taking work: a ticket pops the next job, once for each (answer, attempt)."""

from __future__ import annotations

from typing import Any

from inference_worker.job import JOB, JOB_TTL_S, JOBS, PREFIX, STOP, Job

TAKEN = PREFIX + "taken:{answer}:{attempt}"


def job_pop(client: Any, worker: str) -> Job | None:
    """The oldest job that nobody has taken, or None. Raises redis.RedisError.

    ``client`` decodes its replies. A job whose JSON is gone (Redis lost it) is skipped: the reaper rings again.
    """
    while (key := client.rpop(JOBS)) is not None:
        answer, _, attempt = key.partition(":")
        text = client.getdel(JOB.format(answer=answer, attempt=attempt))
        if text and client.set(TAKEN.format(answer=answer, attempt=attempt), worker, nx=True, ex=JOB_TTL_S):
            return Job.from_json(text)
    return None


def job_stopped(client: Any, answer: str) -> bool:
    """Whether people stopped this answer before it began."""
    return bool(client.exists(STOP.format(answer=answer)))
