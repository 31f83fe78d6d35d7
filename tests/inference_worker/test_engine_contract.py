"""E1–E7 of ``engines/base.py``, for every engine; the real one on two tiny checkpoints, in fp32.

A new engine comes into ``subjects.SUBJECTS`` and has to pass all of this.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from inference_worker.engines import engine_make
from inference_worker.engines.base import Chunk, EngineOptions, Finish, Handle
from inference_worker.engines.errors import ModelError
from tests.inference_worker.asking import ask, hear, request
from tests.inference_worker.subjects import SLOTS, SUBJECTS, Subject
from tests.services import wait_until

ENOUGH = 300  # tokens: more than any answer has


@pytest.fixture(scope="module", params=sorted(SUBJECTS))
def subject(request: pytest.FixtureRequest, tiny: Callable[[str], Path]) -> Iterator[Subject]:
    made = SUBJECTS[request.param](tiny)
    yield made
    made.engine.drain(10)


@pytest.fixture
def endless(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> Subject:
    """The model may not end by itself: ``long`` is long whatever it has learnt."""
    if (speech := getattr(subject.engine, "speech", None)) is not None:
        monkeypatch.setattr(speech, "eos", frozenset())
    return subject


def begun(subject: Subject, **more: Any) -> Handle:
    """A long request that has said something."""
    handle = subject.engine.submit(request(subject.long, max_tokens=400, **more))
    wait_until(lambda: isinstance(handle.poll(0.5), Chunk), "the first text")
    return handle


# ---- E1: the text


def test_e1_the_text_is_what_the_model_says(subject: Subject) -> None:
    for question in subject.questions:
        asked = request(question, max_tokens=ENOUGH)
        heard = hear(subject.engine.submit(asked))
        assert heard.text == subject.oracle(asked)
        assert heard.reason == "stop"
        assert heard.text


def test_e1_no_chunk_is_empty_or_holds_half_a_character(subject: Subject) -> None:
    for question in subject.questions:
        heard = ask(subject.engine, question, max_tokens=ENOUGH)
        assert all(chunk.text and "\ufffd" not in chunk.text for chunk in heard.chunks)
        assert len(heard.chunks) > 3, "it comes in pieces"


def test_e1_from_every_cut_between_characters_it_goes_on_to_the_same_text(subject: Subject) -> None:
    """Also inside a word, a number, a formula, an emoji of many parts, a flag, a letter with its accent."""
    for question in subject.questions:
        whole = ask(subject.engine, question, max_tokens=ENOUGH).text
        cuts = range(0, len(whole) + 1, 1 if len(whole) < 50 else 3)
        handles = {
            whole[:cut]: subject.engine.submit(request(question, prefix=whole[:cut], max_tokens=ENOUGH)) for cut in cuts
        }
        rests = {prefix: hear(handle).text for prefix, handle in handles.items()}
        assert {prefix: rest for prefix, rest in rests.items() if prefix + rest != whole} == {}


def test_e1_nothing_at_or_behind_a_stop_string_is_said(subject: Subject) -> None:
    for question in subject.questions:
        whole = ask(subject.engine, question, max_tokens=ENOUGH).text
        stops = [whole[at : at + 4] for at in range(1, len(whole), 9)]
        handles = [
            subject.engine.submit(request(question, max_tokens=ENOUGH, stop=("never said", stop))) for stop in stops
        ]
        for stop, heard in zip(stops, map(hear, handles), strict=True):
            assert heard.text == whole[: whole.index(stop)]
            assert heard.reason == "stop"


def test_e1_a_stop_string_that_begins_in_the_prefix_is_found(subject: Subject) -> None:
    question = subject.questions[0]
    whole = ask(subject.engine, question, max_tokens=ENOUGH).text
    stop = whole[5:11]
    assert whole.index(stop) == 5
    for cut in range(4, 11):
        asked = request(question, prefix=whole[:cut], max_tokens=ENOUGH, stop=("never said", stop))
        heard = hear(subject.engine.submit(asked))
        assert (heard.reason, heard.text) == ("stop", whole[cut:5])


def test_e1_a_long_prompt_is_read_whole(subject: Subject) -> None:
    """Longer than one helping of the prompt, and not a multiple of it."""
    for words in (40, 80, 127):
        asked = request(subject.questions[0], system="a " * words, max_tokens=12)
        assert subject.oracle(asked).startswith(hear(subject.engine.submit(asked)).text)


# ---- E2: one end, and one's own


@pytest.mark.parametrize("deadline_s", [0.0, 0.01, 60.0])
@pytest.mark.parametrize("tokens", [0, 1, 5])
def test_e2_there_is_exactly_one_finish(subject: Subject, tokens: int, deadline_s: float) -> None:
    assert len(ask(subject.engine, subject.questions[0], max_tokens=tokens, deadline_s=deadline_s).finishes) == 1


def test_e2_a_request_that_fails_disturbs_no_other(subject: Subject) -> None:
    good = [subject.engine.submit(request(question, max_tokens=ENOUGH)) for question in subject.questions]
    bad = [subject.engine.submit(request(subject.bad, max_tokens=ENOUGH)) for _ in range(3)]
    for handle in bad:
        failed = hear(handle)
        assert failed.reason == "error"
        assert subject.bad_says in failed.finish.message
    for handle in good:
        assert hear(handle).text == subject.oracle(handle.request)


def test_e2_many_at_once_say_what_each_says_alone(subject: Subject) -> None:
    handles = [subject.engine.submit(request(q, max_tokens=ENOUGH)) for q in subject.questions * 3]
    for handle in handles:
        assert hear(handle).text == subject.oracle(handle.request)
    assert subject.engine.stats().running == 0


def test_e2_requests_come_from_any_thread(subject: Subject) -> None:
    heard: dict[int, str] = {}

    def work(number: int) -> None:
        heard[number] = ask(subject.engine, subject.questions[0], max_tokens=ENOUGH).text

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(heard) == 6
    assert len(set(heard.values())) == 1


# ---- E3: cancel


def test_e3_cancel_takes_effect_at_the_next_token(endless: Subject) -> None:
    handle = begun(endless)
    for _ in range(3):
        handle.cancel()
    heard = hear(handle)
    assert heard.reason == "cancelled"
    assert heard.finish.completion_tokens < 400
    handle.cancel()
    assert handle.poll(0.1) is None, "a cancel behind the end changes nothing"


def test_e3_the_reason_is_the_first_one(endless: Subject) -> None:
    handle = begun(endless)
    handle.cancel("preempted")
    handle.cancel()
    assert hear(handle).reason == "preempted"


def test_e3_what_waits_ends_at_once(endless: Subject) -> None:
    running = [begun(endless) for _ in range(SLOTS)]
    waiting = endless.engine.submit(request(endless.questions[0]))
    wait_until(lambda: endless.engine.stats().waiting == 1, "one waits")
    waiting.cancel()
    assert waiting.poll(1) == Finish("cancelled")
    assert endless.engine.stats().running == SLOTS
    for handle in running:
        handle.cancel()
        hear(handle)


# ---- E4: tokens are counted over the whole answer


def test_e4_max_tokens_and_the_count_include_the_prefix(subject: Subject) -> None:
    question = subject.questions[0]
    whole = ask(subject.engine, question, max_tokens=12)
    assert (whole.reason, whole.finish.completion_tokens) == ("length", 12)
    for cut in range(len(whole.text) + 1):
        prefix = whole.text[:cut]
        rest = ask(subject.engine, question, prefix=prefix, max_tokens=12)
        assert rest.reason == "length"
        assert whole.text == prefix + rest.text
        assert rest.finish.completion_tokens == 12


def test_e4_no_tokens_is_no_text(subject: Subject) -> None:
    heard = ask(subject.engine, subject.questions[0], max_tokens=0)
    assert (heard.reason, heard.text) == ("length", "")


# ---- E5: seeds


def test_e5_a_seed_draws_the_same_text_whoever_runs_beside_it(subject: Subject) -> None:
    more: dict[str, Any] = {"temperature": 1.5, "top_p": 0.99, "seed": 5, "max_tokens": 40}
    alone = ask(subject.engine, subject.questions[0], **more).text
    handles = [
        subject.engine.submit(request(subject.questions[0], **{**more, "seed": seed})) for seed in (5, 6, 5, None)
    ]
    texts = [hear(handle).text for handle in handles]
    assert texts[0] == texts[2] == alone


def test_e5_temperature_zero_is_greedy_whatever_else_is_said(subject: Subject) -> None:
    asked = request(subject.questions[0], max_tokens=ENOUGH, temperature=0.0, top_p=0.5, top_k=3, seed=9)
    assert hear(subject.engine.submit(asked)).text == subject.oracle(asked)


def test_e5_the_narrowest_choice_is_greedy_too(subject: Subject) -> None:
    for narrow in ({"top_k": 1}, {"top_p": 0.0}):
        asked = request(subject.questions[0], max_tokens=ENOUGH, **{"temperature": 2.0, **narrow})
        assert hear(subject.engine.submit(asked)).text == subject.oracle(asked)


# ---- E6: deadlines


def test_e6_the_deadline_ends_a_running_request(endless: Subject) -> None:
    heard = ask(
        endless.engine, endless.long, max_tokens=100_000 if endless.engine.name == "scripted" else 450, deadline_s=0.1
    )
    assert heard.reason == "deadline"


def test_e6_it_counts_from_submit_also_while_waiting(endless: Subject) -> None:
    running = [begun(endless) for _ in range(SLOTS)]
    waiting = endless.engine.submit(request(endless.questions[0], deadline_s=0.05))
    wait_until(lambda: time.monotonic() > waiting.deadline, "its time is over")
    for handle in running:
        handle.cancel()
        hear(handle)
    assert hear(waiting).reason == "deadline"


# ---- E7: pauses


def test_e7_a_pause_is_silent_and_changes_no_word(subject: Subject) -> None:
    for question in subject.questions:
        asked = request(question, max_tokens=ENOUGH)
        handle = subject.engine.submit(asked)
        events = handle.events()
        said = [next(events)]
        for _ in range(2):
            handle.pause()
        while (event := handle.poll(0.1)) is not None:
            said.append(event)  # it may have been faster than the pause
        assert handle.poll(0.1) is None
        for _ in range(2):
            handle.resume()
        if not isinstance(said[-1], Finish):
            said += events
        assert "".join(event.text for event in said if isinstance(event, Chunk)) == subject.oracle(asked)
        assert isinstance(said[-1], Finish)
        assert said[-1].reason == "stop"


def test_e7_while_paused_the_deadline_stands_still(endless: Subject) -> None:
    handle = begun(endless, deadline_s=3.0)
    handle.pause()
    left = handle.deadline - time.monotonic()
    time.sleep(0.3)
    assert handle.deadline - time.monotonic() == pytest.approx(left, abs=0.05)
    handle.resume()
    handle.cancel()
    hear(handle)


def test_e7_what_is_paused_can_be_cancelled(endless: Subject) -> None:
    handle = begun(endless)
    handle.pause()
    handle.cancel()
    assert hear(handle).reason == "cancelled"


def test_e7_what_waits_can_be_paused_and_does_not_begin(subject: Subject) -> None:
    asked = request(subject.questions[0], max_tokens=ENOUGH)
    handle = subject.engine.submit(asked)
    handle.pause()
    others = [subject.engine.submit(request(question, max_tokens=ENOUGH)) for question in subject.questions]
    assert [hear(other).reason for other in others] == ["stop"] * len(others), "nobody waits for it"
    handle.resume()
    assert hear(handle).reason in ("stop", "preempted")


def test_e7_pauses_of_everybody_leave_the_engine_to_others(endless: Subject) -> None:
    paused = [begun(endless) for _ in range(SLOTS)]
    for handle in paused:
        handle.pause()
    assert hear(endless.engine.submit(request(endless.questions[0], max_tokens=5))).reason == "length"
    for handle in paused:
        handle.cancel()
        assert hear(handle).reason in ("cancelled", "preempted")


# ---- leaving


def test_drain_hands_everything_back(endless: Subject) -> None:
    engine: Any = endless.make()
    if hasattr(engine, "speech"):
        engine.speech.eos = frozenset()
    handles = [engine.submit(request(endless.long, max_tokens=400)) for _ in range(SLOTS + 2)]
    engine.drain(20)
    assert {hear(handle).reason for handle in handles} == {"preempted"}
    assert hear(engine.submit(request("more"))).reason == "preempted"
    engine.drain(1)


def test_an_unknown_engine_is_named() -> None:
    with pytest.raises(ModelError, match=r"INFERENCE_ENGINE=warp.*scripted"):
        engine_make("warp", EngineOptions("demo", Path()))
