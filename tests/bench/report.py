"""From sittings to figures: ratios of a round's two sittings, and the median over the rounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from tests.bench.figures import Figure
from tests.bench.rig import Sitting, Way

ROOMS: Final = (10, 50, 200)
ROUNDS: Final = 3
# Deliveries per CPU-second beside the bare loop. A small room cannot share much work among its members.
GOALS: Final[Mapping[int, float]] = {10: 0.5, 50: 2.5, 200: 2.5}
# Beside others, by the name of the figure: what deliveries of theirs cost, in the same rounds.
OTHERS: Final[Mapping[Way, tuple[str, float]]] = {
    "tutorial": ("channels_tutorial", 50.0),
    "socketio": ("socketio", 8.0),
    "go": ("go", 1.0),
}
# One event at a time leaves nothing to join; the bare loop then does less, for it checks and remembers nothing.
PACED_CPU: Final = 0.5
# A delivery of ours has been written to the disk first, one of the bare loop has not.
P50_AT_MOST: Final = 10.0
P99_AT_MOST: Final = 10.0


@dataclass(frozen=True, slots=True)
class Pair:
    """One round of one room size on both ways; None where it gave no figure."""

    ours: Sitting | None
    bare: Sitting | None
    others: Mapping[Way, Sitting | None] = field(default_factory=dict)

    def sittings(self) -> list[Sitting]:
        return [sitting for sitting in (self.ours, self.bare, *self.others.values()) if sitting]

    def beside(self, way: Way) -> float | None:
        """Our deliveries per CPU-second, saturated, over those of another peer."""
        theirs = self.others.get(way)
        return self.ours.per_cpu_s / theirs.per_cpu_s if self.ours and theirs else None

    def ratio(self, value: Callable[[Sitting], float]) -> float | None:
        if self.ours is None or self.bare is None or not value(self.bare):
            return None
        return value(self.ours) / value(self.bare)


Pairs = Mapping[int, Sequence[Pair]]


def figures_of(pairs: Pairs, rounds: int) -> list[Figure]:
    """All figures of a run; ``pairs`` by room size."""
    figures = []
    for room, of_room in pairs.items():
        ours = any(pair.ours is None for pair in of_room) or not of_room
        for name, value, op, bound in (
            (f"websockets_{room}", _saturated, ">=", GOALS.get(room, 1.0)),
            (f"paced_cpu_{room}", _paced, ">=", PACED_CPU),
            (f"paced_p50_ratio_{room}", _p50, "<=", P50_AT_MOST),
            (f"paced_p99_ratio_{room}", _p99, "<=", P99_AT_MOST),
        ):
            figures.append(Figure(name, _median(of_room, value), op, bound, ours=ours))
        figures += [
            Figure(f"{name}_{room}", _middle([pair.beside(way) for pair in of_room]), ">=", goal)
            for way, (name, goal) in OTHERS.items()
            if any(way in pair.others for pair in of_room)
        ]
    whole = min((sum(pair.ours is not None for pair in of_room) for of_room in pairs.values()), default=0)
    figures.append(Figure("rounds", whole or None, ">=", rounds, ours=True))
    return figures


def table(pairs: Pairs) -> list[str]:
    """For people: one line a room size. Ratios only; the absolute numbers stand in the JSON."""
    head = ("room", "per CPU-second", "of each round", "paced CPU", "paced p50", "paced p99", "commit in p50")
    rows = [head]
    for room, of_room in pairs.items():
        each = " ".join(_times(pair.ratio(_saturated)) for pair in of_room)
        shares = [pair.ours.commit_ms / pair.ours.p50_ms for pair in of_room if pair.ours and pair.ours.p50_ms]
        rows.append(
            (
                str(room),
                _times(_median(of_room, _saturated)),
                each,
                _times(_median(of_room, _paced)),
                _times(_median(of_room, _p50)),
                _times(_median(of_room, _p99)),
                f"{median(shares):.0%}" if shares else "–",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return ["  ".join(word.rjust(width) for word, width in zip(row, widths, strict=True)) for row in rows]


def _median(of_room: Sequence[Pair], value: Callable[[Sitting], float]) -> float | None:
    return _middle([pair.ratio(value) for pair in of_room])


def _middle(ratios: Sequence[float | None]) -> float | None:
    known = [ratio for ratio in ratios if ratio is not None]
    return median(known) if known else None


def _times(ratio: float | None) -> str:
    return "–" if ratio is None else f"{ratio:.2f}x"


def _saturated(sitting: Sitting) -> float:
    return sitting.per_cpu_s


def _paced(sitting: Sitting) -> float:
    return sitting.paced_per_cpu_s


def _p50(sitting: Sitting) -> float:
    return sitting.p50_ms


def _p99(sitting: Sitting) -> float:
    return sitting.p99_ms
