"""Who may stop, pause, put in, highlight and ask about in a room, as its staff set it (C1–C3): read anew for each frame."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from classroom.people.access import role_in
from classroom.people.models import User
from classroom.rooms import journal
from classroom.rooms.access import RoomRights
from classroom.rooms.frames import FrameError
from classroom.rooms.models import Room
from tutor.models import Answer, Controls

ACTIONS: Final = ("stop", "pause", "insert", "highlight", "about", "run")
WORDS: Final = {
    "stop": gettext_lazy("stop this answer"),
    "pause": gettext_lazy("pause this answer or let it go on"),
    "insert": gettext_lazy("put a word into this answer"),
    "highlight": gettext_lazy("highlight in this answer"),
    "about": gettext_lazy("ask about this"),
    "run": gettext_lazy("run the code"),
}


def controls_of(room: Room) -> dict[str, str]:
    """{action: everybody, asker or staff}; a room without a row of its own lets everybody."""
    row = Controls.objects.filter(room=room).first() or Controls()
    return {name: getattr(row, f"may_{name}") for name in ACTIONS}


def require(rights: RoomRights, action: str, owner: UUID | None) -> None:
    """``owner``: who asked for the answer, or wrote the step. Raises FrameError ``forbidden`` (C1)."""
    if rights.staff:
        return
    who = Controls.objects.filter(room=rights.room).values_list(f"may_{action}", flat=True).first()
    if who in (None, Controls.Who.EVERYBODY) or (who == Controls.Who.ASKER and owner == rights.user.pk):
        return
    words = _("In this room only the teacher may %(do)s.")
    if who == Controls.Who.ASKER:
        words = _("In this room only the teacher and who asked may %(do)s.")
    raise FrameError("forbidden", words % {"do": WORDS[action]})


def answer_require(rights: RoomRights, action: str, answer_id: UUID) -> None:
    """The same for an answer of this room; one that is not there is refused where it is looked for."""
    owner = Answer.objects.filter(pk=answer_id, room=rights.room).values_list("asked_by", flat=True).first()
    require(rights, action, owner)


@transaction.atomic
def controls_save(*, by: User, room: Room, wanted: dict[str, str]) -> Controls:
    """Tell the room who may do what from now on (C2). What stays as it was is not told."""
    before = controls_of(room)
    row, _ = Controls.objects.update_or_create(room=room, defaults={f"may_{name}": wanted[name] for name in ACTIONS})
    if (now := controls_of(room)) != before:
        who = journal.person(by, role_in(by, room.school_class))
        journal.append(room.pk, type="controls.changed", data={"controls": now}, actor=by, by=who)
    return row
