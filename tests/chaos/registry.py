"""The matrix as data (matrix.toml): E1 … E24, what each row does to the product, how, what it promises, how often.

``play`` names the row's function in ``tests.chaos.rows`` (none: not built), ``stage`` what the house needs meanwhile.
Rounds: ``short`` in ``make test``, ``long`` for docs/faults.md.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from tests.chaos.house import House
from tests.chaos.round import Round

# How long outages last, in seconds: (in make chaos, in make test). ``--stall 5`` or CHAOS_STALL=5 set one.
LENGTHS: Final[Mapping[str, tuple[float, float]]] = {
    "stall": (10.0, 1.5),  # E4: Redis stands still
    "redis_down": (60.0, 4.0),  # E5
    "database_down": (10.0, 3.0),  # E6
    "dark": (3.0, 1.0),  # E15: the phone has no network
    "sockets": (500, 24),  # E9: not seconds, but how many sockets
    "prompts": (500, 40),  # E21: how many questions of the loud class
}


@dataclass(frozen=True, slots=True)
class Row:
    """``injects``, ``how`` and ``goal`` are words for docs/faults.md; ``how`` says what stands for the real thing."""

    id: str
    title: str
    injects: str = ""
    how: str = ""
    goal: str = ""
    play: Callable[[Round], None] | None = None
    stage: Callable[[House], AbstractContextManager[None]] | None = None
    database: str = "sqlite"
    short: int = 0
    long: int = 0

    @property
    def built(self) -> bool:
        return self.play is not None


def _row(words: dict[str, Any]) -> Row:
    for name in ("play", "stage"):
        if name in words:
            module, _, function = words[name].partition(".")
            words[name] = getattr(import_module(f"tests.chaos.rows.{module}"), function)
    return Row(**words)


ROWS: Final = tuple(_row(words) for words in tomllib.loads(Path(__file__).with_name("matrix.toml").read_text())["row"])
BY_ID: Final = {row.id: row for row in ROWS}
