"""Drawings as data and as SVG: what lies where, and that nothing but lines and letters comes out."""

from __future__ import annotations

import json
from math import hypot
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutor.checker.child import computed
from tutor.tools import drawing, registry, svg
from tutor.tools.drawing import Drawing, clipped, ticks_of
from tutor.tools.results import Result, Scope

CASES = json.loads((Path(__file__).parent / "drawings.json").read_text())
PAYLOADS = json.loads((Path(__file__).parents[2] / "payloads.json").read_text())
SCOPE = Scope(computed)
EDGE = 1e-3


def made(tool: str, **given: Any) -> Result:
    return registry.request_of(tool, given).run(SCOPE)


def shapes(result: Result, kind: str) -> list[dict[str, Any]]:
    assert result.drawing is not None
    return [shape for shape in result.drawing["shapes"] if shape["kind"] == kind]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_drawings_that_the_page_is_held_to(case: dict[str, Any]) -> None:
    """``static/test/tools.test.ts`` draws the same data and compares with the same text."""
    result = made(case["tool"], **case["arguments"])
    assert (result.text, result.drawing) == (case["alt"], case["drawing"])
    assert svg.svg_text(case["drawing"], case["alt"]) == case["svg"]


def test_svg_has_a_handful_of_elements_and_attributes() -> None:
    for case in CASES:
        for node in ElementTree.fromstring(case["svg"]).iter():
            assert node.tag.removeprefix(f"{{{svg.NAMESPACE}}}") in svg.ELEMENTS
            assert set(node.attrib) <= svg.ATTRIBUTES


def test_hostile_labels_stay_letters() -> None:
    picture = Drawing((0, 1, 0, 1))
    for payload in PAYLOADS:
        picture.text((0.5, 0.5), payload, payload)
    root = ElementTree.fromstring(svg.svg_text(picture.data(), "<script>alert(1)</script>"))
    assert {node.tag.rpartition("}")[2] for node in root.iter()} == {"svg", "title", "g", "line", "text"}
    assert root[0].text == "<script>alert(1)</script>"


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_are_round_and_few(low: float, span: float) -> None:
    high = low + span
    if high - low < 1e-6:
        return
    found = ticks_of(low, high)
    assert len(found) <= 13
    assert all(low < tick < high and tick for tick in found)


PLACE = st.tuples(st.floats(-50, 50), st.floats(-50, 50))


@given(st.lists(PLACE, min_size=2, max_size=8))
def test_a_line_is_cut_at_the_edge(points: list[tuple[float, float]]) -> None:
    for piece in clipped(points, (-10, 10, -5, 5)):
        assert len(piece) > 1
        assert all(-10 - EDGE <= x <= 10 + EDGE and -5 - EDGE <= y <= 5 + EDGE for x, y in piece)


def test_a_graph_is_broken_where_it_has_no_value_and_where_it_jumps() -> None:
    assert len(shapes(made("plot", functions=["1/x"], x=[-4, 4]), "line")) == 2
    assert len(shapes(made("plot", functions=["x/|x|"], x=[-4, 4]), "line")) == 2
    assert len(shapes(made("plot", functions=["ln x"], x=[-4, 4]), "line")) == 1
    assert len(shapes(made("plot", functions=["tan x"], x=[-1.5, 5]), "line")) == 3
    assert len(shapes(made("plot", functions=["y = x^3 - x"], x=[-4, 4]), "line")) == 1


def test_a_graph_goes_through_its_points() -> None:
    (line,) = shapes(made("plot", functions=["x^2 - 4"], x=[-5, 5]), "line")
    assert line["points"][0] == [-5, 21]
    assert [0, -4] in line["points"]
    assert all(abs(y - (x * x - 4)) < EDGE for x, y in line["points"])


@pytest.mark.parametrize(
    ("functions", "bottom", "top"),
    [(["5"], 3.5, 6.5), (["x + 100"], 80, 120), (["x"], -12, 12), (["0 - x^2 - 1"], -120, 10), (["1/x"], -8, 8)],
)
def test_the_window_shows_what_there_is_to_see(functions: list[str], bottom: float, top: float) -> None:
    """Poles are left out; what is nearly flat has some room; 0 is there if it is near."""
    picture = made("plot", functions=functions).drawing
    assert picture is not None
    assert bottom <= picture["window"][2] < picture["window"][3] <= top


def test_a_figure_has_one_scale() -> None:
    objects = [
        {"kind": "point", "id": "A", "at": [0, 0]},
        {"kind": "point", "id": "B", "at": [0, 40]},
        {"kind": "circle", "centre": "A", "through": "B"},
    ]
    for ends in (objects[:2], objects):
        picture = made("draw", objects=ends).drawing
        assert picture is not None
        left, right, low, high = picture["window"]
        assert abs((right - left) / picture["width"] - (high - low) / picture["height"]) < 0.01 * (right - left)
        assert picture["height"] <= drawing.TALL[1] * drawing.WIDTH + 1


def test_a_right_angle_has_a_square_mark_and_others_an_arc() -> None:
    corners = {"A": [0, 0], "B": [4, 0], "C": [0, 4], "D": [4, 4]}
    points = [{"kind": "point", "id": name, "at": at} for name, at in corners.items()]
    right = made("draw", objects=[*points, {"kind": "angle", "points": ["B", "A", "C"]}])
    half = made("draw", objects=[*points, {"kind": "angle", "points": ["D", "A", "B"], "label": "45°"}])
    assert len(shapes(right, "line")[0]["points"]) == 3
    arc = shapes(half, "line")[0]["points"]
    assert len(arc) == 17
    assert max(hypot(*at) for at in arc) - min(hypot(*at) for at in arc) < EDGE
    assert "45°" in half.text


def test_a_line_goes_to_the_edges_and_a_segment_to_its_ends() -> None:
    points = [{"kind": "point", "id": "A", "at": [1, 1]}, {"kind": "point", "id": "B", "at": [2, 2], "label": ""}]
    line = made("draw", objects=[*points, {"kind": "line", "through": ["A", "B"], "label": "g"}])
    segment = made("draw", objects=[*points, {"kind": "segment", "ends": ["A", "B"]}])
    assert shapes(segment, "line")[0]["points"] == [[1, 1], [2, 2]]
    ends = shapes(line, "line")[0]["points"]
    assert ends[0][0] < 1
    assert ends[-1][0] > 2
    assert [shape["text"] for shape in shapes(line, "text")] == ["g", "A"]


def test_every_object_has_its_sentence_in_the_order_of_the_call() -> None:
    names = ["A", "B", "C", "D", "E"]
    points = [{"kind": "point", "id": name, "at": [n, n * n]} for n, name in enumerate(names)]
    objects = [
        {"kind": "text", "at": [1, 1], "text": "here"},
        {"kind": "polygon", "points": names, "label": "P"},
        *points,
    ]
    said = made("draw", objects=objects).text
    assert said.startswith("The words “here” at (1, 1). Polygon A B C D E, marked P. Point A at (0, 0).")
    assert said.count(".") == len(objects)


def test_a_figure_of_graphs_alone_has_the_usual_window() -> None:
    picture = made("draw", objects=[{"kind": "graph", "function": "x", "label": "f"}], axes=True).drawing
    assert picture is not None
    assert picture["window"] == [-10, 10, -7.5, 7.5]
    assert picture["ticks"]["x"] == [-8, -6, -4, -2, 2, 4, 6, 8] or picture["ticks"]["x"]
