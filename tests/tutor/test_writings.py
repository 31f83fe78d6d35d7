"""Private texts (rules W1–W4): through the same queue, stream and scribe as answers, and never an event."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.utils import timezone

from classroom.people.models import User
from classroom.rooms.models import Event, Problem, Room
from inference_worker.job import BACKGROUND, JOB, JOBS, LEFT, QUEUE, Job, Output, Persisted
from tests.tutor import turns
from tests.tutor.study import beat, done, fresh, started, store, text, write
from tutor import writings
from tutor.availability import ATTEMPTS_EVER
from tutor.models import Answer, Solve, Writing
from tutor.study import Study

State = Writing.State


@pytest.fixture
def client(redis_url: str) -> Iterator[Any]:
    with redis.Redis.from_url(redis_url, decode_responses=True) as link:
        yield link


def made(problem: Problem, count: int = 1) -> list[Writing]:
    solve = Solve.objects.create(problem=problem, content="c", samples=count, asked_at=timezone.now())
    messages = [{"role": "user", "content": "What is $1+1$?"}]
    return [
        Writing.objects.create(solve=solve, messages=messages, preset="solve", seed=n, asked_at=solve.asked_at)
        for n in range(count)
    ]


@pytest.fixture
def writing(problem: Problem) -> Writing:
    return made(problem)[0]


def aged(writing: Writing, seconds: float) -> None:
    """As if its last progress had been so long ago."""
    at = timezone.now() - timedelta(seconds=seconds)
    Writing.objects.filter(pk=writing.pk).update(progress_at=at, sent_at=at)


# ---- what the scribe does with it


def test_w4_it_is_kept_and_nothing_becomes_an_event(room: Room, writing: Writing) -> None:
    result = write(writing, "<think>二</think> It is 2.")
    row = fresh(writing)
    assert (row.state, row.raw, row.raw_length, row.reason) == ("done", "<think>二</think> It is 2.", 25, "stop")
    assert (row.model, row.worker, row.started_attempt, row.completion_tokens) == ("wise", "w1", 1, 5)
    assert row.finished_at is not None
    assert result.persisted == [Persisted(str(writing.pk), 1, 25, done=True)]
    assert (result.events, result.ended) == ([], [])
    assert not Event.objects.exists()


def test_s2_s3_the_same_fence_as_for_answers(writing: Writing) -> None:
    assert store(started(writing)).persisted == [Persisted(str(writing.pk), 1, 0)]
    assert store(text(writing, 3, "lo")).persisted == [Persisted(str(writing.pk), 1, 0, hole=True)]
    assert fresh(writing).raw == ""
    store(text(writing, 0, "hel"))
    store(text(writing, 0, "hello"), text(fresh(writing), 3, "lo"))
    assert (fresh(writing).raw, fresh(writing).state) == ("hello", "running")
    stale = Output(str(writing.pk), 7, "text", 5, "!")
    assert store(stale).persisted == [Persisted(str(writing.pk), 7, 5, done=True)]
    store(done(writing, "hello"))
    assert store(text(writing, 5, "!")).persisted[0].done
    assert fresh(writing).raw == "hello"


def test_a_lost_beginning_is_made_up_by_the_text(writing: Writing) -> None:
    store(text(writing, 0, "hel"))
    assert (fresh(writing).state, fresh(writing).started_attempt) == ("running", 1)


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        ({"raw": "other"}, writings.CORRUPT),
        ({"raw": "hello", "reason": "error", "message": "out of memory"}, "out of memory"),
        ({"raw": "hello", "reason": "cancelled"}, "The model could not write it."),
    ],
)
def test_an_end_that_is_none(writing: Writing, last: dict[str, Any], reason: str) -> None:
    store(text(writing, 0, "hello"), done(writing, **last))
    assert (fresh(writing).state, fresh(writing).reason) == ("failed", reason)


@pytest.mark.parametrize("reason", ["length", "deadline"])
def test_a_text_that_was_cut_short_is_a_text(writing: Writing, reason: str) -> None:
    store(text(writing, 0, "hello"), done(writing, "hello", reason))
    assert (fresh(writing).state, fresh(writing).reason) == ("done", reason)


def test_answers_of_the_same_batch_go_their_own_way(room: Room, bob: User, writing: Writing) -> None:
    answer = turns.ask(bob, room)
    result = store(
        started(writing), turns.started(answer), text(writing, 0, "private"), turns.text(answer, 0, "Hello ")
    )
    assert {one.answer for one in result.persisted} == {str(answer.pk), str(writing.pk)}
    assert "private" not in str(turns.log_of(room))
    assert (Answer.objects.get(pk=answer.pk).raw, fresh(writing).raw) == ("Hello ", "private")


# ---- sending


def test_w1_w2_it_is_sent_behind_everybody(client: Any, problem: Problem) -> None:
    one, two = made(problem, 2)
    beat(client)
    Study().tick()
    assert client.lrange(JOBS, 0, -1)[::-1] == [writings.job_of(one).entry, writings.job_of(two).entry]
    job = Job.from_json(client.get(JOB.format(answer=one.pk, attempt=1)))
    assert (job.class_key, job.preset, job.room_key) == (BACKGROUND, "solve", one.solve_id.hex if one.solve_id else "")
    assert (job.sampling.seed, job.deadline_s) == (0, writings.DEADLINE_S)
    assert job.messages == ({"role": "user", "content": "What is $1+1$?"},)
    assert fresh(one).state == "sent"
    Study().tick()
    assert client.llen(QUEUE) == 2, "once"


def test_w1_no_more_than_a_few_at_once(client: Any, problem: Problem) -> None:
    rows = made(problem, writings.AT_ONCE + 2)
    beat(client)
    Study().tick()
    Study().tick()
    assert client.llen(JOBS) == writings.AT_ONCE
    write(fresh(rows[0]), "done")
    Study().tick()
    assert client.llen(JOBS) == writings.AT_ONCE + 1


def test_w1_without_a_worker_it_waits(client: Any, writing: Writing) -> None:
    Study().tick()
    assert fresh(writing).state == "waiting"
    assert client.llen(JOBS) == 0


def test_without_redis_it_waits(writing: Writing) -> None:
    assert writings._send(writing) is False
    with pytest.raises(redis.RedisError):
        Study().tick()
    assert fresh(writing).state == "waiting"


def test_w1_what_redis_has_lost_is_sent_again(client: Any, writing: Writing) -> None:
    beat(client)
    Study().tick()
    client.delete(JOBS, QUEUE, *client.keys(JOB.format(answer="*", attempt="*")))
    Study().tick()
    assert client.llen(JOBS) == 0, "it has just been sent"
    aged(writing, 6)
    Study().tick()
    assert (client.llen(JOBS), client.llen(QUEUE)) == (1, 1)
    aged(writing, 6)
    Study().tick()
    assert (client.llen(JOBS), client.llen(QUEUE)) == (1, 2), "the job is there, the ticket may be lost"


# ---- workers that go away


def test_w3_a_lost_worker_costs_an_attempt_and_two_are_the_end(client: Any, writing: Writing) -> None:
    beat(client)
    Study().tick()
    store(started(writing, worker="gone"), text(writing, 0, "half of "))
    aged(writing, 7)
    Study().tick()
    row = fresh(writing)
    assert (row.attempt, row.forgiven, row.state) == (2, 0, "sent")
    assert Job.from_json(client.get(JOB.format(answer=row.pk, attempt=2))).prefix == "half of "
    store(started(row, worker="gone too"))
    aged(writing, 7)
    Study().tick()
    assert (fresh(writing).state, fresh(writing).reason) == ("failed", writings.LOST)


def test_w3_who_gave_up_her_place_to_a_room_loses_no_attempt(client: Any, writing: Writing) -> None:
    beat(client)
    for attempt in range(1, 5):
        store(started(fresh(writing)))
        aged(writing, 7)
        Study().tick()
        assert (fresh(writing).attempt, fresh(writing).forgiven) == (attempt + 1, attempt)


def test_w3_a_worker_that_was_restarted_costs_no_attempt(client: Any, writing: Writing) -> None:
    beat(client)
    Study().tick()
    store(started(writing, worker="restarted"))
    client.set(LEFT.format(name="restarted"), "1")
    aged(writing, 7)
    Study().tick()
    assert (fresh(writing).attempt, fresh(writing).forgiven) == (2, 1)


def test_w3_what_a_worker_has_in_hand_is_left_alone_unless_it_stalls(client: Any, writing: Writing) -> None:
    beat(client, running=[f"{writing.pk}:1"])
    Study().tick()
    store(started(writing))
    aged(writing, 60)
    Study().tick()
    assert fresh(writing).attempt == 1
    beat(client, running=[f"{writing.pk}:1"], waiting=(f"{writing.pk}:1",))
    aged(writing, 121)
    Study().tick()
    assert fresh(writing).attempt == 1, "it has given way to rooms there"
    beat(client, running=[f"{writing.pk}:1"])
    Study().tick()
    assert (fresh(writing).attempt, fresh(writing).forgiven) == (2, 0)


def test_w3_restarts_are_not_forgiven_for_ever(client: Any, writing: Writing) -> None:
    beat(client)
    Study().tick()
    client.set(LEFT.format(name="restarted"), "1")
    Writing.objects.filter(pk=writing.pk).update(forgiven=ATTEMPTS_EVER - 2, attempt=ATTEMPTS_EVER - 1)
    for _ in range(3):
        assert fresh(writing).state != "failed"
        store(started(fresh(writing), worker="restarted"))
        aged(writing, 7)
        Study().tick()
    assert (fresh(writing).state, fresh(writing).reason) == ("failed", writings.LOST)


def test_an_end_is_dealt_with_once(writing: Writing) -> None:
    assert not writings.writing_kept(writing.pk), "it is under way"
    write(writing, "x")
    assert writings.writing_kept(writing.pk)
    assert not writings.writing_kept(writing.pk)
    assert not writings.writing_kept(uuid4())
