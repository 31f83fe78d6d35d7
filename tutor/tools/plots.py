"""Graphs of functions in a window, each sampled by the checker's child."""

from __future__ import annotations

from math import floor
from typing import Any

from tutor.tools.arguments import Plot
from tutor.tools.drawing import Drawing, Place, said
from tutor.tools.results import Result, Scope, ToolError, computed

Pieces = list[list[Place]]


def asked(call: Plot) -> str:
    return "Plotted: " + ", ".join(call.functions)


def run(call: Plot, scope: Scope) -> Result:
    """Raises ToolError."""
    graphs = [graph_of(function, call.x, scope) for function in call.functions]
    bottom, top = call.y or _heights(graphs)
    drawing = Drawing((call.x[0], call.x[1], bottom, top))
    for tone, pieces in enumerate(graphs, 1):
        before = len(drawing.shapes)
        graph_draw(drawing, pieces, tone)
        if len(drawing.shapes) == before:
            raise ToolError(f"Nothing of {call.functions[tone - 1]} lies in this window.")
        if len(graphs) > 1:
            _name(drawing, call.functions[tone - 1], drawing.shapes[before:], tone)
    window = f"for x from {said(call.x[0])} to {said(call.x[1])}"
    if call.y:
        window += f" and y from {said(bottom)} to {said(top)}"
    text = " ".join(f"Graph of {_named(function)} {window}." for function in call.functions)
    return Result(text=text, said=text, drawing=drawing.data())


def graph_of(function: str, x: tuple[float, float], scope: Scope) -> Pieces:
    reply = computed(scope, {"do": "sample", "text": function, "low": x[0], "high": x[1]})
    return [[(point[0], point[1]) for point in piece] for piece in reply["pieces"]]


def graph_draw(drawing: Drawing, pieces: Pieces, tone: int) -> None:
    for piece in pieces:
        if len(piece) > 1:
            drawing.line(piece, tone)


def _named(function: str) -> str:
    return function if "=" in function else f"y = {function}"


def _name(drawing: Drawing, function: str, lines: list[dict[str, Any]], tone: int) -> None:
    """The name of a graph stands at its last point in the window, inside of it."""
    x, y = lines[-1]["points"][-1]
    _, _, bottom, top = drawing.window
    side = "sw" if y > (bottom + top) / 2 else "nw"
    drawing.text((x, y), function, side, tone)


def _heights(graphs: list[Pieces]) -> tuple[float, float]:
    """From where to where it goes, poles left out, with a little room, and with 0 if that is near."""
    ys = sorted(y for pieces in graphs for piece in pieces for _, y in piece)
    cut = floor(len(ys) * 0.04)
    low, high = ys[cut], ys[-1 - cut]
    middle = ys[len(ys) // 4 : -len(ys) // 4] or ys
    spread = max(middle[-1] - middle[0], 1e-9)
    if ys[-1] - ys[0] <= 8 * spread:  # no pole: all of it
        low, high = ys[0], ys[-1]
    if high - low < 1e-6:
        low, high = low - 1, high + 1
    room = (high - low) * 0.08
    low, high = low - room, high + room
    if 0 < low < (high - low) / 2:
        low = -room
    if 0 > high > -(high - low) / 2:
        high = room
    return low, high
