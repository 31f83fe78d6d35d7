"""Receipts: every disclosure of a transcript is a row."""

from __future__ import annotations

from classroom.people.models import User
from classroom.review.models import ReadAudit
from classroom.rooms.models import Room

VIEW = "view"
EXPORT = "export"
COMMAND = "command"


def read_record(*, room: Room, actor: User | None, actor_name: str, verb: str, detail: str = "") -> ReadAudit:
    """Write a receipt. Call it inside the transaction that authorises the read."""
    return ReadAudit.objects.create(
        actor=actor, actor_name=actor_name, room=room, room_title=room.title, verb=verb, detail=detail
    )
