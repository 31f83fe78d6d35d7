"""The tools by name: what a model is told of each, how a call is read, and how it is run.

A new tool is a model in ``arguments``, a module with ``asked`` and ``run``, and a row here (see CONTRIBUTING.md).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from tutor.tools import arguments, calculator, geometry, lookup, plots
from tutor.tools.results import Result, Scope, ToolError


@dataclass(frozen=True, slots=True)
class Tool:
    """``description`` and ``example`` (arguments) are for the prompt; ``asked``: what a call wants, in words for the room."""

    description: str
    example: dict[str, Any]
    arguments: type[arguments.Arguments]
    asked: Callable[[Any], str]
    run: Callable[[Any, Scope], Result]


LOOK_UP: Final = "look_up"  # offered where there are documents
TOOLS: Final[dict[str, Tool]] = {
    "calculate": Tool(
        "exact calculation. do: evaluate, simplify, expand, factor or solve (one equation in one unknown)",
        {"do": "solve", "expression": "3x - 5 = 16"},
        arguments.Calculate,
        calculator.asked,
        calculator.run,
    ),
    "plot": Tool(
        "graphs of one to four functions of one letter; x, and if wanted y, is the window",
        {"functions": ["x^2 - 4"], "x": [-5, 5]},
        arguments.Plot,
        plots.asked,
        plots.run,
    ),
    "draw": Tool(
        "a figure. First the points, then by their ids: segment {ends}, line {through}, circle {centre, radius or through}, "
        "polygon {points}, angle {points, corner in the middle}, graph {function}; text {at, text}; each may have a label",
        {
            "objects": [
                {"kind": "point", "id": "A", "at": [0, 0]},
                {"kind": "point", "id": "B", "at": [4, 0]},
                {"kind": "segment", "ends": ["A", "B"], "label": "base"},
            ]
        },
        arguments.Draw,
        geometry.asked,
        geometry.run,
    ),
    LOOK_UP: Tool(
        "passages about something in the documents of this class",
        {"text": "angle in a semicircle"},
        arguments.LookUp,
        lookup.asked,
        lookup.run,
    ),
}


@dataclass(frozen=True, slots=True)
class Request:
    """A call that has been read: the tool's name and its checked arguments."""

    name: str
    arguments: arguments.Arguments

    @property
    def asked(self) -> str:
        return TOOLS[self.name].asked(self.arguments)

    @property
    def expressions(self) -> list[str]:
        """What of its arguments is mathematics."""
        given = self.arguments
        if isinstance(given, arguments.Calculate):
            return [given.expression]
        if isinstance(given, arguments.Plot):
            return given.functions
        shapes = given.objects if isinstance(given, arguments.Draw) else []
        return [shape.function for shape in shapes if isinstance(shape, arguments.Graph)]

    def run(self, scope: Scope) -> Result:
        """Raises ToolError. Takes as long as the child may take for each graph, at most some seconds."""
        return TOOLS[self.name].run(self.arguments, scope)


def names_of(setting: str) -> list[str]:
    """The tools that a setting names: ``all``, ``none``, or names with commas. Raises ValueError for one that is not there."""
    wanted = [word.strip() for word in setting.split(",") if word.strip()]
    if wanted == ["all"]:
        return list(TOOLS)
    if wanted == ["none"]:
        return []
    for name in wanted:
        if name not in TOOLS:
            raise ValueError(f"there is no tool {name}; there are {', '.join(TOOLS)}")
    return wanted


def offer(names: Sequence[str]) -> str:
    """What a model is told: how to call, and what there is. Empty without tools."""
    if not names:
        return ""
    lines = [f"- {name}: {TOOLS[name].description}. Such as {call_text(name, TOOLS[name].example)}" for name in names]
    return "\n".join(
        [
            "You can use tools where they help, one at a time. To use one, write the call and stop; the result comes "
            "between <tool_response> and </tool_response>. The students see it, so do not repeat it.",
            *lines,
        ]
    )


def call_text(name: str, given: dict[str, Any]) -> str:
    return f"<tool_call>{json.dumps({'name': name, 'arguments': given})}</tool_call>"


def call_read(body: str, names: Sequence[str]) -> Request:
    """What stands between the marks of a call. Raises ToolError that names the field which is wrong."""
    try:
        raw = json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise ToolError("The call is not JSON with a name and arguments.") from None
    if not isinstance(raw, dict) or not isinstance(raw.get("name"), str) or not raw.keys() <= {"name", "arguments"}:
        raise ToolError("The call is not JSON with a name and arguments.")
    if raw["name"] not in names:
        raise ToolError(f"There is no such tool. There are: {', '.join(names)}.")
    return request_of(raw["name"], raw.get("arguments"))


def request_of(name: str, given: Any) -> Request:
    """Raises ToolError."""
    try:
        return Request(name, TOOLS[name].arguments.model_validate(given))
    except (ValidationError, RecursionError) as error:
        raise ToolError(_why(error)) from None


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no number")


def _why(error: ValidationError | RecursionError) -> str:
    if isinstance(error, RecursionError):
        return "The arguments are nested too deeply."
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(step) for step in first["loc"]) or "arguments"
    return f"`{place[:80]}`: {first['msg'].removeprefix('Value error, ')[:160]}."
