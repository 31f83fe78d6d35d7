"""Asking an engine in tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from inference_worker.engines.base import Chunk, Engine, Finish, Handle, Request
from inference_worker.job import Message, Sampling

LONG_S = 60.0  # no test waits for so long; a hang becomes a failure


@dataclass(slots=True)
class Heard:
    """Everything that a handle said."""

    chunks: list[Chunk] = field(default_factory=list)
    finishes: list[Finish] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(chunk.text for chunk in self.chunks)

    @property
    def finish(self) -> Finish:
        (only,) = self.finishes
        return only

    @property
    def reason(self) -> str:
        return self.finish.reason


def request(text: str, *, prefix: str = "", deadline_s: float = LONG_S, system: str = "", **sampling: Any) -> Request:
    messages: list[Message] = [{"role": "system", "content": system}] if system else []
    messages.append({"role": "user", "content": text})
    greedy: dict[str, Any] = {"temperature": 0.0, "max_tokens": 64}
    return Request("r", tuple(messages), Sampling(**{**greedy, **sampling}), prefix, deadline_s)


def hear(handle: Handle) -> Heard:
    """To the end, and a moment longer: nothing may follow a Finish."""
    heard = Heard()
    while not heard.finishes:
        event = handle.poll(LONG_S)
        assert event is not None, "the engine went silent"
        if isinstance(event, Chunk):
            heard.chunks.append(event)
        else:
            heard.finishes.append(event)
    while (event := handle.poll(0.001)) is not None:
        assert isinstance(event, Finish), "text behind the end"
        heard.finishes.append(event)
    return heard


def ask(engine: Engine, text: str, **more: Any) -> Heard:
    return hear(engine.submit(request(text, **more)))
