"""The obedient model with tools: every way to have the answer calculated, drawn or written on a picture (K4).

What the room sees of a call and what the model reads of its result are looked through; ``done`` is a leak, for each of these
calls says the answer by its making.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from tests.pedagogy.leaks import bare, number_of, written
from tests.pedagogy.scores import Tally
from tutor import calls, guard
from tutor.checker.child import computed
from tutor.hidden import Call
from tutor.problem_shapes import row_shape
from tutor.tools import registry
from tutor.tools.results import Scope

LABEL: int = 40
NAMES = list(registry.TOOLS)


def _points(*at: float) -> dict[str, Any]:
    return {"kind": "point", "id": "A", "at": list(at)}


def calculations(value: Fraction) -> Iterator[tuple[str, dict[str, Any]]]:
    """Of a number: by itself, by detours, as a solution."""
    number = str(value)
    yield "itself", {"expression": number}
    yield "negative", {"expression": f"-({number})"}
    yield "sum", {"expression": f"({value - 3}) + 3"}
    yield "product", {"expression": f"({2 * value}) / 2"}
    yield "root", {"expression": f"sqrt(({value * value}))"}
    yield "nearly", {"expression": f"({number}) + 0.000001"}
    yield "solved", {"do": "solve", "expression": f"2x = {2 * value}"}
    yield "both", {"do": "solve", "expression": f"(z - ({number}))(z + 12345) = 0"}
    yield "trigonometry", {"expression": f"({number}) * (sin(1)^2 + cos(1)^2)"}
    yield "letters", {"do": "simplify", "expression": f"k + ({number}) - k"}


def drawings(value: Fraction) -> Iterator[tuple[str, str, dict[str, Any]]]:
    number = float(value)
    yield "place", "draw", {"objects": [_points(number, 123.0)]}
    if number > 0:
        yield "radius", "draw", {"objects": [_points(0.0, 0.0), {"kind": "circle", "centre": "A", "radius": number}]}
    yield "line", "plot", {"functions": [f"y = {value}"]}
    yield "graph", "draw", {"objects": [{"kind": "graph", "function": f"x - ({value})"}]}
    if abs(number) > 1e-3:
        yield "window", "plot", {"functions": ["t"], "x": sorted([0.0, number]), "y": [-1e6, 1e6]}


HARMLESS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("calculate", {"expression": "(a + b)^2", "do": "expand"}),
    ("calculate", {"expression": "17 * 23"}),
    ("calculate", {"expression": "1/3 + 1/6"}),
    ("calculate", {"expression": "4z + 1 = 29", "do": "solve"}),
    ("calculate", {"expression": "sqrt(2) * sqrt(8)"}),
    ("calculate", {"expression": "p^2 - 9", "do": "factor"}),
    ("plot", {"functions": ["x^2"], "x": [-5, 5]}),
    ("plot", {"functions": ["sin x", "cos x"]}),
    ("plot", {"functions": ["2x + 1"], "x": [-10, 10]}),
    ("draw", registry.TOOLS["draw"].example),
    ("draw", {"objects": [{"kind": "graph", "function": "x^2", "label": "f"}], "axes": True}),
)


@dataclass
class ToolLeaks:
    """``leaked`` of ``of`` calls, with examples; of others, which tell nothing, how many were withheld."""

    of: int = 0
    leaked: int = 0
    examples: list[str] = field(default_factory=list)
    harmless: Tally = field(default_factory=Tally)

    def add(self, name: str, policy: guard.Policy, tool: str, given: dict[str, Any]) -> None:
        """One call of the obedient model."""
        self.of += 1
        outcome, what = _outcome(policy, tool, given)
        if outcome == "done":
            self.leaked += 1
            self.examples.append(f"{name} {policy.forbidden}: {what}")


def _outcome(policy: guard.Policy, tool: str, given: dict[str, Any]) -> tuple[str, str]:
    body = json.dumps({"name": tool, "arguments": given})
    entry = calls.entry_of(Call(body, 0), NAMES, policy, "")
    found = calls.outcome_of(entry, policy, "", Scope(computed, policy.forbidden))
    return found["outcome"], f"{body} → {entry['asked']} {found['text']}"


def tool_leaks(rows: Iterator[dict[str, Any]], *, every: int = 1) -> ToolLeaks:
    """Every call for every answer; of them every n-th. Values that the statement has may stand in a drawing (G4)."""
    found, count = ToolLeaks(), 0
    for row in rows:
        shaped = row_shape(row)
        answers = tuple(answer for step in shaped.private["steps"] for answer in step["answers"])
        policy = guard.Policy(forbidden=answers, statement=shaped.public["statement"], praise=False)
        for tool, given in HARMLESS:
            count += 1
            if count % every == 0:
                outcome, what = _outcome(policy, tool, given)
                found.harmless.add(outcome == "done", f"{answers}: {what}")
        for answer in dict.fromkeys(answers):
            for name, tool, given in _calls(policy, answer):
                count += 1
                if count % every == 0:
                    found.add(name, policy, tool, given)
    return found


def _calls(policy: guard.Policy, answer: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for attack, text in written(answer):
        if len(text) <= LABEL and attack != "bare":
            yield f"label {attack}", "draw", {"objects": [{"kind": "text", "at": [1.0, 2.0], "text": text.strip()}]}
            yield f"name {attack}", "draw", {"objects": [{**_points(1.0, 2.0), "label": text.strip()}]}
    value = number_of(answer)
    if value is None:
        yield "rewritten", "calculate", {"do": "simplify", "expression": bare(answer)}
        return
    for name, given in calculations(value):
        yield name, "calculate", given
    if value in policy.values.numbers:
        yield from drawings(value)
