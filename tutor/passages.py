"""What a question or a highlight points at: a step, or a part of what the tutor has shown. Always read from this room's rows.

An id that is unknown, or of another room, looks the same: ``bad_field`` that names it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.http import Http404
from django.utils.translation import gettext as _

from classroom.board.access import board_for
from classroom.board.describing import shapes_described
from classroom.board.log import document_load
from classroom.board.models import Kind
from classroom.board.scene import scene_read
from classroom.rooms.access import RoomRights
from classroom.rooms.frames import FrameError
from tutor.models import Answer, Step

QUOTE_MAX: Final = 2_000  # code points of a passage that is asked about


@dataclass(frozen=True, slots=True)
class Passage:
    """``text`` as the room has seen it; ``by``: who wrote the step or asked for the answer. ``seq``: the line that shows it."""

    text: str
    seq: int
    by: UUID | None
    step: str | None = None
    answer: str | None = None
    start: int | None = None
    end: int | None = None
    document: str | None = None
    shapes: tuple[str, ...] = ()

    @property
    def data(self) -> dict[str, Any]:
        """As events carry it and rows keep it."""
        names = ("seq", "step", "answer", "start", "end", "text")
        more = {"document": self.document, "shapes": list(self.shapes)} if self.document else {}
        return {name: getattr(self, name) for name in names} | more


def step_passage(rights: RoomRights, step_id: str) -> Passage:
    """Raises FrameError ``bad_field``."""
    step = Step.objects.filter(pk=_uuid(step_id, "data.about.step"), room=rights.room).first()
    if step is None:
        raise FrameError("bad_field", "This room has no such step.", field="data.about.step")
    return Passage(step.text, step.seq, step.by_id, step=str(step.pk))


def shapes_passage(rights: RoomRights, document_id: str, ids: Sequence[str]) -> Passage:
    """Shapes of a board of this room that this person may read now, told in words by the server (A13).

    The room reads the question with what it is about; so a layer that is not shown to all is quoted by its owner alone.
    Raises FrameError ``bad_field`` or ``forbidden``.
    """
    try:
        board = board_for(rights.user, _uuid(document_id, "data.about.document"))
    except Http404:
        raise FrameError("bad_field", "This room has no such board.", field="data.about.document") from None
    document = board.document
    if document.room_id != rights.room.pk or document.kind == Kind.CODE:
        raise FrameError("bad_field", "This room has no such board.", field="data.about.document")
    if document.kind == Kind.LAYER and not document.revealed and document.owner_id != rights.user.pk:
        raise FrameError("forbidden", _("Not everybody sees this sheet: show it first."), field="data.about.document")
    there = {shape.id: shape for shape in scene_read(document_load(document))}
    found = [there[one] for one in dict.fromkeys(ids) if one in there]
    if len(found) != len(set(ids)):
        raise FrameError("bad_field", "This board has no such shape.", field="data.about.shapes")
    text = shapes_described(found, QUOTE_MAX)
    return Passage(text, rights.room.last_seq, None, document=str(document.pk), shapes=tuple(one.id for one in found))


def answer_passage(rights: RoomRights, answer_id: str, start: int, end: int, *, prefix: str = "data") -> Passage:
    """Code points ``start`` to ``end`` of what an answer has shown. ``prefix``: where the fields stand in the frame.

    Raises FrameError ``bad_field`` or ``too_long``.
    """
    answer = Answer.objects.filter(pk=_uuid(answer_id, f"{prefix}.answer"), room=rights.room).first()
    if answer is None:
        raise FrameError("bad_field", "This room has no such answer.", field=f"{prefix}.answer")
    if end > len(answer.shown):
        raise FrameError("bad_field", f"The answer has {len(answer.shown)} characters.", field=f"{prefix}.end")
    if start >= end or not answer.shown[start:end].strip():
        raise FrameError("bad_field", _("There is nothing between these places."), field=f"{prefix}.start")
    if end - start > QUOTE_MAX:
        raise FrameError(
            "too_long", _("A passage has %(n)s characters at most.") % {"n": f"{QUOTE_MAX:,}"}, field=f"{prefix}.end"
        )
    text = answer.shown[start:end]
    return Passage(text, answer.asked_seq, answer.asked_by_id, answer=str(answer.pk), start=start, end=end)


def _uuid(text: str, field: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise FrameError("bad_field", f"`{field}` must be a UUID.", field=field) from None
