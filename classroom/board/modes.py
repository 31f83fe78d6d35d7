"""Who may write on the boards of a room, as its staff switch it live (Q5–Q8): told to the room, and to every open board."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from classroom.board import access
from classroom.board.log import document_group
from classroom.board.models import Board, Document, Grant, Kind, Mode
from classroom.rooms import access as room_access
from classroom.rooms import broadcast, journal
from classroom.rooms.access import RoomRights
from classroom.rooms.frames import FrameError
from classroom.rooms.models import Event, Room

Ref = dict[str, str]  # ref and trace of the client frame


def mode_set(rights: RoomRights, mode: str, *, about: Ref) -> Event | None:
    """Switch the room's mode; None: it was so already. Raises FrameError ``bad_field``."""
    if mode not in Mode.values:
        raise FrameError("bad_field", f"`data.mode` must be one of {', '.join(Mode.values)}.", field="data.mode")

    def change() -> dict[str, Any] | None:
        if access.mode_of(rights.room) == mode:
            return None
        Board.objects.update_or_create(room=rights.room, defaults={"mode": mode})
        return {"mode": mode}

    return _switch(rights, "board.changed", change, about)


def grant_set(rights: RoomRights, person: str, write: bool | None, *, about: Ref) -> Event | None:
    """Give somebody of the room her own right to write, or take it; None gives her back to the mode. Raises FrameError."""
    whose = _person(rights, person)
    if whose.staff:
        raise FrameError("bad_field", _("Staff may always write."), field="data.person")

    def change() -> dict[str, Any] | None:
        mine = Grant.objects.filter(room=rights.room, person=whose.user)
        if mine.values_list("write", flat=True).first() is write:
            return None
        if write is None:
            mine.delete()
        else:
            Grant.objects.update_or_create(room=rights.room, person=whose.user, defaults={"write": write})
        return {"person": whose.by, "write": write}

    return _switch(rights, "board.granted", change, about)


def reveal_set(rights: RoomRights, document_id: str, on: bool, *, about: Ref) -> Event | None:
    """Show a student's layer to everybody in the room, or hide it again. Raises FrameError ``bad_field``."""
    key = _key(document_id, "data.document")
    layer = Document.objects.select_related("owner").filter(pk=key, room=rights.room, kind=Kind.LAYER).first()
    if layer is None or layer.owner is None:
        raise FrameError("bad_field", _("This room has no such layer."), field="data.document")
    owner = {"id": str(layer.owner.pk), "name": layer.owner.name}

    def change() -> dict[str, Any] | None:
        if not Document.objects.filter(pk=key).exclude(revealed=on).update(revealed=on):
            return None
        return {"document": str(key), "owner": owner, "on": on}

    return _switch(rights, "board.revealed", change, about)


def _switch(rights: RoomRights, kind: str, change: Callable[[], dict[str, Any] | None], about: Ref) -> Event | None:
    """Change and tell in one transaction. It holds every document of the room meanwhile: whatever is written afterwards
    reads the new rights, and what was written before is in its log."""
    room = rights.room
    with transaction.atomic():
        earlier = Event.objects.filter(room=room, actor=rights.user, ref=about["ref"]).first()
        if earlier is not None:
            return earlier
        Room.objects.select_for_update().get(pk=room.pk)  # as the journal does: rooms are locked before documents
        documents = list(
            Document.objects.select_for_update().filter(room=room).order_by("pk").values_list("pk", flat=True)
        )
        data = change()
        if data is None:
            return None
        event = journal.append(room.pk, type=kind, data=data, actor=rights.user, by=rights.by, **about)
        transaction.on_commit(partial(_rights_tell, documents))
        return event


def _rights_tell(document_ids: list[UUID]) -> None:
    """Every process that has one of these open reads its people's rights anew; without Redis within seconds."""
    for key in document_ids:
        broadcast.group_tell(document_group(key), {"type": "board.rights", "document": str(key)})


def _person(rights: RoomRights, person: str) -> RoomRights:
    key = (_key(person, "data.person"), rights.room.pk)
    whose = room_access.rights_of([key]).get(key)
    if whose is None:
        raise FrameError("bad_field", _("Nobody of this room has that id."), field="data.person")
    return whose


def _key(text: str, field: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise FrameError("bad_field", f"`{field}` must be a UUID.", field=field) from None


def grants_of(room: Room) -> list[dict[str, Any]]:
    """Who has a right of her own to write, or none: {person {id, name}, write}, by name."""
    found = [
        {"person": {"id": str(grant.person.pk), "name": grant.person.name}, "write": grant.write}
        for grant in Grant.objects.filter(room=room).select_related("person")
    ]
    return sorted(found, key=lambda one: str(one["person"]["name"]))
