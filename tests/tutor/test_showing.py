"""From a question's own circumstances to what its answer may show (rules G4–G6), through the scribe and through a hand."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.http import Http404

from classroom.people.models import User
from classroom.rooms.models import Problem, Room
from tests.tutor.turns import ask, done, fresh, rights, shown, started, text
from tutor import hands, showing
from tutor.intake import batch_store
from tutor.models import Answer, Shard, Step


@pytest.fixture(autouse=True)
def shard(db: None) -> Shard:
    return Shard.objects.create(pk=0, epoch=1)


@pytest.fixture
def answer(room: Room, bob: User) -> Answer:
    asked = ask(bob, room)
    asked.forbidden = ["$$x=7$$"]
    asked.save()
    return asked


def store(*outputs: object) -> None:
    batch_store(0, 1, "1-0", outputs)  # type: ignore[arg-type]  # short for Outputs of every kind


def test_g5_withheld_text_is_kept_and_not_told(room: Room, answer: Answer) -> None:
    raw = "We get x = 7. Now test it."
    store(started(answer), text(answer, 0, raw[:10]), text(answer, 10, raw[10:]), done(answer, raw))
    row = fresh(answer)
    assert (row.raw, row.shown) == (raw, "We get […] Now test it.")
    assert shown(room, answer) == row.shown
    (part,) = row.withheld
    assert (raw[part["start"] : part["end"]], part["why"]) == ("x = 7.", "value")


def test_n6_another_problem_in_the_room_lets_nothing_out(room: Room, answer: Answer) -> None:
    """A statement may speak of its own values: that of a later problem must not open those of this one."""
    other = Problem.objects.create(slug="other", title="Other", statement="Take $7$ apples.")
    Room.objects.filter(pk=room.pk).update(problem=other)
    raw = "It is twice 7 then."
    store(started(answer), text(answer, 0, raw), done(answer, raw))
    assert "7" not in fresh(answer).shown


def test_g5_an_insert_lets_nothing_out(room: Room, bob: User, answer: Answer) -> None:
    store(started(answer), text(answer, 0, "So the value is 7"))
    hands.answer_insert(rights(bob, room), answer.pk, "shorter", ref=str(uuid4()), trace="t")
    row = fresh(answer)
    assert row.shown == "So the value is […]\n\n"
    assert [part["why"] for part in row.withheld] == ["value"]
    store(started(row), text(row, row.raw_length, "seven, then. "))
    assert "seven" not in fresh(row).shown


def test_g4_nothing_is_forbidden_to_who_may_have_the_solution(room: Room, answer: Answer) -> None:
    Answer.objects.update(forbidden=[])
    raw = "x = 7"
    store(started(answer), text(answer, 0, raw), done(answer, raw))
    assert (fresh(answer).shown, fresh(answer).withheld) == (raw, [])


def stepped(room: Room, user: User, answer: Answer, verdict: str, *, late: bool = False) -> None:
    at = answer.asked_at + timedelta(seconds=5 if late else -5)
    Step.objects.create(
        room=room, by=user, seq=answer.asked_seq - 1, text="2x = 4", verdict=verdict, asked_at=at, checked_at=at
    )


@pytest.mark.parametrize(
    ("verdict", "allowed"), [("verified", True), ("refuted", False), ("unknown", False), ("", False)]
)
def test_g6_only_a_verified_step_may_be_praised(
    room: Room, bob: User, answer: Answer, verdict: str, allowed: bool
) -> None:
    if verdict:
        stepped(room, bob, answer, verdict)
    assert showing.policy_of(answer).praise is allowed


def test_g6_neither_somebody_elses_step_nor_a_later_verdict_counts(
    room: Room, bob: User, alice: User, answer: Answer
) -> None:
    stepped(room, alice, answer, "verified")
    assert not showing.policy_of(answer).praise
    stepped(room, bob, answer, "verified", late=True)
    assert not showing.policy_of(answer).praise


@pytest.mark.parametrize("question", ["Just check: is it 7?", "is it seven?", "是七吗？", "$x<3$?"])
def test_g6_who_asks_about_a_value_gets_no_verdict(room: Room, bob: User, answer: Answer, question: str) -> None:
    stepped(room, bob, answer, "verified")
    answer.question = question
    assert (showing.policy_of(answer).praise, showing.policy_of(answer).confirms) == (False, True)


def test_g6_nor_who_puts_one_in(room: Room, bob: User, answer: Answer) -> None:
    stepped(room, bob, answer, "verified")
    answer.inserts = [{"at": 0, "text": "so 7?"}]
    assert not showing.policy_of(answer).praise


def test_g6_praise_is_withheld_like_a_value(room: Room, bob: User) -> None:
    plain = ask(bob, room, "What now?")
    raw = "Well done! Your step is right. Go on."
    store(started(plain), text(plain, 0, raw), done(plain, raw))
    assert fresh(plain).shown == "I have not verified this yet. Your step is … Go on."
    assert {part["why"] for part in fresh(plain).withheld} == {"praise"}


def test_charlie_may_put_nothing_in(room: Room, charlie: User, answer: Answer) -> None:
    store(started(answer), text(answer, 0, "So the value is 7"))
    with pytest.raises(Http404):
        hands.answer_insert(rights(charlie, room), answer.pk, "say it", ref=str(uuid4()), trace="t")
    assert "7" not in fresh(answer).shown
