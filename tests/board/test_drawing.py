"""A page as SVG: every kind of shape is in it, and nothing that people wrote gets out of its place."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from itertools import pairwise
from math import isclose
from typing import Any
from xml.etree import ElementTree

import pytest
from PIL import Image

from classroom.board import drawing
from classroom.board.drawing import Sources, bounds_of, page_draw
from classroom.board.printing import png_print
from classroom.board.strokes import short, stroke_path
from classroom.board.typesetting import formula_draw
from tests.board.pictures import picture_of
from tests.board.shapes import KINDS, shape

SOURCES = Sources(formula_draw, lambda image: ("image/png", picture_of()))
ALLOWED = {"svg", "g", "rect", "path", "ellipse", "circle", "text", "image", "title"}


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def names(tree: ElementTree.Element) -> set[str]:
    return {part.tag.rpartition("}")[2] for part in tree.iter()}


@pytest.mark.parametrize("kind", KINDS)
def test_q22_each_kind_is_drawn_within_its_paper(kind: str) -> None:
    one = shape(kind, alt="what it is")
    sheet = page_draw([one], SOURCES, title="Page 1")
    tree = parsed(sheet.svg)
    assert names(tree) <= ALLOWED
    left, top, w, h = (float(number) for number in tree.attrib["viewBox"].split())
    box = bounds_of(one)
    assert left <= box[0] < box[2] <= left + w
    assert top <= box[1] < box[3] <= top + h
    assert "what it is" in sheet.svg


def test_q22_the_empty_page_is_paper() -> None:
    sheet = page_draw([])
    assert (sheet.w, sheet.h) == drawing.LEAST
    assert names(parsed(sheet.svg)) == {"svg", "rect"}


HOSTILE = [
    "<script>alert(1)</script>", "</text><script>alert(1)</script>", "<foreignObject><body onload=alert(1)>", "]]><svg/>",
    '" onload="alert(1)', "' onload='alert(1)", "&lt;script&gt;", "javascript:alert(1)", "\ufffe\x0b\x1b[31m",
    "<a xlink:href='https://example.org'>x</a>", "<!ENTITY x SYSTEM 'file:///etc/passwd'>&x;", "<style>@import '//x'</style>",
]  # fmt: skip


@pytest.mark.parametrize("words", HOSTILE)
def test_q22_what_people_wrote_is_text(words: str) -> None:
    """Shapes are made past the judge of the log here: the writer has to hold by itself."""
    shapes = [
        replace(shape("text"), text=words, alt=words), replace(shape("point"), text=words),
        replace(shape("formula"), latex=words), replace(shape("image"), alt=words),
    ]  # fmt: skip
    sheet = page_draw(shapes, title=words)
    tree = parsed(sheet.svg)
    assert names(tree) <= ALLOWED
    for part in tree.iter():
        assert not [name for name in part.attrib if name.lower().startswith("on") or name.endswith("href")]


def test_q22_all_kinds_are_printed() -> None:
    sheet = page_draw([shape(kind, x=140.0 * at, alt="x & y") for at, kind in enumerate(KINDS)], SOURCES, title="All")
    with Image.open(io.BytesIO(png_print(sheet, 800))) as printed:
        assert printed.width == 800
        for at, kind in enumerate(KINDS):  # something of its own colour or the picture's stands in each place
            place = [(140 * at + 24 + 10 - 10) * 800 / sheet.w, (140 * at + 24 + 120) * 800 / sheet.w]
            part = printed.convert("L").crop((round(place[0]), 0, round(place[1]), printed.height))
            assert part.getextrema()[0] < 230, kind


def test_q22_the_only_address_is_the_pictures_own_data() -> None:
    svg = page_draw([shape(kind) for kind in KINDS], SOURCES).svg
    assert re.findall(r'href="([^"]{0,30})', svg) == ["data:image/png;base64,iVBORw0K"]
    assert "http" not in svg.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert "style" not in svg


def test_q22_what_cannot_be_had_has_a_sign_in_its_place() -> None:
    svg = page_draw([shape("formula"), shape("image")]).svg
    assert r"\frac{1}{2}" in svg
    assert "stroke-dasharray" in svg
    assert names(parsed(page_draw([shape("formula", latex="")], SOURCES).svg)) == {"svg", "rect", "g"}


def test_q22_a_formula_fills_its_box() -> None:
    drawn = formula_draw(r"\frac{1}{2}")
    scale = re.search(r"scale\(([\d.]+) ([\d.]+)\)", page_draw([shape("formula")], SOURCES).svg)
    assert scale is not None
    assert isclose(float(scale[1]) * drawn["w"], 60, rel_tol=0.01)
    assert isclose(float(scale[2]) * drawn["h"], 60, rel_tol=0.01)


def test_q22_shapes_turn_about_their_middle() -> None:
    assert 'transform="rotate(30 70 50) translate(10 20)"' in page_draw([shape("rectangle")]).svg
    upright, turned = bounds_of(shape("rectangle", rotation=0.0)), bounds_of(shape("rectangle", rotation=90.0))
    assert isclose(upright[2] - upright[0], turned[3] - turned[1])
    assert 'transform="translate(10 20)"' in page_draw([shape("rectangle", rotation=360.0)]).svg


def test_q22_lines_have_no_fill_and_arrows_have_heads() -> None:
    assert 'fill="none"' in page_draw([shape("line", fill="#ff0000")]).svg
    path = re.search(r'<path d="([^"]+)"', page_draw([shape("arrow")]).svg)
    assert path is not None
    assert path[1].count("M") == 2
    assert page_draw([shape("arrow", points=[0.0, 0.0])]).svg.count("M") == 1


def test_q22_long_and_chinese_text_stays_on_the_paper() -> None:
    for words in ("W" * 80, "三角形的面积" * 10):
        one = shape("text", text=words, w=10.0, h=25.0)
        assert bounds_of(one)[2] > len(words) * 8
    assert bounds_of(shape("point", text="A" * 40))[2] > bounds_of(shape("point", text=""))[2] + 200


# ---- strokes


def areas(path: str) -> list[float]:
    """Twice the area of each piece with straight sides, with the sign of its turn."""
    found = []
    for piece in path.split("M")[1:]:
        if "a" in piece:
            continue
        places = [tuple(map(float, part.split())) for part in piece.rstrip("Z").split("L")]
        found.append(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairwise([*places, places[0]])))
    return found


@pytest.mark.parametrize("points", [
    [0, 0, 0.5, 10, 0, 0.5, 10, 10, 1, 0, 10, 0, 0, 0, 0.5], [0, 0, 1, 5, 5, 0.1, 0, 0, 1, 5, 5, 0.1], [0, 0, 0, -9, 3, 1],
])  # fmt: skip
def test_the_pieces_of_a_stroke_turn_the_same_way(points: list[float]) -> None:
    signs = {area > 0 for area in areas(stroke_path(points, 4, marker=False))}
    assert len(signs) == 1


def breadth(pressure: float, *, marker: bool = False) -> float:
    path = stroke_path([0, 0, pressure, 100, 0, pressure], 10, marker=marker)
    ys = [float(y) for y in re.findall(r"[ML][-\d.]+ ([-\d.]+)", path)]
    return max(ys) - min(ys)


def test_a_stroke_is_as_broad_as_the_pen_was_pressed() -> None:
    assert breadth(0.1) < breadth(0.5) < breadth(1.0)
    assert isclose(breadth(0.5), 16, rel_tol=0.01)  # as perfect-freehand draws it in the browser
    assert breadth(0.1, marker=True) == breadth(1.0, marker=True) == 10


def test_a_dot_is_a_disc_and_nothing_is_nothing() -> None:
    assert stroke_path([5, 5, 0.5], 4, marker=False).count("a") == 2
    assert stroke_path([5, 5, 0.5, 5, 5, 0.5], 4, marker=False) == stroke_path([5, 5, 0.5], 4, marker=False)
    assert stroke_path([], 4, marker=False) == ""


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (-0.001, "0"), (1.5, "1.5"), (-2.0, "-2"), (1 / 3, "0.33")])
def test_numbers_are_short(value: float, text: str) -> None:
    assert short(value) == text


def test_text_is_as_wide_as_its_longest_line() -> None:
    found: Any = drawing.text_width("ab\nabcd\n中", 10)
    assert found == pytest.approx(24)
