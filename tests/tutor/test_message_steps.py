"""Lines of maths in messages (rule V7): a mark for what holds or does not, silence for all else, and never a wait."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.http import Http404
from pytest_django import Settings

from classroom.people.models import User
from classroom.rooms import actions, frames, projection
from classroom.rooms.models import Room
from tests.tutor.turns import log_of, rights, types
from tutor import class_worker, steps
from tutor.models import Step

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module", autouse=True)
def _pool_closed() -> Iterator[None]:
    yield
    steps.pool().close()


@pytest.fixture(autouse=True)
def _own_broker(redis_url: str) -> None:
    pass


def post(user: User, room: Room, text: str, ref: str = "") -> int:
    sent = {"type": "message.post", "id": ref or str(uuid4()), "data": {"text": text}}
    return int(actions.perform(user, room.pk, frames.decode(frames.encode(sent)))["seq"])


def checked(room: Room) -> list[tuple[int, str, str, str | None]]:
    """Has every waiting line checked; gives (message, line, verdict, witness) of each mark."""
    for step in Step.objects.filter(checked_at=None).order_by("seq", "start"):
        steps.step_check(step.pk)
    texts = {frame["seq"]: frame["data"]["text"] for frame in log_of(room) if frame["type"] == "message.posted"}
    marks: list[tuple[int, dict[str, Any]]] = [
        (frame["data"]["message"], check)
        for frame in log_of(room)
        if frame["type"] == "lines.checked"
        for check in frame["data"]["checks"]
    ]
    return [(seq, texts[seq][c["start"] : c["end"]], c["verdict"], c["witness"]) for seq, c in marks]


def test_v7_a_line_is_checked_against_the_persons_last_one(room: Room, bob: User, alice: User) -> None:
    post(bob, room, "I begin with\n2x + 3 = 7")
    post(alice, room, "x = 9")
    post(bob, room, "then $2x = 4$ 😀")
    seq = post(bob, room, "x = 5")
    marks = checked(room)
    assert [mark[1:3] for mark in marks] == [("$2x = 4$", "verified"), ("x = 5", "refuted")]
    assert (marks[-1][0], marks[-1][3]) == (seq, "x = 5 gives 10 ≠ 4 in the line before")
    assert types(room).count("step.checked") == 0


def test_v7_it_goes_on_from_a_step_and_a_step_from_it(room: Room, bob: User) -> None:
    first = steps.step_submit(rights(bob, room), "2x = 4", after=None, ref=str(uuid4()), trace="t")
    post(bob, room, "x = 2")
    last = steps.step_submit(rights(bob, room), "3x = 6", after=None, ref=str(uuid4()), trace="t")
    rows = {str(step.pk): step for step in Step.objects.select_related("after")}
    said = rows[last.data["step"]].after
    assert said is not None
    assert (said.text, said.after_id) == ("x = 2", UUID(first.data["step"]))
    assert checked(room)[0][2] == "verified"


def test_v7_lines_of_one_message_follow_each_other(room: Room, bob: User) -> None:
    post(bob, room, "2x = 4\nx = 3\n= 2")
    assert [mark[1:3] for mark in checked(room)] == [("x = 3", "refuted"), ("= 2", "refuted")]


@pytest.mark.parametrize("text", ["hello = you", "x = 7?", "2x + + = 3", "9^{9^{9}} = x", "- 2 = 3", "2x = 4"])
def test_v7_what_says_nothing_certain_gets_no_mark(room: Room, bob: User, text: str) -> None:
    post(bob, room, text)
    assert checked(room) == []
    assert types(room) == ["message.posted"]


def test_v7_the_same_message_is_checked_once(room: Room, bob: User) -> None:
    ref = str(uuid4())
    assert post(bob, room, "1 + 1 = 2", ref) == post(bob, room, "1 + 1 = 2", ref)
    assert len(checked(room)) == 1
    assert types(room) == ["message.posted", "lines.checked"]


def test_v7_eight_lines_of_a_message_are_enough(room: Room, bob: User) -> None:
    post(bob, room, "\n".join(f"{n} + 1 = {n + 1}" for n in range(20)))
    assert Step.objects.count() == steps.LINES_MAX


def test_v7_beyond_the_limit_of_steps_a_message_passes_without_marks(room: Room, bob: User, settings: Settings) -> None:
    settings.RATE_LIMITS = 1.0
    for _ in range(5):
        post(bob, room, "1 + 1 = 2\n2 + 2 = 4\n3 + 3 = 6")
    assert types(room) == ["message.posted"] * 5
    assert 8 <= Step.objects.count() < 15


def test_v7_without_redis_and_worker_it_is_said_all_the_same(room: Room, bob: User, settings: Settings) -> None:
    settings.BROKER_URL = "redis+socket:///nowhere/redis.sock"
    class_worker.sender.cache_clear()
    post(bob, room, "7 * 8 = 54")
    assert types(room) == ["message.posted"]
    assert checked(room)[0][3] == "56 ≠ 54", "the sweep finds the row"


def test_v7_the_state_has_the_marks(room: Room, bob: User) -> None:
    post(bob, room, "7 * 8 = 54")
    checked(room)
    (item,) = projection.state_read(rights(bob, room), 2)["items"]
    assert [(c["start"], c["end"], c["verdict"]) for c in item["checks"]] == [(0, 10, "refuted")]
    assert [c["step"] for c in item["checks"]] == [str(step.pk) for step in Step.objects.all()], "others may follow it"


def test_charlie_is_not_heard(room: Room, charlie: User) -> None:
    with pytest.raises(Http404):
        post(charlie, room, "1 + 1 = 2")
    assert not Step.objects.exists()
