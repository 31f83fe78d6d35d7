"""What a job reserves of its class's and its room's turns is settled once, whatever becomes of the job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from inference_worker import runs
from inference_worker.job import BACKGROUND, JOB, TAKEN, Job
from inference_worker.jobs import OUTPUT_WEIGHT, SHARES, Taken
from inference_worker.runtime import Runtime
from inference_worker.tasks import ticket
from tests.inference_worker.line import SmallScribe, job_put, stop_say
from tests.inference_worker.odd_engines import Start
from tests.inference_worker.test_runtime import aside, ended, job
from tests.services import Valkey, wait_until

TEXT = "abcd " * 400
TOKENS = 401  # of the scripted engine


def mine(text: str, answer: str = "a", **how: Any) -> Job:
    return replace(job(text, answer, **how), room_key="r", class_key="c")


def charged(client: Any) -> tuple[float, float]:
    """What the class and the room have had, in weighted tokens."""
    found = client.hmget(SHARES, "class:c", "room:r")
    return float(found[0]), float(found[1])


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The answers for which a runtime has settled, in order."""
    said: list[str] = []
    settle = Runtime._settle

    def write_down(self: Runtime, taken: Taken, run: runs.Run) -> None:
        said.append(taken.answer)
        settle(self, taken, run)

    monkeypatch.setattr(Runtime, "_settle", write_down)
    return said


def nothing(client: Any, answer: str) -> None: ...


def unread(client: Any, answer: str) -> None:
    client.set(JOB.format(answer=answer, attempt=1), '{"prefix": 7, "sampling": {"max_tokens": 4000}}')


@pytest.mark.parametrize(
    ("engine", "before"),
    [("scripted", stop_say), ("scripted", unread), ("startled", nothing), ("clumsy", nothing)],
    ids=["stopped", "unreadable", "broken", "accident"],
)
def test_what_was_never_written_costs_nothing(
    valkey: Valkey, client: Any, start: Start, settled: list[str], engine: str, before: Callable[[Any, str], None]
) -> None:
    start(valkey, engine=engine)
    with SmallScribe(valkey.url) as scribe:
        for answer in ("a", "b", "c"):
            job_put(client, mine("Why?", answer))
            before(client, answer)
            ticket()
            ended(scribe, answer)
    assert charged(client) == (0, 0)
    assert settled == ["a", "b", "c"]


def test_a_stop_behind_the_taking_costs_nothing(
    valkey: Valkey, client: Any, start: Start, settled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = start(valkey)
    info = made._info
    monkeypatch.setattr(made, "_info", lambda: (settled or stop_say(client, "a")) or info())
    job_put(client, mine("Why?"))
    with SmallScribe(valkey.url) as scribe:
        ticket()
        ended(scribe)
    assert (charged(client), settled) == ((0, 0), ["a"])


def test_an_attempt_that_comes_again_costs_nothing_more(
    valkey: Valkey, client: Any, start: Start, settled: list[str]
) -> None:
    start(valkey)
    asked = mine("@scripted rate=100 text=" + TEXT[:100])
    with SmallScribe(valkey.url) as scribe:
        job_put(client, asked)
        (first,) = aside()
        wait_until(lambda: scribe.row("a").raw, "it runs")
        client.delete(TAKEN.format(answer="a", attempt=1))
        job_put(client, asked)
        ticket()
        assert settled == ["a"]
        row = ended(scribe)
        first.join(10)
    assert row.done is not None
    used = row.done.info["prompt_tokens"] + OUTPUT_WEIGHT * row.done.info["completion_tokens"]
    assert charged(client) == (used, used)
    assert settled == ["a", "a"]


def test_a_second_attempt_pays_for_what_it_writes_itself(valkey: Valkey, client: Any, start: Start) -> None:
    start(valkey)
    with SmallScribe(valkey.url) as scribe:
        job_put(client, mine("@scripted text=" + TEXT, "whole"))
        ticket()
        row = ended(scribe, "whole")
        assert row.done is not None
        assert row.done.info["completion_tokens"] == TOKENS
        prompt = row.done.info["prompt_tokens"]
        assert charged(client) == (prompt + OUTPUT_WEIGHT * TOKENS,) * 2
        client.delete(SHARES)
        prefix = TEXT[: 5 * 398 - 1]  # of the last two words and the space behind them nothing is there
        scribe.row("b").attempt, scribe.row("b").raw = 2, prefix
        job_put(client, mine("@scripted text=" + TEXT, "b", attempt=2, prefix=prefix))
        ticket()
        row = ended(scribe, "b")
        assert row.done is not None
        assert (row.raw, row.done.info["completion_tokens"]) == (TEXT, TOKENS)
        assert charged(client) == (prompt + OUTPUT_WEIGHT * 3,) * 2


def test_what_was_written_before_a_worker_left_is_paid_for(
    valkey: Valkey, client: Any, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also by an engine that does not say how much it was, since it does not say anything."""
    made = start(valkey)
    job_put(client, mine("@scripted stall=30"))
    (thread,) = aside()
    (run,) = wait_until(made._all, "it runs")
    wait_until(lambda: run.made_tokens == 30, "text has come")
    with monkeypatch.context() as deaf:
        deaf.setattr(runs, "ABANDON_S", 0.0)
        deaf.setattr(run._handle, "cancel", lambda reason="": None)
        run.abandon()
        thread.join(5)
    assert not thread.is_alive()
    assert charged(client) == (OUTPUT_WEIGHT * 30,) * 2


def test_w2_what_nobody_waits_for_is_settled_for_nothing(
    valkey: Valkey, client: Any, start: Start, settled: list[str]
) -> None:
    start(valkey)
    with SmallScribe(valkey.url) as scribe:
        job_put(client, replace(mine("Why?"), class_key=BACKGROUND))
        ticket()
        ended(scribe)
    assert settled == ["a"]
    assert not client.exists(SHARES)


def test_charlie_pays_for_nobody(valkey: Valkey, client: Any, start: Start) -> None:
    """A job that says another class and room than it was put for is charged to those it was put for."""
    start(valkey)
    with SmallScribe(valkey.url) as scribe:
        job_put(client, mine("@scripted text=" + TEXT))
        client.set(
            JOB.format(answer="a", attempt=1), replace(mine("@scripted text=" + TEXT), room_key="charlie").to_json()
        )
        ticket()
        ended(scribe)
    assert charged(client)[0] == charged(client)[1]
    assert not client.hexists(SHARES, "room:charlie")
