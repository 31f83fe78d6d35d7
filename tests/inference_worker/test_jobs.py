"""Jobs are taken from a real server: the oldest first, each once, and never without a ``started`` in the stream."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis

from inference_worker.job import JOB, JOB_TTL_S, JOBS, PAUSE, TAKEN, Job, Sampling
from inference_worker.jobs import Jobs
from tests.inference_worker.line import client_make, job_put, outputs_read, stop_say
from tests.services import Valkey

INFO = {"model": "m", "engine": "e", "worker": "w1"}


def job(answer: str = "a1", attempt: int = 1, prefix: str = "") -> Job:
    asked = ({"role": "user", "content": "What is ½ + ⅓? 好"},)
    return Job(answer, attempt, asked, Sampling(stop=("</s>",)), prefix, trace="t")


def test_no_job_is_none(client: Any) -> None:
    assert Jobs(client).take("w1", INFO) is None
    assert outputs_read(client) == []


def test_a_job_arrives_as_it_was_put(client: Any) -> None:
    job_put(client, job())
    taken = Jobs(client).take("w1", INFO)
    assert taken is not None
    assert (taken.job, taken.answer, taken.attempt, taken.stopped) == (job(), "a1", 1, False)
    assert client.llen(JOBS) == 0


def test_the_oldest_comes_first(client: Any) -> None:
    for name in ("a1", "a2", "a3"):
        job_put(client, job(name))
    order = [Jobs(client).take("w1", INFO) for _ in range(3)]
    assert [taken.answer for taken in order if taken] == ["a1", "a2", "a3"]


@pytest.mark.parametrize("prefix", ["", "So far", "好的👩‍🏫\u0301 é"])
def test_started_stands_in_the_stream_with_the_length_of_the_prefix_in_code_points(client: Any, prefix: str) -> None:
    job_put(client, job(attempt=2, prefix=prefix))
    Jobs(client).take("w1", INFO)
    (said,) = outputs_read(client)
    assert (said.answer, said.attempt, said.kind, said.offset, said.info) == ("a1", 2, "started", len(prefix), INFO)


def test_an_attempt_is_taken_once_however_often_it_is_rung_for(client: Any) -> None:
    for _ in range(3):
        job_put(client, job())
    jobs = Jobs(client)
    assert jobs.take("w1", INFO) is not None
    assert jobs.take("w2", INFO) is None
    job_put(client, job())
    assert jobs.take("w2", INFO) is None
    assert len(outputs_read(client)) == 1
    assert client.get(TAKEN.format(answer="a1", attempt=1)) == "w1"
    assert 0 < client.ttl(TAKEN.format(answer="a1", attempt=1)) <= JOB_TTL_S


def test_the_next_attempt_is_another_job(client: Any) -> None:
    for attempt in (1, 2):
        job_put(client, job(attempt=attempt))
    assert [taken.attempt for _ in range(2) if (taken := Jobs(client).take("w1", INFO))] == [1, 2]


def test_many_takers_take_each_job_once(valkey: Valkey, client: Any) -> None:
    names = [f"a{number}" for number in range(60)]
    for name in names:
        job_put(client, job(name))

    def take_all(worker: str) -> list[str]:
        jobs, got = Jobs(client_make(valkey.url)), []
        while (taken := jobs.take(worker, INFO)) is not None:
            got.append(taken.answer)
        return got

    with ThreadPoolExecutor(6) as pool:
        got = [name for part in pool.map(take_all, [f"w{number}" for number in range(6)]) for name in part]
    assert sorted(got) == sorted(names)
    assert len(outputs_read(client)) == len(names)


def test_a_stopped_answer_is_said_to_be_stopped(client: Any) -> None:
    jobs = Jobs(client)
    stop_say(client, "a1")
    for name in ("a1", "a2"):
        job_put(client, job(name))
    first, second = jobs.take("w1", INFO), jobs.take("w1", INFO)
    assert first is not None
    assert second is not None
    assert (first.stopped, second.stopped) == (True, False)
    client.set(PAUSE.format(answer="a2"), "1")
    assert [jobs.said(name) for name in ("a1", "a2", "a3")] == [(True, False), (False, True), (False, False)]


def test_a_job_whose_text_is_gone_is_skipped(client: Any) -> None:
    job_put(client, job("a1"))
    job_put(client, job("a2"))
    client.delete(JOB.format(answer="a1", attempt=1))
    taken = Jobs(client).take("w1", INFO)
    assert taken is not None
    assert taken.answer == "a2"


@pytest.mark.parametrize("entry", ["", "no colon", "a1:", ":", "a1:x", "a1:1", "a1:1:c", ":1:c:r", "a1:x:c:r"])
def test_a_strange_entry_is_skipped(client: Any, entry: str) -> None:
    client.lpush(JOBS, entry)
    job_put(client, job("a2"))
    taken = Jobs(client).take("w1", INFO)
    assert taken is not None
    assert taken.answer == "a2"


BAD = ["", "{", "[]", "null", '"text"', '{"answer": "a1"}', '{"prefix": 7}', json.dumps({"sampling": 1}), "\x00"]


@pytest.mark.parametrize("text", [*BAD, json.dumps({**json.loads(job().to_json()), "surprise": 1})])
def test_an_unreadable_job_is_taken_with_its_fault(client: Any, text: str) -> None:
    """Somebody must say that it failed: it would else wait for ever."""
    job_put(client, job())
    client.set(JOB.format(answer="a1", attempt=1), text)
    taken = Jobs(client).take("w1", INFO)
    assert taken is not None
    assert taken.job is None
    assert taken.fault
    assert [said.kind for said in outputs_read(client)] == ["started"]


def test_a_server_that_is_gone_is_an_error_for_the_caller(mortal: Valkey) -> None:
    jobs = Jobs(client_make(mortal.url))
    assert jobs.take("w1", INFO) is None
    mortal.kill()
    with pytest.raises(redis.RedisError):
        jobs.take("w1", INFO)
    mortal.start()
    job_put(client_make(mortal.url), job())  # behind the kill: a busy disk may keep the last second out of the file
    assert jobs.take("w1", INFO) is not None, "the script is loaded again by itself"
