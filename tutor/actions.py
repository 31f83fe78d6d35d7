"""The tutor's verbs, wired into rooms by ``classroom.routing``."""

from __future__ import annotations

from uuid import UUID

from classroom.rooms.access import RoomRights
from classroom.rooms.frames import ClientFrame, FrameError, text_checked
from tutor import answers


def answer_ask(rights: RoomRights, frame: ClientFrame, trace: str) -> int | None:
    return answers.answer_ask(rights, text_checked(frame.data.text), ref=frame.id, trace=trace).seq


def answer_stop(rights: RoomRights, frame: ClientFrame, trace: str) -> int | None:
    try:
        answer_id = UUID(frame.data.answer)
    except ValueError:
        raise FrameError("bad_field", "`data.answer` must be a UUID.", field="data.answer") from None
    return answers.answer_stop(rights, answer_id, ref=frame.id, trace=trace).seq
