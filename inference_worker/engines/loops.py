"""A model that has begun to say the same thing for ever. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

ROUNDS = 4
LOOPED = "The answer began to repeat itself."


def looping(tokens: Sequence[Any], window: int) -> bool:
    """Whether the last ``window`` tokens are one piece, ROUNDS times or more; never for a window of 0."""
    if window < ROUNDS or len(tokens) < window:
        return False
    tail = tokens[-window:]
    return any(tail[size:] == tail[:-size] for size in range(1, window // ROUNDS + 1))
