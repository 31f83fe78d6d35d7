"""The engine without a model: every word that it can be told."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference_worker.engines.base import EngineOptions, Request
from inference_worker.engines.loops import LOOPED
from inference_worker.engines.scripted import FAILED, NO_TOKENIZER, TEXT, ScriptedEngine, tokens
from inference_worker.job import Message, Sampling
from tests.inference_worker.asking import ask, hear, request


@pytest.fixture(scope="module")
def engine() -> Iterator[ScriptedEngine]:
    made = ScriptedEngine(EngineOptions("demo", Path("nowhere"), rate=0))
    made.start(lambda _: None)
    yield made
    made.drain(5)


@given(st.text(max_size=200))
def test_tokens_join_to_the_text(text: str) -> None:
    assert "".join(tokens(text)) == text


def test_without_a_directive_it_answers_from_the_question(engine: ScriptedEngine) -> None:
    heard = ask(engine, "What is\na half?", max_tokens=10_000)
    assert heard.text == TEXT.format(question="What is a half?")
    assert heard.reason == "stop"
    assert heard.finish.completion_tokens == len(tokens(heard.text))


def test_braces_and_formulas_in_a_question_are_only_text(engine: ScriptedEngine) -> None:
    assert "{x} \\frac{1}{2} %s {question}" in ask(engine, "{x} \\frac{1}{2} %s {question}", max_tokens=10_000).text


def test_the_same_question_has_the_same_answer(engine: ScriptedEngine) -> None:
    assert ask(engine, "Why?").text == ask(engine, "Why?").text


def test_text_is_printed_word_for_word(engine: ScriptedEngine) -> None:
    said = "<b>one</b>\n\n  $x$ text= 好 {braces} @scripted fail\n"
    assert ask(engine, f"@scripted rate=0 text={said}", max_tokens=10_000).text == said
    assert ask(engine, "@scripted text=").text == ""


@pytest.mark.parametrize("count", [0, 1, 7, 1_000])
def test_tokens_sets_the_length(engine: ScriptedEngine, count: int) -> None:
    heard = ask(engine, f"@scripted tokens={count}", max_tokens=10_000)
    assert heard.finish.completion_tokens == pytest.approx(count, abs=max(1, count // 50))
    assert heard.reason == "stop"


def test_max_tokens_ends_it_with_length(engine: ScriptedEngine) -> None:
    heard = ask(engine, "@scripted tokens=100", max_tokens=9)
    assert (heard.reason, heard.finish.completion_tokens) == ("length", 9)


def test_rate_sets_the_pace(engine: ScriptedEngine) -> None:
    begun = time.monotonic()
    ask(engine, "@scripted rate=50 tokens=20")
    assert time.monotonic() - begun >= 19 / 50, "not faster than told"


def test_echo_prints_the_whole_context(engine: ScriptedEngine) -> None:
    heard = ask(engine, "@scripted echo", system="Be kind. {braces}")
    assert heard.text == "system: Be kind. {braces}\n\nuser: @scripted echo"


def test_think_puts_a_thought_before_the_answer(engine: ScriptedEngine) -> None:
    heard = ask(engine, "@scripted think text=42", max_tokens=10_000)
    assert heard.text.startswith("<think>")
    assert heard.text.endswith("</think>\n\n42")


def test_loop_goes_on_until_it_may_not(engine: ScriptedEngine) -> None:
    heard = ask(engine, "@scripted loop text=again ", max_tokens=50)
    assert heard.reason == "length"
    assert heard.text.startswith("again again again")


def test_a_loop_is_noticed_when_asked_to(engine: ScriptedEngine) -> None:
    heard = ask(engine, "@scripted rate=0 loop text=la la ", max_tokens=400, loop_tokens=24)
    assert (heard.reason, heard.finish.message, heard.finish.completion_tokens) == ("stop", LOOPED, 24)


def test_a_paused_request_gives_way_to_one_that_waits() -> None:
    made = ScriptedEngine(EngineOptions("demo", Path("nowhere"), slots=2, rate=0))
    paused = [made.submit(request("@scripted rate=20 loop text=la ", max_tokens=10_000)) for _ in range(2)]
    for handle in paused:
        assert handle.poll(5) is not None
        handle.pause()
    assert made.stats().paused == 2
    assert ask(made, "@scripted text=here").text == "here"
    assert hear(paused[0]).reason == "preempted", "it pauses longest"
    assert not paused[1].over
    made.drain(5)
    assert hear(paused[1]).reason == "preempted"


def test_tokens_are_refused_where_nobody_can_read_them(engine: ScriptedEngine) -> None:
    heard = hear(engine.submit(Request("r", (), Sampling(), ids=(1, 2))))
    assert (heard.reason, heard.finish.message) == ("error", NO_TOKENIZER)


@pytest.mark.parametrize(("word", "count"), [("fail", 0), ("fail=5", 5)])
def test_fail_fails_after_so_many_tokens(engine: ScriptedEngine, word: str, count: int) -> None:
    heard = ask(engine, f"@scripted {word} tokens=50")
    assert (heard.reason, heard.finish.message) == ("error", FAILED)
    assert len(tokens(heard.text)) == count


def test_out_of_memory_fails_that_request_alone(engine: ScriptedEngine) -> None:
    heard = ask(engine, "@scripted oom=3 tokens=50")
    assert heard.reason == "error"
    assert "MemoryError" in heard.finish.message
    assert len(tokens(heard.text)) == 3
    assert ask(engine, "@scripted text=fine").text == "fine"


def test_die_kills_the_whole_process() -> None:
    code = (
        "from pathlib import Path; from inference_worker.engines.base import EngineOptions\n"
        "from inference_worker.engines.scripted import ScriptedEngine\n"
        "from tests.inference_worker.asking import ask\n"
        "print(ask(ScriptedEngine(EngineOptions('demo', Path('.'), rate=0)), '@scripted die=2 tokens=9'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (-9, ""), done.stderr


@pytest.mark.parametrize(("word", "count"), [("stall", 0), ("stall=5", 5)])
def test_stall_stays_silent_until_it_is_cancelled(engine: ScriptedEngine, word: str, count: int) -> None:
    handle = engine.submit(request(f"@scripted {word} tokens=50"))
    for _ in range(count):
        assert handle.poll(5) is not None
    assert handle.poll(0.2) is None
    handle.cancel()
    assert hear(handle).reason == "cancelled"


def test_stall_ends_by_its_deadline(engine: ScriptedEngine) -> None:
    assert ask(engine, "@scripted stall", deadline_s=0.2).reason == "deadline"


@pytest.mark.parametrize(
    "words", ["tokens=x", "rate=", "rate=-1", "tokens=1e9", "fail=many", "", "unknown=3", "=", "rate"]
)
def test_words_that_are_not_understood_do_no_harm(engine: ScriptedEngine, words: str) -> None:
    """A child may type anything."""
    assert len(ask(engine, f"@scripted {words}", max_tokens=5).finishes) == 1


def test_the_directive_may_stand_in_a_later_line_and_the_last_question_counts(engine: ScriptedEngine) -> None:
    assert ask(engine, "Look:\n@scripted text=yes").text == "yes"
    assert ask(engine, "Look: @scripted text=no", max_tokens=10_000).text.startswith("## Let us")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.data())
def test_from_any_prefix_it_goes_on_to_the_same_text(engine: ScriptedEngine, text: str, data: st.DataObject) -> None:
    whole = ask(engine, f"@scripted text={text}", max_tokens=10_000).text
    at = data.draw(st.integers(0, len(whole)))
    rest = ask(engine, f"@scripted text={text}", prefix=whole[:at], max_tokens=10_000).text
    assert whole[:at] + rest == whole


def test_a_loop_goes_on_from_any_prefix(engine: ScriptedEngine) -> None:
    whole = ask(engine, "@scripted loop text=ab cd ", max_tokens=60).text
    for at in range(20):
        assert whole.startswith(
            whole[:at] + ask(engine, "@scripted loop text=ab cd ", prefix=whole[:at], max_tokens=20).text
        )


def test_it_runs_where_torch_is_not() -> None:
    code = (
        "import sys; sys.modules['torch'] = None; sys.modules['transformers'] = None\n"
        "from pathlib import Path; from inference_worker.engines import engine_make\n"
        "from inference_worker.engines.base import EngineOptions\n"
        "engine_make('scripted', EngineOptions('demo', Path('.'))).start(print)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_text_goes_on_behind_the_call_that_was_answered(engine: ScriptedEngine) -> None:
    """What comes back for a call is no question: the text of before goes on, with the result in it."""
    script = "@scripted text=A <tool_call>1</tool_call> then {result}. <tool_call>2</tool_call> at last {result}."
    said: list[Message] = [{"role": "user", "content": "an earlier one"}, {"role": "user", "content": script}]

    def goes_on() -> str:
        return hear(engine.submit(Request("r", tuple(said), sampling=Sampling(max_tokens=10_000)))).text

    assert goes_on() == "A <tool_call>1</tool_call> then . <tool_call>2</tool_call> at last ."
    said += [
        {"role": "assistant", "content": "A …"},
        {"role": "user", "content": "<tool_response>\none\n</tool_response>"},
    ]
    assert goes_on() == " then one. <tool_call>2</tool_call> at last one."
    said += [
        {"role": "assistant", "content": "…"},
        {"role": "user", "content": "<tool_response>\ntwo\n</tool_response>"},
    ]
    assert goes_on() == " at last two."
    assert hear(engine.submit(Request("r", tuple(said[3:4]), Sampling()))).text.startswith("## Let us look")
