"""The engines by name. They are imported only when chosen: the scripted one runs without torch installed.

A new engine is a module with a class that takes EngineOptions and fulfils ``base.Engine``, one line here, and its name
in the parameters of ``tests/inference_worker/test_engine_contract.py``.
"""

from __future__ import annotations

import importlib
from typing import cast

from inference_worker.engines.base import Engine, EngineOptions
from inference_worker.engines.errors import ModelError

ENGINES = {
    "openai_api": "inference_worker.engines.openai_api.OpenAIEngine",
    "batching": "inference_worker.engines.batching.BatchingEngine",
    "scripted": "inference_worker.engines.scripted.ScriptedEngine",
}


def engine_make(name: str, options: EngineOptions) -> Engine:
    """Raises ModelError for an unknown engine or one whose libraries are not installed."""
    if name not in ENGINES:
        raise ModelError(f"INFERENCE_ENGINE={name} is not one of {', '.join(ENGINES)}")
    module, _, cls = ENGINES[name].rpartition(".")
    try:
        loaded = importlib.import_module(module)
    except ImportError as error:
        raise ModelError(f"the engine {name} needs a package that is not installed: {error}") from error
    return cast(Engine, getattr(loaded, cls)(options))
