"""Rows about whoever writes the answer: E1, E2, E3."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.chaos.house import House
from tests.chaos.round import Round

# The job of a running answer put back into the queue with tickets for everybody; `taken` is forgotten if so asked.
REDELIVER = """
from classroom.rooms.connections import redis_client
from inference_worker.job import JOB, JOB_TTL_S, JOBS, TAKEN
from tutor.dispatch import job_for, ticket_send
from tutor.models import Answer
answer = Answer.objects.get(pk={answer!r})
job, client = job_for(answer), redis_client()
if {forget}:
    client.delete(TAKEN.format(answer=job.answer, attempt=job.attempt))
client.set(JOB.format(answer=job.answer, attempt=job.attempt), job.to_json(), ex=JOB_TTL_S)
client.lpush(JOBS, job.entry)
for _ in range(6):
    ticket_send()
result = None
"""


def sigkill(round: Round) -> None:
    """E1: the worker is killed at a random place of the text and comes back."""
    asker, *_ = round.join(3)
    question = round.ask(asker, words=40)
    round.written(question, round.random.randrange(1, 150))
    round.house.kill("inference")
    killed = time.monotonic()
    round.inject()
    round.rest(0.0, 0.5)
    round.house.start("inference")
    round.resumed(question, killed)


@contextmanager
def two(house: House) -> Iterator[None]:
    """A second worker of the same queue."""
    house.start("inference2")
    house.wait_ready()
    try:
        yield
    finally:
        house.stop("inference2")
        del house.children["inference2"]


def twice(round: Round) -> None:
    """E2: the same job for two workers: tickets again; the mark of its taking lost too; or a worker back from the dead."""
    asker, *_ = round.join(2)
    question = round.ask(asker, words=50, rate=30)
    answer = round.written(question, round.random.randrange(1, 60))
    kind = round.seed % 3
    round.inject()
    if kind < 2:
        round.house.ask(REDELIVER.format(answer=answer, forget=kind == 1))
        round.chat(1.0)
        round.healed()
        return
    holder = "inference" if answer in _running(round, "inference") else "inference2"
    round.house.pause(holder)
    stopped = time.monotonic()
    round.resumed(question, stopped)
    round.house.resume(holder)


def _running(round: Round, name: str) -> str:
    """What that worker's heartbeat says it has in hand."""
    code = (
        "from classroom.rooms.connections import redis_client\nfrom tutor.availability import workers_read\n"
        "result = ' '.join(' '.join(w.running) for w in workers_read(redis_client()) if w.name.endswith(':{pid}'))"
    )
    return str(round.house.ask(code.format(pid=round.house.children[name].pid)))


def poison(round: Round) -> None:
    """E3: the question kills its worker each time; after two attempts it fails, visibly, and the next one is answered."""
    house, (asker, *_) = round.house, round.join(2)
    question = round.ask(asker, words=40, directives=f"die={round.random.randrange(1, 20)}")
    answer = round.answer(question)
    deaths = 0

    def over() -> bool:
        nonlocal deaths
        if not house.running("inference"):
            deaths += 1
            house.start("inference")
        return round.end(question) is not None

    round.until(over, "the poisoned question has its end")
    round.inject(deaths)
    end = round.end(question) or {}
    starts = [frame["data"]["attempt"] for frame in round.seen(asker, "answer.started", answer)]
    round.expect(end["type"] == "answer.failed" and end["data"]["reason"] == "lost", f"it ended as {end['type']}")
    round.expect(end["data"].get("message"), "it says why in words")
    round.expect(starts == [1, 2], f"attempts {starts}")
    round.expect(deaths == 2, f"{deaths} workers died of it")
    house.wait_ready()
    round.healed()
    following = round.ask(asker, words=5)
    round.until(lambda: round.end(following), "the next question is answered")
