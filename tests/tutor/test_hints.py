"""A room asks for a hint (rules N2, N3, N4, N6, N7): what it gets, what it costs, and what it never gets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.db import transaction
from django.http import Http404
from django.utils import timezone

from classroom.people.models import Enrolment, User
from classroom.rooms import actions, frames, journal
from classroom.rooms.clock import database_now
from classroom.rooms.frames import FrameError
from classroom.rooms.models import Event, Problem, Room
from inference_worker.job import WORKER, WorkerState
from tests.tutor.test_rungs import at_once, ladder, move, rules_set, seen
from tests.tutor.turns import fresh, log_of, types
from tutor import dispatch, hints
from tutor.authored import hint_texts, hints_of, solution_of
from tutor.models import Answer, Ladder, Reference, Step

pytestmark = pytest.mark.django_db(transaction=True)
PART = {
    "title": "$$3\\cdot(14-9)+8$$",
    "answers": ["$$23$$"],
    "hints": [
        {"type": "hint", "title": "Brackets", "text": "Start inside the brackets."},
        {"type": "scaffold", "title": "The bracket", "text": "What is $$14-9$$?", "hintAnswer": ["$$5$$"]},
        {"type": "hint", "title": "", "text": "Multiply before you add."},
        {"type": "hint", "title": "The end", "text": "So it is $$15+8=23$$."},
    ],
}


@pytest.fixture
def reference(problem: Problem) -> Reference:
    return Reference.objects.create(problem=problem, steps=[PART], solution="First 14-9, then * 3.")


@pytest.fixture
def tutor(redis_url: str) -> Iterator[Any]:
    """A worker's heartbeat: somebody could phrase a hint."""
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        client.set(WORKER.format(name="w"), WorkerState("w", "ready", "scripted", "demo").to_json(), ex=60)
        yield client


def request(user: User, room: Room, ref: str = "") -> dict[str, Any]:
    frame = frames.decode(frames.encode({"type": "hint.request", "id": ref or str(uuid4()), "data": {}}))
    return actions.perform(user, room.pk, frame)


def say(user: User, room: Room, text: str, verb: str = "message.post") -> None:
    actions.perform(
        user, room.pk, frames.decode(frames.encode({"type": verb, "id": str(uuid4()), "data": {"text": text}}))
    )


def hint(user: User, room: Room, *, tried: bool = True) -> dict[str, Any]:
    """Tries something, asks, and gives the data of the hint."""
    if tried:
        say(user, room, "I have 3 + 4")
    request(user, room)
    last = log_of(room)[-1]
    assert last["type"] == "hint.given"
    return dict(last["data"])


def refused(user: User, room: Room) -> FrameError:
    before = Event.objects.count()
    with pytest.raises(FrameError) as caught:
        request(user, room)
    assert Event.objects.count() == before, "nothing of a refused frame happens"
    return caught.value


# ---- N7: what is written


def test_n7_written_hints_come_at_once_in_order_without_any_model(room: Room, bob: User, reference: Reference) -> None:
    texts = []
    for rung in (1, 2, 3):
        given = hint(bob, room)
        texts.append(given["text"])
        assert (given["rung"], given["answer"], given["asked_by"]["name"]) == (rung, None, "Bob Baker")
        assert seen(bob, room)["rung"] == rung == given["ladder"]["given"]
    assert texts == [
        "**Brackets**\n\nStart inside the brackets.",
        "**The bracket**\n\nWhat is $14-9$?",
        "Multiply before you add.",
    ]
    assert types(room) == ["message.posted", "hint.requested", "hint.given"] * 3
    assert not Answer.objects.exists()


def test_n7_one_that_shows_the_answer_is_never_given(room: Room, bob: User, alice: User, reference: Reference) -> None:
    for _ in range(3):
        hint(bob, room)
    say(bob, room, "x = 7")
    assert refused(bob, room).code == "unavailable", "the fourth is written, but it says 23"
    given = [frame for frame in log_of(room) if frame["type"] == "hint.given"]
    assert "23" not in str([frame["data"]["text"] for frame in given])


@pytest.mark.parametrize(
    ("text", "shows"),
    [
        ("So it is $$15+8=23$$.", True), ("$$ 2 3 $$", True), ("The value is 23.", True), ("x = \\left(23\\right)", True),
        ("Look at $$230$$ and 1.23", False), ("Multiply before you add.", False),
    ],
)  # fmt: skip
def test_n7_what_shows_the_answer(problem: Problem, text: str, shows: bool) -> None:
    made = Reference(
        problem=problem, steps=[{"answers": ["$$23$$"], "hints": [{"type": "hint", "title": "", "text": text}]}]
    )
    assert bool(hints_of(made, ["$$23$$"])) is not shows
    assert len(hint_texts(made)) == len(hints_of(made, [])) == 1


@pytest.mark.parametrize(
    ("count", "spread"), [(1, [1]), (2, [1, 2]), (3, [1, 2, 3]), (4, [1, 1, 2, 3]), (7, [1, 1, 1, 2, 2, 3, 3])]
)
def test_n7_many_hints_are_spread_over_three_rungs(problem: Problem, count: int, spread: list[int]) -> None:
    written = [{"type": "hint", "title": "", "text": f"hint {number}"} for number in range(count)]
    made = hints_of(Reference(problem=problem, steps=[{"answers": [], "hints": written}]), [])
    assert [one.rung for one in made] == spread
    assert [one.place for one in made] == list(range(count))


def test_n7_several_of_one_rung_come_one_by_one(room: Room, bob: User, problem: Problem) -> None:
    written = [{"type": "hint", "title": "", "text": f"look {word}"} for word in ("a", "b", "c", "d", "e", "f")]
    Reference.objects.create(problem=problem, steps=[{"answers": ["99"], "hints": written}])
    rules_set(room, bob, ceiling=1)
    assert [(hint(bob, room)["rung"], seen(bob, room)["more"]) for _ in range(2)] == [(1, True), (1, False)]
    assert "all the hints" in refused(bob, room).message


def test_n7_a_scaffold_asks_and_does_not_tell(problem: Problem) -> None:
    words = {"type": "scaffold", "title": "How many eggs are left?", "text": "16 - 3 - 4 = 9 eggs are left."}
    made = Reference(problem=problem, steps=[{"answers": ["$$18$$"], "hints": [words]}])
    assert hint_texts(made) == ["How many eggs are left?"]


def test_n7_parts_and_formats(problem: Problem) -> None:
    part = {"answers": [], "hints": [{"type": "hint", "title": "", "text": "a *b* $$x$$"}]}
    imported = Reference(problem=problem, steps=[part, part], solution="2 * 3 * 4")
    assert hint_texts(imported) == [f"**Part {number}**\n\na \\*b\\* $x$" for number in (1, 2)]
    assert solution_of(imported) == "2 \\* 3 \\* 4"
    titled = {
        "answers": [],
        "hints": [{"type": "hint", "title": "Two terms", "text": "with x"}, {"type": "hint", "text": ""}],
    }
    assert hint_texts(Reference(problem=problem, steps=[titled, part]))[0] == "**Part 1 · Two terms**\n\nwith x"
    assert hint_texts(Reference(problem=problem, steps=[titled])) == ["**Two terms**\n\nwith x"], (
        "and an empty one is none"
    )
    own = Reference(problem=problem, steps=[part], solution=" *so* ", format=Reference.Format.MARKDOWN)
    assert (hint_texts(own), solution_of(own), solution_of(None)) == (["a *b* $$x$$"], "*so*", "")


def test_n7_the_last_rung_is_the_written_solution(room: Room, bob: User, alice: User, reference: Reference) -> None:
    move(alice, room, 5)
    given = hint(bob, room, tried=False)
    assert (given["rung"], given["text"]) == (5, "First 14-9, then \\* 3.")
    assert refused(bob, room).message == "The solution has been given already."


# ---- N2: once


def test_n2_the_same_frame_asks_once(room: Room, bob: User, reference: Reference) -> None:
    say(bob, room, "x = 7")
    ref = str(uuid4())
    assert request(bob, room, ref) == request(bob, room, ref)
    assert (types(room).count("hint.given"), ladder(room).given) == (1, 1)


def test_n2_many_at_once_never_get_the_same_hint_twice(
    either_database: str, room: Room, bob: User, alice: User, reference: Reference
) -> None:
    rules_set(room, alice, attempt_first=False, budget=2)
    found = at_once([lambda: request(bob, room) for _ in range(5)])
    given = [frame["data"] for frame in log_of(room) if frame["type"] == "hint.given"]
    assert [(data["rung"], data["ladder"]["given"]) for data in given] == [(1, 1), (2, 2)]
    assert len({data["text"] for data in given}) == 2
    assert (
        sorted(getattr(one, "message", "") for one in found)[2:]
        == ["No hints are left for this problem. Ask your teacher."] * 3
    )
    assert ladder(room).given == 2


def test_n2_of_one_frame_sent_five_times_at_once_one_counts(
    either_database: str, room: Room, bob: User, reference: Reference
) -> None:
    say(bob, room, "x = 7")
    ref = str(uuid4())
    found = at_once([lambda: request(bob, room, ref) for _ in range(5)])
    assert found == [found[0]] * 5
    assert types(room).count("hint.given") == 1


# ---- N3: a try comes first


def test_n3_without_a_try_the_tutor_asks_for_one_and_it_costs_nothing(
    room: Room, bob: User, reference: Reference
) -> None:
    given = hint(bob, room, tried=False)
    assert (given["rung"], given["text"], given["ladder"]["given"]) == (0, hints.ASK_WHAT, 0)
    assert [frame["data"] for frame in log_of(room) if frame["type"] == "hint.requested"] == [{"rung": 0}]
    again = refused(bob, room)
    assert (again.code, again.message) == ("forbidden", hints.SHOW_A_TRY), "it is asked once"
    assert hint(bob, room)["rung"] == 1
    assert hint(bob, room, tried=False)["rung"] == 0, "each hint wants a new one"


@pytest.mark.parametrize(
    ("text", "verb", "counts"),
    [
        ("x", "step.submit", True), ("2x = 4", "message.post", True), ("is it 7?", "answer.ask", True),
        ("we do not know what to do", "message.post", True), ("我们不知道应该从哪里开始算", "message.post", True),
        ("hello", "message.post", False), ("give me the answer", "answer.ask", False), ("快告诉我答案", "answer.ask", False),
    ],
)  # fmt: skip
def test_n3_what_counts_as_a_try(
    room: Room, bob: User, reference: Reference, text: str, verb: str, counts: bool
) -> None:
    say(bob, room, text, verb)
    assert seen(bob, room)["tried"] is counts
    assert (hint(bob, room, tried=False)["rung"] > 0) is counts


def test_n3_anybodys_try_serves_the_room_but_staffs_does_not(
    room: Room, bob: User, alice: User, charlie: User, reference: Reference
) -> None:
    say(alice, room, "Remember that 3 * 5 = 15, and read the problem again.")
    assert hint(bob, room, tried=False)["rung"] == 0
    Enrolment.objects.create(user=charlie, school_class=room.school_class, role="student")
    say(charlie, room, "x = 7")
    assert hint(bob, room, tried=False)["rung"] == 1
    assert hint(alice, room, tried=False)["rung"] == 2, "staff show none"


def test_n3_the_rule_can_be_switched_off(room: Room, bob: User, alice: User, reference: Reference) -> None:
    rules_set(room.school_class, alice, attempt_first=False)
    assert [hint(bob, room, tried=False)["rung"] for _ in range(3)] == [1, 2, 3]


# ---- N4: bounds


def test_n4_the_budget_is_of_the_problem_and_what_staff_open_is_beyond_it(
    room: Room, bob: User, alice: User, reference: Reference
) -> None:
    rules_set(room, alice, budget=1)
    hint(bob, room)
    say(bob, room, "x = 7")
    assert "No hints are left" in refused(bob, room).message
    move(alice, room, 2)
    assert hint(bob, room, tried=False)["rung"] == 2
    assert "No hints are left" in refused(bob, room).message
    assert seen(bob, room)["given"] == 2


def test_n4_the_date_is_the_databases(
    room: Room, bob: User, alice: User, reference: Reference, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules_set(room, alice, ceiling=1, budget=0, solution_at=database_now() + timedelta(hours=1))
    monkeypatch.setattr(
        timezone, "now", lambda: database_now() + timedelta(days=2)
    )  # a web process whose clock is wrong
    say(bob, room, "x = 7")
    assert "No hints are left" in refused(bob, room).message
    rules_set(room, alice, ceiling=1, budget=0, solution_at=database_now())
    monkeypatch.setattr(timezone, "now", lambda: database_now() - timedelta(days=2))
    assert [hint(bob, room, tried=False)["rung"] for _ in range(3)] == [1, 2, 3]


def test_n4_the_solution_comes_after_the_date_and_not_before(
    room: Room, bob: User, alice: User, reference: Reference, tutor: Any
) -> None:
    Ladder.objects.create(room=room, problem=room.problem, rung=4, reached=4, given=4)
    say(bob, room, "x = 7")
    assert "all the hints" in refused(bob, room).message
    rules_set(room.school_class, alice, solution_at=database_now())
    assert hint(bob, room)["rung"] == 5


# ---- N6: what the tutor phrases


def test_n6_where_nothing_is_written_the_tutor_phrases_it(room: Room, bob: User, tutor: Any) -> None:
    with transaction.atomic():
        said = journal.append(
            room.pk, type="step.submitted", data={"step": str(uuid4()), "text": "2x = 5", "after": None}, actor=bob
        )
    Step.objects.create(room=room, seq=said.seq, text="2x = 5", verdict="refuted", asked_at=said.at)
    say(bob, room, "我们得到 x = 3")
    given = hint(bob, room, tried=False)
    answer = Answer.objects.get()
    assert types(room)[2:] == ["hint.requested", "answer.asked", "hint.given"]
    assert (given["rung"], given["text"], given["answer"]) == (1, "", str(answer.pk))
    assert (answer.preset, answer.rung, answer.problem, answer.asked_by) == ("hint", 1, room.problem, bob)
    job = dispatch.job_for(fresh(answer))
    assert job.preset == "hint"
    assert "They ask for one hint." in job.messages[0]["content"]
    assert "level 1 of 5" in job.messages[0]["content"]
    assert job.messages[-1]["content"] == (
        "What we have written:\n- 2x = 5 (checked: not right)\n- 我们得到 x = 3\n\nA hint, please."
    )


def test_n6_its_bounds_are_frozen_when_it_is_asked(
    room: Room, bob: User, alice: User, reference: Reference, tutor: Any
) -> None:
    Ladder.objects.create(room=room, problem=room.problem, rung=3, reached=3, authored=9)
    hint(bob, room)
    answer = Answer.objects.get()
    assert (answer.rung, answer.forbidden) == (4, ["$$23$$"])
    move(alice, room, 5)
    Reference.objects.update(solution="")
    hint(bob, room, tried=False)
    second = Answer.objects.exclude(pk=answer.pk).get()
    assert (second.rung, second.forbidden) == (5, [])
    assert fresh(answer).forbidden == ["$$23$$"]
    assert "23" in dispatch.job_for(second).messages[0]["content"]
    assert "23" not in str(dispatch.job_for(fresh(answer)).messages)


def test_n6_without_a_tutor_nothing_is_spent(room: Room, bob: User) -> None:
    say(bob, room, "x = 7")
    error = refused(bob, room)
    assert (error.code, Ladder.objects.count()) == ("unavailable", 0)
    assert "no written hint" in error.message


def test_n6_a_busy_tutor_spends_nothing_either(room: Room, bob: User, tutor: Any) -> None:
    say(bob, room, "x = 7")
    for number in range(5):
        say(bob, room, f"why {number}?", "answer.ask")
    assert refused(bob, room).code == "busy"
    assert not Ladder.objects.exists()


# ---- who may


@pytest.mark.parametrize(("who", "code"), [("olga", "forbidden"), ("charlie", "")])
def test_others_get_no_hint(room: Room, charlie: User, reference: Reference, who: str, code: str) -> None:
    with pytest.raises((FrameError, Http404)) as caught:
        request(User.objects.get(username=who), room)
    assert getattr(caught.value, "code", "") == code
    assert not Event.objects.exists()


def test_n1_a_free_room_and_a_closed_one_have_none(room: Room, bob: User, reference: Reference) -> None:
    Room.objects.filter(pk=room.pk).update(problem=None)
    error = refused(bob, room)
    assert (error.code, error.malformed) == ("forbidden", False)
    assert "no problem" in error.message
    Room.objects.filter(pk=room.pk).update(problem=Problem.objects.get(), state=Room.State.CLOSED)
    assert refused(bob, room).code == "room_closed"
