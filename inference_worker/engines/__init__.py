"""What can run a model: a name for INFERENCE_ENGINE → the class, imported on first use (torch is heavy)."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from inference_worker.engines.base import Engine

ENGINES: dict[str, str] = {
    "transformers": "inference_worker.engines.transformers_generate.TransformersEngine",
    "scripted": "inference_worker.engines.scripted.ScriptedEngine",
}


def engine_create(name: str, **settings: Any) -> Engine:
    """An engine that is not loaded yet. Raises ValueError for a name that is not in ENGINES."""
    try:
        module, _, attribute = ENGINES[name].rpartition(".")
    except KeyError:
        raise ValueError(f"INFERENCE_ENGINE={name}: known engines are {', '.join(sorted(ENGINES))}") from None
    engine: Engine = getattr(import_module(module), attribute)(**settings)
    return engine
