"""From an answer's row to a worker: what the Job says, and that a Redis which is away holds nobody up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import redis
from pytest_django import Settings

from classroom.people.models import User
from classroom.rooms.frames import FrameError
from classroom.rooms.models import Problem, Room
from inference_worker.job import (
    CONTROL,
    JOB,
    JOB_TTL_S,
    JOBS,
    PAUSE,
    QUEUE,
    STOP,
    TICKET,
    WORKER,
    Control,
    Job,
    WorkerState,
)
from tests.tutor.turns import ask, fresh
from tutor import dispatch, prompt
from tutor.models import Answer, Ladder, Reference


@pytest.fixture
def client(redis_url: str) -> Iterator[Any]:
    with redis.Redis.from_url(redis_url, decode_responses=True) as link:
        yield link


@pytest.fixture
def answer(room: Room, bob: User) -> Answer:
    return ask(bob, room, "why?")


def test_the_job_knows_the_room_and_no_person(room: Room, answer: Answer, bob: User, settings: Settings) -> None:
    settings.MAX_ANSWER_TOKENS, settings.ANSWER_DEADLINE_S = 99, 12.5
    job = dispatch.job_for(answer)
    assert (job.answer, job.attempt, job.trace, job.prefix) == (str(answer.pk), 1, answer.trace, "")
    assert (job.sampling.max_tokens, job.deadline_s, job.preset) == (99, 12.5, "seed")
    assert (job.room_key, job.class_key) == (room.pk.hex, room.school_class_id.hex)
    assert "What is $1+1$?" in job.messages[0]["content"]
    assert job.messages[-1] == {"role": "user", "content": "why?"}
    for word in (bob.name, bob.username, str(bob.pk), room.title, room.school_class.name):
        assert word not in job.to_json()


def test_earlier_answers_of_this_room_go_along(room: Room, bob: User, alice: User) -> None:
    other = Room.objects.create(school_class=room.school_class, title="Table two", created_by=alice)
    for place, words in ((room, "one"), (room, ""), (room, "two"), (other, "elsewhere")):
        Answer.objects.filter(pk=ask(bob, place, f"about {words}").pk).update(shown=words, state="completed")
    last = ask(bob, room, "now?")
    later = ask(alice, room, "later?")
    Answer.objects.filter(pk=later.pk).update(shown="from the future")
    said = [message["content"] for message in dispatch.job_for(last).messages[1:]]
    assert said == ["about one", "one", "about two", "two", "now?"]


def test_a_further_attempt_takes_the_raw_text_along(answer: Answer) -> None:
    answer.attempt, answer.raw, answer.shown = 2, "<think>x</think>Yes, 二", "Yes, 二"
    job = dispatch.job_for(answer)
    assert (job.attempt, job.prefix) == (2, "<think>x</think>Yes, 二")


def test_a_room_without_a_problem(room: Room, bob: User) -> None:
    Room.objects.filter(pk=room.pk).update(problem=None)
    assert dispatch.job_for(ask(bob, room)).messages[0]["content"] == prompt.SYSTEM


@pytest.mark.parametrize("with_problem", [True, False])
def test_the_tutor_replies_in_the_language_of_the_room(room: Room, bob: User, with_problem: bool) -> None:
    Room.objects.filter(pk=room.pk).update(language="zh-hans", **({} if with_problem else {"problem": None}))
    assert "reply in Simplified Chinese" in dispatch.job_for(ask(bob, room)).messages[0]["content"]


def test_the_last_word_of_people_says_which_language_the_worker_begins_in(room: Room, bob: User) -> None:
    asked = ask(bob, room, "为什么?")
    job = dispatch.job_for(asked)
    assert (job.language, job.messages[-1]["content"]) == ("zh-hans", f"为什么?\n\n{prompt.REMINDERS['zh-hans']}")
    asked.inserts = [{"text": "In English, please!", "at": 0}, {"text": "计算器的结果", "at": 0, "call": 1}]
    assert dispatch.job_for(asked).language == ""


def test_n6_an_answer_keeps_the_problem_and_the_rung_that_it_was_asked_on(room: Room, bob: User) -> None:
    """Its forbidden values are that problem's: with another statement the guard would look for the wrong ones."""
    Ladder.objects.create(room=room, problem=room.problem, rung=3)
    asked = ask(bob, room)
    other = Problem.objects.create(slug="other", title="Other", statement="What is $2+2$?")
    Room.objects.filter(pk=room.pk).update(problem=other)
    Ladder.objects.update(rung=5)
    system = dispatch.job_for(fresh(asked)).messages[0]["content"]
    assert "What is $1+1$?" in system
    assert "level 3 of 5" in system
    assert "2+2" not in system


def test_n6_the_solution_is_in_the_last_rungs_prompt_alone(room: Room, bob: User) -> None:
    part = {"answers": ["$$424242$$"], "hints": [{"type": "hint", "title": "", "text": "four hundred and more"}]}
    Reference.objects.create(problem=room.problem, steps=[part], solution="All in all 313131.")
    ladder = Ladder.objects.create(room=room, problem=room.problem)
    for rung in range(6):
        Ladder.objects.filter(pk=ladder.pk).update(rung=rung)
        asked = ask(bob, room)
        said = str(dispatch.job_for(asked).messages)
        assert ("313131" in said) is (rung == 5)
        assert "424242" not in said
        assert "four hundred" not in said
        assert asked.forbidden == ([] if rung == 5 else ["$$424242$$"])
        Answer.objects.filter(pk=asked.pk).update(state="completed")
    Reference.objects.update(solution="")
    assert "424242" in str(dispatch.job_for(ask(bob, room)).messages), (
        "without a written one the accepted answers serve"
    )


def test_dispatching_leaves_the_job_its_place_and_a_ticket(client: Any, answer: Answer) -> None:
    assert dispatch.answer_dispatch(answer.pk) is True
    assert dispatch.answer_dispatch(answer.pk) is True
    assert client.lrange(JOBS, 0, -1) == [dispatch.job_for(answer).entry], "in the list once, however often it is sent"
    name = JOB.format(answer=answer.pk, attempt=1)
    assert Job.from_json(client.get(name)) == dispatch.job_for(answer)
    assert 0 < client.ttl(name) <= JOB_TTL_S
    ticket = json.loads(client.lindex(QUEUE, 0))
    assert ticket["headers"]["task"] == TICKET
    assert client.llen(QUEUE) == 2


def test_what_is_sent_is_not_paused_by_a_mark_that_no_resume_could_take_away(client: Any, answer: Answer) -> None:
    """Redis was away for the resume: the next attempt would read the mark and wait for ever."""
    dispatch.pause_send(answer.pk)
    assert client.exists(PAUSE.format(answer=answer.pk))
    dispatch.answer_dispatch(answer.pk)
    assert not client.exists(PAUSE.format(answer=answer.pk))


def test_who_came_first_is_popped_first(client: Any, room: Room, bob: User) -> None:
    asked = [ask(bob, room) for _ in range(3)]
    for answer in asked:
        dispatch.answer_dispatch(answer.pk)
    assert [client.rpop(JOBS) for _ in asked] == [dispatch.job_for(answer).entry for answer in asked]


def test_stopping_leaves_a_mark_and_a_word(client: Any, answer: Answer) -> None:
    with client.pubsub() as ears:
        ears.subscribe(CONTROL)
        ears.get_message(timeout=5)
        dispatch.stop_send(answer.pk)
        heard = ears.get_message(timeout=5)
    assert Control.from_json(heard["data"]) == Control("stop", str(answer.pk))
    assert 0 < client.ttl(STOP.format(answer=answer.pk)) <= JOB_TTL_S


def test_without_redis_asking_and_stopping_go_on(answer: Answer) -> None:
    assert dispatch.answer_dispatch(answer.pk) is False
    dispatch.stop_send(answer.pk)


def test_an_answer_that_is_gone_is_not_sent(client: Any, db: None) -> None:
    assert dispatch.answer_dispatch(uuid4()) is False
    assert not client.exists(JOBS)


def test_charlies_room_lends_no_turns(room: Room, bob: User, charlie: User, other_class: Any) -> None:
    theirs = Room.objects.create(school_class=other_class, title="Elsewhere", created_by=other_class.created_by)
    Answer.objects.filter(pk=ask(charlie, theirs, "secret question").pk).update(shown="secret answer")
    assert "secret" not in dispatch.job_for(ask(bob, room)).to_json()


def beat(client: Any, name: str, context: int, state: Any = "ready") -> None:
    client.set(WORKER.format(name=name), WorkerState(name, state, "batching", "demo", context=context).to_json(), ex=60)


def test_what_no_worker_could_read_is_refused_before_the_queue(client: Any, room: Room, bob: User) -> None:
    beat(client, "w1", 900)
    beat(client, "w2", 600)
    beat(client, "broken", 10, "broken")
    beat(client, "remote", 0)
    dispatch.question_check(room, "why?")
    with pytest.raises(FrameError) as caught:
        dispatch.question_check(room, "why? " * 700)
    assert (caught.value.code, caught.value.field) == ("too_long", "data.text")
    assert "600 at most" in caught.value.message


def test_without_a_word_of_the_workers_every_length_goes(client: Any, room: Room) -> None:
    dispatch.question_check(room, "why? " * 700)


def test_earlier_turns_leave_room_for_the_answer(client: Any, room: Room, bob: User) -> None:
    for number in range(6):
        made = ask(bob, room, f"{number} " + "x" * 1_900)
        Answer.objects.filter(pk=made.pk).update(shown="y" * 1_900, state="completed")
    last = ask(bob, room, "now?")
    assert len(dispatch.job_for(last).messages) == 14
    beat(client, "w1", 2_048)
    kept = dispatch.job_for(last).messages
    assert (len(kept), kept[-1]["content"]) == (4, "now?")
    assert kept[1]["content"].startswith("5 ")
