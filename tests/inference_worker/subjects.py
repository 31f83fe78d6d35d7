"""The engines under contract, each with an oracle: what it ought to say, found without it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from inference_worker.engines import engine_make
from inference_worker.engines.base import Engine, EngineOptions, Request
from inference_worker.engines.scripted import FAILED, TEXT
from tests.inference_worker.tiny import LESSONS, POISON

SLOTS = 2


@dataclass(frozen=True, slots=True)
class Subject:
    """``questions`` with different answers; ``long``: one that is answered for seconds; ``bad``: one that must fail."""

    make: Callable[[], Engine]
    engine: Engine
    questions: tuple[str, ...]
    long: str
    bad: str
    bad_says: str
    oracle: Callable[[Request], str]


def scripted(_: Callable[[str], Path]) -> Subject:
    def make() -> Engine:
        return started("scripted", EngineOptions("demo", Path("nowhere"), SLOTS, rate=0))

    def oracle(asked: Request) -> str:
        question = asked.messages[-1]["content"]
        text = question.partition("text=")[2] if "text=" in question else TEXT.format(question=question)
        return text[len(asked.prefix) :]

    questions = tuple(f"@scripted text={text}" for text in LESSONS.values()) + ("What is a half?",)
    return Subject(
        make, make(), questions, "@scripted rate=100 loop text=and so on ", "@scripted fail tokens=20", FAILED, oracle
    )


def transformers(kind: str) -> Callable[[Callable[[str], Path]], Subject]:
    def build(tiny: Callable[[str], Path]) -> Subject:
        checkpoint = tiny(kind)

        def make() -> Engine:
            return started("transformers", EngineOptions(str(checkpoint), checkpoint.parent, SLOTS))

        engine: Any = make()

        def oracle(asked: Request) -> str:
            """``generate`` itself, for a question without a prefix or behind one that is cut between words."""
            prompt = engine.prompt_ids(asked)
            prefix = engine.tokenizer(asked.prefix, add_special_tokens=False)["input_ids"]
            ids = torch.tensor([[*prompt, *prefix]])
            with torch.inference_mode():
                out = engine.net.generate(ids, max_new_tokens=asked.sampling.max_tokens, do_sample=False)
            made = out[0, len(prompt) :].tolist()
            return str(engine.tokenizer.decode(made, skip_special_tokens=True))[len(asked.prefix) :]

        return Subject(make, engine, tuple(LESSONS), "Repeat!", POISON, "out of range", oracle)

    return build


def started(name: str, options: EngineOptions) -> Engine:
    engine = engine_make(name, options)
    engine.start(lambda _: None)
    return engine


SUBJECTS: dict[str, Callable[[Callable[[str], Path]], Subject]] = {
    "scripted": scripted, "llama": transformers("llama"), "qwen2": transformers("qwen2"),
}  # fmt: skip
