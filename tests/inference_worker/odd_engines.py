"""Engines with the accidents that no real one has on demand."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from inference_worker.engines.base import Finish, Handle, Request
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


class Mortal(ScriptedEngine):
    """While ``down`` is set it is like a GPU behind a device-side assert: whatever is asked of it fails."""

    down = threading.Event()

    def _generate(self, handle: Handle) -> Finish:
        if self.down.is_set():
            raise RuntimeError("CUDA error: device-side assert triggered")
        return super()._generate(handle)


ODD = {cls.__name__.lower(): f"{cls.__module__}.{cls.__name__}" for cls in (Startled, Clumsy, Mute, Mortal)}
