"""What went wrong in the batch once: accidents that come together, rooms that are charged for nothing, long prompts."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference_worker.engines.base import Handle, Request
from tests.inference_worker.asking import hear
from tests.inference_worker.test_batching import before_each_step, hear_all, held, idle, make, prompt, tokens
from tests.services import wait_until

POISON, BAD = 5, 250


def texts_of(engine: Any, asked: list[Request], handles: list[Handle]) -> None:
    """Everybody says what the model says."""
    for one, heard in zip(asked, hear_all(handles), strict=True):
        assert (heard.reason, heard.text) == ("length", engine.oracle(one.ids, one.sampling.max_tokens))


def test_a_row_that_was_left_for_another_one_is_cleaned(fresh: Callable[..., Any]) -> None:
    """Its numbers are broken and nobody knows it yet, when it moves into the place of one that has ended."""
    engine = fresh(prefill=16)
    with torch.no_grad():
        engine.net.get_input_embeddings().weight[POISON] = torch.nan
    with held(engine):
        long = [engine.submit(tokens(prompt(100 + number, 6), 110)) for number in range(3)]
        short = [engine.submit(tokens(prompt(200 + number, 6), 3)) for number in range(3)]
        bad = engine.submit(tokens((POISON, *prompt(7, 80)), 5))
    hear_all(short)
    assert hear(bad).reason == "error"
    asked = [tokens(prompt(500 + number, 9), 10) for number in range(5)]
    with held(engine):
        handles = [engine.submit(one) for one in asked]
    texts_of(engine, asked, handles)
    for handle in long:
        handle.cancel()
    hear_all(long)


def test_a_long_conversation_is_not_passed_over_for_ever(fresh: Callable[..., Any]) -> None:
    """There is memory for it alone, or for some of those that come again and again."""
    engine = fresh(kv_tokens=1_100)
    over = threading.Event()

    def crowd(seat: int) -> None:
        number = 0
        while not over.is_set():
            number += 1
            hear(engine.submit(tokens(prompt(1_000 * seat + number), 15 + 3 * seat, room="busy")))

    threads = [threading.Thread(target=crowd, args=(seat,)) for seat in range(5)]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: engine.stats().running > 1, "the others are served")
        one = tokens(prompt(77, 300), 5, room="small", deadline_s=30)
        texts_of(engine, [one], [engine.submit(one)])
    finally:
        over.set()
        for thread in threads:
            thread.join(30)


def test_memory_that_runs_out_while_a_culprit_is_looked_for(fresh: Callable[..., Any]) -> None:
    """The first half of the step has no memory; the newest stands up, whom the second half counts on."""
    engine = fresh(prefill=512)
    steps: list[bool] = []

    def act(ids: list[int]) -> None:
        steps.append(BAD in ids)
        if steps[-1]:
            raise IndexError("a row of the batch is wrong")
        if steps.count(True) == 1 and len(steps) - steps.index(True) == 2:
            raise torch.OutOfMemoryError("CUDA out of memory")

    asked = [tokens(prompt(number, 6), 40) for number in range(6)]
    with before_each_step(engine, act):
        with held(engine):
            handles = [engine.submit(one) for one in asked[:4]]
            bad = engine.submit(tokens((*prompt(30, 5), BAD), 5))
            handles += [engine.submit(one) for one in asked[4:]]
        assert hear(bad).reason == "error"
        texts_of(engine, asked, handles)


def test_the_newest_is_requeued_once_and_the_others_do_not_notice(fresh: Callable[..., Any]) -> None:
    engine = fresh(prefill=16)
    ran_out: list[int] = []

    def act(_: list[int]) -> None:
        if engine.stats().running == 4 and len(ran_out) < 2:
            ran_out.append(engine.stats().steps)
            raise torch.OutOfMemoryError("CUDA out of memory")

    asked = [tokens(prompt(number), 300) for number in range(3)]
    with before_each_step(engine, act):
        handles = [engine.submit(one) for one in asked]
        wait_until(lambda: engine.stats().running == 3, "three are served")
        before = engine.stats().steps
        newest = engine.submit(tokens(prompt(50), 5))
        heard = hear(newest)
        texts_of(engine, asked, handles)
    assert heard.reason == "error", "a second time in a row it is at fault itself"
    assert len(ran_out) == 2
    assert ran_out[0] >= before


def test_a_token_that_cannot_be_said_fails_its_answer_alone(
    fresh: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = fresh()
    asked = [tokens(prompt(number), 20) for number in range(3)]
    decode = engine.speech.decode
    armed = threading.Event()

    def stumble(ids: list[int]) -> str:
        if armed.is_set() and threading.current_thread().name == "engine-batching":
            armed.clear()
            raise ValueError("no such token")
        return str(decode(ids))

    with held(engine):
        monkeypatch.setattr(engine.speech, "decode", stumble)
        bad = engine.submit(tokens(prompt(50), 20))
        armed.set()
        handles = [engine.submit(one) for one in asked]
    assert hear(bad).reason == "error"
    texts_of(engine, asked, handles)


# ---- giving way


def test_a_room_gives_way_where_memory_is_what_is_used_up(fresh: Callable[..., Any]) -> None:
    """There are eight places, but memory for two: rows are as long as the longest."""
    engine = fresh(kv_tokens=1_100)
    large = [tokens(prompt(number, 150), 90, room="large") for number in range(4)]
    small = tokens(prompt(60, 150), 5, room="small")
    asked = [engine.submit(one) for one in large]
    wait_until(lambda: engine.stats().running == 2, "there is no memory for more")
    with before_each_step(engine, lambda _: ended.append(any(one.over for one in asked)) if not handle.over else None):
        ended: list[bool] = []
        handle = engine.submit(small)
        texts_of(engine, [small], [handle])
    assert not any(ended)
    texts_of(engine, large, asked)


def test_the_deadline_stands_still_while_a_request_gives_way() -> None:
    handle = Handle(tokens(prompt(1), deadline_s=0.1))
    assert handle.waits
    assert handle.begin()
    assert not handle.waits
    handle.stand_aside()
    handle.pause()
    time.sleep(0.15)
    handle.resume()
    assert (handle.waits, handle.due()) == (True, None), "neither of the two has let the clock go on"
    assert handle.begin()
    assert (handle.waits, handle.due()) == (False, None)
    time.sleep(0.15)
    assert handle.due() == "deadline"


# ---- what a room is charged


def charged(engine: Any) -> dict[str, float]:
    """By room, from now on; the queue forgets when all is quiet."""
    told: defaultdict[str, float] = defaultdict(float)
    charge = engine.batch._queue.charge

    def count(group: tuple[str, str], amount: float) -> None:
        told[group[1]] += amount
        charge(group, amount)

    engine.batch._queue.charge = count
    return told


def test_a_room_is_charged_once_for_a_prompt_however_often_it_is_paused(fresh: Callable[..., Any]) -> None:
    engine = fresh(prefill=16)
    told = charged(engine)
    anchor = engine.submit(tokens(prompt(1, 5), 400, room="anchor"))
    handle = engine.submit(tokens(prompt(2, 400), 1, room="x"))
    for _ in range(3):
        handle.pause()
        wait_until(lambda: engine.stats().running == 1 or handle.over, "it stands aside")
        handle.resume()
    assert hear(handle).reason == "length"
    anchor.cancel()
    hear(anchor)
    assert told["x"] == 400 + 2, "all of it once, and the token that was drawn"


def test_a_room_is_not_charged_for_what_was_not_read(fresh: Callable[..., Any]) -> None:
    engine = fresh(prefill=16)
    told = charged(engine)
    anchor = engine.submit(tokens(prompt(1, 5), 400, room="anchor"))
    steps: list[int] = []
    with held(engine):
        handle = engine.submit(tokens(prompt(2, 400), 1, room="x"))

    def act(_: list[int]) -> None:
        steps.append(len(steps))
        if len(steps) == 3:
            handle.cancel()

    with before_each_step(engine, act):
        assert hear(handle).reason == "cancelled"
    assert told["x"] < 400 / 2
    anchor.cancel()
    hear(anchor)


# ---- reading


def test_a_short_question_does_not_wait_until_a_long_one_is_read(fresh: Callable[..., Any]) -> None:
    engine = fresh(prefill=16)
    steps: list[int] = []
    book, line = tokens(prompt(2, 480), 3, room="a"), tokens(prompt(3, 8), 3, room="b")
    with held(engine):
        first = engine.submit(book)
        second = engine.submit(line)
    with before_each_step(engine, lambda _: steps.append(1) if not second.over else None):
        texts_of(engine, [line, book], [second, first])
    assert len(steps) < 10


# ---- all together, on a wide batch

ASK = st.tuples(st.integers(0, 3), st.integers(1, 70), st.integers(0, 5), st.integers(0, 12), st.integers(3, 40))
DEEDS = st.lists(st.tuples(st.sampled_from(["cancel", "pause", "resume"]), st.integers(0, 47)), max_size=24)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ASK, min_size=24, max_size=48), DEEDS)
def test_thirty_two_at_once_say_what_generate_says(wide: Any, asks: list[Any], deeds: list[tuple[str, int]]) -> None:
    asked = [
        tokens(prompt(family, length) + prompt(50 + other, more), count, room=str(family))
        for family, length, other, more, count in asks
    ]
    handles = [wide.submit(one) for one in asked]
    cancelled = set()
    for deed, which in deeds:
        number = which % len(asked)
        getattr(handles[number], deed)()
        cancelled |= {number} if deed == "cancel" else set()
    for number, (one, handle) in enumerate(zip(asked, handles, strict=True)):
        handle.resume()
        heard, whole = hear(handle), wide.oracle(one.ids, one.sampling.max_tokens)
        assert whole.startswith(heard.text) if number in cancelled else heard.text == whole
    wait_until(lambda: idle(wide), "nobody is left")


@pytest.fixture(scope="module")
def wide(tiny: Callable[[str], Path]) -> Iterator[Any]:
    made = make(tiny("llama"), slots=32, prefill=48)
    yield made
    made.drain(10)
