"""What the tests of the tutor say again and again: a question, and what a worker sends about it."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import uuid4

from classroom.people.models import User
from classroom.rooms import access, journal
from classroom.rooms.access import RoomRights
from classroom.rooms.models import Room
from inference_worker.job import Output
from tests.rooms import wire
from tutor import answers
from tutor.models import Answer


def rights(user: User, room: Room) -> RoomRights:
    return access.room_for(user, room.pk)


def ask(user: User, room: Room, text: str = "why?", ref: str = "") -> Answer:
    """Asks, as the person's frame would; gives back the answer's row."""
    event = answers.answer_ask(rights(user, room), text, ref=ref or str(uuid4()), trace=uuid4().hex)
    return Answer.objects.get(pk=event.data["answer"])


def fresh(answer: Answer) -> Answer:
    return Answer.objects.get(pk=answer.pk)


def started(answer: Answer, attempt: int = 0) -> Output:
    """``attempt`` 0, here and below: the one of the row as it was read."""
    info = {"model": "demo", "engine": "scripted", "worker": "w1"}
    return Output(str(answer.pk), attempt or answer.attempt, "started", answer.raw_length, info=info)


def text(answer: Answer, offset: int, words: str, attempt: int = 0) -> Output:
    return Output(str(answer.pk), attempt or answer.attempt, "text", offset, words)


def done(answer: Answer, raw: str, reason: str = "stop", attempt: int = 0, **info: Any) -> Output:
    digest = hashlib.sha256(raw.encode()).hexdigest()
    info = {"prompt_tokens": 11, "completion_tokens": 7, **info}
    return Output(str(answer.pk), attempt or answer.attempt, "done", len(raw), reason=reason, sha256=digest, info=info)


def log_of(room: Room, after: int = 0) -> list[dict[str, Any]]:
    """Every event of the room, each checked against the wire."""
    return [wire.checked(event.frame()) for event in journal.read(room.pk, after=after)]


def types(room: Room) -> list[str]:
    return [frame["type"] for frame in log_of(room)]


def shown(room: Room, answer: Answer) -> str:
    """What a viewer who joined all deltas has on the screen; each must begin where the last one ended."""
    seen = ""
    for frame in log_of(room):
        if frame["type"] == "answer.delta" and frame["data"]["answer"] == str(answer.pk):
            assert frame["data"]["offset"] == len(seen)
            seen += frame["data"]["text"]
    return seen
