"""Steps in a room (rules V1–V6): logged at once, checked once by whoever is there, and telling nothing of the answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis
from django.db import transaction
from django.http import Http404
from django.utils import timezone
from pytest_django import Settings

from classroom.celery import app as class_app
from classroom.people.models import User
from classroom.rooms import actions, frames, projection
from classroom.rooms.frames import FrameError
from classroom.rooms.models import Event, Problem, Room
from tests.tutor.turns import log_of, rights
from tutor import class_worker, duty, steps, sweep, tasks
from tutor.models import Reference, Step

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module", autouse=True)
def _pool_closed() -> Iterator[None]:
    yield
    steps.pool().close()


@pytest.fixture(autouse=True)
def _own_broker(redis_url: str) -> Iterator[None]:
    class_worker.sender.cache_clear()
    yield
    class_worker.sender.cache_clear()


@pytest.fixture
def equation(problem: Problem, room: Room) -> Problem:
    """4x − 7 = 21 as the room's problem, with its answer in the private half."""
    Problem.objects.filter(pk=problem.pk).update(statement="Solve $4x-7=21$ for $x$.")
    answers = {"title": "", "answers": ["$$x=7$$", "$$7$$"], "hints": []}
    Reference.objects.create(problem=problem, steps=[answers])
    return Problem.objects.get(pk=problem.pk)


def submit(user: User, room: Room, text: str, *, after: UUID | None = None, ref: str = "") -> Step:
    event = steps.step_submit(rights(user, room), text, after=after, ref=ref or str(uuid4()), trace="t" * 32)
    return Step.objects.get(pk=event.data["step"])


def checked(step: Step) -> dict[str, Any]:
    """The data of its one ``step.checked`` event."""
    steps.step_check(step.pk)
    found = [f["data"] for f in log_of(step.room) if f["type"] == "step.checked" and f["data"]["step"] == str(step.pk)]
    assert len(found) == 1
    return found[0]


def frame(text: str, **more: Any) -> frames.ClientFrame:
    return frames.decode(frames.encode({"type": "step.submit", "id": str(uuid4()), "data": {"text": text, **more}}))


# ---- V1: submitting


def test_v1_a_step_is_logged_and_waits(room: Room, bob: User) -> None:
    seq = actions.perform(bob, room.pk, frame(" 2x = 4 "))["seq"]
    (logged,) = log_of(room)
    assert (logged["seq"], logged["type"], logged["by"]["name"]) == (seq, "step.submitted", "Bob Baker")
    assert logged["data"]["text"] == "2x = 4"
    assert Step.objects.get().checked_at is None


def test_v1_the_same_frame_submits_once(room: Room, bob: User) -> None:
    asked = frame("2x = 4")
    first, second = (actions.perform(bob, room.pk, asked) for _ in range(2))
    assert first == second
    assert Step.objects.count() == Event.objects.count() == 1


def test_v1_it_follows_the_persons_own_last_step(room: Room, bob: User, alice: User) -> None:
    first = submit(bob, room, "2x = 4")
    submit(alice, room, "x = 9")
    assert submit(bob, room, "x = 2").after == first


def test_v1_fresh_begins_a_new_solution(room: Room, bob: User) -> None:
    first = submit(bob, room, "2x = 4")
    actions.perform(bob, room.pk, frame("3y = 6", fresh=True))
    anew = Step.objects.get(text="3y = 6")
    assert anew.after is None
    assert submit(bob, room, "y = 2").after == anew
    with pytest.raises(FrameError, match="not both") as caught:
        actions.perform(bob, room.pk, frame("y = 2", fresh=True, after=str(first.pk)))
    assert (caught.value.code, caught.value.field) == ("bad_field", "data.fresh")


def test_v1_another_problem_begins_anew(room: Room, bob: User) -> None:
    submit(bob, room, "2x = 4")
    other = Problem.objects.create(slug="other", title="Other", statement="Another.")
    Room.objects.filter(pk=room.pk).update(problem=other)
    assert submit(bob, room, "x = 2").after is None


def test_v1_it_may_follow_anybodys_step_of_this_room_and_no_other(room: Room, bob: User, alice: User) -> None:
    theirs = submit(alice, room, "2x = 4")
    assert submit(bob, room, "x = 2", after=theirs.pk).after == theirs
    elsewhere = Room.objects.create(school_class=room.school_class, title="Table two", created_by=alice)
    foreign = submit(alice, elsewhere, "x = 1")
    with pytest.raises(FrameError) as caught:
        submit(bob, room, "x = 2", after=foreign.pk)
    assert (caught.value.code, caught.value.field) == ("bad_field", "data.after")


def test_v1_what_cannot_be_a_step_is_refused(room: Room, bob: User) -> None:
    for text in ("1+" * 500 + "1", "", "  ", "2\0x", "\ud800"):
        with pytest.raises(FrameError):
            actions.perform(bob, room.pk, frame(text))
    assert not Step.objects.exists()


def test_charlie_may_neither_submit_nor_know(room: Room, bob: User, charlie: User) -> None:
    theirs = submit(bob, room, "2x = 4")
    for more in ({}, {"after": str(theirs.pk)}):
        with pytest.raises(Http404):
            actions.perform(charlie, room.pk, frame("x = 2", **more))
    assert Step.objects.count() == 1


def test_an_observer_and_a_closed_room_take_no_step(room: Room, bob: User, olga: User) -> None:
    with pytest.raises(FrameError, match="look"):
        actions.perform(olga, room.pk, frame("x = 2"))
    Room.objects.filter(pk=room.pk).update(state=Room.State.CLOSED)
    with pytest.raises(FrameError) as caught:
        actions.perform(bob, room.pk, frame("x = 2"))
    assert caught.value.code == "room_closed"


# ---- V2, V3: checked once, by whoever is there


def test_v2_it_is_checked_once(room: Room, bob: User) -> None:
    step = submit(bob, room, "16-3-4 = 9")
    assert checked(step)["verdict"] == "verified"
    assert not steps.step_check(step.pk)
    assert not steps.step_check(uuid4())
    assert [f["type"] for f in log_of(room)] == ["step.submitted", "step.checked"]
    row = Step.objects.get()
    assert row.checked_at is not None
    assert row.trace == log_of(room)[1]["trace"]


def test_v2_who_has_just_begun_is_left_to_it_and_who_has_gone_is_not_waited_for(room: Room, bob: User) -> None:
    step = submit(bob, room, "1 = 1")
    Step.objects.update(claimed_at=timezone.now())
    assert not steps.step_check(step.pk)
    Step.objects.update(claimed_at=timezone.now() - steps.CLAIM - timedelta(seconds=1))
    assert steps.step_check(step.pk)


def test_v2_two_that_both_computed_it_tell_it_once(room: Room, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    step = submit(bob, room, "1 = 1")
    verdict_of = steps.verdict_of

    def overtaken(row: Step) -> Any:
        """Meanwhile the claim ran out and somebody else was faster."""
        monkeypatch.setattr(steps, "verdict_of", verdict_of)
        Step.objects.update(claimed_at=None)
        assert steps.step_check(row.pk)
        return verdict_of(row)

    monkeypatch.setattr(steps, "verdict_of", overtaken)
    assert not steps.step_check(step.pk)
    assert [f["type"] for f in log_of(room)] == ["step.submitted", "step.checked"]


def test_v3_the_class_worker_is_rung_after_the_commit(redis_url: str, room: Room, bob: User) -> None:
    with redis.Redis.from_url(redis_url) as client:
        with transaction.atomic():
            submit(bob, room, "1 = 1")
            assert client.llen("cs-class:class") == 0
        assert client.llen("cs-class:class") == 1
    class_app.loader.import_default_modules()
    assert steps.TASK in class_app.tasks


def test_v3_its_task_checks(room: Room, bob: User) -> None:
    step = submit(bob, room, "2 = 3")
    tasks.step_check(str(step.pk))
    tasks.step_check(str(step.pk))
    assert Step.objects.get().verdict == "refuted"


def test_v3_without_worker_and_redis_the_sweep_checks(room: Room, bob: User, settings: Settings) -> None:
    settings.BROKER_URL = "redis+socket:///nowhere/redis.sock"
    step = submit(bob, room, "1 = 1")
    assert not steps.step_ring(step.pk)
    waiting = sweep.Sweep()
    assert waiting.tick() == 0, "a class worker gets a moment first"
    Step.objects.update(asked_at=timezone.now() - sweep.PATIENCE - timedelta(seconds=1))
    assert waiting.tick() == 1
    assert waiting.tick() == 0
    assert Step.objects.get(pk=step.pk).verdict == "verified"


@pytest.mark.parametrize("fault", [steps.transaction.TransactionManagementError("away"), redis.ConnectionError("away")])
def test_v3_the_sweep_runs_until_it_is_stopped(monkeypatch: pytest.MonkeyPatch, fault: Exception) -> None:
    monkeypatch.setattr(duty, "TICK_S", 0.01)
    running = sweep.Sweep()
    ticks: list[int] = []

    def tick() -> int:
        ticks.append(1)
        if len(ticks) == 1:
            raise fault
        running.stop()
        return 0

    monkeypatch.setattr(running, "tick", tick)
    running.run()
    assert len(ticks) == 2


# ---- V4: what the verdict rests on


def test_v4_a_chain_of_steps(room: Room, bob: User, equation: Problem) -> None:
    verdicts = [checked(submit(bob, room, text))["verdict"] for text in ("4x = 28", "x = 7", "x = 8")]
    assert verdicts == ["verified", "verified", "refuted"], "the first one follows from the statement"


def test_v4_unreadable_maths_names_its_place(room: Room, bob: User) -> None:
    data = checked(submit(bob, room, "2x + + ) 3"))
    assert (data["verdict"], data["column"]) == ("unknown", 8)
    assert data["reason"].startswith("I can't read this as maths")


def test_v4_hostile_steps_are_unknown(room: Room, bob: User) -> None:
    for text in ("9^{9^{9}}", "__import__('os')", "(" * 400, "x\u202e", "99999!"):
        assert checked(submit(bob, room, text))["verdict"] == "unknown", text


def test_v4_the_state_carries_the_verdict(room: Room, bob: User) -> None:
    step = submit(bob, room, "16-3-4 = 8")
    checked(step)
    state = projection.state_read(rights(bob, room), 2)
    (item,) = state["items"]
    assert (item["kind"], item["verdict"], item["witness"]) == ("step", "refuted", "9 ≠ 8")


# ---- V5, V6: nothing of the answer


def test_v5_a_bare_guess_hears_nothing(room: Room, bob: User, alice: User, tom: User, problem: Problem) -> None:
    """“Just check: is it 7?” Right and wrong guesses get the same event, but for the step's id."""
    Reference.objects.create(problem=problem, steps=[{"answers": ["$$x=7$$", "$$7$$"]}])
    told = []
    for user, guess in ((bob, "7"), (alice, "x = 7"), (tom, "x = 6")):
        data = checked(submit(user, room, guess))
        told.append({key: data[key] for key in ("verdict", "reason", "witness", "column")})
    alone = "There is no line before it to compare it with."
    assert told == [{"verdict": "unknown", "reason": alone, "witness": None, "column": None}] * 3


def test_v5_nor_does_a_first_guess_where_the_statement_has_the_equation(
    room: Room, bob: User, alice: User, tom: User, equation: Problem
) -> None:
    for user, guess in ((bob, "x = 7"), (alice, "7"), (tom, "x = 14/2")):
        assert checked(submit(user, room, guess))["verdict"] == "unknown", guess


def test_v5_guess_after_guess_is_no_answer_either(room: Room, bob: User, equation: Problem) -> None:
    """A guess after a guess is compared with the guess before."""
    for guess in ("6", "7", "8"):
        assert checked(submit(bob, room, guess))["verdict"] != "verified"


@pytest.mark.parametrize(("text", "matches"), [("x = 7", "verified"), ("x = 6", "refuted"), ("no", "unknown")])
def test_v5_how_it_stands_to_the_answer_is_kept_for_staff(
    text: str, matches: str, room: Room, bob: User, equation: Problem
) -> None:
    step = submit(bob, room, text)
    data = checked(step)
    assert Step.objects.get(pk=step.pk).matches == matches
    assert data.keys() == {"step", "verdict", "reason", "witness", "column"}


PROBES = (
    ("x = 1", "4x-7 = 21"),
    ("x^2 = 49", "x = -7"),
    ("x < 1", "4x-7 < 21"),
    ("4x-7 = 21", "x = 1 or x = 2"),
    ("(x-7)(x+2) = 0", "x = -2"),
    ("x = 1", "\\sqrt{x+2} = 3"),
    ("x = 1, y = 2", "x + y = 9, x - y = 5"),
)


def test_v6_the_checker_does_not_solve_for_anybody(room: Room, bob: User, equation: Problem) -> None:
    """Whatever line is set against the problem's own: the value that solves it is not told."""
    for before, text in PROBES:
        first = submit(bob, room, before)
        data = checked(submit(bob, room, text, after=first.pk))
        assert data["verdict"] in {"refuted", "unknown"}
        told = f"{data['reason']} {data['witness']}".replace("4x-7", "").replace("-7 ≠", "")
        assert "7" not in told, (before, text, told)


def test_v6_what_was_found_by_solving_is_kept_for_staff(room: Room, bob: User) -> None:
    first = submit(bob, room, "x^2 = 49")
    step = submit(bob, room, "x = 7", after=first.pk)
    assert checked(step)["witness"] is None
    assert "-7" in Step.objects.get(pk=step.pk).witness


def test_v6_the_students_own_value_is_shown(room: Room, bob: User) -> None:
    first = submit(bob, room, "4x - 7 = 21")
    assert checked(submit(bob, room, "x = 5", after=first.pk))["witness"] == "x = 5 gives 13 ≠ 21 in the line before"
