"""What the frames of a room do to its boards: (rights, frame, trace) → seq of the event, or None where nothing changed."""

from __future__ import annotations

from classroom.board import modes
from classroom.rooms.access import RoomRights
from classroom.rooms.frames import ClientFrame
from classroom.rooms.models import Event


def mode_set(rights: RoomRights, frame: ClientFrame, trace: str) -> int | None:
    return _seq(modes.mode_set(rights, frame.data.mode, about={"ref": frame.id, "trace": trace}))


def grant_set(rights: RoomRights, frame: ClientFrame, trace: str) -> int | None:
    about = {"ref": frame.id, "trace": trace}
    return _seq(modes.grant_set(rights, frame.data.person, frame.data.write, about=about))


def reveal_set(rights: RoomRights, frame: ClientFrame, trace: str) -> int | None:
    about = {"ref": frame.id, "trace": trace}
    return _seq(modes.reveal_set(rights, frame.data.document, frame.data.on, about=about))


def _seq(event: Event | None) -> int | None:
    return event.seq if event is not None else None
