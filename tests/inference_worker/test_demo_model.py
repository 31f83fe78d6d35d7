"""The real demo model, once: converted, loaded, asked, stopped and continued. Its answers are never judged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inference_worker.checkpoints import model_folder
from inference_worker.engines import engine_make
from inference_worker.engines.base import Chunk, EngineOptions
from tests.demo_model import demo_model_home
from tests.inference_worker.asking import ask, hear, request
from tests.inference_worker.subjects import generated, plain_model

pytestmark = pytest.mark.model
QUESTION = "What is a half plus a third? Answer in one short sentence."


@pytest.fixture(scope="module")
def home() -> Path:
    return demo_model_home()


@pytest.fixture(scope="module")
def engine(home: Path) -> Iterator[Any]:
    told: list[str] = []
    # Near ties fall differently in bf16: equal text can only be asked for in fp32.
    made = engine_make("batching", EngineOptions("demo", home, dtype="float32"))
    made.start(told.append)
    assert not any("converting" in line for line in told), "it is converted already"
    yield made
    made.drain(20)


def test_it_is_converted_once_and_a_half_made_conversion_is_not_taken_for_one(home: Path) -> None:
    assert "converting" in (home / "told.txt").read_text(), "a slow step says what it does"
    (made,) = (home / "models").glob("[!.]*")
    (home / "models" / f".{made.name}-killed").mkdir(exist_ok=True)
    told: list[str] = []
    assert model_folder("demo", home, told.append) == made
    assert not told, "nothing is converted again"
    assert {file.name for file in made.iterdir()} >= {"config.json", "model.safetensors", "tokenizer.json"}


@pytest.mark.parametrize("streams", [1, 8, 32])
def test_what_is_streamed_is_what_generate_says(engine: Any, home: Path, streams: int) -> None:
    (folder,) = (home / "models").glob("[!.]*")
    net = plain_model(folder)
    asked = [request(f"{QUESTION} Then say {number}.", max_tokens=24) for number in range(streams)]
    handles = [engine.submit(one) for one in asked]
    for number, (one, handle) in enumerate(zip(asked, handles, strict=True)):
        heard = hear(handle)
        prompt = engine.speech.prompt_ids(one)
        assert heard.finish.prompt_tokens == len(prompt)
        if number % 8 == 0:  # each of them takes seconds
            made = generated(net, prompt, 24)
            assert heard.text == engine.speech.tokenizer.decode(made, skip_special_tokens=True)
            assert heard.text.strip()


def test_a_cut_answer_goes_on_to_the_same_end(engine: Any) -> None:
    whole = ask(engine, QUESTION, max_tokens=30).text
    for cut in range(3, len(whole), max(1, len(whole) // 6)):
        assert whole[:cut] + ask(engine, QUESTION, prefix=whole[:cut], max_tokens=30).text == whole


def test_a_stop_comes_through(engine: Any) -> None:
    handle = engine.submit(request("Count from one to one hundred in words.", max_tokens=400))
    assert isinstance(handle.poll(60), Chunk)
    handle.cancel()
    heard = hear(handle)
    assert heard.reason == "cancelled"
    assert heard.finish.completion_tokens < 60
