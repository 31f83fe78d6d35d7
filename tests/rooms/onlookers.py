"""Viewers for tests: they keep what was written to them, and read as slowly as they are told."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

from classroom.people.models import User
from classroom.rooms import frames
from classroom.rooms.access import RoomRights
from classroom.rooms.feed import Told
from classroom.rooms.models import Room
from classroom.rooms.viewers import Batch, Viewer


class Onlooker(Viewer):
    """Keeps every frame as an object in ``seen``; ``unread`` is what it says is pending."""

    def __init__(self, rights: RoomRights, **kwargs: Any) -> None:
        super().__init__(rights, **kwargs)
        self.seen: list[dict[str, Any]] = []
        self.batches: list[Batch] = []
        self.unread = 0
        self.retry_ms: int | None = None

    def write(self, batch: Batch) -> None:
        assert self.closed is None, "nothing is written to a closed viewer"
        self.batches.append(batch)
        self.seen += [json.loads(text) for text in batch.texts]

    def pending(self) -> int:
        return self.unread

    def close(self, code: int, *, retry_ms: int | None = None) -> None:
        if self.closed is None:
            self.closed, self.retry_ms = code, retry_ms

    @property
    def seqs(self) -> list[int]:
        """Places in the log, in the order in which they were shown; a snapshot stands for its own."""
        return [frame["seq"] for frame in self.seen if frame.get("seq") is not None and frame["type"] != "ack"]

    def types(self) -> list[str]:
        return [frame["type"] for frame in self.seen]

    def epochs(self) -> list[str]:
        """Of the snapshots that came."""
        return [frame["data"]["epoch"] for frame in self.seen if frame["type"] == "snapshot"]


def onlooker(role: str = "student", *, room_id: UUID | None = None, user_id: UUID | None = None) -> Onlooker:
    """Somebody who stands in no database."""
    user = User(pk=user_id or uuid4(), username="u", role=role)
    return Onlooker(RoomRights(Room(pk=room_id or uuid4(), title="r"), user, role))


def told(seq: int, audience: str = "all", *, removes: UUID | str | None = None, epoch: str = "") -> Told:
    """A hint of an event at ``seq``."""
    kind = "message.posted" if removes is None else "member.removed"
    data = {"text": str(seq)} if removes is None else {"user": {"id": str(removes), "name": "u", "role": "student"}}
    return Told(seq, audience, frames.encode(frames.event_frame(kind, data, seq=seq)), epoch)
