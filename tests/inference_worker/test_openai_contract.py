"""The contract of ``engines/base.py`` over a real server of the OpenAI protocol.

The suite is the others'. What is different has its reason in the protocol: nobody here knows the server's tokens, so E4
holds about; and this server answers one request after the other, so there is one place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from inference_worker.engines import engine_make
from inference_worker.engines.base import Engine, Request
from inference_worker.engines.endpoint import OpenAIOptions
from tests.inference_worker import test_engine_contract as contract
from tests.inference_worker.asking import ask, hear, request
from tests.inference_worker.serving import endless_copy, open_copy, transformers_serve
from tests.inference_worker.subjects import Subject
from tests.inference_worker.test_engine_contract import *  # noqa: F403 - every rule of the suite, also those to come
from tests.inference_worker.tiny import LESSONS, POISON


@pytest.fixture(scope="module")
def checkpoint(tiny: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return open_copy(tiny("llama"), tmp_path_factory.mktemp("served") / "tiny")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with transformers_serve(tmp_path_factory.mktemp("serve")) as address:
        yield address


@pytest.fixture(scope="module")
def subject(checkpoint: Path, url: str) -> Iterator[Subject]:
    tokenizer: Any = AutoTokenizer.from_pretrained(str(checkpoint))
    net: Any = AutoModelForCausalLM.from_pretrained(str(checkpoint), dtype=torch.float32)

    def make() -> Engine:
        engine = engine_make("openai_api", OpenAIOptions(str(checkpoint), checkpoint, 1, base_url=url))
        engine.start(lambda _: None)
        return engine

    def oracle(asked: Request) -> str:
        prompt = tokenizer.apply_chat_template(list(asked.messages), tokenize=False, add_generation_prompt=True)
        ids = tokenizer(prompt, add_special_tokens=False, return_tensors="pt")["input_ids"]
        with torch.inference_mode():
            out = net.generate(ids, max_new_tokens=asked.sampling.max_tokens, do_sample=False)
        return str(tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True))[len(asked.prefix) :]

    made = Subject(make, make(), tuple(LESSONS), "Repeat!", POISON, "HTTP 500", oracle)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contract, "SLOTS", 1)
        yield made
    made.engine.drain(10)


@pytest.fixture(scope="module")
def endless_model(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(endless_copy(checkpoint, tmp_path_factory.mktemp("endless") / "tiny"))


@pytest.fixture
def endless(subject: Subject, endless_model: str, monkeypatch: pytest.MonkeyPatch) -> Subject:
    """A server has no switch for it: another checkpoint that never ends by itself."""

    def make() -> Any:
        engine: Any = subject.make()
        engine._endpoint.model = endless_model
        return engine

    engine: Any = subject.engine
    monkeypatch.setattr(engine._endpoint, "model", endless_model)
    return Subject(make, engine, subject.questions, subject.long, subject.bad, subject.bad_says, subject.oracle)


def test_e1_from_every_cut_between_characters_it_goes_on_to_the_same_text(subject: Subject) -> None:
    """Fewer cuts than the suite's: this server is slow."""
    for question in subject.questions:
        whole = ask(subject.engine, question, max_tokens=300).text
        for cut in range(0, len(whole) + 1, 5):
            assert whole[:cut] + ask(subject.engine, question, prefix=whole[:cut], max_tokens=300).text == whole


def test_e4_max_tokens_and_the_count_include_the_prefix(subject: Subject) -> None:
    """About: a prefix that another run wrote is estimated; without one the number is the server's own."""
    question = subject.questions[0]
    whole = ask(subject.engine, question, max_tokens=12)
    assert (whole.reason, whole.finish.completion_tokens) == ("length", 12)
    prefix = whole.text[:8]
    rest = ask(subject.engine, question, prefix=prefix, max_tokens=12)
    assert rest.reason == "length"
    assert rest.finish.completion_tokens == 12
    long = subject.oracle(request(question, max_tokens=100))
    assert long.startswith(prefix + rest.text)


def test_the_server_is_explored_at_the_start(subject: Subject) -> None:
    engine: Any = subject.engine
    assert engine._endpoint.dialect.continuation == "assistant", "this template leaves an answer open"
    assert engine._endpoint.dialect.extras is False, "this server refuses fields that it does not know"


def test_a_server_that_cannot_go_on_is_asked_to(tiny: Callable[[str], Path], url: str, tmp_path: Path) -> None:
    """The ordinary template closes every answer: the last turn is then a user's, and the text goes on, about."""
    engine: Any = engine_make("openai_api", OpenAIOptions(str(tiny("llama")), tmp_path, base_url=url))
    engine.start(lambda _: None)
    assert engine._endpoint.dialect.continuation == "ask"
    heard = hear(engine.submit(request(next(iter(LESSONS)), prefix="## Ein", max_tokens=30)))
    assert heard.reason in ("stop", "length")
    engine.drain(5)
