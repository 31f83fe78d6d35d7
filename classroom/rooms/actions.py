"""What a client frame does: one function a verb, each (rights, frame, trace) → seq of its event, or None.

``perform`` is the one door for WebSocket and POST: it reads the rights from live state for every frame. The verbs of the
tutor are wired in by ``classroom.routing``.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from classroom.people.models import User
from classroom.rooms import access, broadcast, frames, journal, limits
from classroom.rooms.access import RoomRights
from classroom.rooms.frames import ClientFrame, FrameError
from classroom.rooms.models import Room
from classroom.rooms.wiring import action


def perform(user: User, room_id: UUID, frame: ClientFrame) -> dict[str, Any]:
    """Authorise and do what the frame asks; gives back the ack. Raises FrameError, or Http404 without any right."""
    rights = access.room_for(user, room_id)
    _require(rights, frame.type)
    limits.spend(rights, frame.type)
    trace = uuid4().hex
    with structlog.contextvars.bound_contextvars(trace=trace, room=str(room_id), verb=frame.type):
        seq = action(frame.type)(rights, frame, trace)
    return frames.ack_frame(frame.id, seq)


def _require(rights: RoomRights, verb: str) -> None:
    if access.VERB_NEEDS[verb] == "look":
        return
    if not rights.may_write:
        raise FrameError("forbidden", _("You may look in this room, but not write."))
    if rights.room.state != Room.State.OPEN:
        raise FrameError("room_closed", _("This room is closed."))
    if access.VERB_NEEDS[verb] == "staff" and not rights.staff:
        raise FrameError("forbidden", _("Only the staff of this class may do this."))


def message_post(rights: RoomRights, frame: ClientFrame, trace: str, about: dict[str, Any] | None = None) -> int | None:
    """``about``: what it points at, as it was read from the room's own rows, never as the client says it."""
    data = {"text": frames.text_checked(frame.data.text), **({"about": about} if about else {})}
    return _append(rights, frame, trace, "message.posted", data)


def hand_raise(rights: RoomRights, frame: ClientFrame, trace: str) -> int | None:
    return _append(rights, frame, trace, "hand.raised", {})


def hand_lower(rights: RoomRights, frame: ClientFrame, trace: str) -> int | None:
    """Lower one's own hand; staff may lower anybody's who is in the room."""
    whose = rights
    if frame.data.user is not None and frame.data.user != str(rights.user.pk):
        if not rights.staff:
            raise FrameError("forbidden", _("Only staff may lower somebody else's hand."), field="data.user")
        whose = _other(rights, frame.data.user)
    return _append(rights, frame, trace, "hand.lowered", {"user": whose.by})


def typing_show(rights: RoomRights, frame: ClientFrame, trace: str) -> int | None:
    broadcast.ephemeral_tell(
        rights.room.pk, frames.event_frame("typing.shown", {}, by=rights.by, ref=frame.id, trace=trace)
    )
    return None


def _other(rights: RoomRights, user_id: str) -> RoomRights:
    try:
        key = (UUID(user_id), rights.room.pk)
    except ValueError:
        raise FrameError("bad_field", "`data.user` must be a UUID.", field="data.user") from None
    other = access.rights_of([key]).get(key)
    if other is None:
        raise FrameError("bad_field", _("Nobody of this room has that id."), field="data.user")
    return other


def _append(rights: RoomRights, frame: ClientFrame, trace: str, kind: str, data: dict[str, Any]) -> int:
    with transaction.atomic():
        return journal.append(
            rights.room.pk, type=kind, data=data, actor=rights.user, by=rights.by, ref=frame.id, trace=trace
        ).seq
