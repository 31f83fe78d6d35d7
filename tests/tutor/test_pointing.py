"""How the tutor points at a shape or a step (rule A15): references of letters, told to the model and to nobody else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.http import Http404

from classroom.board.access import document_of
from classroom.board.models import Document, Kind
from classroom.people.models import User
from classroom.rooms import actions, frames, projection
from classroom.rooms.frames import FrameError
from classroom.rooms.models import Event, Room
from tests.board.shapes import fields_of, put
from tests.tutor.test_boarding import triangle
from tests.tutor.turns import log_of, rights
from tutor import boarding, dispatch, guard, pointing, prompt, steps
from tutor.models import Answer, Shard


def ask(user: User, room: Room, about: dict[str, Any]) -> None:
    sent = {"type": "answer.ask", "id": str(uuid4()), "data": {"text": "Why?", "about": about}}
    actions.perform(user, room.pk, frames.decode(frames.encode(sent)))


CASES = json.loads((Path(__file__).parent / "references.json").read_text())


@pytest.fixture
def shard(redis_url: str) -> Shard:
    return Shard.objects.create(pk=0, epoch=1)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["reference"])
def test_a15_a_reference_is_made_of_the_id_alone(case: dict[str, str]) -> None:
    assert pointing.reference_of(case["id"]) == case["reference"]


def test_a15_there_is_nothing_in_a_reference_that_the_guard_must_hold() -> None:
    """A number would be one of the problem's sooner or later, and a letter the label of a point."""
    text = f"Look at {pointing.shape_named(str(uuid4()))}, it is round. "
    policy = guard.Policy(forbidden=("7", "B", "x = 3"), praise=False)
    assert guard.release(policy, text, 0, done=True).text == text


def test_a15_the_lines_of_shapes_get_their_references() -> None:
    keys = [CASES[0]["id"], CASES[1]["id"]]
    described = "1. red line, saying “1. no”\n2. blue ellipse\n… and 3 more."
    assert pointing.shapes_named(described, keys) == (
        "1. [shape xzgm] red line, saying “1. no”\n2. [shape qnhx] blue ellipse\n… and 3 more."
    )
    assert pointing.shapes_named("3. a line without an id", keys) == "3. a line without an id"


def test_a15_the_model_hears_how_to_point_at_what_it_is_asked_about() -> None:
    key = CASES[0]["id"]
    asked = prompt.question_about("Why?", "1. red line", shapes=[key])
    assert asked == f"{prompt.ABOUT_SHAPES} {pointing.HOW.format('[shape xzgm]')}\n> 1. [shape xzgm] red line\n\nWhy?"
    about_step = prompt.question_about("Why?", "x = 5", step=key)
    assert about_step == f"About this step, [step xzgm]. {prompt.ABOUT_STEP}\n> x = 5\n\nWhy?"
    assert prompt.question_about("Why?", "so", step=None) == "About this passage:\n> so\n\nWhy?"


def test_a15_the_model_hears_how_to_point_at_what_it_has_drawn() -> None:
    drawing = triangle()
    ids = [str(uuid4()) for _ in range(3 + len(drawing["shapes"]))]
    named = boarding.drawing_named(drawing, ids)
    drawn = [at for at, shape in enumerate(drawing["shapes"]) if shape["kind"] != "text"]
    for at in drawn:
        assert f"{drawing['shapes'][at]['kind']}" in named
        assert pointing.shape_named(ids[3 + at]) in named, "axes come before the figure"
    assert named.count("[shape ") == len(drawn) + 1
    assert f"point A {pointing.shape_named(ids[3 + drawn[0]])}" in named or "point top" in named
    assert boarding.drawing_named({"shapes": []}, []) == ""


@pytest.mark.django_db(transaction=True)
def test_a15_what_the_room_reads_has_no_reference_and_the_prompt_has(
    shard: Shard, room: Room, bob: User, alice: User
) -> None:
    board = document_of(room, Kind.BOARD)
    (shape,) = put(board, [fields_of("line")], author=bob)
    ask(alice, room, {"document": str(board.pk), "shapes": [shape]})
    about = next(frame["data"]["about"] for frame in log_of(room) if frame["type"] == "answer.asked")
    assert "[shape" not in about["text"]
    (row,) = Answer.objects.all()
    assert f"> 1. {pointing.shape_named(shape)} blue line" in dispatch.job_for(row).messages[-1]["content"]
    row.delete()
    step = steps.step_submit(rights(bob, room), "x = 5", after=None, ref=str(uuid4()), trace="t").data["step"]
    ask(alice, room, {"step": step})
    (row,) = Answer.objects.all()
    assert pointing.step_named(step) in dispatch.job_for(row).messages[-1]["content"]


@pytest.mark.django_db(transaction=True)
def test_a15_who_may_not_read_a_shape_gets_no_reference_to_it(
    shard: Shard, room: Room, charlie: User, bob: User, alice: User
) -> None:
    """References are told of what was asked about, and that is read by the asker's rights (A13)."""
    (board, shape), (layer, hers) = shown_and_own(room, alice)
    for user, document, key in ((charlie, board, shape), (bob, layer, hers)):
        with pytest.raises((Http404, FrameError)):
            ask(user, room, {"document": str(document.pk), "shapes": [key]})
    assert not Event.objects.filter(type="answer.asked").exists()


def shown_and_own(room: Room, owner: User) -> list[tuple[Document, str]]:
    """A line of hers on the board for all, and one on her own sheet."""
    sheets = [document_of(room, Kind.BOARD), Document.objects.create(room=room, kind=Kind.LAYER, owner=owner)]
    return [(sheet, put(sheet, [fields_of("line")], author=owner)[0]) for sheet in sheets]


def post(user: User, room: Room, about: dict[str, Any], text: str = "Look here") -> None:
    sent = {"type": "message.post", "id": str(uuid4()), "data": {"text": text, "about": about}}
    actions.perform(user, room.pk, frames.decode(frames.encode(sent)))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("text", ["Look here", "so 1 + 1 = 2"])
def test_a16_a_message_points_at_shapes_as_the_server_reads_them(
    shard: Shard, room: Room, bob: User, alice: User, text: str
) -> None:
    board = document_of(room, Kind.BOARD)
    (shape,) = put(board, [fields_of("line")], author=bob)
    post(alice, room, {"document": str(board.pk), "shapes": [shape]}, text)
    (said,) = [frame["data"] for frame in log_of(room) if frame["type"] == "message.posted"]
    assert (said["text"], said["about"]["shapes"]) == (text, [shape])
    assert said["about"]["text"] == "1. blue line, from (10, 20) to (110, 70)"
    (item,) = projection.state_read(rights(bob, room), 9)["items"]
    assert item["about"] == said["about"]


@pytest.mark.django_db(transaction=True)
def test_a16_nobody_points_at_what_is_not_hers_to_show(
    shard: Shard, room: Room, charlie: User, bob: User, alice: User
) -> None:
    (board, shape), (layer, his) = shown_and_own(room, bob)
    step = steps.step_submit(rights(bob, room), "x = 5", after=None, ref=str(uuid4()), trace="t").data["step"]
    here, hidden = {"document": str(board.pk), "shapes": [shape]}, {"document": str(layer.pk), "shapes": [his]}
    with pytest.raises(Http404):
        post(charlie, room, here)
    for about, field in ((hidden, "document"), ({**here, "shapes": [his]}, "shapes"), ({"step": step}, "")):
        with pytest.raises(FrameError) as caught:
            post(alice, room, about)
        assert caught.value.field == ".".join(filter(None, ["data.about", field]))
    assert not Event.objects.filter(type="message.posted").exists()
