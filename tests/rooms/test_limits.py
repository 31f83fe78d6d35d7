"""Rates (rules L1, L2): a person, a room and a class; in Redis, and at half the rate without it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
import redis
from django.http import Http404
from pytest_django import Settings

from classroom.people.models import User
from classroom.rooms import access, actions, frames, limits
from classroom.rooms.frames import FrameError
from classroom.rooms.limits import ASK, LIMITS, SAY, Local, spend
from classroom.rooms.models import Event, Room

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _on(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.RATE_LIMITS = 1.0
    monkeypatch.setattr(limits._Away, "until", 0.0)
    monkeypatch.setattr(limits, "_LOCAL", Local())


def refusals(user: User, room: Room, verb: str, times: int) -> list[int]:
    """When to come back, in ms, for each time that was refused."""
    rights, told = access.room_for(user, room.pk), []
    for _ in range(times):
        try:
            spend(rights, verb)
        except FrameError as error:
            told.append((error.retry_ms or 0) if error.code == "slow_down" else -1)
    return told


def test_l1_a_burst_passes_and_the_rest_hears_when_to_come_back(redis_url: str, room: Room, bob: User) -> None:
    told = refusals(bob, room, "answer.ask", ASK.user.burst + 2)
    assert len(told) == 2
    assert all(8_000 < ms <= 10_000 for ms in told), "six a minute"


def test_l1_one_person_does_not_use_up_anothers(redis_url: str, room: Room, bob: User, alice: User) -> None:
    refusals(bob, room, "answer.ask", 10)
    assert refusals(alice, room, "answer.ask", ASK.user.burst) == []


def test_l1_kinds_have_buckets_of_their_own(redis_url: str, room: Room, bob: User) -> None:
    refusals(bob, room, "answer.ask", 10)
    assert refusals(bob, room, "message.post", SAY.user.burst) == []
    assert refusals(bob, room, "answer.insert", 1) != [], "a word put in is a question too"


def test_l1_a_room_has_a_bound_and_a_refused_frame_costs_nobody(
    redis_url: str, room: Room, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    tight = limits.Limit(limits.Rate(60, 5), limits.Rate(60, 2))
    monkeypatch.setitem(LIMITS, "hand.raise", ("hand", tight))
    assert len(refusals(bob, room, "hand.raise", 4)) == 2
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        (mine,) = client.keys(f"*limit:hand:user:{bob.pk}")
        assert float(client.hget(mine, "left")) == pytest.approx(3, abs=0.5), "two of five were spent"
        assert 0 < client.pttl(mine) <= 6_000


def test_l1_tokens_come_back_with_time(redis_url: str, room: Room, bob: User) -> None:
    refusals(bob, room, "answer.ask", 3)
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        (mine,) = client.keys(f"*limit:ask:user:{bob.pk}")
        client.hincrby(mine, "at", -10_000)
    assert len(refusals(bob, room, "answer.ask", 2)) == 1


def test_l2_without_redis_it_is_half_of_it(room: Room, bob: User, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    told = refusals(bob, room, "answer.ask", ASK.user.burst + 1)
    assert len(told) == 1
    assert 18_000 < told[0] <= 20_001, "three a minute"


def test_l2_the_same_buckets_in_the_process() -> None:
    local = Local()
    bucket = [("k", 0.001, 2), ("wide", 1.0, 100)]
    assert [local.spend(bucket, now_ms=at) for at in (0, 0)] == [0, 0]
    assert 999 <= local.spend(bucket, now_ms=0) <= 1_001
    assert local.spend(bucket, now_ms=1_000) == 0
    assert [local.spend([("k", 0.001, 2)], now_ms=100_000) > 0 for _ in range(3)] == [False, False, True]


def test_l2_the_process_forgets_before_it_grows_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "KEPT_MAX", 10)
    local = Local()
    for number in range(50):
        local.spend([(f"k{number}", 1.0, 1)])
    assert len(local._buckets) <= 11


def test_limits_can_be_widened_and_switched_off(redis_url: str, room: Room, bob: User, settings: Settings) -> None:
    settings.RATE_LIMITS = 0
    assert refusals(bob, room, "answer.ask", 50) == []
    settings.RATE_LIMITS = 100.0
    assert all(ms <= 100 for ms in refusals(bob, room, "answer.ask", 4)), "six hundred a minute"


def test_a_refused_frame_leaves_nothing_and_says_so(redis_url: str, room: Room, bob: User, charlie: User) -> None:
    def said(user: User) -> Any:
        frame = {"type": "message.post", "id": str(uuid4()), "data": {"text": "x"}}
        return actions.perform(user, room.pk, frames.decode(frames.encode(frame)))

    for _ in range(SAY.user.burst):
        said(bob)
    with pytest.raises(FrameError) as caught:
        said(bob)
    error = frames.error_frame(caught.value, None)
    assert (error["code"], error["retryable"], error["retry_ms"] > 0) == ("slow_down", True, True)
    assert Event.objects.count() == SAY.user.burst
    with pytest.raises(Http404):
        said(charlie)


def test_every_verb_that_does_something_has_a_limit() -> None:
    assert LIMITS.keys() == frames.VERBS.keys() - {"join", "ping", "auth.refresh"}
