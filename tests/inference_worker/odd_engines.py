"""Engines with the accidents that no real one has on demand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from inference_worker.engines.base import Handle, Request
from inference_worker.engines.scripted import ScriptedEngine
from inference_worker.runtime import Runtime

Start = Callable[..., Runtime]  # what the fixture ``start`` gives


class Startled(ScriptedEngine):
    """Its library fails in a way that nobody foresaw."""

    def start(self, progress: Any) -> None:
        raise ZeroDivisionError("division by zero")


class Clumsy(ScriptedEngine):
    def submit(self, request: Request) -> Handle:
        raise ZeroDivisionError("division by zero")


class Mute(ScriptedEngine):
    """Takes a request and never says a word about it, not even at its deadline."""

    def submit(self, request: Request) -> Handle:
        return Handle(request)


ODD = {cls.__name__.lower(): f"{cls.__module__}.{cls.__name__}" for cls in (Startled, Clumsy, Mute)}
