"""A line chart as SVG: two panels, one line for each name, logarithmic both ways. Text and lines, nothing to run."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

# Told apart also by people who do not see every colour, and on white and dark grounds.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8c6d00", "#56b4e9")
WIDTH, HEIGHT, LEFT, TOP, FOOT = 420, 300, 58, 34, 44
Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Panel:
    title: str
    unit: str
    lines: Mapping[str, Points]


def chart(panels: Sequence[Panel], *, across: str) -> str:
    """The panels side by side and one legend below."""
    names = list(dict.fromkeys(name for panel in panels for name in panel.lines))
    rows = -(-len(names) // 3)
    width, height = WIDTH * len(panels), HEIGHT + 20 + 18 * rows
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'font-family="sans-serif" font-size="12">',
        f"<title>{escape('; '.join(panel.title for panel in panels))}</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for number, panel in enumerate(panels):
        parts += [f'<g transform="translate({number * WIDTH} 0)">', *_panel(panel, names, across), "</g>"]
    for number, name in enumerate(names):
        x, y = 24 + number % 3 * (width / 3), HEIGHT + 14 + 18 * (number // 3)
        colour = COLOURS[number % len(COLOURS)]
        parts.append(f'<rect x="{x:.0f}" y="{y:.0f}" width="14" height="4" fill="{colour}"/>')
        parts.append(f'<text x="{x + 20:.0f}" y="{y + 6:.0f}" fill="#222222">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel, names: Sequence[str], across: str) -> list[str]:
    xs = sorted({x for points in panel.lines.values() for x, _ in points}) or [1.0]
    ys = [y for points in panel.lines.values() for _, y in points if y > 0] or [1.0]
    low, high = 10 ** math.floor(math.log10(min(ys))), 10 ** math.ceil(math.log10(max(ys) * 1.01))
    right, bottom = WIDTH - 16, HEIGHT - FOOT

    def at(x: float, y: float) -> tuple[float, float]:
        span = math.log(xs[-1] / xs[0]) or 1.0
        up = math.log(max(y, low) / low) / math.log(high / low)
        return LEFT + math.log(x / xs[0]) / span * (right - LEFT), bottom - up * (bottom - TOP)

    parts = [f'<text x="{LEFT}" y="20" fill="#222222" font-weight="bold">{escape(panel.title)}</text>']
    for x in xs:
        place = at(x, low)[0]
        parts.append(f'<line x1="{place:.1f}" y1="{TOP}" x2="{place:.1f}" y2="{bottom}" stroke="#e4e4e4"/>')
        parts.append(f'<text x="{place:.1f}" y="{bottom + 16}" text-anchor="middle" fill="#222222">{x:g}</text>')
    value = low
    while value <= high * 1.001:
        place = at(xs[0], value)[1]
        parts.append(f'<line x1="{LEFT}" y1="{place:.1f}" x2="{right}" y2="{place:.1f}" stroke="#e4e4e4"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{place + 4:.1f}" text-anchor="end" fill="#222222">{value:g}</text>')
        value *= 10
    middle = (LEFT + right) / 2
    parts.append(
        f'<text x="{middle:.0f}" y="{HEIGHT - 10}" text-anchor="middle" fill="#222222">{escape(across)}</text>'
    )
    parts.append(f'<text x="{LEFT}" y="{TOP - 4}" font-size="10" fill="#555555">{escape(panel.unit)}</text>')
    for name, points in panel.lines.items():
        colour = COLOURS[names.index(name) % len(COLOURS)]
        places = [at(x, y) for x, y in sorted(points) if y > 0]
        joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
    return parts
