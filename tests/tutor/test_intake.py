"""From Outputs to rows (rules S1–S5): whatever order, repeat or hole they come with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classroom.people.models import User
from classroom.rooms.models import Event, Room
from inference_worker.job import Output, Persisted
from tests.tutor.turns import ask, done, fresh, log_of, shown, started, text, types
from tutor import answers, availability, intake
from tutor.intake import Fenced, Result, batch_store
from tutor.models import Answer, Shard

RAW = "The sum is 二 👩‍👩‍👧."


@pytest.fixture(autouse=True)
def shard(db: None) -> Shard:
    return Shard.objects.create(pk=0, epoch=1)


@pytest.fixture
def answer(room: Room, bob: User) -> Answer:
    return ask(bob, room)


def store(*outputs: Output, epoch: int = 1) -> Result:
    return batch_store(0, epoch, "1-0", outputs)


def whole(answer: Answer, raw: str = RAW, **how: Any) -> list[Output]:
    return [started(answer), text(answer, 0, raw), done(answer, raw, **how)]


def said(result: Result) -> list[Persisted]:
    return result.persisted


# ---- the good case


def test_s4_an_answer_from_start_to_end(room: Room, answer: Answer) -> None:
    result = store(*whole(answer))
    assert types(room) == ["answer.asked", "answer.started", "answer.delta", "answer.completed"]
    events = log_of(room)
    assert events[1]["data"] == {"answer": str(answer.pk), "attempt": 1, "model": "demo", "engine": "scripted"}
    assert events[3]["data"]["text"] == shown(room, answer) == RAW
    assert (events[3]["data"]["prompt_tokens"], events[3]["data"]["completion_tokens"]) == (11, 7)
    assert {event["trace"] for event in events} == {answer.trace}
    row = fresh(answer)
    assert (row.state, row.reason, row.raw, row.shown, row.raw_length) == ("completed", "stop", RAW, RAW, len(RAW))
    assert (row.model, row.engine, row.worker, row.released) == ("demo", "scripted", "w1", len(RAW))
    assert None not in (row.started_at, row.first_text_at, row.progress_at, row.finished_at)
    assert [event.type for event in result.events] == types(room)[1:]
    assert said(result) == [Persisted(str(answer.pk), 1, len(RAW), done=True)]
    assert result.ended == [(answer.pk, room.pk)]


def test_s4_one_delta_an_answer_and_batch(room: Room, answer: Answer) -> None:
    result = store(started(answer), *(text(answer, n, letter) for n, letter in enumerate("abcdef")))
    assert types(room) == ["answer.asked", "answer.started", "answer.delta"]
    assert shown(room, answer) == "abcde", "the last letter may still get an accent"
    assert said(result) == [Persisted(str(answer.pk), 1, 6)]
    store(text(answer, 6, "gh"))
    assert shown(room, answer) == "abcdefg"


def test_s4_answers_of_two_rooms_in_one_batch(room: Room, answer: Answer, alice: User) -> None:
    second = Room.objects.create(school_class=room.school_class, title="Table two", created_by=alice)
    other = ask(alice, second)
    mixed = [one for pair in zip(whole(answer), whole(other, "Other."), strict=True) for one in pair]
    result = store(*mixed)
    assert (shown(room, answer), shown(second, other)) == (RAW, "Other.")
    assert set(result.ended) == {(answer.pk, room.pk), (other.pk, second.pk)}
    assert [frame["seq"] for frame in log_of(second)] == [1, 2, 3, 4]


def test_s4_a_batch_over_many_rooms_asks_no_more_of_the_database_than_one_of_one(
    room: Room, bob: User, alice: User
) -> None:
    rooms = [Room.objects.create(school_class=room.school_class, title=f"T{n}", created_by=alice) for n in range(5)]
    several = [ask(alice, one) for one in rooms[:4]]
    first = [ask(bob, rooms[4])]
    for each in (several, first):  # what is asked once for an answer: what its asker had checked
        store(*[output for one in each for output in (started(one), text(one, 0, "So we "))])
    asked = []
    for each in (several, first):
        with CaptureQueriesContext(connection) as queries:
            store(*[text(one, 6, "go on.") for one in each])
        asked.append([query["sql"].rpartition(" times: ")[2].split(" ", 1)[0] for query in queries])
    assert asked[0] == asked[1]
    assert len(asked[0]) <= 8, asked[0]  # two of them the savepoint of the test's own transaction
    assert {shown(one, answer) for one, answer in zip(rooms, several, strict=False)} == {"So we go on"}


def test_an_empty_batch_moves_the_cursor_only(room: Room) -> None:
    assert store() == Result()
    shard = Shard.objects.get()
    assert (shard.cursor, str(shard)) == ("1-0", "shard 0, epoch 1")
    assert shard.beat_at is not None


def test_thoughts_are_stored_and_never_told(room: Room, answer: Answer) -> None:
    raw = "<think>it is 2</think>Try it."
    store(started(answer), text(answer, 0, raw[:12]), text(answer, 12, raw[12:]), done(answer, raw))
    assert (fresh(answer).raw, fresh(answer).shown) == (raw, "Try it.")
    assert "it is 2" not in str(log_of(room))


# ---- S1: the fence


def test_s1_another_epoch_stores_nothing(room: Room, answer: Answer) -> None:
    for epoch in (0, 2):
        with pytest.raises(Fenced):
            store(*whole(answer), epoch=epoch)
    assert types(room) == ["answer.asked"]
    assert fresh(answer).raw == ""
    assert Shard.objects.get().cursor == "0-0"


def test_s1_a_failure_inside_leaves_nothing(room: Room, answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> list[Event]:
        raise ZeroDivisionError

    with monkeypatch.context() as inside:
        inside.setattr(intake.journal, "append_many", broken)
        with pytest.raises(ZeroDivisionError):
            store(*whole(answer))
    assert (fresh(answer).raw, Shard.objects.get().cursor) == ("", "0-0")
    store(*whole(answer))
    assert shown(room, answer) == RAW


# ---- S2: repeats


def test_s2_a_repeated_batch_changes_nothing(room: Room, answer: Answer) -> None:
    store(started(answer), text(answer, 0, "Hello "))
    before = log_of(room)
    result = store(started(answer), text(answer, 0, "Hello "))
    assert log_of(room) == before
    assert said(result) == [Persisted(str(answer.pk), 1, 6)]


def test_s2_what_overlaps_adds_its_rest(room: Room, answer: Answer) -> None:
    store(started(answer), text(answer, 0, "Hello "))
    store(text(answer, 3, "lo world!"), text(answer, 6, "world"))
    assert (fresh(answer).raw, shown(room, answer)) == ("Hello world!", "Hello world")


@pytest.mark.parametrize("state", ["completed", "stopped", "failed"])
def test_s2_nothing_is_added_to_what_has_ended(state: str, room: Room, answer: Answer) -> None:
    Answer.objects.filter(pk=answer.pk).update(state=state, shown="x")
    result = store(*whole(answer))
    assert types(room) == ["answer.asked"]
    assert fresh(answer).shown == "x"
    assert said(result) == [Persisted(str(answer.pk), 1, len(RAW), done=True)], "the worker may forget it"


def test_s2_a_stale_attempt_is_dropped_and_told_so(room: Room, answer: Answer) -> None:
    store(started(answer), text(answer, 0, "Hello "))
    Answer.objects.filter(pk=answer.pk).update(attempt=2)
    result = store(
        text(answer, 6, "from the dead"), started(answer, 2), text(answer, 6, "world.", 2), text(answer, 6, "late")
    )
    assert fresh(answer).raw == "Hello world."
    assert set(said(result)) == {
        Persisted(str(answer.pk), 1, 6, done=True),
        Persisted(str(answer.pk), 2, 12),
    }


def test_s2_an_attempt_from_the_future_is_dropped(room: Room, answer: Answer) -> None:
    store(text(answer, 0, "x", attempt=3))
    assert (types(room), fresh(answer).raw) == (["answer.asked"], "")


def test_s2_an_answer_that_is_gone(db: None) -> None:
    gone = Answer(pk=uuid4())
    assert said(store(*whole(gone))) == [Persisted(str(gone.pk), 1, len(RAW), done=True)]


def test_s2_a_repeated_start_is_one_event(room: Room, answer: Answer) -> None:
    store(started(answer), started(answer))
    store(started(answer))
    assert types(room) == ["answer.asked", "answer.started"]


def test_a_second_attempt_starts_again_and_goes_on_behind_the_prefix(room: Room, answer: Answer) -> None:
    store(started(answer), text(answer, 0, "Hello "))
    Answer.objects.filter(pk=answer.pk).update(attempt=2)
    store(started(answer, 2), text(answer, 6, "world.", 2), done(answer, "Hello world.", attempt=2))
    assert [frame["data"]["attempt"] for frame in log_of(room) if frame["type"] == "answer.started"] == [1, 2]
    assert shown(room, answer) == fresh(answer).shown == "Hello world."


def test_text_whose_start_was_lost_starts_the_answer(room: Room, answer: Answer) -> None:
    store(text(answer, 0, "Hello "))
    assert types(room) == ["answer.asked", "answer.started", "answer.delta"]
    store(done(answer, "Hello "))
    assert fresh(answer).state == "completed"


# ---- S3: holes


def test_s3_text_behind_a_hole_is_asked_for_again(room: Room, answer: Answer) -> None:
    store(started(answer), text(answer, 0, "Hello "))
    result = store(text(answer, 9, "ld!"))
    assert said(result) == [Persisted(str(answer.pk), 1, 6, hole=True)]
    assert fresh(answer).raw == "Hello "
    store(text(answer, 6, "wor"), text(answer, 9, "ld!"))
    assert fresh(answer).raw == "Hello world!"


def test_s3_a_done_behind_a_hole_ends_nothing(room: Room, answer: Answer) -> None:
    result = store(started(answer), done(answer, RAW))
    assert said(result) == [Persisted(str(answer.pk), 1, 0, hole=True)]
    assert fresh(answer).state == "running"


def test_s3_a_hole_in_one_answer_does_not_hold_up_another(room: Room, answer: Answer, alice: User) -> None:
    second = Room.objects.create(school_class=room.school_class, title="Table two", created_by=alice)
    other = ask(alice, second)
    store(text(answer, 5, "x"), *whole(other))
    assert (fresh(answer).raw, shown(second, other)) == ("", RAW)


# ---- S5: the hash


@pytest.mark.parametrize("raw", ["Hellx ", "Hell"])
def test_s5_text_that_is_not_what_the_worker_wrote_fails(raw: str, room: Room, answer: Answer) -> None:
    store(started(answer), text(answer, 0, "Hello "))
    result = store(done(answer, raw))
    event = log_of(room)[-1]
    assert (event["type"], event["data"]["reason"]) == ("answer.failed", "corrupt")
    assert said(result)[0].done is True
    assert event["data"]["text"] == shown(room, answer)


# ---- every way to end


@pytest.mark.parametrize(
    ("reason", "kind", "state"),
    [
        ("stop", "answer.completed", "completed"),
        ("length", "answer.completed", "completed"),
        ("deadline", "answer.completed", "completed"),
        ("cancelled", "answer.stopped", "stopped"),
        ("error", "answer.failed", "failed"),
    ],
)
def test_every_kind_of_done(reason: str, kind: str, state: str, room: Room, answer: Answer) -> None:
    result = store(*whole(answer, reason=reason, message="The model\nfell over"))
    event = log_of(room)[-1]
    assert (event["type"], event["data"]["reason"], fresh(answer).state) == (kind, reason, state)
    assert event["data"]["text"] == RAW, "what was written before the end is shown, whatever the end"
    assert event["data"].get("message") == ("The model\nfell over" if kind == "answer.failed" else None)
    assert len(result.ended) == 1


def test_an_error_without_words_gets_some(room: Room, answer: Answer) -> None:
    store(started(answer), done(answer, "", reason="error"))
    assert log_of(room)[-1]["data"]["message"] == "The model could not answer."


def test_a_worker_without_a_model_is_told_in_the_words_for_pupils(room: Room, answer: Answer) -> None:
    """Whatever words it has for itself: which file is broken is for who runs the machine."""
    secret = "/srv/models/secret/model.safetensors is missing"
    begun = replace(started(answer), info={"model": "/srv/models/secret", "engine": "batching", "worker": "w1"})
    store(begun, done(answer, "", reason="error", unavailable=True, message=secret))
    event = log_of(room)[-1]
    assert (event["type"], event["data"]["reason"]) == ("answer.failed", "unavailable")
    assert event["data"]["message"] == availability.BROKEN
    assert "/srv" not in str(log_of(room))
    assert "/srv" not in fresh(answer).reason


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("demo", "demo"),
        ("WeiboAI/VibeThinker-1.5B", "WeiboAI/VibeThinker-1.5B"),
        ("/srv/models/VibeThinker-1.5B/", "VibeThinker-1.5B"),
        ("./models/tiny", "tiny"),
        ("srv/models/tiny", "tiny"),
        ("~/tiny.gguf", "tiny.gguf"),
        ("models/tiny.gguf", "tiny.gguf"),
        ("", ""),
    ],
)
def test_the_room_reads_a_models_name_and_not_where_it_lies(room: Room, answer: Answer, model: str, told: str) -> None:
    store(replace(started(answer), info={"model": model, "engine": "batching", "worker": "w1"}))
    store(text(answer, 0, RAW), done(answer, RAW))
    named = {event["data"]["model"] for event in log_of(room) if "model" in event["data"]}
    assert (named, fresh(answer).model) == ({told}, told)


def test_a_preempted_run_is_left_to_the_reaper(room: Room, answer: Answer) -> None:
    result = store(*whole(answer, reason="preempted"))
    assert (fresh(answer).state, result.ended) == ("running", [])
    assert said(result) == [Persisted(str(answer.pk), 1, len(RAW))]


def test_an_answer_without_a_word(room: Room, answer: Answer) -> None:
    store(started(answer), done(answer, ""))
    assert types(room) == ["answer.asked", "answer.started", "answer.completed"]
    assert log_of(room)[-1]["data"]["first_token_ms"] is None


def test_output_behind_the_end_in_the_same_batch_is_dropped(room: Room, answer: Answer) -> None:
    store(*whole(answer), text(answer, len(RAW), "more"), done(answer, RAW))
    assert types(room)[-1] == "answer.completed"
    assert fresh(answer).raw == RAW


# ---- stops and closed rooms


def test_a3_what_comes_after_a_stop_is_dropped(room: Room, answer: Answer, alice: User) -> None:
    store(started(answer), text(answer, 0, "Hello "))
    from tests.tutor.turns import rights

    answers.answer_stop(rights(alice, room), answer.pk, ref=str(uuid4()), trace="")
    store(text(answer, 6, "world"), done(answer, "Hello world"))
    assert types(room)[-1] == "answer.stopped"
    assert log_of(room)[-1]["data"]["text"] == shown(room, answer) == "Hello"


def test_r5_text_for_a_closed_room_ends_the_answer(room: Room, answer: Answer) -> None:
    store(started(answer), text(answer, 0, "Hello "))
    Room.objects.filter(pk=room.pk).update(state=Room.State.CLOSED)
    result = store(text(answer, 6, "world"), done(answer, "Hello world"))
    assert (log_of(room)[-1]["type"], log_of(room)[-1]["data"]["reason"]) == ("answer.stopped", "room_closed")
    assert log_of(room)[-1]["data"]["text"] == "Hello"
    assert result.ended == [(answer.pk, room.pk)]
    assert said(result)[0].done is True


# ---- whatever comes


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_s2_s3_any_repeats_holes_and_batches_end_in_the_same_text(room: Room, bob: User, data: st.DataObject) -> None:
    """A worker that sends again from where it is asked to is always understood in the end, whatever gets lost between."""
    Answer.objects.filter(state__in=answers.ACTIVE).update(state="stopped")  # of examples that ended in the middle
    answer = ask(bob, room)
    raw = data.draw(st.text(alphabet="ab \u0301二👩\u200d👧<", max_size=30), "raw")
    stream = [text(answer, n, raw[n : n + 3]) for n in range(0, len(raw), data.draw(st.integers(1, 3), "step"))]
    outputs: Sequence[Output] = [started(answer), *stream, done(answer, raw)]
    for _ in range(data.draw(st.integers(0, 5), "bad batches")):
        batch = data.draw(st.lists(st.sampled_from(outputs), max_size=6), "batch")
        store(*[output for output in batch if output.kind != "done"])
    while fresh(answer).state not in ("completed", "failed"):
        at = fresh(answer).raw_length
        store(*[output for output in outputs if output.kind != "text" or output.offset + len(output.text) > at])
    assert fresh(answer).state == "completed"
    assert shown(room, answer) == fresh(answer).shown == raw


def test_the_same_on_both_databases(either_database: str, room: Room, bob: User, charlie: User) -> None:
    Shard.objects.get_or_create(pk=0, defaults={"epoch": 1})
    answer = ask(bob, room)
    store(started(answer), text(answer, 0, "Hello "))
    store(text(answer, 3, "lo 二\u2028 world"), text(answer, 60, "hole"))
    raw = "Hello 二\u2028 world"
    store(done(answer, raw))
    assert shown(room, answer) == fresh(answer).raw == raw
    assert str(charlie.pk) not in str(log_of(room))
