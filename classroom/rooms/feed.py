"""One room in one process: its head, a ring of encoded events and the viewers with their cursors.

Pure bookkeeping: no await, no I/O. ``ingest`` takes hints in any order and gives way only to the next seq (H1); what it
cannot place waits in ``early`` until the log fills the hole.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from classroom.rooms import frames
from classroom.rooms.viewers import PENDING_HIGH, Batch, Viewer

RING = 512
EARLY_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Told:
    """An event as it is kept for delivery: encoded once."""

    seq: int
    audience: str
    text: str
    epoch: str = ""  # of its log; "" when it was read for the epoch that the feed has

    @property
    def removed_user(self) -> str | None:
        """Who was removed by this event, if it is a removal (encode writes the type first)."""
        if self.text.startswith('{"type":"member.removed"'):
            return str(json.loads(self.text)["data"]["user"]["id"])
        return None


class Feed:
    def __init__(self, room_id: UUID) -> None:
        self.room_id = room_id
        self.epoch = ""
        self.head: int | None = None  # None until the log was read: hints wait in `early`
        self.ring: deque[Told] = deque(maxlen=RING)
        self.early: dict[int, Told] = {}
        self.outgoing: list[Told] = []
        self.viewers: set[Viewer] = set()
        self.watchers: set[Any] = set()
        self.present: list[dict[str, Any]] = []
        self.subscribed = False
        self.foreign = False  # a hint of another epoch came: one of the two logs is gone

    def admit(self, viewer: Viewer) -> None:
        """Add a viewer, unless she was removed while she was on her way from her rights to here (F8)."""
        self.viewers.add(viewer)
        rights = viewer.rights
        since = [
            item
            for item in self.ring
            if rights.room.epoch == self.epoch and not rights.read_after(self.epoch, item.seq)
        ]
        if any(item.removed_user == str(viewer.user_id) for item in since):
            viewer.close(frames.Close.REVOKED)

    def ingest(self, told: list[Told]) -> bool:
        """Take hints or log rows; True if a hole is left that only the log can fill."""
        for item in told:
            if self.head is not None and item.epoch not in ("", self.epoch):
                self.foreign = True
            elif self.head is None or item.seq > self.head:
                self.early[item.seq] = item
        if self.head is None:
            return False
        while self.head + 1 in self.early:
            item = self.early.pop(self.head + 1)
            self.head = item.seq
            self.ring.append(item)
            self.outgoing.append(item)
            self._cut(item)
        if len(self.early) > EARLY_MAX:
            self.early.clear()
        return bool(self.early) or self.foreign

    def start(self, epoch: str, head: int) -> None:
        """Begin at the log's head; hints that came before are now placed."""
        self.epoch, self.head = epoch, head
        known = {"", epoch}
        self.early = {seq: item for seq, item in self.early.items() if seq > head and item.epoch in known}
        self.ring.clear()
        self.outgoing.clear()

    def flush(self) -> list[Viewer]:
        """Write what is new to every live viewer; gives back those who must catch up because they read too slowly."""
        told, self.outgoing = self.outgoing, []
        if not told:
            return []
        everybody = all(item.audience == "all" for item in told)
        shared: dict[frozenset[str], Batch] = {}
        slow = []
        for viewer in self.viewers:
            if not viewer.live:
                continue
            if viewer.pending() > PENDING_HIGH:
                viewer.live = False
                slow.append(viewer)
            elif viewer.cut_at is not None or viewer.cursor != told[0].seq - 1:
                self._write_own(viewer, told)
            else:
                key = frozenset() if everybody else viewer.audiences
                if key not in shared:
                    shared[key] = batch_for(told, viewer.audiences)
                viewer.write(shared[key])
                viewer.cursor = told[-1].seq
        return slow

    def since(self, cursor: int) -> list[Told] | None:
        """Events above ``cursor`` from the ring; None if the ring does not reach back so far."""
        if self.head is None or cursor > self.head:
            return None
        if cursor == self.head:
            return []
        if not self.ring or self.ring[0].seq > cursor + 1:
            return None
        return [item for item in self.ring if item.seq > cursor]

    def tell_ephemeral(self, text: str) -> None:
        batch = Batch([text], None)
        for viewer in self.viewers:
            if viewer.live:
                viewer.write(batch)

    def _cut(self, item: Told) -> None:
        """F8, unless her rights were read after that: then she had been taken back before she came."""
        user = item.removed_user
        if user is not None:
            for viewer in self.viewers:
                if str(viewer.user_id) == user and not viewer.rights.read_after(self.epoch, item.seq):
                    viewer.cut_at = item.seq

    def _write_own(self, viewer: Viewer, told: list[Told]) -> None:
        rest = [item for item in told if item.seq > viewer.cursor]
        if viewer.cut_at is not None:
            rest = [item for item in rest if item.seq <= viewer.cut_at]
        if rest:
            viewer.write(batch_for(rest, viewer.audiences))
            viewer.cursor = rest[-1].seq
        if viewer.cut_at is not None:
            viewer.live = False
            viewer.close(frames.Close.REVOKED)


def batch_for(told: list[Told], audiences: frozenset[str]) -> Batch:
    """The events as one kind of viewer gets them: in full, or as the stub at the same seq (F4)."""
    texts = [item.text if item.audience in audiences else frames.encode(frames.hidden_frame(item.seq)) for item in told]
    return Batch(texts, told[-1].seq)
