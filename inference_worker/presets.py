"""How each model wants to be sampled, for each use of it. The tutor names the use; only here is it known what that means
for the model that happens to run.

* ``seed``: an answer for the room. * ``solve``: private, long, several of them to be voted over. * ``hint``: short.

Values of a model's card have its source beside them. A model that is not listed gets DEFAULT. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from inference_worker.job import THINK, PresetName, Sampling


@dataclass(frozen=True, slots=True)
class Preset:
    """``top_k`` 0: all tokens. ``tokens``: the longest; 0: as long as the job asks. ``thought``: so many more, to think.

    ``loop_tokens``: see Sampling.
    """

    temperature: float
    top_p: float
    top_k: int = 0
    tokens: int = 0
    thought: int = 0
    loop_tokens: int = 96


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of a model. ``names``: parts of its name, in small letters.

    ``thinks``: it writes its thoughts between the markers that the house knows (THINK). ``tools``: it was
    trained to call tools and does so well; others are not offered any unless somebody says so. ``opens_in_thought``: its chat
    template writes the opening marker, so the model's text begins behind it. ``languages``: what it was made for; others
    work less well. ``template``: what to know of the chat template, which is always the model's own.
    """

    names: tuple[str, ...]
    presets: Mapping[PresetName, Preset]
    thinks: bool = False
    tools: bool = False
    opens_in_thought: bool = False
    languages: tuple[str, ...] = ("en",)
    template: str = "the model's own"


OPENINGS: Final = {"zh-hans": "我们来看，"}  # as little as shows the language, true in front of whatever follows
DEFAULT: Final = Card(
    names=(),
    presets={"seed": Preset(0.3, 0.9), "solve": Preset(0.6, 0.95, tokens=4_096), "hint": Preset(0.3, 0.9, tokens=160)},
    thinks=True,  # nobody knows, and nothing is lost by looking for the markers
)
VIBETHINKER: Final = Card(
    # README of WeiboAI/VibeThinker, "Usage Guidelines", 1.5B: temperature 0.6 or 1.0, max token length 40960,
    # top_p 0.95, top_k -1. The higher one for votes.
    names=("vibethinker",),
    presets={
        "seed": Preset(0.6, 0.95, thought=8_192, loop_tokens=512),
        "solve": Preset(1.0, 0.95, tokens=40_960, loop_tokens=512),
        "hint": Preset(0.6, 0.95, tokens=160, thought=4_096, loop_tokens=512),
    },
    thinks=True,
    languages=("en", "zh"),
    template="ChatML of Qwen2.5; it does not open a thought",
)
CARDS: Final = (
    # The same page, 3B: temperature 1.0 for everything.
    replace(
        VIBETHINKER,
        names=("vibethinker-3b", "vibethinker_3b"),
        presets={name: replace(preset, temperature=1.0) for name, preset in VIBETHINKER.presets.items()},
    ),
    VIBETHINKER,
    # The demo model. Card of SmolLM2-135M-Instruct: temperature 0.2, top_p 0.9. Small models soon repeat themselves.
    Card(
        names=("demo", "smollm2"),
        presets={
            "seed": Preset(0.2, 0.9, loop_tokens=64),
            "solve": Preset(0.6, 0.95, tokens=1_024, loop_tokens=64),
            "hint": Preset(0.2, 0.9, tokens=120, loop_tokens=64),
        },
        template="ChatML",
    ),
    # Both call tools in the way of Hermes, by their own templates. generation_config.json of Qwen2.5-Instruct, and the
    # card of Qwen3, thinking: temperature 0.6, top_p 0.95, top_k 20.
    Card(
        names=("qwen2.5", "qwen2_5"),
        presets={
            "seed": Preset(0.7, 0.8, top_k=20),
            "solve": Preset(0.7, 0.8, top_k=20, tokens=4_096),
            "hint": Preset(0.7, 0.8, top_k=20, tokens=160),
        },
        tools=True,
        languages=("en", "zh"),
        template="ChatML of Qwen2.5",
    ),
    Card(
        names=("qwen3",),
        presets={
            "seed": Preset(0.6, 0.95, top_k=20, thought=8_192, loop_tokens=512),
            "solve": Preset(0.6, 0.95, top_k=20, tokens=32_768, loop_tokens=512),
            "hint": Preset(0.6, 0.95, top_k=20, tokens=160, thought=4_096, loop_tokens=512),
        },
        thinks=True,
        tools=True,
        languages=("en", "zh"),
        template="ChatML of Qwen3; it does not open a thought",
    ),
    replace(DEFAULT, names=("scripted",), tools=True),
    # Card of DeepSeek-R1-Distill: temperature 0.6, top_p 0.95; QwQ's the same. Their templates open the thought.
    Card(
        names=("deepseek-r1", "qwq"),
        presets={
            "seed": Preset(0.6, 0.95, thought=8_192, loop_tokens=512),
            "solve": Preset(0.6, 0.95, tokens=32_768, loop_tokens=512),
            "hint": Preset(0.6, 0.95, tokens=160, thought=4_096, loop_tokens=512),
        },
        thinks=True,
        opens_in_thought=True,
        languages=("en", "zh"),
        template="opens a thought, which the worker marks",
    ),
)


def card_for(model: str) -> Card:
    """``model``: a folder, a hub id, a GGUF file, ``demo``, or a server's word for it."""
    name = model.lower()
    return next((card for card in CARDS if any(part in name for part in card.names)), DEFAULT)


def sampling_for(card: Card, preset: str, asked: Sampling, *, most: int) -> Sampling:
    """What a job means for this model. ``most``: the longest answer of this worker; thoughts and ``solve`` go beyond it.

    Without a preset, or with one of a web process that is newer than this worker, the job's own words stand.
    """
    longest = min(asked.max_tokens, most)
    chosen = next((found for name, found in card.presets.items() if name == preset), None)
    if chosen is None:
        return replace(asked, max_tokens=longest)
    tokens = chosen.tokens if preset == "solve" else min(longest, chosen.tokens or longest)
    return replace(
        asked,
        temperature=chosen.temperature,
        top_p=chosen.top_p,
        top_k=chosen.top_k,
        max_tokens=tokens + chosen.thought,
        loop_tokens=asked.loop_tokens or chosen.loop_tokens,
    )


def prefix_for(card: Card, prefix: str, language: str = "") -> tuple[str, str]:
    """(what the run says first, the prefix that the engine is given).

    A template's opening marker is said for the model; and the first words in ``language`` for one that was not made for it:
    it goes on in the language in which it finds itself. One that thinks first is left to its thoughts.
    """
    if not card.opens_in_thought:
        opening = OPENINGS.get(language, "")
        if prefix or card.thinks or language.partition("-")[0] in card.languages:
            opening = ""
        return opening, opening + prefix
    return ("", prefix.removeprefix(THINK[0])) if prefix else (THINK[0], "")
