"""Turns are fair over classes and their rooms, counted in weighted tokens; the room's own worker has a moment's right."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference_worker.job import BACKGROUND, JOBS, WORKER, Job, Sampling
from inference_worker.jobs import HOME_MS, HOMES, PASSED, SHARES, Elsewhere, Jobs
from tests.inference_worker.line import job_put

INFO = {"model": "m", "engine": "e", "worker": "w1"}


def ask(client: Any, answer: str, *, room: str, school_class: str = "c1", longest: int = 500) -> None:
    job_put(client, Job(answer, 1, (), Sampling(max_tokens=longest), room_key=room, class_key=school_class))


def turns(client: Any, count: int, worker: str = "w1") -> list[str]:
    """The rooms that are served, in order; every answer is as long as it may be."""
    jobs, rooms = Jobs(client), []
    for _ in range(count):
        taken = jobs.take(worker, INFO)
        assert taken is not None
        assert taken.job is not None
        rooms.append(taken.job.room_key)
    return rooms


def test_a_small_room_does_not_wait_for_a_large_one(client: Any) -> None:
    for number in range(28):
        ask(client, f"a{number}", room="large")
    for number in range(4):
        ask(client, f"b{number}", room="small")
    assert turns(client, 9) == ["large", "small"] * 4 + ["large"]


def test_a_class_of_many_rooms_has_no_more_than_a_class_of_one(client: Any) -> None:
    for number in range(12):
        ask(client, f"a{number}", room=f"r{number}", school_class="many")
    for number in range(4):
        ask(client, f"b{number}", room="only", school_class="one")
    served = turns(client, 8)
    assert served.count("only") == 4
    assert [room for room in served if room != "only"] == ["r0", "r1", "r2", "r3"]


def test_long_answers_count_for_more(client: Any) -> None:
    for number in range(20):
        ask(client, f"a{number}", room="long", longest=4_000)
        ask(client, f"b{number}", room="short", longest=400)
    served = turns(client, 11)
    assert served.count("short") > 3 * served.count("long")


def test_what_was_reserved_and_not_used_is_given_back(client: Any) -> None:
    for number in range(20):
        ask(client, f"a{number}", room="brief", longest=4_000)
        ask(client, f"b{number}", room="full", longest=400)
    jobs, served = Jobs(client), []
    for _ in range(12):
        taken = jobs.take("w1", INFO)
        assert taken is not None
        assert taken.job is not None
        served.append(taken.job.room_key)
        jobs.settle(taken, prompt_tokens=50, completion_tokens=400)
    assert served.count("brief") == served.count("full")


def test_nobody_saves_up_while_idle(client: Any) -> None:
    for number in range(10):
        ask(client, f"a{number}", room="busy")
    turns(client, 10)
    for number in range(10, 16):
        ask(client, f"a{number}", room="busy")
    for number in range(6):
        ask(client, f"b{number}", room="late")
    assert turns(client, 8).count("late") in {4, 5}, "not eight in a row"


def test_without_keys_the_oldest_comes_first(client: Any) -> None:
    for number in range(5):
        job_put(client, Job(f"a{number}", 1, ()))
    jobs = Jobs(client)
    assert [taken.answer for _ in range(5) if (taken := jobs.take("w1", INFO))] == [f"a{n}" for n in range(5)]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from("pqr"), st.integers(1, 900)), min_size=1, max_size=40)
)
def test_every_job_is_taken_once_and_no_waiting_class_falls_behind(
    client: Any, asked: list[tuple[str, str, int]]
) -> None:
    """Start-time fair queueing's bound: two classes that both wait differ by at most one job of each."""
    client.flushdb()
    for number, (school_class, room, longest) in enumerate(asked):
        ask(client, f"a{number}", room=f"{school_class}{room}", school_class=school_class, longest=longest)
    left = {key: sum(one[0] == key for one in asked) for key in "xyz"}
    had = dict.fromkeys("xyz", 0.0)
    most = 2 * 900 + 200.0
    seen, jobs = set(), Jobs(client)
    for _ in asked:
        taken = jobs.take("w1", INFO)
        assert taken is not None
        assert taken.job is not None
        seen.add(taken.answer)
        had[taken.job.class_key] += taken.reserved
        left[taken.job.class_key] -= 1
        waiting = [had[key] for key in "xyz" if left[key]]
        assert not waiting or max(waiting) - min(waiting) <= 2 * most
    assert seen == {f"a{number}" for number in range(len(asked))}
    assert jobs.take("w1", INFO) is None
    assert client.llen(JOBS) == 0


@pytest.mark.parametrize("key", [SHARES, HOMES, PASSED])
def test_what_is_kept_of_rooms_and_jobs_has_an_end_and_a_bound(client: Any, key: str) -> None:
    client.hset(key, mapping={f"room:{number}": 1 for number in range(4_000)})
    ask(client, "a", room="r")
    turns(client, 1)
    assert 0 < client.ttl(key) <= 3600
    assert client.hlen(key) >= 4_000, "a school of many rooms keeps its own"
    client.hset(key, mapping={f"room:{number}": 1 for number in range(5_000)})
    ask(client, "b", room="r")
    assert turns(client, 1) == ["r"]
    assert client.hlen(key) < 10


# ---- the room's own worker


def alive(client: Any, name: str) -> None:
    client.set(WORKER.format(name=name), "{}", ex=60)


def test_a_room_waits_a_moment_for_the_worker_that_knows_it(client: Any) -> None:
    alive(client, "w2")
    client.hset(HOMES, "r", "w2")
    ask(client, "a", room="r")
    with pytest.raises(Elsewhere) as other:
        Jobs(client).take("w1", INFO)
    assert other.value.home == "w2"
    assert turns(client, 1, worker="w2") == ["r"]
    assert not client.exists(PASSED)


def test_other_rooms_do_not_wait_with_it(client: Any) -> None:
    alive(client, "w2")
    client.hset(HOMES, "r", "w2")
    ask(client, "a", room="r")
    ask(client, "b", room="other")
    assert turns(client, 1) == ["other"]


def test_after_that_moment_anybody_serves_it_and_is_its_home(client: Any) -> None:
    alive(client, "w2")
    client.hset(HOMES, "r", "w2")
    ask(client, "a", room="r")
    with pytest.raises(Elsewhere):
        Jobs(client).take("w1", INFO)
    (entry,) = client.hkeys(PASSED)
    client.hset(PASSED, entry, int(time.time() * 1000) - HOME_MS)
    assert turns(client, 1) == ["r"]
    assert client.hget(HOMES, "r") == "w1"


def test_nobody_waits_for_a_dead_worker(client: Any) -> None:
    client.hset(HOMES, "r", "w2")
    ask(client, "a", room="r")
    assert turns(client, 1) == ["r"]


def test_charlie_cannot_borrow_a_turn_by_a_strange_entry(client: Any) -> None:
    """What is in the list and is no job of ours is thrown away and charged to nobody."""
    for entry in ("x:1:c", "a:1:c:r:more", "x" * 1000, ":::"):
        client.lpush(JOBS, entry)
    assert Jobs(client).take("w1", INFO) is None
    assert client.llen(JOBS) == 0
    assert not client.exists(SHARES)


# ---- what nobody waits for


def test_w2_what_nobody_waits_for_goes_behind_everybody_and_charges_nobody(client: Any) -> None:
    for number in range(3):
        ask(client, f"quiet{number}", room="solve", school_class=BACKGROUND, longest=40_000)
    ask(client, "a", room="r1")
    ask(client, "b", room="r2", school_class="c2")
    assert turns(client, 3) == ["r1", "r2", "solve"]
    ask(client, "c", room="r1")
    jobs = Jobs(client)
    assert jobs.waiting() == [(BACKGROUND, "solve"), (BACKGROUND, "solve"), ("c1", "r1")]
    assert turns(client, 2) == ["r1", "solve"]
    assert jobs.waiting() == [(BACKGROUND, "solve")]
    last = jobs.take("w1", INFO)
    assert last is not None
    assert (last.answer, last.reserved) == ("quiet2", 0)
    jobs.settle(last, prompt_tokens=100, completion_tokens=40_000)
    assert not [name for name in client.hkeys(SHARES) if BACKGROUND in name or "solve" in name]


def test_w2_among_themselves_the_oldest_comes_first(client: Any) -> None:
    for number in range(3):
        ask(client, f"quiet{number}", room=f"s{number}", school_class=BACKGROUND)
    assert turns(client, 3) == ["s0", "s1", "s2"]
