"""What a model may ask of its tools: typed, bounded, refused by name; and what it is told of them."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pedagogy.hostile import FIXED, strings
from tutor.checker.child import computed
from tutor.checker.pool import Pool
from tutor.tools import arguments, lookup, registry
from tutor.tools.results import Result, Scope, ToolError

NAMES = list(registry.TOOLS)


@dataclass(frozen=True)
class Passage:
    title: str
    anchor: str
    text: str


SCOPE = Scope(computed, find=lambda text: [Passage("Handbook", "Page 4", f"About\n{text}. " + "x" * 900)])
POINT = {"kind": "point", "id": "A", "at": [0, 0]}


def called(name: str, given: Any) -> Result:
    return registry.call_read(json.dumps({"name": name, "arguments": given}), NAMES).run(SCOPE)


def refused(name: str, given: Any) -> str:
    with pytest.raises(ToolError) as caught:
        called(name, given)
    return str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_every_tool_runs_its_own_example_and_says_in_words_what_for(name: str) -> None:
    tool = registry.TOOLS[name]
    request = registry.request_of(name, tool.example)
    assert request.asked
    assert request.run(SCOPE).text
    assert tool.arguments.model_json_schema()["additionalProperties"] is False


@pytest.mark.parametrize("name", NAMES)
def test_no_argument_chooses_a_scope(name: str) -> None:
    """K7: whose room, class, person or answer it is cannot be said."""
    for field in ("class", "class_id", "room", "user", "answer", "scope", "forbidden", "__class__"):
        assert refused(name, {**registry.TOOLS[name].example, field: "11111111-1111-4111-8111-111111111111"}) == (
            f"`{field}`: Extra inputs are not permitted."
        )


def test_a_call_is_read_as_it_is_offered() -> None:
    offered = registry.offer(NAMES)
    for name in NAMES:
        text = registry.call_text(name, registry.TOOLS[name].example)
        assert text in offered
        body = text.removeprefix("<tool_call>").removesuffix("</tool_call>")
        assert registry.call_read(body, NAMES) == registry.request_of(name, registry.TOOLS[name].example)
    assert registry.offer([]) == ""
    assert "plot" not in registry.offer(["calculate"])


@pytest.mark.parametrize(
    "body",
    ["", "null", "[]", "7", '"calculate"', "{", '{"name": 7}', '{"arguments": {}}', "[" * 100_000, '{"a":' * 100_000]
    + [
        '{"name": "calculate", "arguments": {}, "as": "admin"}',
        "\ud800",
        '{"name": "calculate", "arguments": Infinity}',
    ],
    ids=lambda body: body[:20],
)
def test_what_is_no_call(body: str) -> None:
    with pytest.raises(ToolError, match="The call is not JSON with a name and arguments"):
        registry.call_read(body, NAMES)


FIELDS = st.sampled_from(["kind", "id", "at", "objects", "expression", "functions", "x", "y"])
LEAF = st.none() | st.booleans() | st.floats() | st.text(max_size=9)
JSON = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(FIELDS, inner, max_size=4), max_leaves=12
)


@given(JSON)
def test_whatever_comes_is_a_result_or_a_short_refusal(given: Any) -> None:
    for name in NAMES:
        try:
            registry.request_of(name, given)
        except ToolError as error:
            said = str(error)
        else:
            said = ""
        assert len(said) < 300


@pytest.mark.parametrize(
    ("name", "given", "why"),
    [
        ("calculate", {}, "`expression`: Field required."),
        ("calculate", {"expression": ""}, "`expression`: String should have at least 1 character."),
        ("calculate", {"expression": "1" * 401}, "`expression`: String should have at most 400 characters."),
        ("calculate", {"expression": "1\u202e2"}, "`expression`: has a character that nobody sees."),
        ("calculate", {"expression": "1", "do": "shell"}, "`do`: Input should be"),
        ("calculate", {"expression": "1", "unknown": "__"}, "`unknown`: String should match pattern"),
        ("plot", {"functions": []}, "`functions`: List should have at least 1 item"),
        ("plot", {"functions": ["x"] * 5}, "`functions`: List should have at most 4 items"),
        ("plot", {"functions": ["x"], "x": [5, -5]}, "`arguments`: a window goes from"),
        ("plot", {"functions": ["x"], "x": [0, 1e7]}, "`x.1`: Input should be less than or equal to 1000000."),
        ("plot", {"functions": ["x"], "x": ["0", "1"]}, "`x.0`: Input should be a valid number."),
        ("plot", {"functions": ["x + y"]}, "A graph needs a function of one letter."),
        ("plot", {"functions": ["sqrt(-1 - x^2)"]}, "It has no real value in this window."),
        ("plot", {"functions": ["x"], "y": [500, 600]}, "Nothing of x lies in this window."),
        ("draw", {"objects": []}, "`objects`: List should have at least 1 item"),
        ("draw", {"objects": [POINT] * 10_000}, "`objects`: List should have at most 60 items"),
        ("draw", {"objects": [{"kind": "image", "href": "//evil.example"}]}, "`objects.0`: Input tag 'image' found"),
        ("draw", {"objects": [{**POINT, "style": "x"}]}, "`objects.0.point.style`: Extra inputs"),
        ("draw", {"objects": [{**POINT, "id": "<b>"}]}, "`objects.0.point.id`: String should match"),
        ("draw", {"objects": [POINT, POINT]}, "Two points are called A."),
        ("draw", {"objects": [{"kind": "line", "through": ["A", "B"]}]}, "There is no point A."),
        ("draw", {"objects": [POINT, {"kind": "line", "through": ["A", "A"]}]}, "A and A are at the same place."),
        ("draw", {"objects": [POINT, {"kind": "circle", "centre": "A"}]}, "`objects.1.circle`: a circle has a radius"),
        ("draw", {"objects": [POINT, {"kind": "circle", "centre": "A", "radius": -1}]}, "`objects.1.circle.radius`"),
        ("draw", {"objects": [POINT, {"kind": "circle", "centre": "A", "through": "A"}]}, "The circle around A has no size."),
        ("draw", {"objects": [POINT, {"kind": "angle", "points": ["A", "A", "A"]}]}, "The angle AAA has a side without"),
        ("draw", {"objects": [POINT, {"kind": "graph", "function": "x + 9999"}]}, "Nothing of x + 9999 lies in this figure."),
    ],
)  # fmt: skip
def test_bad_arguments_are_named(name: str, given: Any, why: str) -> None:
    assert refused(name, given).startswith(why)


def test_no_number_that_is_none() -> None:
    with pytest.raises(ToolError):
        registry.request_of("draw", {"objects": [{**POINT, "at": [float("nan"), 0]}]})
    with pytest.raises(ToolError):
        registry.request_of("plot", {"functions": ["x"], "x": [0, float("inf")]})


def test_hostile_expressions_are_refused_with_a_reason(tmp_path: Path) -> None:
    """In a real child: each is answered or refused within its time, and none of them writes, opens or runs anything."""
    canary = tmp_path / "canary"
    pool = Pool(1)
    try:
        scope = Scope(pool.compute)
        assert registry.request_of("calculate", {"expression": "1+1"}).run(scope).text == "2"
        for text in [*FIXED[::4], *(one for one in strings(60, canary) if str(canary) in one)]:
            begun = time.monotonic()
            with contextlib.suppress(ToolError):
                registry.request_of("calculate", {"expression": text}).run(scope)
            assert time.monotonic() - begun < 30, "killed, not waited for"
        assert registry.request_of("calculate", {"expression": "2+2"}).run(scope).text == "4"
    finally:
        pool.close()
    assert not canary.exists()


def test_names_in_a_setting() -> None:
    assert registry.names_of("all") == NAMES
    assert registry.names_of(" plot , draw ") == ["plot", "draw"]
    assert registry.names_of("none") == registry.names_of("") == []
    with pytest.raises(ValueError, match="there is no tool rm; there are calculate, plot, draw, look_up"):
        registry.names_of("calculate, rm")


def test_every_kind_of_shape_can_be_drawn() -> None:
    kinds = set(arguments.Draw.model_json_schema()["$defs"]) - {"Draw"}
    assert {kind.lower() for kind in kinds} == {
        "point",
        "segment",
        "line",
        "circle",
        "polygon",
        "angle",
        "graph",
        "text",
    }


def test_what_is_looked_up_is_quoted_on_a_line_each() -> None:
    found = called("look_up", {"text": "circle"})
    (quote,) = found.parts
    assert quote.startswith("[1] Handbook, Page 4: About circle. xxx")
    assert len(quote) < 540
    assert "\n" not in quote
    nothing = registry.request_of("look_up", {"text": "circle"}).run(Scope(computed))
    assert (nothing.text, nothing.parts) == (lookup.NOTHING, ())
    assert registry.request_of("look_up", {"text": "circle"}).expressions == []
