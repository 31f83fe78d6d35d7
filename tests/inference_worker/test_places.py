"""Who is let in when all places are taken: the worker beside an engine that lets rooms take turns, and beside one that
does not. On a real server, with real engines."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inference_worker.engines.base import EngineOptions
from inference_worker.job import BACKGROUND, JOBS, Job, Sampling
from inference_worker.places import SPARE
from inference_worker.runtime import Runtime
from tests.inference_worker.line import SmallScribe, job_put, pause_say, stop_say
from tests.inference_worker.odd_engines import Start
from tests.inference_worker.test_runtime import aside
from tests.services import Valkey, wait_until

SLOTS = 2
LONG = 300
STEP_S = 0.005


@pytest.fixture
def runtime(valkey: Valkey, client: Any, start: Start, tiny: Callable[[str], Path], tmp_path: Path) -> Runtime:
    """Its model never ends by itself, and takes its time."""
    model = EngineOptions(str(tiny("qwen2")), tmp_path, SLOTS, dtype="float32")
    made = start(valkey, engine="batching", model=model)
    engine: Any = made._engine
    engine.speech.eos = frozenset()
    engine.net.register_forward_pre_hook(lambda *_: time.sleep(STEP_S))
    return made


def ask(client: Any, answer: str, room: str, *, tokens: int = LONG, school_class: str = "c") -> None:
    messages = ({"role": "user", "content": f"{answer}?"},)
    sampling = Sampling(max_tokens=tokens, temperature=0)
    job_put(client, Job(answer, 1, messages, sampling, deadline_s=60, room_key=room, class_key=school_class))


def background_asks(runtime: Runtime, client: Any) -> None:
    for name in ("quiet1", "quiet2"):
        ask(client, name, "solver", school_class=BACKGROUND)
    aside(times=2)
    wait_until(lambda: len(running(runtime)) == SLOTS, "both places are taken")


def running(runtime: Runtime) -> set[str]:
    return {run.job.answer for run in runtime._all()}


def test_a_room_without_a_place_does_not_wait_for_the_end_of_a_long_answer(
    runtime: Runtime, valkey: Valkey, client: Any
) -> None:
    with SmallScribe(valkey.url) as scribe:
        for number in range(5):
            ask(client, f"large{number}", "large")
        aside(times=5)
        wait_until(lambda: len(running(runtime)) == SLOTS, "the large room has all places")
        ask(client, "small", "small", tokens=5)
        aside()
        wait_until(lambda: scribe.row("small").done, "the small room has its answer")
        assert not any(scribe.row(f"large{number}").done for number in range(5))
        for number in range(5):
            wait_until(lambda number=number: scribe.row(f"large{number}").done, "the large room has its answers")
            done = scribe.row(f"large{number}").done
            assert done is not None
            assert (done.reason, done.info["completion_tokens"]) == ("length", LONG)
            assert scribe.row(f"large{number}").whole


def test_nobody_is_let_in_above_the_count_for_a_room_that_has_its_share(
    runtime: Runtime, valkey: Valkey, client: Any
) -> None:
    with SmallScribe(valkey.url):
        ask(client, "a", "one")
        ask(client, "b", "two")
        aside(times=2)
        wait_until(lambda: running(runtime) == {"a", "b"}, "both rooms are served")
        for number in range(4):
            ask(client, f"more{number}", "one")
        aside(times=4)
        most = 0
        while running(runtime) & {"a", "b"}:
            most = max(most, len(running(runtime)))
            time.sleep(0.01)
        assert most <= SLOTS
        wait_until(lambda: not running(runtime) and not client.llen(JOBS), "all have ended", timeout_s=30)


def test_a_paused_answer_keeps_what_it_has_and_holds_nobody_up(runtime: Runtime, valkey: Valkey, client: Any) -> None:
    with SmallScribe(valkey.url) as scribe:
        for name in ("a", "b"):
            ask(client, name, name)
        aside(times=2)
        for name in ("a", "b"):
            wait_until(lambda name=name: scribe.row(name).raw, f"{name} has text")
            pause_say(client, scribe, name)
        ask(client, "c", "c", tokens=5)
        aside()
        wait_until(lambda: scribe.row("c").done, "c has its answer")
        assert running(runtime) == {"a", "b"}, "nobody had to leave for it"
        scribe.paused.clear()
        for name in ("a", "b"):
            stop_say(client, name)


def test_what_nobody_waits_for_stands_aside_and_goes_on(runtime: Runtime, valkey: Valkey, client: Any) -> None:
    with SmallScribe(valkey.url) as scribe:
        background_asks(runtime, client)
        ask(client, "a", "room", tokens=5)
        aside()
        wait_until(lambda: scribe.row("a").done, "the room has its answer")
        for name in ("quiet1", "quiet2"):
            wait_until(lambda name=name: scribe.row(name).done, "it goes on")
            done = scribe.row(name).done
            assert done is not None
            assert (done.attempt, done.info["completion_tokens"]) == (1, LONG)


def test_what_stands_aside_lets_one_in_and_not_everybody(runtime: Runtime, valkey: Valkey, client: Any) -> None:
    with SmallScribe(valkey.url) as scribe:
        background_asks(runtime, client)
        for number in range(6):
            ask(client, f"a{number}", f"room{number}")
        aside(times=6)
        wait_until(lambda: scribe.row("a0").raw and scribe.row("a1").raw, "two rooms have what the others had")
        assert {"quiet1:1", "quiet2:1"} <= set(runtime.state().waiting), "nobody may wonder that they say nothing"
        assert len(running(runtime) - {"quiet1", "quiet2"}) == SLOTS
        assert client.llen(JOBS) == 4, "the others wait where every worker sees them"
        for name in ("quiet1", "quiet2", *(f"a{number}" for number in range(6))):
            stop_say(client, name)
        wait_until(lambda: not running(runtime) and not client.llen(JOBS), "all have ended")


def test_a_spare_ticket_sends_nobody_away(runtime: Runtime, valkey: Valkey, client: Any) -> None:
    with SmallScribe(valkey.url) as scribe:
        for name in ("a", "b"):
            ask(client, name, name)
        aside(times=2)
        wait_until(lambda: scribe.row("a").raw and scribe.row("b").raw, "both have text")
        pause_say(client, scribe, "a")
        ask(client, "c", "c")
        (ticket,) = aside()
        wait_until(lambda: scribe.row("c").raw, "c has the place of the paused one")
        assert not runtime._places.enter(0.3)
        assert running(runtime) == {"a", "b", "c"}
        for name in "abc":
            scribe.paused.discard(name)
            stop_say(client, name)
        ticket.join(10)


def test_it_holds_as_many_tickets_as_it_can_serve_and_a_few_that_wait(runtime: Runtime) -> None:
    assert runtime.tickets == SLOTS + SPARE
