"""What the tutor draws lands on the board (rule K8): ordinary shapes, below what is there, nothing that was held back."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from classroom.board import access as board_access
from classroom.board.drawing import bounds_of
from classroom.board.limits import ALT, POINT_NUMBERS
from classroom.board.log import document_load
from classroom.board.models import Board, Document, Kind, Mode, Update
from classroom.board.replica import UpdateRefused
from classroom.board.scene import Shape, scene_read
from classroom.people.models import User
from classroom.rooms.models import Room
from tests.board.shapes import fields_of, put
from tutor import boarding
from tutor.boarding import alt_of, drawing_put, drawing_shapes
from tutor.tools.arguments import Draw
from tutor.tools.drawing import Drawing
from tutor.tools.geometry import run
from tutor.tools.results import Scope

pytestmark = pytest.mark.django_db


def triangle() -> dict[str, Any]:
    objects: list[dict[str, Any]] = [
        {"kind": "point", "id": "A", "at": (0.0, 0.0)}, {"kind": "point", "id": "B", "at": (4.0, 0.0)},
        {"kind": "point", "id": "C", "at": (0.0, 3.0), "label": "top"}, {"kind": "polygon", "points": ["A", "B", "C"]},
        {"kind": "circle", "centre": "A", "radius": 1.0}, {"kind": "text", "at": (2.0, 2.0), "text": "面积?"},
    ]  # fmt: skip
    found = run(Draw.model_validate({"objects": objects, "axes": True}), Scope(lambda request: {}, (), lambda text: []))
    assert found.drawing is not None
    return found.drawing


def board_of(room: Room) -> Document:
    return board_access.document_of(room, Kind.BOARD)


def shapes_of(room: Room) -> list[Shape]:
    return scene_read(document_load(board_of(room)))


def test_k8_a_figure_is_ordinary_shapes_by_the_tutor(room: Room) -> None:
    ids = drawing_put(room, triangle(), "A triangle with the corners A, B and top.")
    shapes = shapes_of(room)
    assert {shape.id for shape in shapes} == set(ids)
    assert {shape.by for shape in shapes} == {"tutor"}
    assert {shape.kind for shape in shapes} >= {"polygon", "ellipse", "point", "text", "arrow"}
    assert [(shape.kind, shape.alt) for shape in shapes if shape.alt] == [
        ("polygon", "A triangle with the corners A, B and top.")
    ]
    assert {"A", "B", "top", "面积?"} <= {shape.text for shape in shapes}
    assert not any(shape.locked for shape in shapes)
    update = Update.objects.get()
    assert (update.author, update.origin) == (None, "tutor")


def test_k8_what_is_drawn_keeps_its_proportions(room: Room) -> None:
    drawing_put(room, triangle(), "")
    shapes = shapes_of(room)
    (polygon,) = [shape for shape in shapes if shape.kind == "polygon"]
    (circle,) = [shape for shape in shapes if shape.kind == "ellipse"]
    corners = [(polygon.x + x, polygon.y + y) for x, y in zip(polygon.points[::2], polygon.points[1::2], strict=True)]
    unit = circle.w / 2
    sides = sorted(
        ((x0 - x1) ** 2 + (y0 - y1) ** 2) ** 0.5 / unit for (x0, y0), (x1, y1) in pairwise([*corners, corners[0]])
    )
    assert sides == pytest.approx([3, 4, 5], rel=0.01)
    assert circle.w == circle.h


def test_k8_it_comes_below_and_above_what_is_there(room: Room, bob: User) -> None:
    (there,) = put(board_of(room), [fields_of("rectangle", x=500.0, y=700.0, z=9.0)], author=bob)
    drawing_put(room, triangle(), "")
    own = next(shape for shape in shapes_of(room) if shape.id == there)
    tutors = [shape for shape in shapes_of(room) if shape.by == "tutor"]
    assert min(bounds_of(shape)[1] for shape in tutors) > bounds_of(own)[3]
    assert min(shape.z for shape in tutors) > own.z


def test_k8_the_tutor_draws_on_the_common_board_in_any_mode(room: Room) -> None:
    for mode in Mode.values:
        Board.objects.update_or_create(room=room, defaults={"mode": mode})
        assert drawing_put(room, triangle(), "")
    assert set(Document.objects.values_list("kind", flat=True)) == {Kind.BOARD}


def test_k8_a_full_board_takes_nothing_and_the_answer_goes_on(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: Any, **more: Any) -> int:
        raise UpdateRefused("too_big", "This board is full.")

    monkeypatch.setattr(boarding, "update_append", full)
    assert drawing_put(room, triangle(), "") == []
    assert Update.objects.count() == 0


def test_k8_a_curve_has_no_more_points_than_a_shape_may_have() -> None:
    drawing = Drawing((0.0, 20_000.0, -1.0, 1.0))
    drawing.shapes.append({"kind": "line", "tone": 1, "points": [[x, x % 2] for x in range(20_001)]})
    curve = drawing_shapes(drawing.data(), 0, 0)[-1]
    assert len(curve["points"]) <= POINT_NUMBERS + 2
    assert curve["points"][-2] == pytest.approx(340 * 1.4, rel=0.01)


@pytest.mark.parametrize("side", ["n", "ne", "e", "se", "s", "sw", "w", "nw", "c"])
def test_k8_labels_stand_beside_their_places(side: str) -> None:
    drawing = Drawing((0.0, 10.0, 0.0, 10.0), axes=False)
    drawing.text((5.0, 5.0), "A", side)
    (label,) = drawing_shapes(drawing.data(), 0, 0)
    x, y = label["x"] + label["w"] / 2 - 5 / 10 * 340 * 1.4, label["y"] + label["h"] / 2 - 5 / 10 * 255 * 1.4
    assert (x > 1, x < -1, y > 1, y < -1) == ("e" in side, "w" in side, "s" in side, "n" in side)


def test_k8_a_description_is_cut_between_sentences() -> None:
    assert alt_of("A line\nfrom A to B.") == "A line from A to B."
    long = " ".join(f"Point P{number} at ({number}, 7)." for number in range(50))
    assert len(alt_of(long)) <= ALT
    assert alt_of(long).endswith(", 7).")
    assert alt_of("7" * 400) == ""
