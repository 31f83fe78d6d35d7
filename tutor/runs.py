"""Runs of the room's code, as the browser that did them reports them (Z1–Z4). The server never runs code of people.

A report is what somebody's browser says. It is worth as much as a sentence in the chat, and is never called verified.
"""

from __future__ import annotations

from django.db import transaction

from classroom.rooms import journal
from classroom.rooms.access import RoomRights
from classroom.rooms.frames import FrameError, text_checked
from classroom.rooms.models import Event
from classroom.rooms.verbs import CodeRun
from tutor import controls


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
