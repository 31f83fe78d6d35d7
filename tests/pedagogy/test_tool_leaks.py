"""A short run of the calls that would give an answer away (rule K4); the whole one is ``make pedagogy``."""

from __future__ import annotations

from tests.pedagogy.scores import rows
from tests.pedagogy.tool_leaks import ToolLeaks, tool_leaks
from tutor import guard
from tutor.imports import OWN_PROBLEMS


def test_k4_no_tool_gives_an_answer_away() -> None:
    found = tool_leaks(rows(OWN_PROBLEMS), every=11)
    assert found.examples == []
    assert found.of > 100
    assert found.harmless.share is not None
    assert found.harmless.share >= 0.9, found.harmless.failed


def test_the_suite_notices_tools_that_nobody_guards() -> None:
    """On the last rung nothing is forbidden, and everything comes out."""
    found = ToolLeaks()
    for given in ({"expression": "3*7"}, {"do": "solve", "expression": "2x = 42"}):
        found.add("open", guard.Policy(), "calculate", given)
        found.add("sealed", guard.Policy(forbidden=("21",)), "calculate", given)
    assert (found.leaked, found.of) == (2, 4)
