"""What a named use means for a model: the cards' values, the bounds, and thoughts that are marked whatever the template."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from inference_worker.engines.base import EngineOptions, Handle, Request
from inference_worker.engines.scripted import ScriptedEngine
from inference_worker.job import THINK, Job, Message, PresetName, Sampling
from inference_worker.presets import CARDS, DEFAULT, OPENINGS, Card, card_for, prefix_for, sampling_for
from inference_worker.runs import Run
from tests.inference_worker.line import Line, SmallScribe
from tests.services import Valkey, wait_until
from tutor import prompt
from tutor.guard import Policy, release

ASKED = Sampling(max_tokens=512, seed=7, stop=("Q:",))
NAMES = get_args(PresetName)


@pytest.mark.parametrize(
    ("model", "part"),
    [
        ("WeiboAI/VibeThinker-3B", "vibethinker-3b"),
        ("WeiboAI/VibeThinker-1.5B", "vibethinker"),
        ("/models/VibeThinker-1.5B-Q4_K_M.gguf", "vibethinker"),
        ("demo", "demo"),
        ("HuggingFaceTB/SmolLM2-135M-Instruct", "demo"),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B", "deepseek-r1"),
        ("Qwen/Qwen2.5-7B-Instruct", "qwen2.5"),
        ("/models/Qwen3-8B", "qwen3"),
        ("scripted", "scripted"),
    ],
)
def test_a_model_is_known_by_its_name(model: str, part: str) -> None:
    assert part in card_for(model).names


@pytest.mark.parametrize("model", ["", "/models/mine", "qwen2"])
def test_others_get_the_default(model: str) -> None:
    assert card_for(model) is DEFAULT


@pytest.mark.parametrize("card", [DEFAULT, *CARDS])
def test_every_card_has_every_preset_and_sane_values(card: Card) -> None:
    assert set(card.presets) == set(NAMES)
    for preset in card.presets.values():
        assert 0 < preset.temperature <= 1
        assert 0 < preset.top_p <= 1
    assert card.presets["hint"].tokens < 200
    assert card.presets["solve"].tokens > card.presets["hint"].tokens
    assert card.languages
    assert card.template


@pytest.mark.parametrize(("model", "warm"), [("VibeThinker-1.5B", {0.6, 1.0}), ("VibeThinker-3B", {1.0})])
def test_vibethinker_is_sampled_as_its_card_says(model: str, warm: set[float]) -> None:
    card = card_for(model)
    assert card.thinks
    assert {preset.temperature for preset in card.presets.values()} == warm
    assert {(preset.top_p, preset.top_k) for preset in card.presets.values()} == {(0.95, 0)}
    assert sampling_for(card, "solve", ASKED, most=512).max_tokens == 40_960


def test_the_values_of_the_preset_replace_the_jobs_and_the_rest_stays() -> None:
    made = sampling_for(DEFAULT, "seed", ASKED, most=4_096)
    assert (made.temperature, made.top_p, made.max_tokens) == (0.3, 0.9, 512)
    assert (made.seed, made.stop) == (7, ("Q:",))
    assert made.loop_tokens > 0, "a text that repeats itself is ended"


@pytest.mark.parametrize("preset", ["", "a preset of a newer web process"])
def test_without_a_preset_the_jobs_own_words_stand(preset: str) -> None:
    assert sampling_for(DEFAULT, preset, ASKED, most=100) == replace(ASKED, max_tokens=100)


@given(st.sampled_from([DEFAULT, *CARDS]), st.sampled_from(NAMES), st.integers(1, 40_960), st.integers(1, 40_960))
def test_what_is_shown_is_never_longer_than_the_job_and_the_worker_allow(
    card: Card, name: PresetName, asked: int, most: int
) -> None:
    preset = card.presets[name]
    made = sampling_for(card, name, replace(ASKED, max_tokens=asked), most=most)
    if name == "solve":
        assert made.max_tokens == preset.tokens
    else:
        assert 0 < made.max_tokens - preset.thought <= min(asked, most, preset.tokens or most)


def test_the_tutor_names_a_preset_that_there_is() -> None:
    assert prompt.PRESET in NAMES


# ---- thoughts


@given(st.text(max_size=20))
def test_most_templates_leave_the_markers_to_the_model(prefix: str) -> None:
    assert prefix_for(DEFAULT, prefix) == ("", prefix)


def test_a_template_that_opens_the_thought_is_marked_by_the_worker() -> None:
    card = card_for("deepseek-r1")
    assert prefix_for(card, "") == (THINK[0], "")
    assert prefix_for(card, f"{THINK[0]}so far") == ("", "so far")


@pytest.mark.parametrize(
    ("model", "prefix", "language", "opens"),
    [
        ("demo", "", "zh-hans", True),
        ("demo", "so far", "zh-hans", False),
        ("demo", "", "", False),
        ("demo", "", "en", False),
        ("demo", "", "tlh", False),
        ("Qwen2.5-7B", "", "zh-hans", False),
        ("a model that nobody knows, and that may think", "", "zh-hans", False),
        ("deepseek-r1", "", "zh-hans", False),
    ],
)
def test_a_model_that_was_not_made_for_a_language_is_begun_with_its_first_words(
    model: str, prefix: str, language: str, opens: bool
) -> None:
    first, given = prefix_for(card_for(model), prefix, language)
    assert (first == given == OPENINGS["zh-hans"]) is opens
    assert opens or (first, given) == prefix_for(card_for(model), prefix)


def test_the_guard_knows_the_same_markers() -> None:
    assert Policy().think == THINK


class Distilled(ScriptedEngine):
    """Its template has opened the thought: it says ``secret</think>shown``."""

    seen: list[Request]

    def submit(self, request: Request) -> Handle:
        self.seen.append(request)
        return super().submit(request)


@pytest.fixture
def distilled() -> Iterator[Distilled]:
    engine = Distilled(EngineOptions("deepseek-r1", Path("nowhere"), rate=0))
    engine.model, engine.seen = "deepseek-r1-distill", []
    yield engine
    engine.drain(5)


SECRET = "the answer is 42</think>Try it."


def said(engine: Distilled, valkey: Valkey, prefix: str, *, text: str = SECRET, language: str = "") -> str:
    """The raw text as the scribe has it."""
    messages: tuple[Message, ...] = ({"role": "user", "content": f"@scripted text={text}"},)
    job = Job("a", 1, messages, Sampling(max_tokens=400), prefix, preset="seed", language=language)
    with SmallScribe(valkey.url) as scribe, Line(valkey.url) as line:
        line.publisher.open(job, {})
        scribe.row("a").raw = prefix
        Run(job, line.publisher, line.pump, max_tokens=400).serve(engine)
        row = wait_until(lambda: scribe.row("a") if scribe.row("a").done else None, "it is stored")
    assert row.whole
    return str(row.raw)


@pytest.mark.parametrize("prefix", ["", "<think>the answer", "<think>the answer is 42</think>Try"])
def test_a_thought_without_an_opening_marker_is_never_shown(
    distilled: Distilled, valkey: Valkey, client: redis.Redis, prefix: str
) -> None:
    raw = said(distilled, valkey, prefix)
    assert raw == f"<think>{SECRET}"
    assert release(Policy(), raw, 0, done=True).text == "Try it."
    assert not distilled.seen[0].prefix.startswith("<think>"), "the template writes it"
    assert distilled.seen[0].sampling.temperature == 0.6


def test_the_room_reads_the_first_words_that_the_model_goes_on_from(
    distilled: Distilled, valkey: Valkey, client: redis.Redis
) -> None:
    distilled.model, opening = "demo", OPENINGS["zh-hans"]
    assert said(distilled, valkey, "", text=f"{opening}两边相等。", language="zh-hans") == f"{opening}两边相等。"
    assert distilled.seen[0].prefix == opening


def test_tools_are_for_models_that_were_taught_to_call_them() -> None:
    able = {name for card in CARDS if card.tools for name in card.names}
    assert able == {"qwen2.5", "qwen2_5", "qwen3", "scripted"}
    assert not DEFAULT.tools
