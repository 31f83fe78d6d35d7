"""The reaper (rules R1–R5) on real rows and a real Redis; only the clock is moved."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.db import OperationalError
from django.db.models import F
from django.utils import timezone
from pytest_django import Settings

from classroom.people.models import User
from classroom.rooms import services
from classroom.rooms.models import Room
from inference_worker.job import JOB, JOBS, LEFT, QUEUE, WORKER, WorkerState
from tests.services import wait_until
from tests.tutor.turns import ask, fresh, log_of, types
from tutor import availability, duty, reaper
from tutor.models import Answer
from tutor.reaper import Reaper

pytestmark = pytest.mark.django_db(transaction=True)
State = Answer.State


@pytest.fixture
def client(redis_url: str) -> Iterator[Any]:
    with redis.Redis.from_url(redis_url, decode_responses=True) as link:
        yield link


@pytest.fixture
def answer(client: Any, room: Room, bob: User) -> Answer:
    return ask(bob, room)


def worker(
    client: Any, state: str = "ready", *, name: str = "w1", reason: str = "", running: tuple[str, ...] = (), **more: Any
) -> None:
    beat = WorkerState(name, state, "scripted", "demo", reason, running, **more)
    client.set(WORKER.format(name=name), beat.to_json(), ex=60)


def key(answer: Answer, attempt: int = 1) -> str:
    return f"{answer.pk}:{attempt}"


def waiting(client: Any) -> list[str]:
    """The attempts in the list, as in ``key``."""
    return [":".join(entry.split(":")[:2]) for entry in client.lrange(JOBS, 0, -1)]


def age(answer: Answer, seconds: float) -> None:
    """As if everything about this answer had happened so long ago."""
    ago = timedelta(seconds=seconds)
    Answer.objects.filter(pk=answer.pk).update(enqueued_at=F("enqueued_at") - ago, progress_at=F("progress_at") - ago)


def run(answer: Answer, attempt: int = 1, *, raw: str = "Once upon", worker: str = "w1") -> None:
    """As if a worker had taken it and written something."""
    Answer.objects.filter(pk=answer.pk).update(
        state=State.RUNNING, attempt=attempt, started_attempt=attempt, progress_at=timezone.now(),
        raw=raw, raw_length=len(raw), shown=raw, released=len(raw), worker=worker,
    )  # fmt: skip


def tickets(client: Any) -> int:
    return int(client.llen(QUEUE))


def forget(client: Any) -> None:
    client.delete(JOBS, QUEUE, *client.keys(JOB.format(answer="*", attempt="*")))


# ---- R1: rung for again


def test_r1_a_question_that_redis_has_lost_is_sent_again(client: Any, answer: Answer) -> None:
    worker(client)
    forget(client)
    age(answer, 6)
    Reaper().tick()
    assert waiting(client) == [key(answer)]
    assert client.exists(JOB.format(answer=answer.pk, attempt=1))
    assert tickets(client) == 1


def test_r1_a_lost_ticket_is_rung_for_again(client: Any, answer: Answer) -> None:
    worker(client)
    client.delete(QUEUE)
    age(answer, 6)
    Reaper().tick()
    assert waiting(client) == [key(answer)], "the job itself is there once"
    assert tickets(client) == 1


def test_r1_a_fresh_question_is_left_alone(client: Any, answer: Answer) -> None:
    forget(client)
    age(answer, 2)
    Reaper().tick()
    assert not client.exists(JOBS)


def test_r1_what_a_worker_holds_is_left_alone(client: Any, answer: Answer) -> None:
    worker(client, running=(key(answer),))
    forget(client)
    age(answer, 60)
    Reaper().tick()
    assert not client.exists(JOBS)
    assert fresh(answer).state == "queued"


def test_r1_nobody_is_rung_for_while_no_worker_is_there(client: Any, answer: Answer) -> None:
    client.delete(QUEUE)
    age(answer, 6)
    Reaper().tick()
    assert tickets(client) == 0
    assert fresh(answer).state == "queued"


def test_r1_a_turn_that_nobody_was_given_is_given(client: Any, answer: Answer) -> None:
    Answer.objects.filter(pk=answer.pk).update(enqueued_at=None)
    Reaper().tick()
    assert fresh(answer).enqueued_at is not None


def test_r1_who_waits_behind_another_is_not_sent(client: Any, room: Room, answer: Answer, alice: User) -> None:
    behind = ask(alice, room)
    worker(client)
    age(answer, 6)
    Reaper().tick()
    assert waiting(client) == [key(answer)]
    assert fresh(behind).enqueued_at is None


# ---- R2: handed on


def test_r2_a_gone_workers_answer_goes_on_from_its_prefix(client: Any, room: Room, answer: Answer) -> None:
    run(answer)
    age(answer, 7)
    Reaper().tick()
    assert (fresh(answer).attempt, fresh(answer).state) == (2, "running")
    job = client.get(JOB.format(answer=answer.pk, attempt=2))
    assert '"prefix":"Once upon"' in job
    assert key(answer, 2) in waiting(client)
    assert "answer.failed" not in types(room)


def test_r2_who_fell_between_the_taking_and_the_first_word_is_replaced_too(client: Any, answer: Answer) -> None:
    run(answer, raw="")
    age(answer, 7)
    Reaper().tick()
    assert (fresh(answer).attempt, fresh(answer).forgiven) == (2, 0)
    assert '"prefix":""' in client.get(JOB.format(answer=answer.pk, attempt=2))


def test_r2_a_worker_that_holds_it_keeps_it(client: Any, answer: Answer) -> None:
    run(answer)
    worker(client, running=(key(answer),))
    age(answer, 60)
    Reaper().tick()
    assert fresh(answer).attempt == 1


def test_r2_a_worker_that_holds_it_and_writes_nothing_loses_it(client: Any, answer: Answer) -> None:
    run(answer)
    worker(client, running=(key(answer),))
    worker(client, running=(key(answer),), waiting=(key(answer),))
    age(answer, reaper.STALLED_S + 1)
    Reaper().tick()
    assert fresh(answer).attempt == 1, "it waits there for its turn"
    worker(client, running=(key(answer),))
    Reaper().tick()
    assert fresh(answer).attempt == 2


def test_r2_a_short_silence_is_no_death(client: Any, answer: Answer) -> None:
    run(answer)
    age(answer, 4)
    Reaper().tick()
    assert fresh(answer).attempt == 1


def test_r2_a_second_attempt_waits_for_a_worker_like_a_question(client: Any, room: Room, answer: Answer) -> None:
    """The worker that fell has to load its model again: that takes longer than a heartbeat."""
    run(answer)
    age(answer, 7)
    Reaper().tick()
    worker(client, "loading")
    age(answer, 60)
    Reaper().tick()
    assert (fresh(answer).state, fresh(answer).attempt) == ("running", 2)
    forget(client)
    worker(client)
    Reaper().tick()
    assert waiting(client) == [key(answer, 2)], "R1 holds for it too"


# ---- R3: lost twice


def test_r3_when_two_workers_have_lost_it_it_fails(client: Any, room: Room, answer: Answer) -> None:
    run(answer, attempt=2)
    age(answer, 7)
    Reaper().tick()
    event = log_of(room)[-1]
    assert (event["type"], event["data"]["reason"], event["data"]["message"]) == ("answer.failed", "lost", reaper.LOST)
    assert event["data"]["text"] == "Once upon"


def leave(client: Any, name: str) -> None:
    client.set(LEFT.format(name=name), "1")


def test_r3_a_rolling_restart_is_nobodys_failure(client: Any, room: Room, answer: Answer) -> None:
    """Worker after worker is restarted under one long answer; one that falls costs an attempt as ever, and two the answer."""
    for attempt in range(1, 5):
        run(answer, attempt, worker=f"w{attempt}")
        leave(client, f"w{attempt}")
        age(answer, 7)
        Reaper().tick()
        assert (fresh(answer).attempt, fresh(answer).forgiven) == (attempt + 1, attempt)
    for attempt in (5, 6):
        assert fresh(answer).state == "running"
        run(answer, attempt, worker="fell")
        age(answer, 7)
        Reaper().tick()
    assert log_of(room)[-1]["data"]["reason"] == "lost"


def test_r3_restarts_are_not_forgiven_for_ever(client: Any, room: Room, answer: Answer) -> None:
    leave(client, "w1")
    Answer.objects.filter(pk=answer.pk).update(forgiven=reaper.ATTEMPTS_EVER - 1)
    for attempt in (reaper.ATTEMPTS_EVER, reaper.ATTEMPTS_EVER + 1):
        assert fresh(answer).state != "failed"
        run(answer, attempt, worker="w1")
        age(answer, 7)
        Reaper().tick()
    assert log_of(room)[-1]["data"]["reason"] == "lost"


# ---- R4: nobody to answer


def test_r4_without_any_worker_a_question_fails_after_its_time(
    client: Any, room: Room, answer: Answer, settings: Settings
) -> None:
    settings.QUEUE_TIMEOUT_S = 30
    age(answer, 29)
    Reaper().tick()
    assert fresh(answer).state == "queued"
    age(answer, 2)
    Reaper().tick()
    event = log_of(room)[-1]
    assert (event["type"], event["data"]["reason"]) == ("answer.failed", "unavailable")
    assert event["data"]["message"] == "The tutor is not running."


def test_r4_a_second_attempt_fails_after_its_time_too(
    client: Any, room: Room, answer: Answer, settings: Settings
) -> None:
    settings.QUEUE_TIMEOUT_S = 30
    run(answer)
    age(answer, 7)
    Reaper().tick()
    age(answer, 31)
    Reaper().tick()
    assert log_of(room)[-1]["data"]["reason"] == "unavailable"
    assert log_of(room)[-1]["data"]["text"] == "Once upon"


def test_r4_broken_models_are_said_at_once_without_the_paths_of_the_machine(
    client: Any, room: Room, answer: Answer
) -> None:
    worker(client, "broken", reason="/srv/model.safetensors is missing")
    age(answer, 2)
    Reaper().tick()
    assert log_of(room)[-1]["data"]["message"] == availability.BROKEN


def test_r4_one_broken_worker_beside_a_loading_one_is_no_reason(client: Any, answer: Answer) -> None:
    worker(client, "broken", name="w1", reason="x")
    worker(client, "loading", name="w2")
    age(answer, 2)
    Reaper().tick()
    assert fresh(answer).state == "queued"


def test_r4_with_a_ready_worker_a_question_waits_as_long_as_it_takes(
    client: Any, answer: Answer, settings: Settings
) -> None:
    settings.QUEUE_TIMEOUT_S = 30
    worker(client)
    age(answer, 3_600)
    Reaper().tick()
    assert fresh(answer).state == "queued"


# ---- R5: closed rooms


def test_r5_a_closed_rooms_answers_end(client: Any, room: Room, answer: Answer, alice: User) -> None:
    waiting = ask(alice, room)
    services.room_close(by=alice, room=room)
    Reaper().tick()
    assert {fresh(one).state for one in (answer, waiting)} == {"stopped"}
    ends = [frame["data"]["reason"] for frame in log_of(room) if frame["type"] == "answer.stopped"]
    assert ends == ["room_closed", "room_closed"]


# ---- its own life


def test_it_goes_on_when_redis_or_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duty, "TICK_S", 0.01)
    faults = iter([redis.ConnectionError("away"), OperationalError("locked"), None, None])
    one, ticks = Reaper(), []

    def tick() -> None:
        fault = next(faults)
        ticks.append(fault)
        if fault is not None:
            raise fault
        if len(ticks) == 4:
            one.stop()

    monkeypatch.setattr(one, "tick", tick)
    one.run()
    wait_until(lambda: len(ticks) == 4, "four rounds")


def test_without_redis_a_round_says_so(room: Room, bob: User) -> None:
    with pytest.raises(redis.RedisError):
        Reaper().tick()


def test_charlie_has_nothing_to_do_with_it(client: Any, room: Room, answer: Answer, charlie: User) -> None:
    run(answer)
    age(answer, 7)
    Reaper().tick()
    assert str(charlie.pk) not in client.get(JOB.format(answer=answer.pk, attempt=2))
