"""From the environment to the engine: the address, the key and the model, and the key nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from inference_worker.celery_app import Settings
from inference_worker.engines import engine_make
from inference_worker.engines.base import EngineOptions
from inference_worker.engines.endpoint import OpenAIOptions
from tests.inference_worker.asking import ask
from tests.inference_worker.fault_server import KEY, FaultServer, answer

SETTINGS: dict[str, Any] = {"INFERENCE_ENGINE": "openai_api", "OPENAI_API_KEY": KEY, "OPENAI_MODEL": "m"}


def test_the_settings_reach_the_server(tmp_path: Path) -> None:
    with FaultServer([answer("Hello")]) as server:
        settings = Settings(**SETTINGS, OPENAI_BASE_URL=server.url, DATA_DIR=tmp_path, INFERENCE_SLOTS=3)
        engine: Any = engine_make(settings.INFERENCE_ENGINE, settings.engine_options)
        engine.start(lambda _: None)
        assert (engine.name, engine.model, engine.slots) == ("openai_api", "m", 3)
        assert ask(engine, "Hi").text == "Hello"
        assert server.bodies[-1]["model"] == "m"
        assert f"Bearer {KEY}" in server.headers[-1]
        engine.drain(5)


def test_no_key_is_no_header(tmp_path: Path) -> None:
    with FaultServer([answer("Hello")]) as server:
        engine: Any = engine_make("openai_api", OpenAIOptions("m", tmp_path, base_url=server.url))
        engine.start(lambda _: None)
        ask(engine, "Hi")
        assert "authorization" not in server.headers[-1].lower()
        engine.drain(5)


def test_the_key_is_printed_nowhere() -> None:
    settings = Settings(**SETTINGS, OPENAI_BASE_URL="http://gpu:8000/v1")
    assert KEY not in repr(settings) + str(settings) + repr(settings.engine_options)


def test_other_engines_are_told_nothing_of_it() -> None:
    options = Settings(**{**SETTINGS, "INFERENCE_ENGINE": "scripted"}).engine_options
    assert type(options) is EngineOptions
    assert options.model == "demo"
