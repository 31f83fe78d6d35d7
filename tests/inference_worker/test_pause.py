"""A hand on a running answer: pause keeps what the model has in memory, resume loses and doubles nothing, a cut goes on
behind what somebody put in. On a real server with the scripted engine."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from inference_worker.job import BACKGROUND, CONTROL, PAUSE, WORKER, Control, Job, Sampling, WorkerState
from inference_worker.runtime import Runtime
from tests.inference_worker.line import SmallScribe, job_put, outputs_read, pause_say, resume_say, stop_say
from tests.inference_worker.odd_engines import Start
from tests.inference_worker.test_runtime import aside
from tests.services import Valkey, wait_until

SLOW = "@scripted rate=200 tokens=300"


@pytest.fixture
def runtime(valkey: Valkey, client: Any, start: Start) -> Runtime:
    return start(valkey)


def ask(client: Any, answer: str = "a", text: str = SLOW, **fields: Any) -> None:
    asked = Job(answer, 1, ({"role": "user", "content": text},), Sampling(max_tokens=4_000), deadline_s=60, **fields)
    job_put(client, asked)


def quiet(read: Callable[[], Any]) -> Any:
    """What is read once it has not changed for a while."""
    before, since = read(), time.monotonic()
    while time.monotonic() - since < 0.4:
        if (now := read()) != before:
            before, since = now, time.monotonic()
        time.sleep(0.02)
    return before


def whole(client: Any, scribe: SmallScribe, answer: str = "a") -> str:
    wait_until(lambda: scribe.row(answer).done, f"{answer} has ended", timeout_s=20)
    assert scribe.row(answer).whole
    return scribe.row(answer).raw


def engine_tokens(runtime: Runtime) -> int:
    assert runtime._engine is not None
    return runtime._engine.stats().tokens


def undisturbed(client: Any, valkey: Valkey, text: str = SLOW) -> str:
    with SmallScribe(valkey.url) as scribe:
        ask(client, "alone", text)
        aside()
        return whole(client, scribe, "alone")


def test_paused_is_silent_and_resumed_is_the_same_text(runtime: Runtime, valkey: Valkey, client: Any) -> None:
    expected = undisturbed(client, valkey)
    with SmallScribe(valkey.url) as scribe:
        ask(client)
        aside()
        for _ in range(3):
            length = len(scribe.row("a").raw)
            wait_until(lambda length=length: len(scribe.row("a").raw) > length, "text comes")
            pause_say(client, scribe, "a")
            length = len(scribe.row("a").raw)
            quiet(lambda: len(outputs_read(client)))
            assert (scribe.row("a").done, len(scribe.row("a").raw)) == (None, length)
            resume_say(client, scribe, "a")
        assert whole(client, scribe) == expected


def test_what_was_dropped_while_paused_is_sent_again(runtime: Runtime, valkey: Valkey, client: Any) -> None:
    """The log stopped taking text before the worker heard of it, and the answer was written to its end meanwhile."""
    text = "@scripted rate=0 tokens=200"
    expected = undisturbed(client, valkey, text)
    with SmallScribe(valkey.url) as scribe:
        scribe.paused.add("a")
        ask(client, text=text)
        aside()
        quiet(lambda: len(scribe.said))
        assert (scribe.row("a").raw, scribe.row("a").done) == ("", None)
        resume_say(client, scribe, "a")
        assert whole(client, scribe) == expected


def test_a_pause_that_was_said_while_redis_was_away_is_found_again(
    runtime: Runtime, valkey: Valkey, client: Any
) -> None:
    with SmallScribe(valkey.url) as scribe:
        ask(client, text="@scripted rate=100 tokens=4000")
        aside()
        wait_until(lambda: scribe.row("a").raw, "text comes")
        client.set(PAUSE.format(answer="a"), "1")
        runtime._on_connect()
        length = quiet(lambda: len(scribe.row("a").raw))
        client.delete(PAUSE.format(answer="a"))
        runtime._on_connect()
        wait_until(lambda: len(scribe.row("a").raw) > length, "it goes on")
        stop_say(client, "a")
        whole(client, scribe)


def test_a_pause_that_was_said_before_the_run_began_is_kept(runtime: Runtime, valkey: Valkey, client: Any) -> None:
    expected = undisturbed(client, valkey)
    before = engine_tokens(runtime)
    with SmallScribe(valkey.url) as scribe:
        pause_say(client, scribe, "a")
        ask(client)
        aside()
        wait_until(lambda: runtime._runs, "it has begun")
        quiet(lambda: len(outputs_read(client)))
        assert engine_tokens(runtime) == before, "the model's time is not spent on it"
        resume_say(client, scribe, "a")
        assert whole(client, scribe) == expected


def test_a_resume_that_comes_while_the_old_pause_is_read_is_not_undone_by_it(
    runtime: Runtime, valkey: Valkey, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_late(answer: str) -> tuple[bool, bool]:
        runtime._on_control(Control("resume", answer))
        return False, True

    with SmallScribe(valkey.url) as scribe:
        monkeypatch.setattr(runtime._jobs, "said", read_late)
        ask(client, text="@scripted text=it goes on")
        aside()
        assert whole(client, scribe) == "it goes on"


def test_a_paused_answer_can_be_stopped(runtime: Runtime, valkey: Valkey, client: Any) -> None:
    with SmallScribe(valkey.url) as scribe:
        ask(client, text="@scripted rate=100 tokens=4000")
        aside()
        wait_until(lambda: scribe.row("a").raw, "text comes")
        pause_say(client, scribe, "a")
        quiet(lambda: len(outputs_read(client)))
        scribe.paused.clear()
        stop_say(client, "a")
        whole(client, scribe)
        done = scribe.row("a").done
        assert done is not None
        assert done.reason == "cancelled"


def test_a_hand_on_another_attempt_does_not_reach_this_one(runtime: Runtime, valkey: Valkey, client: Any) -> None:
    with SmallScribe(valkey.url) as scribe:
        ask(client)
        aside()
        wait_until(lambda: scribe.row("a").raw, "text comes")
        for word in (Control("pause", "a", attempt=7), Control("stop", "a", attempt=7), Control("pause", "charlie")):
            client.publish(CONTROL, word.to_json())
        whole(client, scribe)
        done = scribe.row("a").done
        assert done is not None
        assert done.reason in {"stop", "length"}


def test_paused_answers_make_room_and_their_text_is_kept(runtime: Runtime, valkey: Valkey, client: Any) -> None:
    """Two places, both paused; a third question is not kept waiting, and the paused one is handed on by its prefix."""

    def held() -> tuple[str, ...]:
        told = client.get(WORKER.format(name="w1"))
        return WorkerState.from_json(told).running if told else ()

    with SmallScribe(valkey.url) as scribe:
        for name in ("a", "b"):
            ask(client, name, "@scripted rate=100 tokens=4000")
        aside(times=2)
        for name in ("a", "b"):
            wait_until(lambda name=name: scribe.row(name).raw, f"{name} has text")
            pause_say(client, scribe, name)
        quiet(lambda: len(outputs_read(client)))
        ask(client, "c", "@scripted rate=0 tokens=20")
        aside()
        whole(client, scribe, "c")
        wait_until(lambda: len([key for key in held() if key in ("a:1", "b:1")]) == 1, "one of them was let go")
        assert (scribe.row("a").done, scribe.row("b").done) == (None, None), "nobody said that it had ended"


def test_the_model_goes_on_behind_the_cut_and_the_offsets_behind_the_whole(
    runtime: Runtime, valkey: Valkey, client: Any
) -> None:
    said = "The first part.\n\n"
    messages = (
        {"role": "user", "content": "q"}, {"role": "assistant", "content": said}, {"role": "user", "content": "@scripted echo"},
    )  # fmt: skip
    with SmallScribe(valkey.url) as scribe:
        scribe.row("a").raw = said
        job_put(client, Job("a", 1, messages, Sampling(max_tokens=500), prefix=said, cut=len(said)))
        aside()
        raw = whole(client, scribe)
    assert raw.startswith(said)
    assert raw.count("The first part.") == 2, "once said, and once in the context that the engine printed"
    texts = [one for one in outputs_read(client) if one.kind == "text"]
    assert texts[0].offset == len(said)


def test_w2_private_writing_gives_its_place_to_a_room_and_to_nothing_else(
    runtime: Runtime, valkey: Valkey, client: Any
) -> None:
    endless = "@scripted rate=200 tokens=100000"
    with SmallScribe(valkey.url) as scribe:
        for name in ("quiet1", "quiet2", "quiet3"):
            ask(client, name, endless, class_key=BACKGROUND)
        aside(times=3)
        wait_until(lambda: scribe.row("quiet1").raw and scribe.row("quiet2").raw, "both places are taken")
        time.sleep(0.5)
        assert len(runtime._runs) == 2, "a third private text takes nobody's place"
        ask(client, "room", "@scripted rate=0 tokens=5", class_key="c1")
        aside()
        assert whole(client, scribe, "room")
        assert scribe.row("quiet1").done is None
        assert scribe.row("quiet2").done is None
        for name in ("quiet1", "quiet2", "quiet3"):
            stop_say(client, name)
        wait_until(lambda: not runtime._runs, "nothing runs")
