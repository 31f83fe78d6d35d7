"""Runs of the room's code, as the browser that did them reports them (Z1–Z4). The server never runs code of people.

A report is what somebody's browser says. It is worth as much as a sentence in the chat, and is never called verified.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import Http404

from classroom.board.access import board_for
from classroom.board.log import document_load
from classroom.board.models import Kind
from classroom.board.scene import code_read
from classroom.rooms import journal
from classroom.rooms.access import RoomRights
from classroom.rooms.frames import FrameError, text_checked
from classroom.rooms.models import Event
from classroom.rooms.verbs import CodeRun
from tutor import controls
from tutor.passages import QUOTE_MAX, Passage


def code_run(rights: RoomRights, said: CodeRun, *, ref: str, trace: str) -> Event:
    """Tell the room of a run, once for each ``ref`` (Z1). Raises FrameError ``forbidden`` or ``bad_field``."""
    controls.require(rights, "run", None)
    report_check(said)
    data = said.model_dump()
    with transaction.atomic():
        return journal.append(
            rights.room.pk, type="code.ran", data=data, actor=rights.user, by=rights.by, ref=ref, trace=trace
        )


def report_check(said: CodeRun) -> None:
    """Whether a report agrees with itself and can be kept. Raises FrameError ``bad_field``, which names the field."""
    if said.ok and said.ending != "done":
        raise FrameError("bad_field", "A run that was ended is not in order.", field="data.ok")
    texts = {"data.output": [said.output], "data.tests.failed": said.tests.failed if said.tests else []}
    for field, lines in texts.items():
        for line in lines:
            if line.strip():
                text_checked(line, field=field)
    if said.tests is not None and said.tests.passed > said.tests.total:
        raise FrameError("bad_field", "More tests have passed than there are.", field="data.tests.passed")


def code_passage(rights: RoomRights, document_id: str) -> Passage:
    """The room's code as it stands, and what a browser last reported of exactly this code (A14).

    Raises FrameError ``bad_field``.
    """
    field = "data.about.document"
    try:
        document = board_for(rights.user, UUID(document_id)).document
    except (Http404, ValueError):
        raise FrameError("bad_field", "This room has no such code.", field=field) from None
    if document.room_id != rights.room.pk or document.kind != Kind.CODE:
        raise FrameError("bad_field", "This room has no such code.", field=field)
    code = code_read(document_load(document))
    if not code.strip():
        raise FrameError("bad_field", "There is no code yet.", field=field)
    ran = Event.objects.filter(room=rights.room, type="code.ran", audience=journal.ALL).order_by("-seq").first()
    same = ran is not None and ran.data["sha256"] == hashlib.sha256(code.encode()).hexdigest()
    said = run_words(ran.data) if ran is not None and same else ""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", code)), default=0))
    room = QUOTE_MAX - len(said) - 2 * len(fence) - 20
    shown = code if len(code) <= room else f"{code[:room]}\n…"
    text = f"{fence}python\n{shown.rstrip()}\n{fence}\n{said}".strip()
    return Passage(text, ran.seq if ran is not None else 0, None, document=str(document.pk))


def run_words(ran: dict[str, Any]) -> str:
    """A report in a sentence, as what it is. What was printed is not in it: that is anybody's text."""
    if ran["ending"] != "done":
        return "Its last run was ended before it was over."
    if not ran["ok"]:
        return "Its last run ended with an error."
    tests = ran["tests"]
    if tests is None:
        return "Its last run came to its end."
    return f"{tests['passed']} of {tests['total']} tests passed in the browser that ran it: a report, no proof."
