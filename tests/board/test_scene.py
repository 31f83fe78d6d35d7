"""What a board shows, typed: every kind of shape, every field that is refused by its name (rule Q4)."""

from __future__ import annotations

from typing import Any

import pytest
from pycrdt import Array, Doc, Map

from classroom.board import limits
from classroom.board.scene import Page, SceneError, Shape, code_read, pages_read, scene_read, shape_read
from tests.board.peers import shape

KEY = "00000000-0000-4000-8000-000000000001"
IMAGE = "00000000-0000-4000-8000-00000000000a"
GOOD: dict[str, dict[str, Any]] = {
    "pen": {"points": [0, 0, 0.5, 1, 2, 1.0]},
    "highlighter": {"points": [0, 0, 0], "opacity": 0.4},
    "line": {"points": [0, 0, 5, 5]},
    "arrow": {"points": [0, 0, 5.5, -5]},
    "rectangle": {"w": 3, "h": 4, "fill": "#AABBCC", "fill_opacity": 0.2},
    "ellipse": {"w": 3, "h": 4, "fill": None},
    "polygon": {"points": [0, 0, 5, 5, 5, 0]},
    "text": {"text": "if a < b and c > d: 勾股", "step": IMAGE},
    "formula": {"latex": r"\frac{1}{2}", "w": 0, "h": 0},
    "image": {"image": IMAGE, "w": 3, "h": 4, "alt": "a triangle"},
    "point": {"locked": True, "rotation": -90},
}


@pytest.mark.parametrize("kind", GOOD)
def test_q4_each_kind_of_shape_is_read(kind: str) -> None:
    found = shape_read(KEY, shape(kind=kind, **{"w": None, "h": None, **GOOD[kind]}))
    assert isinstance(found, Shape)
    for name, value in GOOD[kind].items():
        assert getattr(found, name) == (tuple(value) if isinstance(value, list) else value)
    assert (found.id, found.by, found.page) == (KEY, "tutor", "1")


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"kind": {"a": 1}}, "bad_field", "kind"),
    ({"kind": None}, "bad_field", "kind"),
    ({"page": ""}, "bad_field", "page"),
    ({"page": 1}, "bad_field", "page"),
    ({"x": True}, "bad_field", "x"),
    ({"x": "1"}, "bad_field", "x"),
    ({"y": float("inf")}, "bad_field", "y"),
    ({"y": 1e7}, "bad_field", "y"),
    ({"w": -1}, "bad_field", "w"),
    ({"w": None}, "bad_field", "w"),
    ({"stroke": "red"}, "bad_field", "stroke"),
    ({"stroke": "#12345"}, "bad_field", "stroke"),
    ({"fill": "url(#a)"}, "bad_field", "fill"),
    ({"opacity": 2}, "bad_field", "opacity"),
    ({"width": 0}, "bad_field", "width"),
    ({"by": "somebody"}, "bad_field", "by"),
    ({"by": 5}, "bad_field", "by"),
    ({"by": KEY.upper().replace("8", "A")}, "bad_field", "by"),
    ({"locked": 1}, "bad_field", "locked"),
    ({"step": "s"}, "bad_field", "step"),
    ({"alt": "a" * 301}, "too_long", "alt"),
    ({"text": 5}, "bad_field", "text"),
    ({"text": "a\x00"}, "bad_field", "text"),
    ({"kind": "formula", "latex": "x" * 501}, "too_long", "latex"),
    ({"kind": "formula"}, "bad_field", "latex"),
    ({"kind": "text"}, "bad_field", "text"),
    ({"kind": "image"}, "bad_field", "image"),
    ({"kind": "pen"}, "bad_field", "points"),
    ({"kind": "pen", "points": []}, "bad_field", "points"),
    ({"kind": "pen", "points": [0, 0]}, "bad_field", "points"),
    ({"kind": "pen", "points": [0, 0, 2]}, "bad_field", "points"),
    ({"kind": "line", "points": [0, 0, 1]}, "bad_field", "points"),
    ({"kind": "line", "points": {"0": 1}}, "bad_field", "points"),
    ({"kind": "line", "points": [0, "a"]}, "bad_field", "points"),
    ({"alt": "<IMG src=x>"}, "markup", "alt"),
    ({"text": "< / script >"}, "markup", "text"),
    ({"text": "<iframe\nsrc='x'>"}, "markup", "text"),
]


@pytest.mark.parametrize(("fields", "code", "field"), BAD)
def test_q4_what_is_wrong_is_named(fields: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(SceneError) as caught:
        shape_read(KEY, shape(**fields))
    assert (caught.value.code, caught.value.field) == (code, field)
    assert str(caught.value.message)


def test_q4_a_shape_is_a_map_under_an_id() -> None:
    with pytest.raises(SceneError):
        shape_read(KEY, "a shape")
    with pytest.raises(SceneError):
        shape_read("x", shape())


def test_what_only_looks_like_markup_is_text() -> None:
    for text in ("x<script", "a <b> c", "<scripture>", "1 < 2 > 0", "vector<int> v;"):
        assert shape_read(KEY, shape(kind="text", text=text)).text == text


def test_a_scene_is_read_page_by_page_from_below() -> None:
    doc = Doc[Any]()
    shapes, pages = doc.get("shapes", type=Map), doc.get("pages", type=Array)
    assert (scene_read(doc), pages_read(doc), code_read(doc)) == ([], [Page("1", "")], "")
    for key, page, z in (("1", "b", 1), ("2", "a", 5), ("3", "a", 2), ("4", "lost", 0)):
        shapes[KEY[:-1] + key] = Map(shape(page=page, z=z))
    pages.extend([Map({"id": "b", "title": "First"}), Map({"id": "a", "title": ""})])
    assert [one.id[-1] for one in scene_read(doc)] == ["1", "3", "2", "4"]
    assert pages_read(doc) == [Page("b", "First"), Page("a", "")]


@pytest.mark.parametrize(
    "page", ["a page", {"id": "1", "script": ""}, {"title": "no id"}, {"id": "1", "title": "x" * 121}]
)
def test_q4_a_page_has_an_id_and_a_title(page: Any) -> None:
    doc = Doc[Any]()
    doc.get("pages", type=Array).append(Map(page) if isinstance(page, dict) else page)
    with pytest.raises(SceneError):
        pages_read(doc)


def test_q4_there_is_a_last_page() -> None:
    doc = Doc[Any]()
    doc.get("pages", type=Array).extend([Map({"id": str(at)}) for at in range(limits.PAGES + 1)])
    with pytest.raises(SceneError) as caught:
        pages_read(doc)
    assert caught.value.code == "too_many"
