"""The tutor's verbs, wired into rooms by ``classroom.routing``."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from classroom.rooms import actions as room_actions
from classroom.rooms.access import RoomRights
from classroom.rooms.frames import About, ClientFrame, FrameError, text_checked
from tutor import answers, controls, hands, highlights, hints, passages, prompt, rungs, runs, steps
from tutor.dispatch import question_check
from tutor.passages import Passage


def message_post(rights: RoomRights, frame: ClientFrame, trace: str) -> int | None:
    """What rooms do with a message, and its lines of maths as steps beside it (V7)."""
    text = text_checked(frame.data.text)
    about = _pointed(rights, frame.data.about) if frame.data.about is not None else None
    lines = steps.lines_to_check(rights, text)
    if not lines:
        return room_actions.message_post(rights, frame, trace, about)
    with transaction.atomic():
        seq = room_actions.message_post(rights, frame, trace, about)
        steps.message_steps(rights, int(seq or 0), lines, trace=trace)
    return seq


def _pointed(rights: RoomRights, about: About) -> dict[str, Any]:
    """What a message points at: shapes alone, read by the writer's rights of now (A16). Raises FrameError."""
    given = about.model_dump(exclude_none=True)
    if given.keys() != {"document", "shapes"}:
        raise FrameError("bad_field", "`data.about` of a message is {document, shapes}.", field="data.about")
    return passages.shapes_passage(rights, given["document"], given["shapes"]).data


def answer_ask(rights: RoomRights, frame: ClientFrame, trace: str) -> int | None:
    text = text_checked(frame.data.text)
    passage = _about(rights, frame.data.about) if frame.data.about is not None else None
    question_check(
        rights.room,
        prompt.question_about(text, passage.text, shapes=passage.shapes, step=passage.step) if passage else text,
    )
    asked = answers.answer_ask(
        rights, text, ref=frame.id, trace=trace, about=passage.data if passage else None,
        supersedes=None if frame.data.supersedes is None else _uuid(frame.data.supersedes, "data.supersedes"),
    )  # fmt: skip
    return asked.seq


def _about(rights: RoomRights, about: About) -> Passage:
    """What the question points at, if this person may ask about it (A11). Raises FrameError that names the field."""
    given = about.model_dump(exclude_none=True)
    if given.keys() == {"step"}:
        passage = passages.step_passage(rights, given["step"])
    elif given.keys() == {"answer", "start", "end"}:
        passage = passages.answer_passage(rights, given["answer"], given["start"], given["end"], prefix="data.about")
    elif given.keys() == {"document", "shapes"}:
        passage = passages.shapes_passage(rights, given["document"], given["shapes"])
    elif given.keys() == {"document"}:
        passage = runs.code_passage(rights, given["document"])
    else:
        words = "`data.about` is {step}, {answer, start, end}, {document, shapes} or {document}."
        raise FrameError("bad_field", words, field="data.about")
    controls.require(rights, "about", passage.by)
    return passage


def answer_stop(rights: RoomRights, frame: ClientFrame, trace: str) -> int | None:
    controls.answer_require(rights, "stop", _answer_id(frame))
    return answers.answer_stop(rights, _answer_id(frame), ref=frame.id, trace=trace).seq


def answer_pause(rights: RoomRights, frame: ClientFrame, trace: str) -> int | None:
    controls.answer_require(rights, "pause", _answer_id(frame))
    return hands.answer_pause(rights, _answer_id(frame), ref=frame.id, trace=trace).seq


def answer_resume(rights: RoomRights, frame: ClientFrame, trace: str) -> int | None:
    controls.answer_require(rights, "pause", _answer_id(frame))
    return hands.answer_resume(rights, _answer_id(frame), ref=frame.id, trace=trace).seq


def answer_insert(rights: RoomRights, frame: ClientFrame, trace: str) -> int | None:
    text = text_checked(frame.data.text)
    controls.answer_require(rights, "insert", _answer_id(frame))
    return hands.answer_insert(rights, _answer_id(frame), text, ref=frame.id, trace=trace).seq


def step_submit(rights: RoomRights, frame: ClientFrame, trace: str) -> int | None:
    text = text_checked(frame.data.text)
    after = _step_id(frame)
    if after is not None and frame.data.fresh:
        raise FrameError("bad_field", "A step follows another or begins anew, not both.", field="data.fresh")
    return steps.step_submit(rights, text, after=after, fresh=frame.data.fresh, ref=frame.id, trace=trace).seq


def code_run(rights: RoomRights, frame: ClientFrame, trace: str) -> int | None:
    return runs.code_run(rights, frame.data, ref=frame.id, trace=trace).seq


def highlight_set(rights: RoomRights, frame: ClientFrame, trace: str) -> int | None:
    place = frame.data.model_dump(include={"answer", "start", "end"})
    controls.answer_require(rights, "highlight", _answer_id(frame))
    event = highlights.highlight_set(rights, place, on=frame.data.on, ref=frame.id, trace=trace)
    return event.seq if event else None


def hint_request(rights: RoomRights, frame: ClientFrame, trace: str) -> int | None:
    return hints.hint_request(rights, ref=frame.id, trace=trace).seq


def rung_move(rights: RoomRights, frame: ClientFrame, trace: str) -> int | None:
    return rungs.rung_move(rights, frame.data.rung, ref=frame.id, trace=trace).seq


def _step_id(frame: ClientFrame) -> UUID | None:
    return None if frame.data.after is None else _uuid(frame.data.after, "data.after")


def _answer_id(frame: ClientFrame) -> UUID:
    return _uuid(frame.data.answer, "data.answer")


def _uuid(text: str, field: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise FrameError("bad_field", f"`{field}` must be a UUID.", field=field) from None
