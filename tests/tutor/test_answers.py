"""The life of an answer (rules A1–A6)."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis
from django.db import connection
from django.http import Http404
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from classroom.people.models import User
from classroom.rooms import services
from classroom.rooms.frames import FrameError
from classroom.rooms.models import Event, Room
from inference_worker.job import JOB, JOBS, STOP
from tests.tutor.turns import ask, fresh, log_of, rights, types
from tutor import answers, prompt
from tutor.models import Answer

State = Answer.State


@pytest.fixture
def second(room: Room, alice: User) -> Room:
    return Room.objects.create(school_class=room.school_class, title="Table two", created_by=alice)


def stop(user: User, room: Room, answer: Answer | UUID, ref: str = "") -> Event:
    key = answer.pk if isinstance(answer, Answer) else answer
    return answers.answer_stop(rights(user, room), key, ref=ref or str(uuid4()), trace="t" * 32)


def refused(user: User, room: Room, answer: Answer | UUID) -> FrameError:
    with pytest.raises(FrameError) as caught:
        stop(user, room, answer)
    return caught.value


def at_once(works: list[Any]) -> list[Any]:
    gate = threading.Barrier(len(works))

    def run(work: Any) -> Any:
        gate.wait(30)
        try:
            return work()
        except FrameError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result() for future in [pool.submit(run, work) for work in works]]


# ---- the moves


@pytest.mark.parametrize("before", list(State))
@pytest.mark.parametrize("after", list(State))
def test_a6_which_moves_there_are(before: str, after: str) -> None:
    allowed = {
        ("queued", "running"), ("queued", "stopped"), ("queued", "failed"),
        ("running", "completed"), ("running", "stopped"), ("running", "failed"), ("running", "paused"),
        ("paused", "running"), ("paused", "stopped"), ("paused", "failed"),
    }  # fmt: skip
    assert answers.move_allowed(before, after) is ((before, after) in allowed)


def test_a6_every_state_has_its_moves_and_ends_have_none() -> None:
    assert answers.MOVES.keys() == set(State)
    assert {state for state in State if not answers.MOVES[state]} == set(State) - set(answers.ACTIVE)


# ---- A1: asking


def test_a1_a_question_is_logged_and_given_the_turn(room: Room, bob: User) -> None:
    answer = ask(bob, room, "why?")
    [event] = log_of(room)
    assert (event["type"], event["data"]) == ("answer.asked", {"answer": str(answer.pk), "text": "why?"})
    assert event["by"]["id"] == str(bob.pk)
    assert (answer.asked_seq, answer.state, answer.attempt, answer.prompt_version) == (1, "queued", 1, prompt.VERSION)
    assert answer.trace == event["trace"]
    assert str(answer) == f"{answer.pk} queued"


@pytest.mark.django_db(transaction=True)
def test_a1_a_question_whose_turn_it_is_costs_one_commit(room: Room, bob: User) -> None:
    """On SQLite a commit is a sync of the disk, and everybody's next question waits for it."""
    Room.objects.filter(pk=room.pk).update(problem=None)  # the first question about a problem seals its vault too
    with CaptureQueriesContext(connection) as queries:
        answer = ask(bob, room)
    assert answer.enqueued_at is not None
    assert [query["sql"] for query in queries if query["sql"].startswith(("BEGIN", "COMMIT"))] == [
        "BEGIN IMMEDIATE",
        "COMMIT",
    ]
    writes = [query["sql"] for query in queries if query["sql"].startswith(("INSERT", "UPDATE"))]
    assert len(writes) == 3, "the room's last_seq, the event, the answer"
    reads = [query["sql"] for query in queries if query["sql"].startswith("SELECT")]
    assert sum('FROM "tutor_answer"' in sql for sql in reads) == 3, "who waits, earlier turns, and this test's own look"
    assert len(reads) == 11, "rights 3, repeat, room, who waits, time, documents, memory, and those of answers"


def test_a1_the_same_frame_asks_once(room: Room, bob: User) -> None:
    ref = str(uuid4())
    assert ask(bob, room, ref=ref).pk == ask(bob, room, ref=ref).pk
    assert (Answer.objects.count(), types(room)) == (1, ["answer.asked"])


def test_a1_the_id_of_another_frame_asks_nothing(room: Room, bob: User) -> None:
    answer = ask(bob, room)
    event = stop(bob, room, answer, ref=(ref := str(uuid4())))
    assert answers.answer_ask(rights(bob, room), "again?", ref=ref, trace="").pk == event.pk
    assert Answer.objects.count() == 1


def test_a1_further_questions_wait_and_say_their_place(room: Room, bob: User, alice: User) -> None:
    ask(bob, room)
    waiting = [ask(alice, room), ask(bob, room)]
    assert types(room) == ["answer.asked", *["answer.asked", "answer.queued"] * 2]
    places = [frame["data"] for frame in log_of(room) if frame["type"] == "answer.queued"]
    assert places == [{"answer": str(a.pk), "position": n, "eta_s": None} for n, a in enumerate(waiting, 1)]


def test_a1_too_many_questions_are_refused_and_leave_nothing(room: Room, bob: User, alice: User) -> None:
    for number in range(answers.ROOM_MAX):
        ask((bob, alice)[number % 2], room)
    before = len(types(room))
    with pytest.raises(FrameError) as caught:
        ask(bob, room)
    assert (caught.value.code, caught.value.retry_ms) == ("busy", 5_000)
    assert (len(types(room)), Answer.objects.count()) == (before, answers.ROOM_MAX)


# ---- A2: one turn a room


@pytest.mark.django_db(transaction=True)
def test_a2_the_oldest_has_the_turn_and_passes_it_on(room: Room, second: Room, bob: User) -> None:
    first, following, elsewhere = ask(bob, room), ask(bob, room), ask(bob, second)
    assert fresh(first).enqueued_at is not None
    assert fresh(following).enqueued_at is None
    assert fresh(elsewhere).enqueued_at is not None, "each room has a turn of its own"
    stop(bob, room, first)
    assert fresh(following).enqueued_at is not None


@pytest.mark.django_db(transaction=True)
def test_a2_a_turn_that_was_lost_is_given_and_no_place_told_again(room: Room, bob: User, alice: User) -> None:
    first, second = ask(bob, room), ask(alice, room)
    Answer.objects.filter(pk=first.pk).update(enqueued_at=None)
    told = types(room)
    assert answers.room_advance(room.pk) == first.pk
    assert fresh(first).enqueued_at is not None
    assert (fresh(second).enqueued_at, fresh(second).place) == (None, 1)
    assert types(room) == told


def test_a2_nobody_waits_nobody_gets_it(room: Room, bob: User) -> None:
    assert answers.room_advance(room.pk) is None
    answer = ask(bob, room)
    assert answers.room_advance(room.pk) is None, "it has the turn already"
    assert fresh(answer).enqueued_at is not None


def test_a2_of_many_questions_at_once_one_has_the_turn(
    either_database: str, room: Room, bob: User, alice: User
) -> None:
    at_once([partial(ask, user, room) for user in (bob, alice) * 4])
    at_once([partial(answers.room_advance, room.pk) for _ in range(8)])
    rows = list(Answer.objects.filter(room=room).order_by("asked_seq"))
    assert [row.enqueued_at is not None for row in rows] == [True] + [False] * 7
    assert types(room).count("answer.queued") == 7
    assert [frame["seq"] for frame in log_of(room)] == list(range(1, 16))


# ---- A3: stopping


def test_a3_a_stop_is_final_and_carries_what_was_seen(room: Room, bob: User, alice: User) -> None:
    answer = ask(bob, room)
    Answer.objects.filter(pk=answer.pk).update(state=State.RUNNING, shown="Wait, 二", raw="Wait, 二 and")
    event = stop(alice, room, answer, ref=(ref := str(uuid4())))
    assert (event.type, event.ref) == ("answer.stopped", ref)
    assert event.by == rights(alice, room).by
    assert event.data == {
        "answer": str(answer.pk),
        "text": "Wait, 二",
        "sha256": hashlib.sha256("Wait, 二".encode()).hexdigest(),
        "length": 7,
        "reason": "stopped",
    }
    ended = fresh(answer)
    assert (ended.state, ended.reason) == ("stopped", "stopped")
    assert ended.finished_at is not None


def test_a3_the_same_stop_twice_is_one_event(room: Room, bob: User) -> None:
    answer = ask(bob, room)
    ref = str(uuid4())
    assert stop(bob, room, answer, ref=ref).pk == stop(bob, room, answer, ref=ref).pk
    assert types(room) == ["answer.asked", "answer.stopped"]


def test_a3_a_second_stop_by_another_is_told_that_it_is_over(room: Room, bob: User, alice: User) -> None:
    answer = ask(bob, room)
    stop(bob, room, answer)
    wrong = refused(alice, room, answer)
    assert (wrong.code, wrong.field) == ("not_running", "data.answer")


@pytest.mark.parametrize("state", [State.COMPLETED, State.STOPPED, State.FAILED])
def test_a3_what_has_ended_cannot_be_stopped(state: str, room: Room, bob: User) -> None:
    answer = ask(bob, room)
    Answer.objects.filter(pk=answer.pk).update(state=state)
    assert refused(bob, room, answer).code == "not_running"


def test_a3_answers_of_other_rooms_and_of_none_cannot_be_stopped(room: Room, second: Room, bob: User) -> None:
    answer = ask(bob, room)
    assert refused(bob, second, answer).code == "not_running"
    assert refused(bob, room, uuid4()).code == "not_running"
    assert fresh(answer).state == "queued"


def test_a3_charlie_can_neither_ask_nor_stop(room: Room, bob: User, charlie: User) -> None:
    answer = ask(bob, room)
    with pytest.raises(Http404):
        stop(charlie, room, answer)
    with pytest.raises(Http404):
        ask(charlie, room)
    assert fresh(answer).state == "queued"


def test_a3_of_many_stops_at_once_one_counts(either_database: str, room: Room, bob: User, alice: User) -> None:
    answer = ask(bob, room)
    said = at_once([partial(stop, user, room, answer) for user in (bob, alice) for _ in range(4)])
    assert sum(isinstance(one, Event) for one in said) == 1
    assert {one.code for one in said if isinstance(one, FrameError)} == {"not_running"}
    assert types(room) == ["answer.asked", "answer.stopped"]


# ---- A4: failing, A5: another attempt, and closed rooms


def test_a4_failing_says_why_to_programs_and_people(room: Room, bob: User) -> None:
    answer = ask(bob, room)
    assert answers.answer_fail(answer.pk, "unavailable", "The tutor is not running.") is True
    event = log_of(room)[-1]
    assert event["type"] == "answer.failed"
    assert (event["data"]["reason"], event["data"]["message"]) == ("unavailable", "The tutor is not running.")
    assert (event["data"]["text"], event["data"]["length"], event["by"]) == ("", 0, None)
    assert answers.answer_fail(answer.pk, "unavailable", "again") is False
    assert types(room).count("answer.failed") == 1


def test_a4_an_answer_that_is_gone_cannot_fail(db: None) -> None:
    assert answers.answer_fail(uuid4(), "lost", "x") is False
    assert answers.answer_close(uuid4()) is False


def test_a5_an_attempt_is_minted_once(room: Room, bob: User, redis_url: str) -> None:
    answer = ask(bob, room)
    Answer.objects.filter(pk=answer.pk).update(state=State.RUNNING, raw="Once", raw_length=4)
    assert answers.attempt_mint(answer.pk, 1) is True
    assert answers.attempt_mint(answer.pk, 1) is False, "somebody else was faster"
    assert fresh(answer).attempt == 2
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        assert client.lrange(JOBS, 0, -1) == [f"{answer.pk}:2:{room.school_class_id.hex}:{room.pk.hex}"]
        assert '"prefix":"Once"' in client.get(JOB.format(answer=answer.pk, attempt=2))
    assert answers.attempt_mint(answer.pk, answers.ATTEMPTS_MAX) is False, "none is left"


@pytest.mark.parametrize("state", [State.QUEUED, State.COMPLETED, State.STOPPED, State.FAILED])
def test_a5_only_what_runs_is_handed_on(state: str, room: Room, bob: User) -> None:
    answer = ask(bob, room)
    Answer.objects.filter(pk=answer.pk).update(state=state)
    assert answers.attempt_mint(answer.pk, 1) is False
    assert fresh(answer).attempt == 1


def test_closing_the_room_ends_its_answers(room: Room, bob: User, alice: User) -> None:
    answer = ask(bob, room)
    assert answers.answer_close(answer.pk) is False, "the room is open"
    services.room_close(by=alice, room=room)
    assert answers.answer_close(answer.pk) is True
    assert answers.answer_close(answer.pk) is False
    assert log_of(room)[-1]["data"]["reason"] == "room_closed"
    assert fresh(answer).state == "stopped"


# ---- A6: ends


def test_a6_a_completed_answer_says_its_figures(room: Room, bob: User) -> None:
    answer = ask(bob, room)
    answer.shown, answer.model, answer.prompt_tokens, answer.completion_tokens = "Yes.", "demo", 80, 2
    answer.first_text_at = answer.asked_at + timedelta(milliseconds=310)
    data = answers.answer_end(answer, State.COMPLETED, "stop").data
    assert (data["model"], data["prompt_tokens"], data["completion_tokens"]) == ("demo", 80, 2)
    assert data["first_token_ms"] == 310
    assert data["total_ms"] == round((answer.finished_at - answer.asked_at).total_seconds() * 1000)
    assert data["sha256"] == hashlib.sha256(b"Yes.").hexdigest()


def test_a6_without_a_first_word_there_is_no_time_to_it(room: Room, bob: User) -> None:
    answer = ask(bob, room)
    assert answers.answer_end(answer, State.COMPLETED, "stop").data["first_token_ms"] is None
    assert answer.finished_at is not None
    assert answer.finished_at <= timezone.now()


def test_a6_a_long_message_fits_the_row_and_stays_whole_in_the_log(room: Room, bob: User) -> None:
    answer = ask(bob, room)
    draft = answers.answer_end(answer, State.FAILED, "error", message="m" * 400)
    assert (len(answer.reason), len(draft.data["message"])) == (300, 400)


@pytest.mark.django_db(transaction=True)
def test_a3_the_worker_hears_of_the_stop(room: Room, bob: User, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        answer = ask(bob, room)
        assert not client.exists(STOP.format(answer=answer.pk))
        stop(bob, room, answer)
        assert client.exists(STOP.format(answer=answer.pk))
