"""A bench's figures: how one line of them is written, and how a run is kept as JSON. Every bench prints the same way.

figure <name> <value> goal <op> <bound>     measured
unmeasured <name>                           a peer is not there: nothing to compare with
missing <name>                              our own part gave no figure: the run ends with 1
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "=": operator.eq,
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure and its goal. ``value`` None: not measured; ``ours`` then says whose fault that is."""

    name: str
    value: float | None
    op: str
    bound: float
    ours: bool = False

    @property
    def missing(self) -> bool:
        return self.value is None and self.ours

    @property
    def met(self) -> bool | None:
        return None if self.value is None else COMPARISONS[self.op](self.value, self.bound)

    def line(self) -> str:
        if self.value is None:
            return f"{'missing' if self.ours else 'unmeasured'} {self.name}"
        return f"figure {self.name} {self.value:.3g} goal {self.op} {self.bound:g}"

    def record(self) -> dict[str, Any]:
        return {"name": self.name, "value": self.value, "op": self.op, "bound": self.bound, "met": self.met}


def figures_keep(folder: Path, bench: str, figures: Sequence[Figure], measured: Mapping[str, Any]) -> Path:
    """Write a run to ``folder``/<UTC date and time>.json and return the file. ``measured`` holds what is behind it."""
    now = datetime.now(UTC)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{now:%Y-%m-%dT%H%M%SZ}.json"
    run = {
        "bench": bench,
        "at": now.isoformat(timespec="seconds"),
        "figures": [figure.record() for figure in figures],
        "measured": measured,
    }
    path.write_text(json.dumps(run, indent=1) + "\n")
    return path
