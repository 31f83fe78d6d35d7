"""The runtime on a real server with the scripted engine: one ticket, one job, one end; and every way to end early."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import replace
from typing import Any

import pytest

from inference_worker import runs
from inference_worker.engines.scripted import TEXT
from inference_worker.heartbeat import other_has_hope
from inference_worker.job import JOB, JOB_TTL_S, LEFT, TAKEN, WORKER, Job, Persisted, Sampling, WorkerState
from inference_worker.runtime import FAILED, UNUSABLE, TicketReturned, worker_name
from inference_worker.tasks import ticket
from tests.inference_worker.line import Row, SmallScribe, client_make, job_put, outputs_read, persisted_say, stop_say
from tests.inference_worker.odd_engines import Start
from tests.services import Valkey, wait_until

SLOW = "@scripted rate=100 tokens=2000"


def job(text: str, answer: str = "a", *, attempt: int = 1, prefix: str = "", **sampling: Any) -> Job:
    sampling.setdefault("max_tokens", 4_000)
    return Job(answer, attempt, ({"role": "user", "content": text},), Sampling(**sampling), prefix, deadline_s=60)


def aside(*, times: int = 1) -> list[threading.Thread]:
    """Tickets on threads of their own, as the pool runs them."""
    threads = [threading.Thread(target=ticket) for _ in range(times)]
    for thread in threads:
        thread.start()
    return threads


def ended(scribe: SmallScribe, answer: str = "a") -> Row:
    wait_until(lambda: scribe.row(answer).done, f"{answer} has ended")
    assert scribe.row(answer).whole
    return scribe.row(answer)


def reason(row: Row) -> str:
    assert row.done is not None
    return row.done.reason


def state(client: Any, worker: str = "w1") -> WorkerState | None:
    text = client.get(WORKER.format(name=worker))
    return WorkerState.from_json(text) if text else None


def test_a_ticket_answers_one_job(valkey: Valkey, client: Any, start: Start) -> None:
    start(valkey)
    with SmallScribe(valkey.url) as scribe:
        job_put(client, job("Why?"))
        job_put(client, job("Why not?", "b"))
        ticket()
        row = ended(scribe)
        assert row.raw == TEXT.format(question="Why?")
        assert row.info == {"model": "scripted", "engine": "scripted", "worker": "w1"}
        assert row.done is not None
        told = row.done.info
        assert told["completion_tokens"] > 100
        assert told["prompt_tokens"] > 0
        assert 0 <= told["first_token_ms"] <= told["total_ms"]
        assert scribe.row("b").done is None
        ticket()
        ended(scribe, "b")
        ticket()


def test_an_attempt_goes_on_behind_its_prefix(valkey: Valkey, client: Any, start: Start) -> None:
    start(valkey)
    whole = TEXT.format(question="Why?")
    with SmallScribe(valkey.url) as scribe:
        scribe.row("a").attempt, scribe.row("a").raw = 2, whole[:300]
        job_put(client, job("Why?", attempt=2, prefix=whole[:300]))
        ticket()
        assert ended(scribe).raw == whole
        assert {output.offset >= 300 for output in scribe.said} == {True}


def test_the_worker_has_a_longest_answer_of_its_own(valkey: Valkey, client: Any, start: Start) -> None:
    start(valkey, max_tokens=7)
    with SmallScribe(valkey.url) as scribe:
        job_put(client, job("Why?"))
        ticket()
        assert reason(ended(scribe)) == "length"


def test_the_heartbeat_lists_what_is_in_hand_until_it_is_confirmed(valkey: Valkey, client: Any, start: Start) -> None:
    start(valkey)
    job_put(client, job("@scripted text=short"))
    ticket()
    wait_until(lambda: (told := state(client)) and told.running == ("a:1",), "it is in hand")
    told = state(client)
    assert told is not None
    assert (told.state, told.engine, told.model, told.reason) == ("ready", "scripted", "scripted", "")
    with SmallScribe(valkey.url):
        wait_until(lambda: (told := state(client)) and told.running == (), "it is confirmed")


@pytest.mark.parametrize(("engine", "words"), [("warp", "INFERENCE_ENGINE=warp"), ("startled", "division by zero")])
def test_a_broken_model_is_a_state_whose_reason_the_room_does_not_read(
    valkey: Valkey, client: Any, start: Start, caplog: pytest.LogCaptureFixture, engine: str, words: str
) -> None:
    """The reason names folders of the machine: it is for the heartbeat, which /readyz and the doctor read, and the log."""
    start(valkey, engine=engine)
    told = wait_until(lambda: (read := state(client)) and read.state == "broken" and read, "it says that it is broken")
    assert words in told.reason
    assert words in caplog.text
    with SmallScribe(valkey.url) as scribe:
        job_put(client, job("Why?"))
        ticket()
        row = ended(scribe)
        assert reason(row) == "error"
        assert row.done is not None
        assert row.done.info == {"message": UNUSABLE, "unavailable": True}


@pytest.mark.parametrize("other", ["ready", "loading"])
def test_a_broken_worker_leaves_the_work_to_one_that_is_not(
    valkey: Valkey, client: Any, start: Start, other: str
) -> None:
    client.set(WORKER.format(name="w1"), WorkerState("w1", other, "scripted", "demo").to_json(), ex=60)
    broken = start(valkey, worker="w2", engine="warp")
    job_put(client, job("Why?"))
    with pytest.raises(TicketReturned), broken.slot():
        raise AssertionError("it took a slot")
    assert client.llen("cs:jobs") == 1


def test_a_broken_worker_waits_for_no_other_broken_one_and_not_for_itself(
    valkey: Valkey, client: Any, start: Start
) -> None:
    client.set(WORKER.format(name="w1"), WorkerState("w1", "broken", "scripted", "demo").to_json(), ex=60)
    broken = start(valkey, worker="w2", engine="warp")
    wait_until(lambda: (told := state(client, "w2")) and told.state == "broken", "it says that it is broken")
    with broken.slot():
        pass
    client.set(WORKER.format(name="w2"), WorkerState("w2", "loading", "scripted", "demo").to_json(), ex=60)
    assert not other_has_hope(client, "w2"), "what it said of itself before"
    assert other_has_hope(client, "w1")


def test_a_stop_before_the_start_and_one_while_it_runs(valkey: Valkey, client: Any, start: Start) -> None:
    start(valkey)
    with SmallScribe(valkey.url) as scribe:
        stop_say(client, "a")
        job_put(client, job(SLOW))
        ticket()
        row = ended(scribe)
        assert (reason(row), row.raw) == ("cancelled", "")
        job_put(client, job(SLOW, "b"))
        (thread,) = aside()
        wait_until(lambda: scribe.row("b").raw, "text has come")
        stop_say(client, "b")
        row = ended(scribe, "b")
        thread.join(5)
        assert reason(row) == "cancelled"
        assert len(row.raw) < 2_000


def test_a_stop_that_was_said_while_redis_was_away_is_found_again(mortal: Valkey, start: Start) -> None:
    start(mortal)
    with SmallScribe(mortal.url) as scribe:
        job_put(client_make(mortal.url), job("@scripted rate=50 loop"))
        (thread,) = aside()
        wait_until(lambda: scribe.row("a").raw, "text has come")
        mortal.kill()
        mortal.start()
        client_make(mortal.url).set("cs:stop:a", "1")
        assert reason(ended(scribe)) == "cancelled"
        thread.join(5)


def test_an_answer_that_has_ended_elsewhere_is_not_generated_on(valkey: Valkey, client: Any, start: Start) -> None:
    """Closed with its room, or handed on: the scribe says so, and the model's time goes to others."""
    made = start(valkey)
    job_put(client, job("@scripted rate=50 loop"))
    (thread,) = aside()
    wait_until(lambda: len(outputs_read(client)) > 2, "text has come")
    persisted_say(client, Persisted("a", 1, 0, done=True))
    thread.join(5)
    assert not thread.is_alive()
    assert made.state().running == ()


def test_an_attempt_that_comes_again_is_written_once(valkey: Valkey, client: Any, start: Start) -> None:
    """Redis may lose the mark of the taking while the worker runs: its second run would write into the same text."""
    start(valkey)
    text = " ".join(f"word{number}" for number in range(120))
    asked = job(f"@scripted rate=100 text={text}")
    with SmallScribe(valkey.url) as scribe:
        job_put(client, asked)
        first = aside()
        wait_until(lambda: len(scribe.row("a").raw) > 20, "it runs")
        client.delete(TAKEN.format(answer="a", attempt=1))
        job_put(client, replace(asked, prefix=scribe.row("a").raw))
        second = aside()
        assert ended(scribe).raw == text
    for thread in [*first, *second]:
        thread.join(10)
    assert sum(output.kind == "done" for output in outputs_read(client)) == 1


def test_two_attempts_at_one_answer_are_kept_apart(valkey: Valkey, client: Any, start: Start) -> None:
    start(valkey)
    for attempt in (1, 2):
        job_put(client, job("@scripted rate=50 loop", attempt=attempt))
    threads = aside(times=2)
    wait_until(lambda: len({o.attempt for o in outputs_read(client) if o.kind == "text"}) == 2, "both run")
    persisted_say(client, Persisted("a", 1, 0, done=True))
    wait_until(lambda: sum(thread.is_alive() for thread in threads) == 1, "the old one ends")
    stop_say(client, "a")
    wait_until(lambda: not any(thread.is_alive() for thread in threads), "a stop ends the new one")


@pytest.mark.parametrize("text", ["{", '{"answer":"a"}', "null"])
def test_an_unreadable_job_ends_with_an_error(valkey: Valkey, client: Any, start: Start, text: str) -> None:
    start(valkey)
    with SmallScribe(valkey.url) as scribe:
        job_put(client, job("Why?"))
        client.set(JOB.format(answer="a", attempt=1), text)
        ticket()
        row = ended(scribe)
        assert row.done is not None
        assert (reason(row), row.done.info["message"]) == ("error", FAILED)


def test_an_accident_ends_the_answer_and_not_the_worker(valkey: Valkey, client: Any, start: Start) -> None:
    start(valkey, engine="clumsy")
    with SmallScribe(valkey.url) as scribe:
        for name in ("a", "b"):
            job_put(client, job("Why?", name))
            ticket()
            assert reason(ended(scribe, name)) == "error"


def test_an_engine_that_says_nothing_behind_its_deadline_is_given_up(
    valkey: Valkey, client: Any, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "ENGINE_LATE_S", 0.2)
    start(valkey, engine="mute")
    with SmallScribe(valkey.url) as scribe:
        asked = job("Why?")
        job_put(client, Job(asked.answer, 1, asked.messages, deadline_s=0.2))
        ticket()
        row = ended(scribe)
        assert row.done is not None
        assert row.done.info["message"] == runs.SILENT


def test_a_leaving_worker_ends_nothing_and_takes_nothing(valkey: Valkey, client: Any, start: Start) -> None:
    made = start(valkey)
    for name in ("a", "b", "c"):
        job_put(client, job("@scripted rate=50 loop", name))
    threads = aside(times=2)
    wait_until(lambda: len({o.answer for o in outputs_read(client) if o.kind == "text"}) == 2, "both run")
    made.close()
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive()
    assert {output.kind for output in outputs_read(client)} == {"started", "text"}
    assert client.llen("cs:jobs") == 1
    assert state(client) is None
    assert 0 < client.ttl(LEFT.format(name="w1")) <= JOB_TTL_S
    with pytest.raises(TicketReturned), made.slot():
        raise AssertionError("it took a slot")


def test_what_a_leaving_worker_said_is_a_beginning_of_the_whole(valkey: Valkey, client: Any, start: Start) -> None:
    made = start(valkey)
    with SmallScribe(valkey.url) as scribe:
        job_put(client, job("@scripted rate=200 text=" + TEXT))
        (thread,) = aside()
        wait_until(lambda: len(scribe.row("a").raw) > 40, "text has come")
        made.close()
        thread.join(5)
        wait_until(lambda: scribe.row("a").raw == "".join(o.text for o in scribe.said), "all is stored")
        prefix = scribe.row("a").raw
        assert TEXT.startswith(prefix)
        scribe.row("a").attempt = 2
        start(valkey, worker="w2")
        job_put(client, job("@scripted rate=0 text=" + TEXT, attempt=2, prefix=prefix))
        ticket()
        assert ended(scribe).raw == TEXT


def test_a_ticket_without_redis_is_lost_quietly(mortal: Valkey, start: Start) -> None:
    start(mortal)
    mortal.kill()
    ticket()
    mortal.start()


def test_a_worker_that_is_started_again_has_another_name() -> None:
    """In a container it has the same host and number; what the mark of the old one says is not said of the new one."""
    say = "from inference_worker.runtime import worker_name; print(worker_name('inference@here'))"
    names = {subprocess.check_output([sys.executable, "-c", say], text=True).rpartition(":")[0] for _ in range(2)}
    assert len(names) == 2
    assert worker_name("inference@here") == worker_name("inference@here")
