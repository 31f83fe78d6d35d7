"""The batch: that nobody in it notices the others, whatever they do, and what it saves. Counted in tokens and steps."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference_worker.engines import engine_make
from inference_worker.engines.base import EngineOptions, Handle, Request
from inference_worker.engines.batch import NO_MEMORY
from inference_worker.engines.loops import LOOPED
from inference_worker.job import Message, Sampling
from tests.inference_worker.asking import Heard, hear, request
from tests.inference_worker.subjects import generated, plain_model, started
from tests.inference_worker.tiny import LESSONS
from tests.services import wait_until

QUESTION = next(iter(LESSONS))
SLOTS = 8
LONG = 60  # tokens of an answer that does not end by itself


@pytest.fixture(scope="module", params=["llama", "qwen2"])
def engine(request: pytest.FixtureRequest, tiny: Callable[[str], Path]) -> Iterator[Any]:
    made = make(tiny(request.param), prefill=16)
    yield made
    made.drain(10)


def make(folder: Path, **more: Any) -> Any:
    """It never ends an answer by itself, and knows no poison; ``oracle`` is the library's own model."""
    options: dict[str, Any] = {"slots": SLOTS, "dtype": "float32", **more}
    made: Any = started("batching", EngineOptions(str(folder), folder.parent, **options))
    made.speech.eos = frozenset()
    net = plain_model(folder)
    net.generation_config.eos_token_id = None
    for one in (made.net, net):
        one.get_input_embeddings().weight.data.nan_to_num_()

    @cache
    def oracle(ids: tuple[int, ...], tokens: int) -> str:
        return str(made.speech.decode(generated(net, list(ids), tokens))).rstrip("\ufffd")

    made.oracle = oracle
    return made


def tokens(
    ids: tuple[int, ...], count: int = 20, *, room: str = "", deadline_s: float = 60.0, **sampling: Any
) -> Request:
    drawn = Sampling(**{"max_tokens": count, "temperature": 0.0, **sampling})
    return Request("r", (), drawn, ids=ids, room_key=room, deadline_s=deadline_s)


def prompt(number: int, length: int = 24) -> tuple[int, ...]:
    """Different from its first token on."""
    generator = torch.Generator().manual_seed(number)
    return tuple((torch.randint(10, 200, (length,), generator=generator)).tolist())


def idle(engine: Any) -> bool:
    stats = engine.stats()
    return (stats.running, stats.waiting, stats.paused) == (0, 0, 0)


def hear_all(handles: list[Handle]) -> list[Heard]:
    return [hear(handle) for handle in handles]


@contextmanager
def before_each_step(engine: Any, act: Callable[[list[int]], None]) -> Iterator[None]:
    """``act`` is given the tokens that the model is about to read; what it raises, the model raises."""
    hook = engine.net.register_forward_pre_hook(
        lambda _, args, more: act(more["input_ids"][0].tolist()), with_kwargs=True
    )
    try:
        yield
    finally:
        hook.remove()


@contextmanager
def held(engine: Any) -> Iterator[None]:
    """Inside, the engine stands before a step, so that what is submitted meanwhile arrives at once."""
    here, go = threading.Event(), threading.Event()

    def wait(_: list[int]) -> None:
        here.set()
        assert go.wait(30)

    with before_each_step(engine, wait):
        stop = engine.submit(tokens(prompt(99), 1))
        assert here.wait(30)
        yield
        go.set()
        hear(stop)


# ---- the text


@pytest.mark.parametrize("streams", [1, 2, 3, 8, 32])
def test_everybody_says_what_generate_says(engine: Any, streams: int) -> None:
    asked = [tokens(prompt(number, 5 + 7 * number % 60), 12 + number % 5) for number in range(streams)]
    heard = hear_all([engine.submit(one) for one in asked])
    for one, said in zip(asked, heard, strict=True):
        assert said.text == engine.oracle(one.ids, one.sampling.max_tokens)
        assert (said.finish.prompt_tokens, said.finish.completion_tokens) == (len(one.ids), one.sampling.max_tokens)


FAMILY = st.tuples(st.integers(0, 2), st.integers(1, 70), st.integers(0, 3), st.integers(0, 12))
DEED = st.sampled_from(["ask", "ask", "ask", "cancel", "pause", "resume"])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(DEED, FAMILY, st.integers(0, 9)), min_size=1, max_size=24))
def test_whoever_comes_goes_and_pauses_the_others_say_the_same(engine: Any, deeds: list[Any]) -> None:
    """Prompts that begin alike, of any length, so that prefixes are found in rows and in what is kept."""
    asked: list[tuple[Request, Handle]] = []
    cancelled: set[int] = set()
    for deed, (family, length, other, more), which in deeds:
        if deed == "ask" or not asked:
            one = tokens(prompt(family, length) + prompt(50 + other, more), 3 + which, room=str(family))
            asked.append((one, engine.submit(one)))
            continue
        number = which % len(asked)
        getattr(asked[number][1], deed)()
        cancelled |= {number} if deed == "cancel" else set()
    for number, (one, handle) in enumerate(asked):
        handle.resume()
        heard = hear(handle)
        whole = engine.oracle(one.ids, one.sampling.max_tokens)
        if number in cancelled:
            assert heard.reason in ("cancelled", "length")
            assert whole.startswith(heard.text)
        else:
            assert (heard.text, heard.reason) == (whole, "length")
    wait_until(lambda: idle(engine), "nobody is left")  # who is cancelled waiting hears it before the engine does


def test_a_seed_draws_the_same_in_every_batch(engine: Any) -> None:
    asked = tokens(prompt(1), 30, temperature=1.0, top_p=0.95, seed=7)
    alone = hear(engine.submit(asked)).text
    crowd = [
        engine.submit(tokens(prompt(number), 30, temperature=0.7 * (number % 2), seed=number)) for number in range(20)
    ]
    assert hear(engine.submit(asked)).text == alone
    hear_all(crowd)


def test_stop_ids_end_the_text_before_them(engine: Any) -> None:
    ids = engine.speech.prompt_ids(request(QUESTION))
    said = engine.speech.tokenizer(LESSONS[QUESTION], add_special_tokens=False)["input_ids"]
    heard = hear(engine.submit(tokens(tuple(ids), 60, stop_ids=(said[7], 3))))
    assert heard.reason == "stop"
    assert heard.text == engine.speech.decode(said[: said.index(said[7])])


def test_a_loop_ends_when_it_is_noticed(engine: Any) -> None:
    """Where only one token is likely, the model says nothing else."""
    hook = engine.net.lm_head.register_forward_hook(lambda _, __, logits: torch.zeros_like(logits))
    try:
        heard = hear(engine.submit(tokens(prompt(3), 200, loop_tokens=32)))
    finally:
        hook.remove()
    assert (heard.reason, heard.finish.message, heard.finish.completion_tokens) == ("stop", LOOPED, 32)


@pytest.mark.parametrize("ids", [(10, 1 << 30), (-1,)])
def test_tokens_that_the_model_does_not_know_are_refused(engine: Any, ids: tuple[int, ...]) -> None:
    heard = hear(engine.submit(tokens(ids)))
    assert heard.reason == "error"
    assert "token" in heard.finish.message


def test_a_prompt_of_nothing_is_refused(engine: Any) -> None:
    assert hear(engine.submit(Request("r", (), Sampling()))).finish.message == "There is nothing to answer."


def test_a_template_that_fails_fails_its_request(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.speech.tokenizer, "chat_template", "{{ raise_exception('roles must alternate') }}")
    heard = hear(engine.submit(request(QUESTION)))
    assert heard.reason == "error"
    assert "roles" not in heard.text


# ---- stopping and pausing


def test_a_stop_takes_two_steps_at_most(engine: Any) -> None:
    others = [engine.submit(tokens(prompt(number), LONG)) for number in range(4)]
    said: list[int] = []
    asked = engine.submit(tokens(prompt(40), 400))

    def stop(_: list[int]) -> None:
        said.append(len(said))
        if len(said) == 30:
            asked.cancel()

    with before_each_step(engine, stop):
        heard = hear(asked)
    hear_all(others)
    assert heard.reason == "cancelled"
    assert heard.finish.completion_tokens <= 32


def test_a_pause_keeps_what_was_read(fresh: Callable[..., Any]) -> None:
    engine = fresh()
    handle = engine.submit(tokens(prompt(1, 100), LONG))
    assert handle.poll(10) is not None
    handle.pause()
    while handle.poll(0.2) is not None:
        pass
    before = engine.stats()
    assert (before.paused, before.running) == (1, 0)
    assert before.kv_used >= 100
    handle.resume()
    assert hear(handle).reason == "length"
    after = engine.stats()
    assert after.prompt_tokens == before.prompt_tokens, "nothing is read twice"
    assert after.reused_tokens - before.reused_tokens >= 100


def test_a_pause_gives_way_when_its_room_is_needed(fresh: Callable[..., Any]) -> None:
    engine = fresh(kv_tokens=640)  # of which a part is for contexts that wait
    handle = engine.submit(tokens(prompt(1, 150), LONG))
    assert handle.poll(10) is not None
    handle.pause()
    for number in range(2, 6):
        other = engine.submit(tokens(prompt(number, 120), 5))
        assert other.poll(10) is not None
        other.pause()
    heard = hear(handle)
    assert heard.reason == "preempted"
    handle.resume()
    assert handle.poll(0.1) is None


def test_a_drain_ends_also_who_pauses_and_who_waits(fresh: Callable[..., Any]) -> None:
    engine = fresh(slots=2)
    handles = [engine.submit(tokens(prompt(number), 400)) for number in range(5)]
    assert handles[0].poll(10) is not None
    handles[0].pause()
    handles[4].pause()
    engine.drain(10)
    assert {hear(handle).reason for handle in handles} == {"preempted"}


# ---- accidents


def test_a_request_that_breaks_the_step_fails_alone(engine: Any) -> None:
    bad = 250

    def raise_on(ids: list[int]) -> None:
        if bad in ids:
            raise IndexError("a row of the batch is wrong")

    asked = [tokens(prompt(number), 20) for number in range(7)]
    with before_each_step(engine, raise_on):
        good = [engine.submit(one) for one in asked[:4]]
        broken = engine.submit(tokens((*prompt(30, 5), bad, *prompt(31, 5)), 20))
        good += [engine.submit(one) for one in asked[4:]]
        failed = hear(broken)
        heard = hear_all(good)
    assert failed.reason == "error"
    assert "IndexError" in failed.finish.message
    assert [said.text for said in heard] == [engine.oracle(one.ids, 20) for one in asked]


def test_numbers_that_are_none_do_not_stay_in_a_row(engine: Any) -> None:
    """Also when the request is cancelled before anybody can see that its numbers are broken."""
    poison = 5
    with torch.no_grad():
        engine.net.get_input_embeddings().weight[poison] = torch.nan
    for number in range(3):
        handle = engine.submit(tokens((poison, *prompt(number, 200)), 5))
        with before_each_step(engine, lambda _, handle=handle: handle.cancel()):
            assert hear(handle).reason == "cancelled"
        asked = [tokens(prompt(60 + number + other, 9), 10) for other in range(SLOTS)]
        for one, said in zip(asked, hear_all([engine.submit(one) for one in asked]), strict=True):
            assert said.text == engine.oracle(one.ids, 10)
    failed = [hear(engine.submit(tokens((poison, *prompt(number, size)), 5))) for number, size in enumerate((1, 40))]
    assert all(heard.reason == "error" and "out of range" in heard.finish.message for heard in failed)
    with torch.no_grad():
        engine.net.get_input_embeddings().weight[poison] = 0


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("DefaultCPUAllocator: can't allocate memory")]
)
def test_when_memory_runs_out_the_batch_shrinks_and_nobody_is_lost(fresh: Callable[..., Any], error: Exception) -> None:
    engine = fresh(prefill=16)
    ran_out: list[int] = []

    def raise_over(_: list[int]) -> None:
        if engine.stats().running > 3:
            ran_out.append(engine.stats().steps)
            raise error

    asked = [tokens(prompt(number), 12) for number in range(6)]
    with before_each_step(engine, raise_over):
        heard = hear_all([engine.submit(one) for one in asked])
    assert ran_out
    assert [said.text for said in heard] == [engine.oracle(one.ids, 12) for one in asked]


def test_without_memory_for_one_it_says_so(engine: Any) -> None:
    def never(_: list[int]) -> None:
        raise MemoryError("not enough memory")

    with before_each_step(engine, never):
        heard = hear(engine.submit(tokens(prompt(1))))
    assert (heard.reason, heard.finish.message) == ("error", NO_MEMORY)
    assert hear(engine.submit(tokens(prompt(1)))).reason == "length"


def test_more_context_than_memory_is_refused_with_the_numbers(fresh: Callable[..., Any]) -> None:
    engine = fresh(kv_tokens=640)
    heard = hear(engine.submit(tokens(prompt(1, 400))))
    assert heard.finish.message == f"The conversation has 400 tokens, but the model reads at most {engine.context}."


def test_answers_that_outgrow_the_memory_take_turns(fresh: Callable[..., Any]) -> None:
    """There is room for two rows of 256 tokens or one of 384: the newer one waits, and all come to their end."""
    engine = fresh(kv_tokens=1_100)
    asked = [tokens(prompt(number, 200), 100) for number in range(3)]
    heard = hear_all([engine.submit(one) for one in asked])
    assert [said.text for said in heard] == [engine.oracle(one.ids, 100) for one in asked]


# ---- what it saves


def test_samples_of_one_prompt_share_its_reading(fresh: Callable[..., Any]) -> None:
    engine = fresh()
    asked = [tokens(prompt(1, 90), 10, temperature=1.0, top_p=1.0, seed=seed) for seed in range(6)]
    before = engine.stats().prompt_tokens
    with held(engine):
        handles = [engine.submit(one) for one in asked]
    texts = {heard.text for heard in hear_all(handles)}
    assert len(texts) > 1, "they are different samples"
    read = engine.stats().prompt_tokens - before - len(prompt(99))
    assert read == 90 + 5, "the first reads it all, each other one its last token"


def test_the_next_turn_of_a_room_reads_only_what_is_new(fresh: Callable[..., Any]) -> None:
    engine = fresh()
    turns: list[Message] = [{"role": "system", "content": "a b c " * 10}, {"role": "user", "content": QUESTION}]
    first = hear(engine.submit(Request("r", tuple(turns), Sampling(max_tokens=30, temperature=0))))
    turns += [{"role": "assistant", "content": first.text}, {"role": "user", "content": "And then?"}]
    before = engine.stats()
    second = hear(engine.submit(Request("r", tuple(turns), Sampling(max_tokens=5, temperature=0))))
    after = engine.stats()
    assert after.reused_tokens - before.reused_tokens >= first.finish.prompt_tokens + 20
    assert after.prompt_tokens - before.prompt_tokens < second.finish.prompt_tokens / 2


def test_a_system_prompt_stays_when_everything_else_has_gone(fresh: Callable[..., Any]) -> None:
    engine = fresh(kv_tokens=900)
    system: Message = {"role": "system", "content": "a b c d " * 8}

    def read(text: str) -> int:
        before = engine.stats().prompt_tokens
        asked = Request("r", (system, {"role": "user", "content": text}), Sampling(max_tokens=2, temperature=0))
        assert hear(engine.submit(asked)).reason == "length"
        return int(engine.stats().prompt_tokens - before)

    whole = read("first")
    for number in range(8):
        hear(engine.submit(tokens(prompt(number, 150), 2)))
    assert read("second") < whole / 2


def test_without_reuse_everything_is_read(fresh: Callable[..., Any]) -> None:
    engine = fresh(reuse=False)
    for _ in range(3):
        hear(engine.submit(tokens(prompt(1, 40), 3)))
    stats = engine.stats()
    assert stats.reused_tokens == 0
    assert stats.prompt_tokens >= 3 * 40


# ---- fairness, in steps


@pytest.mark.parametrize(("fair", "steps"), [(True, (0, 60)), (False, (120, 10_000))])
def test_a_small_room_does_not_wait_for_a_large_one(
    fresh: Callable[..., Any], fair: bool, steps: tuple[int, int]
) -> None:
    engine = fresh(slots=2, fair=fair)
    count: list[bool] = []
    with held(engine):
        large = [engine.submit(tokens(prompt(number), 20, room="large")) for number in range(14)]
        small = engine.submit(tokens(prompt(60), 20, room="small"))
    with before_each_step(engine, lambda _: count.append(small.over)):
        hear_all([*large, small])
    assert steps[0] <= count.count(False) <= steps[1]


def test_a_large_room_that_has_all_places_gives_some_up_and_loses_nothing(fresh: Callable[..., Any]) -> None:
    engine = fresh(slots=4)
    large = [tokens(prompt(number), LONG, room="large") for number in range(8)]
    small = [tokens(prompt(60 + number), 5, room="small") for number in range(2)]
    before = engine.stats()
    with held(engine):
        asked = [engine.submit(one) for one in large]
    wait_until(lambda: engine.stats().running == 4, "the large room has all places")
    count: list[bool] = []
    with before_each_step(engine, lambda _: count.append(any(handle.over for handle in asked))):
        heard = hear_all([engine.submit(one) for one in small])
        assert not any(count), "nobody of the large room has ended before the small one had its answers"
        assert len(count) < 20
        heard += hear_all(asked)
    assert [said.text for said in heard] == [engine.oracle(one.ids, one.sampling.max_tokens) for one in small + large]
    after = engine.stats()
    read = sum(len(one.ids) for one in [*large, *small]) + len(prompt(99))
    assert after.prompt_tokens - before.prompt_tokens == read, "who has waited reads nothing twice"


@pytest.mark.parametrize("deed", ["cancel", "pause", "drain"])
def test_who_has_given_way_can_still_be_reached(fresh: Callable[..., Any], deed: str) -> None:
    engine = fresh(slots=2)
    large = [engine.submit(tokens(prompt(number), 400, room="large")) for number in range(2)]
    for handle in large:
        assert handle.poll(10) is not None
    small = engine.submit(tokens(prompt(60), 400, room="small"))
    assert small.poll(10) is not None
    newest = large[1]
    if deed == "drain":
        engine.drain(10)
        assert hear(newest).reason == "preempted"
        return
    getattr(newest, deed)()
    if deed == "pause":
        small.cancel()
        wait_until(lambda: engine.stats().running == 1, "there is a place, and nobody takes it")
        newest.resume()
    heard, expected = hear(newest), "cancelled" if deed == "cancel" else "length"
    assert heard.reason == expected


def test_statistics_add_up(fresh: Callable[..., Any]) -> None:
    engine = fresh()
    before = engine.stats()
    hear_all([engine.submit(tokens(prompt(number, 30), 10)) for number in range(3)])
    after = engine.stats()
    assert after.tokens - before.tokens == 30
    assert after.prompt_tokens + after.reused_tokens - before.prompt_tokens - before.reused_tokens == 90
    assert 0 < after.kv_used <= after.kv_room
    assert after.steps > before.steps
    assert after.step_ms > 0


def test_an_unknown_dtype_is_named(tiny: Callable[[str], Path]) -> None:
    with pytest.raises(Exception, match="dtype=float8"):
        engine_make("batching", EngineOptions(str(tiny("qwen2")), Path(), dtype="float8")).start(lambda _: None)
