"""The tutor's verbs, wired into rooms by ``classroom.routing``."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from classroom.rooms import actions as room_actions
from classroom.rooms.access import RoomRights
from classroom.rooms.frames import ClientFrame, FrameError, text_checked
from tutor import answers, hands, hints, rungs, steps
from tutor.dispatch import question_check


def message_post(rights: RoomRights, frame: ClientFrame, trace: str) -> int | None:
    """What rooms do with a message, and its lines of maths as steps beside it (V7)."""
    lines = steps.lines_to_check(rights, text_checked(frame.data.text))
    if not lines:
        return room_actions.message_post(rights, frame, trace)
    with transaction.atomic():
        seq = room_actions.message_post(rights, frame, trace)
        steps.message_steps(rights, int(seq or 0), lines, trace=trace)
    return seq


def answer_ask(rights: RoomRights, frame: ClientFrame, trace: str) -> int | None:
    text = text_checked(frame.data.text)
    question_check(rights.room, text)
    return answers.answer_ask(rights, text, ref=frame.id, trace=trace).seq


def answer_stop(rights: RoomRights, frame: ClientFrame, trace: str) -> int | None:
    return answers.answer_stop(rights, _answer_id(frame), ref=frame.id, trace=trace).seq


def answer_pause(rights: RoomRights, frame: ClientFrame, trace: str) -> int | None:
    return hands.answer_pause(rights, _answer_id(frame), ref=frame.id, trace=trace).seq


def answer_resume(rights: RoomRights, frame: ClientFrame, trace: str) -> int | None:
    return hands.answer_resume(rights, _answer_id(frame), ref=frame.id, trace=trace).seq


def answer_insert(rights: RoomRights, frame: ClientFrame, trace: str) -> int | None:
    text = text_checked(frame.data.text)
    return hands.answer_insert(rights, _answer_id(frame), text, ref=frame.id, trace=trace).seq


def step_submit(rights: RoomRights, frame: ClientFrame, trace: str) -> int | None:
    text = text_checked(frame.data.text)
    return steps.step_submit(rights, text, after=_step_id(frame), ref=frame.id, trace=trace).seq


def hint_request(rights: RoomRights, frame: ClientFrame, trace: str) -> int | None:
    return hints.hint_request(rights, ref=frame.id, trace=trace).seq


def rung_move(rights: RoomRights, frame: ClientFrame, trace: str) -> int | None:
    return rungs.rung_move(rights, frame.data.rung, ref=frame.id, trace=trace).seq


def _step_id(frame: ClientFrame) -> UUID | None:
    try:
        return None if frame.data.after is None else UUID(frame.data.after)
    except ValueError:
        raise FrameError("bad_field", "`data.after` must be a UUID.", field="data.after") from None


def _answer_id(frame: ClientFrame) -> UUID:
    try:
        return UUID(frame.data.answer)
    except ValueError:
        raise FrameError("bad_field", "`data.answer` must be a UUID.", field="data.answer") from None
