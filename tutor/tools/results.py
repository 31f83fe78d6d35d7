"""What a tool gives back, what it may use, and how it refuses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class ToolError(ValueError):
    """A call that is refused, with the reason in words for people and for the model."""


class Quote(Protocol):
    """A passage of a document, as ``tutor.documents.search`` finds it."""

    @property
    def title(self) -> str: ...
    @property
    def anchor(self) -> str: ...
    @property
    def text(self) -> str: ...


def nothing_found(text: str) -> Sequence[Quote]:
    return ()


@dataclass(frozen=True, slots=True)
class Scope:
    """What belongs to the answer that calls, never to its arguments. ``compute``: the checker's child, {do, …} → reply.

    ``forbidden``: what the answer may not say, so that no result gives it away. ``find``: passages about a text in the
    documents of the answer's class, best first.
    """

    compute: Callable[[dict[str, Any]], dict[str, Any]]
    forbidden: tuple[str, ...] = ()
    find: Callable[[str], Sequence[Quote]] = nothing_found


@dataclass(frozen=True, slots=True)
class Result:
    """``text``: the result in words, for the model, transcripts and whoever cannot see the picture. ``tex``: as a formula.

    ``said``: all that the room could read in it, for the guard. ``hit``: the algebra knows it as a forbidden value.
    ``parts``: what comes behind ``text``, each on a line; of these some may be kept back and the others told.
    """

    text: str
    said: str
    tex: str = ""
    drawing: dict[str, Any] | None = None
    hit: bool = False
    parts: tuple[str, ...] = ()


def computed(scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
    """The child's reply. Raises ToolError with what it says against it."""
    reply = scope.compute(request)
    if "error" in reply:
        raise ToolError(reply["error"])
    return reply
