"""Exact calculation by the checker's computer algebra."""

from __future__ import annotations

from typing import Final

from tutor.tools.arguments import Calculate
from tutor.tools.results import Result, Scope, computed

VERBS: Final = {
    "evaluate": "Calculated", "simplify": "Simplified", "expand": "Expanded", "factor": "Factored", "solve": "Solved",
}  # fmt: skip


def asked(call: Calculate) -> str:
    return f"{VERBS[call.do]}: {call.expression}"


def run(call: Calculate, scope: Scope) -> Result:
    """Raises ToolError."""
    request = {"do": call.do, "text": call.expression, "unknown": call.unknown, "forbidden": list(scope.forbidden)}
    reply = computed(scope, request)
    about = reply["about"]
    text = f"{reply['text']} {about}".strip()
    near = "" if call.do == "solve" else about.replace("≈", "\\approx")
    tex = f"{reply['tex']} {near}".strip()
    tie = "gives" if call.do == "solve" else "="
    return Result(text=text, said=f"{call.expression} {tie} {text}", tex=tex, hit=reply["hit"])
