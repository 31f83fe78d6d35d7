"""A hand on a running answer (rules A7–A10): pause, resume, a word put in; and everybody's place in the queue."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.db import transaction
from django.utils import timezone

from classroom.people.models import User
from classroom.rooms import services
from classroom.rooms.frames import FrameError
from classroom.rooms.models import Event, Room
from inference_worker.job import CONTROL, JOB, PAUSE, WORKER, Control, Job, WorkerState
from tests.tutor.turns import ask, done, fresh, log_of, rights, shown, started, text, types
from tutor import answers, dispatch, hands
from tutor.intake import batch_store
from tutor.models import Answer, Shard
from tutor.reaper import Reaper

State = Answer.State
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def shard(db: None) -> Shard:
    return Shard.objects.create(pk=0, epoch=1)


@pytest.fixture
def answer(room: Room, bob: User) -> Answer:
    """Asked, taken by a worker, "The sum" shown."""
    made = ask(bob, room)
    store(started(made), text(made, 0, "The sum "))
    return fresh(made)


@pytest.fixture
def client(redis_url: str) -> Any:
    with redis.Redis.from_url(redis_url, decode_responses=True) as made:
        yield made


def store(*outputs: Any) -> Any:
    return batch_store(0, 1, "1-0", outputs)


def hand(verb: str, user: User, room: Room, answer: Answer, *words: str, ref: str = "") -> Event:
    do = getattr(hands, f"answer_{verb}")
    return do(rights(user, room), answer.pk, *words, ref=ref or str(uuid4()), trace="t" * 32)


def refused(verb: str, user: User, room: Room, answer: Answer, *words: str) -> FrameError:
    with pytest.raises(FrameError) as caught:
        hand(verb, user, room, answer, *words)
    return caught.value


def heard(client: Any, do: Any) -> list[Control]:
    """What is said to the workers meanwhile."""
    with client.pubsub() as ears:
        ears.subscribe(CONTROL)
        ears.get_message(timeout=5)
        do()
        said = []
        while (message := ears.get_message(timeout=0.3)) is not None:
            said.append(Control.from_json(message["data"]))
        return said


def held_by(client: Any, *keys: str) -> None:
    beat = WorkerState("w1", "ready", "scripted", "demo", running=keys)
    client.set(WORKER.format(name="w1"), beat.to_json(), ex=60)


# ---- pause and resume


def test_a7_a_paused_answer_shows_nothing_more(room: Room, answer: Answer, alice: User) -> None:
    event = hand("pause", alice, room, answer)
    assert (event.type, event.by["name"] if event.by else "") == ("answer.paused", "Alice Archer")
    assert event.data == {"answer": str(answer.pk), "length": 7}
    result = store(text(answer, 8, "is two."), done(answer, "The sum is two."))
    row = fresh(answer)
    assert (row.state, row.raw, row.shown) == (State.PAUSED, "The sum ", "The sum")
    assert types(room)[-1] == "answer.paused"
    assert [(word.raw_length, word.done, word.hole) for word in result.persisted] == [(8, False, False)]


def test_a8_after_the_resume_it_follows_at_the_next_offset(
    room: Room, answer: Answer, alice: User, client: Any
) -> None:
    held_by(client, f"{answer.pk}:1")
    hand("pause", alice, room, answer)
    assert client.exists(PAUSE.format(answer=answer.pk))
    said = heard(client, lambda: hand("resume", alice, room, answer))
    assert said == [Control("resume", str(answer.pk), raw_length=8)]
    assert not client.exists(PAUSE.format(answer=answer.pk))
    store(text(answer, 8, "is two."), done(answer, "The sum is two."))
    assert fresh(answer).state == State.COMPLETED
    assert fresh(answer).attempt == 1
    assert shown(room, answer) == "The sum is two."
    assert types(room)[-4:] == ["answer.paused", "answer.resumed", "answer.delta", "answer.completed"]


def test_a5_a_resume_that_finds_no_worker_goes_on_from_the_prefix(
    room: Room, answer: Answer, alice: User, client: Any
) -> None:
    """Whatever happened during the pause: it is nobody's failure, and may happen again."""
    for attempt in (2, 3, 4):
        hand("pause", alice, room, answer)
        hand("resume", alice, room, answer)
        row = fresh(answer)
        assert (row.state, row.attempt, row.forgiven) == (State.RUNNING, attempt, attempt - 1)
        job = Job.from_json(client.get(JOB.format(answer=answer.pk, attempt=attempt)))
        assert (job.prefix, job.cut) == ("The sum ", 0)
        store(started(row))
    assert answers.attempt_mint(answer.pk, 4) is True, "a worker's end is still forgiven once"
    assert answers.attempt_mint(answer.pk, 5) is False


def test_a7_an_attempt_that_starts_during_the_pause_stays_quiet(room: Room, answer: Answer, alice: User) -> None:
    answers.attempt_mint(answer.pk, 1)
    hand("pause", alice, room, answer)
    second = fresh(answer)
    store(started(second), text(second, 8, "is"))
    assert (fresh(answer).state, fresh(answer).started_attempt) == (State.PAUSED, 2)
    assert types(room)[-1] == "answer.paused"


def test_a7_the_reaper_lets_a_paused_answer_be(room: Room, answer: Answer, alice: User, client: Any) -> None:
    hand("pause", alice, room, answer)
    Answer.objects.update(progress_at=timezone.now() - timedelta(hours=2))
    Reaper().tick()
    assert (fresh(answer).state, fresh(answer).attempt) == (State.PAUSED, 1)


def test_a2_a_paused_answer_keeps_the_turn(room: Room, answer: Answer, alice: User) -> None:
    hand("pause", alice, room, answer)
    ask(alice, room)
    assert answers.room_advance(room.pk) is None


def test_a_paused_answer_can_be_stopped_and_closed(
    room: Room, answer: Answer, alice: User, bob: User, client: Any
) -> None:
    hand("pause", bob, room, answer)
    answers.answer_stop(rights(bob, room), answer.pk, ref=str(uuid4()), trace="")
    assert log_of(room)[-1]["data"]["text"] == "The sum"
    other = ask(bob, room)
    store(started(other))
    hand("pause", bob, room, other)
    services.room_close(room=room, by=alice)
    Reaper().tick()
    assert fresh(other).state == State.STOPPED


def test_what_staff_has_paused_staff_lets_go_on(room: Room, answer: Answer, alice: User, bob: User) -> None:
    hand("pause", alice, room, answer)
    for verb, *words in (("resume",), ("insert", "and now?")):
        error = refused(verb, bob, room, answer, *words)
        assert (error.code, error.field) == ("forbidden", "data.answer")
    hand("resume", alice, room, answer)
    hand("pause", bob, room, answer)
    hand("resume", bob, room, answer)
    assert fresh(answer).state == State.RUNNING


@pytest.mark.parametrize(("verb", "words"), [("pause", ()), ("resume", ()), ("insert", ("why?",))])
def test_what_is_not_running_is_refused(verb: str, words: tuple[str, ...], room: Room, bob: User, alice: User) -> None:
    waiting = ask(bob, room)
    second = Room.objects.create(school_class=room.school_class, title="Table two", created_by=alice)
    elsewhere = ask(bob, second)
    for other in (waiting, elsewhere):
        error = refused(verb, bob, room, other, *words)
        assert (error.code, error.field) == ("not_running", "data.answer")
    assert not Event.objects.filter(type__in=["answer.paused", "answer.resumed", "answer.inserted"]).exists()


def test_twice_the_same_hand_is_once(room: Room, answer: Answer, alice: User) -> None:
    first = hand("pause", alice, room, answer, ref="r")
    assert hand("pause", alice, room, answer, ref="r").pk == first.pk
    assert refused("pause", alice, room, answer).code == "not_running"
    first = hand("insert", alice, room, answer, "why?", ref="i")
    assert hand("insert", alice, room, answer, "why?", ref="i").pk == first.pk
    assert len(fresh(answer).inserts) == 1


# ---- a word put in


def test_a9_a_word_put_in_is_answered_in_a_new_part(room: Room, answer: Answer, bob: User, client: Any) -> None:
    said = heard(client, lambda: hand("insert", bob, room, answer, "Why symmetry here?"))
    assert said == [Control("stop", str(answer.pk), attempt=1)], "the first part ends, the answer does not"
    row = fresh(answer)
    assert (row.state, row.attempt, row.raw, row.shown) == (State.RUNNING, 2, "The sum \n\n", "The sum \n\n")
    delta, inserted = log_of(room)[-2:]
    assert (delta["type"], delta["data"]["offset"], delta["data"]["text"]) == ("answer.delta", 7, " \n\n")
    assert inserted["data"] == {"answer": str(answer.pk), "text": "Why symmetry here?", "offset": 10}
    job = Job.from_json(client.get(JOB.format(answer=answer.pk, attempt=2)))
    assert [message["role"] for message in job.messages] == ["system", "user", "assistant", "user"]
    assert [message["content"] for message in job.messages[2:]] == ["The sum", "Why symmetry here?"]
    assert (job.prefix, job.cut) == (row.raw, len(row.raw))
    store(text(answer, 8, "too late"))
    assert fresh(answer).raw == row.raw, "the first attempt is fenced out"
    store(started(row), text(row, 10, "Because."), done(row, row.raw + "Because."))
    end = log_of(room)[-1]
    assert (end["type"], end["data"]["text"]) == ("answer.completed", "The sum \n\nBecause.")
    assert end["data"]["sha256"] == hashlib.sha256(b"The sum \n\nBecause.").hexdigest()
    assert shown(room, answer) == end["data"]["text"]


def test_a9_before_the_first_word_it_joins_the_question(room: Room, bob: User, client: Any) -> None:
    made = ask(bob, room)
    store(started(made))
    hand("insert", bob, room, made, "in Chinese, please 中文")
    job = dispatch.job_for(fresh(made))
    assert job.messages[-1]["content"].endswith("in Chinese, please 中文")
    assert (job.prefix, job.cut, log_of(room)[-1]["data"]["offset"]) == ("", 0, 0)


def test_a9_an_open_thought_is_dropped_with_its_part(room: Room, answer: Answer, bob: User) -> None:
    store(text(answer, 8, "<think>x is 4, but"))
    hand("insert", bob, room, answer, "go on")
    row = fresh(answer)
    assert row.shown == "The sum \n\n"
    assert row.released == row.raw_length == len(row.raw)
    store(started(row), text(row, row.raw_length, "We go on. "))
    assert fresh(answer).shown == "The sum \n\nWe go on."


def test_a9_many_words_keep_their_order_and_have_an_end(room: Room, answer: Answer, bob: User) -> None:
    for number in range(hands.INSERTS_MAX):
        hand("insert", bob, room, answer, f"word {number}")
        row = fresh(answer)
        store(started(row), text(row, row.raw_length, f"part {number} "))
    job = dispatch.job_for(fresh(answer))
    assert [m["content"] for m in job.messages if m["role"] == "user"][1:] == [f"word {n}" for n in range(20)]
    assert job.prefix[job.cut :] == "part 19 "
    assert refused("insert", bob, room, answer, "one more").code == "busy"


def test_a9_into_a_paused_answer(room: Room, answer: Answer, alice: User, client: Any) -> None:
    hand("pause", alice, room, answer)
    hand("insert", alice, room, answer, "why?")
    assert (fresh(answer).state, fresh(answer).held_by_staff) == (State.RUNNING, False)
    assert not client.exists(PAUSE.format(answer=answer.pk))


# ---- without Redis


@pytest.mark.parametrize("verb", ["pause", "insert"])
def test_hands_work_without_redis(verb: str, room: Room, answer: Answer, alice: User, settings: Any) -> None:
    """R1: the row says what is due; whoever comes back finds it there."""
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    hand(verb, alice, room, answer, *(["why?"] if verb == "insert" else []))
    if verb == "pause":
        hand("resume", alice, room, answer)
    assert fresh(answer).state == State.RUNNING
    assert fresh(answer).attempt == (2 if verb == "insert" else 1), "nobody knows that no worker has it"


# ---- places in the queue


def test_a10_everybody_moves_up_and_hears_it(room: Room, bob: User, alice: User) -> None:
    first, second, third = ask(bob, room), ask(alice, room), ask(bob, room)
    store(started(first))
    answers.answer_stop(rights(bob, room), first.pk, ref=str(uuid4()), trace="")
    places = [
        (event["data"]["answer"], event["data"]["position"])
        for event in log_of(room)
        if event["type"] == "answer.queued"
    ]
    assert places == [(str(second.pk), 1), (str(third.pk), 2), (str(third.pk), 1)]


def test_a10_a_place_that_has_not_changed_is_not_told_again(room: Room, bob: User, alice: User) -> None:
    """Two questions are there before the first is given its turn."""
    with transaction.atomic():
        first, second = ask(bob, room), ask(alice, room)
    assert (fresh(first).enqueued_at is None, fresh(second).enqueued_at is None) == (False, True)
    assert types(room) == ["answer.asked", "answer.asked", "answer.queued"]


def test_a10_the_guess_comes_from_the_classs_last_answers(room: Room, bob: User, charlie: User) -> None:
    assert answers.eta_s(room, 1) is None
    for seconds in (10, 20):
        made = ask(bob, room)
        end = timezone.now()
        Answer.objects.filter(pk=made.pk).update(
            state=State.COMPLETED, enqueued_at=end - timedelta(seconds=seconds), finished_at=end, progress_at=end
        )
    assert [answers.eta_s(room, place) for place in (1, 3)] == [15, 45]
    ask(bob, room)
    ask(bob, room)
    assert log_of(room)[-1]["data"]["eta_s"] == 15


def test_a2_one_person_and_one_class_have_their_bound(
    room: Room, bob: User, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(answers.USER_MAX):
        ask(bob, room)
    with pytest.raises(FrameError) as caught:
        ask(bob, room)
    assert (caught.value.code, "5 of your questions" in caught.value.message) == ("busy", True)
    ask(alice, room)
    monkeypatch.setattr(answers, "CLASS_MAX", 6)
    with pytest.raises(FrameError) as caught:
        ask(alice, room)
    assert "whole class" in caught.value.message
    assert json.dumps(types(room)).count("answer.asked") == 6, "a refused question leaves nothing"
