"""Whether there is a tutor, in words for the people in the room."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import redis

from classroom.rooms.connections import redis_client
from inference_worker.job import OUTPUTS, WORKER, WorkerState
from tutor import availability
from tutor.availability import state_of, state_read

STREAM = OUTPUTS.format(shard=0)


def beat(state: Any, reason: str = "", name: str = "w") -> WorkerState:
    return WorkerState(name, state, "scripted", "demo", reason, ("a:1",))


@pytest.mark.parametrize(
    ("workers", "available", "reason"),
    [
        ([], False, availability.NOBODY),
        ([beat("ready")], True, ""),
        ([beat("loading")], False, availability.LOADING),
        ([beat("broken", "/srv/models/tokenizer.json is missing")], False, availability.BROKEN),
        ([beat("broken", "x"), beat("loading")], False, availability.LOADING),
        ([beat("broken", "x"), beat("loading"), beat("ready")], True, ""),
        ([beat("broken")], False, availability.BROKEN),
    ],
)
def test_the_most_hopeful_worker_counts(workers: list[WorkerState], available: bool, reason: str) -> None:
    state = state_of(workers)
    assert state["available"] is available
    assert reason == state["reason"]
    assert (state["reason"] == "") is available


def test_heartbeats_are_read_from_redis(redis_url: str) -> None:
    assert state_read() == {"available": False, "reason": availability.NOBODY}
    with redis.Redis.from_url(redis_url) as client:
        client.set(WORKER.format(name="w1"), beat("loading", name="w1").to_json())
        client.set(WORKER.format(name="w2"), beat("ready", name="w2").to_json())
        client.set("cs:something-else", "not a worker")
    assert state_read() == {"available": True, "reason": ""}
    assert availability.around_read() == ({"available": True, "reason": ""}, False)
    found = availability.workers_read(redis_client())
    assert {worker.name for worker in found} == {"w1", "w2"}
    assert {worker.running for worker in found} == {("a:1",)}


def test_what_a_worker_is_is_looked_up_once_for_a_question(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.set(WORKER.format(name="w1"), beat("ready", name="w1").to_json())
        monkeypatch.setattr(availability, "HEARD_S", 1e9)
        assert availability.model_read() == "demo"
        client.delete(WORKER.format(name="w1"))
        assert availability.model_read() == "demo"
        assert not state_read()["available"], "whether the tutor is there is never an old answer"
        monkeypatch.setattr(availability, "HEARD_S", 1e-9)
        assert availability.model_read() == ""


def test_without_redis_the_tutor_cannot_be_reached() -> None:
    assert state_read() == {"available": False, "reason": availability.UNREACHABLE}
    assert availability.around_read() == (state_read(), False)


@pytest.fixture
def pipe(redis_url: str) -> Iterator[Any]:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


def old(client: Any, seconds: float) -> str:
    """The id of an entry that was written so long ago, by the server's clock."""
    return f"{int((client.time()[0] - seconds) * 1_000)}-0"


def test_an_empty_pipe_is_not_behind(pipe: Any) -> None:
    """S6."""
    assert not availability.around_read()[1]
    pipe.xgroup_create(STREAM, "scribe", id="0", mkstream=True)
    assert not availability.around_read()[1]


def test_text_that_nobody_reads_is_behind_after_a_while(pipe: Any) -> None:
    """S6: no scribe has ever been here, or it was and reads no more."""
    pipe.xadd(STREAM, {"o": "x"}, id=old(pipe, 10))
    assert availability.around_read()[1]
    pipe.xgroup_create(STREAM, "scribe", id="0")
    assert availability.around_read()[1]
    pipe.xadd(STREAM, {"o": "y"})
    pipe.xreadgroup("scribe", "a", {STREAM: ">"})
    assert availability.around_read()[1], "read, and not yet kept"
    pipe.xack(STREAM, "scribe", *[entry for entry, _ in pipe.xrange(STREAM)])
    assert not availability.around_read()[1]


def test_fresh_text_is_not_behind(pipe: Any) -> None:
    pipe.xgroup_create(STREAM, "scribe", id="0", mkstream=True)
    pipe.xadd(STREAM, {"o": "x"})
    assert not availability.around_read()[1]


def test_without_redis_nothing_is_said_of_saving() -> None:
    assert not availability.around_read()[1]
