"""Who is here, in a real Redis: each person once, over all processes, and nobody who has gone."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
import redis
from pytest_django import Settings

from classroom.people.models import Role, User
from classroom.rooms import presence
from classroom.rooms.presence import present_beat, present_in

ROOM, OTHER = uuid4(), uuid4()


def somebody(name: str) -> dict[str, Any]:
    return {"id": str(uuid4()), "name": name, "role": Role.STUDENT.value}


ANN, BEN, LIN = somebody("Ann"), somebody("ben"), somebody("林小雨")


def names(room_id: Any = ROOM) -> list[str]:
    return [person["name"] for person in present_in([room_id])[room_id]]


def test_people_of_all_processes_by_name(redis_url: str) -> None:
    present_beat("p1", {ROOM: [LIN, BEN]}, {})
    present_beat("p2", {ROOM: [ANN], OTHER: [BEN]}, {})
    assert present_in([ROOM, OTHER]) == {ROOM: [ANN, BEN, LIN], OTHER: [BEN]}


def test_one_person_in_two_processes_is_there_once_and_until_both_have_gone(redis_url: str) -> None:
    present_beat("p1", {ROOM: [ANN]}, {})
    present_beat("p2", {ROOM: [ANN]}, {})
    assert names() == ["Ann"]
    present_beat("p1", {}, {ROOM: [ANN]})
    assert names() == ["Ann"]
    present_beat("p2", {ROOM: []}, {ROOM: [ANN], OTHER: []})
    assert names() == []


def test_a_dead_process_takes_its_people_along(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = presence.time.time()
    present_beat("dead", {ROOM: [ANN]}, {})
    monkeypatch.setattr(presence.time, "time", lambda: now + presence.TTL_S + 1)
    assert names() == []
    present_beat("alive", {ROOM: [BEN]}, {})
    assert names() == ["ben"]


def test_nothing_is_kept_for_rooms_that_nobody_looks_at(redis_url: str) -> None:
    present_beat("p1", {ROOM: [ANN], OTHER: []}, {})
    with redis.Redis.from_url(redis_url) as client:
        [key] = client.keys("*")
        assert 0 < client.ttl(key) <= presence.TTL_S * 3


def test_without_redis_nobody_is_shown_and_saying_so_fails_loudly(settings: Settings) -> None:
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    assert present_in([ROOM, OTHER]) == {ROOM: [], OTHER: []}
    with pytest.raises(redis.RedisError):
        present_beat("p1", {ROOM: [ANN]}, {})


def test_no_rooms_no_question(redis_url: str) -> None:
    assert present_in([]) == {}


def test_charlie_is_not_in_a_room_that_he_never_entered(redis_url: str, charlie: User) -> None:
    present_beat("p1", {ROOM: [ANN]}, {})
    assert str(charlie.pk) not in str(present_in([ROOM]))
