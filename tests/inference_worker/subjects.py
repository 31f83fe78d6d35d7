"""The engines under contract, each with an oracle: what it ought to say, found without it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM

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


def batching(kind: str) -> Callable[[Callable[[str], Path]], Subject]:
    def build(tiny: Callable[[str], Path]) -> Subject:
        checkpoint = tiny(kind)
        # Near ties fall differently in bf16: equal text can only be asked for in fp32.
        options = EngineOptions(str(checkpoint), checkpoint.parent, SLOTS, dtype="float32")

        def make() -> Engine:
            return started("batching", options)

        engine: Any = make()
        net = plain_model(checkpoint)

        def oracle(asked: Request) -> str:
            """``generate`` itself, for a question without a prefix or behind one that is cut between words."""
            prompt = engine.speech.prompt_ids(asked)
            prefix = engine.speech.tokenizer(asked.prefix, add_special_tokens=False)["input_ids"]
            made = generated(net, [*prompt, *prefix], asked.sampling.max_tokens)
            return str(engine.speech.tokenizer.decode([*prefix, *made], skip_special_tokens=True))[len(asked.prefix) :]

        return Subject(make, engine, tuple(LESSONS), "Repeat!", POISON, "out of range", oracle)

    return build


def plain_model(folder: Path) -> Any:
    """The same checkpoint as the library alone runs it, in fp32."""
    return AutoModelForCausalLM.from_pretrained(str(folder), dtype=torch.float32).eval()


def generated(net: Any, ids: list[int], tokens: int) -> list[int]:
    """What ``generate`` says greedily, its end token among it."""
    with torch.inference_mode():
        out = net.generate(torch.tensor([ids]), max_new_tokens=tokens, do_sample=False)
    return list(out[0, len(ids) :].tolist())


def started(name: str, options: EngineOptions) -> Engine:
    engine = engine_make(name, options)
    engine.start(lambda _: None)
    return engine


SUBJECTS: dict[str, Callable[[Callable[[str], Path]], Subject]] = {
    "scripted": scripted, "llama": batching("llama"), "qwen2": batching("qwen2"),
}  # fmt: skip
