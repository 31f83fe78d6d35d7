"""From what was measured to figures, a table for people, and the two panels of the plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, Final

from tests.bench.figures import Figure
from tests.bench.plot import Panel, chart

Round = Mapping[str, Mapping[str, Any]]  # "peer_streams" or the name of an experiment → what it gave
OURS: Final = "ours"
LABELS: Final[Mapping[str, str]] = {
    OURS: "Chalkstream", "ours_unread": "Chalkstream, prompt not read before",
    "generate_threads": "generate in threads", "static_batch": "one static batch",
    "transformers_cb": "transformers' continuous batching", "llamacpp": "llama.cpp server, Q4_1",
}  # fmt: skip
# New tokens per CPU-second, ours ÷ theirs.
THROUGHPUT: Final = {
    "generate_threads_16": 8.0, "generate_threads_32": 12.0, "static_batch_16": 1.5, "transformers_cb_16": 4.0,
    "llamacpp_1": 0.35, "llamacpp_16": 1.3, "llamacpp_32": 2.0,
}  # fmt: skip
# Their time ÷ ours, each of our own two ways in one run: without what is named, and with it.
OWN: Final = {"kept_kv_ttft": ("unkept_turn", "kept_turn", 4.0), "small_room_ttft": ("small_fifo", "small_fair", 10.0)}
TTFT_AT_LEAST, CELERY_AT_LEAST, ITL_AT_MOST = 4.0, 0.95, 3.0


def figures_of(rounds: Sequence[Round]) -> list[Figure]:
    """All figures, in the issue's order; each the median over the rounds' own ratios."""
    made = []
    for name, bound in THROUGHPUT.items():
        streams = name.rpartition("_")[2]
        ratio = _ratio(rounds, f"{OURS}_{streams}", name, "per_cpu_s")
        made.append(Figure(name, ratio, ">=", bound, ours=_missing(rounds, f"{OURS}_{streams}")))
    ratio = _ratio(rounds, "generate_threads_16", f"{OURS}_16", "first_p50_ms")
    made.append(Figure("ttft_generate_16", ratio, ">=", TTFT_AT_LEAST, ours=_missing(rounds, f"{OURS}_16")))
    for name, (without, having, bound) in OWN.items():
        made.append(Figure(name, _ratio(rounds, without, having, "first_ms"), ">=", bound, ours=True))
    ratio = _ratio(rounds, "celery", "alone", "per_cpu_s")
    made.append(Figure("celery_vs_engine", ratio, ">=", CELERY_AT_LEAST, ours=True))
    spread = [found["p99_ms"] / found["p50_ms"] for one in rounds if (found := one.get("arrivals"))]
    made.append(Figure("itl_p99_p50", median(spread) if spread else None, "<=", ITL_AT_MOST, ours=True))
    return made


def _ratio(rounds: Sequence[Round], above: str, below: str, value: str) -> float | None:
    ratios = [one[above][value] / one[below][value] for one in rounds if above in one and below in one]
    return median(ratios) if ratios else None


def _missing(rounds: Sequence[Round], name: str) -> bool:
    return not any(name in one for one in rounds)


def sittings(rounds: Sequence[Round]) -> dict[tuple[str, int], dict[str, float]]:
    """The median of each value of each peer at each count of streams."""
    found: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for one in rounds:
        for sat in one.values():
            if "peer" in sat:
                found.setdefault((sat["peer"], sat["streams"]), []).append(sat)
    values = ("per_cpu_s", "first_p50_ms", "between_p50_ms", "between_p99_ms")
    return {key: {value: median(sat[value] for sat in sats) for value in values} for key, sats in found.items()}


def table(rounds: Sequence[Round]) -> list[str]:
    head = ("peer", "streams", "tokens per CPU-s", "first word, s", "between words, ms", "p99, ms")
    rows = [head]
    for (peer, streams), sat in sorted(sittings(rounds).items(), key=lambda item: (item[0][1], item[0][0])):
        rows.append(
            (
                LABELS.get(peer, peer),
                str(streams),
                f"{sat['per_cpu_s']:.1f}",
                f"{sat['first_p50_ms'] / 1_000:.2f}",
                f"{sat['between_p50_ms']:.0f}",
                f"{sat['between_p99_ms']:.0f}",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return ["  ".join(word.rjust(width) for word, width in zip(row, widths, strict=True)) for row in rows]


def plot(rounds: Sequence[Round]) -> str:
    points: dict[str, dict[str, list[tuple[float, float]]]] = {"per_cpu_s": {}, "first_p50_ms": {}}
    for (peer, streams), sat in sorted(sittings(rounds).items()):
        for value, lines in points.items():
            lines.setdefault(LABELS.get(peer, peer), []).append((streams, sat[value]))
    seconds = {name: [(x, y / 1_000) for x, y in line] for name, line in points["first_p50_ms"].items()}
    panels = (
        Panel("Throughput", "new tokens per CPU-second", points["per_cpu_s"]),
        Panel("Latency", "seconds to the first word, median", seconds),
    )
    return chart(panels, across="streams at once")
