"""One process's part in presence: it says whom it sees, and shows its viewers who is here over all processes."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog

from classroom.rooms import broadcast, frames, presence
from classroom.rooms.feed import Feed
from classroom.rooms.layer import LAYER_ERRORS
from classroom.rooms.offload import offload
from classroom.rooms.viewers import Viewer

if TYPE_CHECKING:
    from classroom.rooms.hub import Hub

log = structlog.get_logger(__name__)
SETTLE_S = 0.2  # a reload leaves and comes back at once: say it once


class Roster:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._due = asyncio.Event()
        self._left: dict[UUID, list[dict[str, Any]]] = {}

    def come(self) -> None:
        self._due.set()

    def leave(self, viewer: Viewer) -> None:
        """The person's last viewer of this process in that room has gone."""
        self._left.setdefault(viewer.room_id, []).append(viewer.person)
        self._due.set()

    async def run(self) -> None:
        """Say who is here: soon after somebody comes or goes, and every BEAT_S."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._due.wait(), presence.BEAT_S)
                await asyncio.sleep(SETTLE_S)
            self._due.clear()
            await self._beat()

    async def _beat(self) -> None:
        feeds = self._hub.feeds
        here = {room: [*{v.user_id: v.person for v in feed.viewers}.values()] for room, feed in feeds.items()}
        left, self._left = self._left, {}
        for room_id, people in left.items():
            back = {person["id"] for person in here.get(room_id, [])}
            left[room_id] = [person for person in people if person["id"] not in back]
        try:
            await offload(presence.present_beat, self._hub.process, here, left)
            for room_id in left:
                await offload(broadcast.presence_tell, room_id)
        except LAYER_ERRORS as error:
            log.warning("presence_away", error=str(error))
        await self.read(list(feeds.values()), tell=True)

    async def present(self, room_id: UUID) -> list[dict[str, Any]]:
        return (await offload(presence.present_in, [room_id]))[room_id]

    async def read(self, feeds: list[Feed], *, tell: bool = False) -> None:
        """Show what has changed; with ``tell`` the other processes look too."""
        people = await offload(presence.present_in, [feed.room_id for feed in feeds])
        for feed in feeds:
            if people[feed.room_id] != feed.present:
                feed.present = people[feed.room_id]
                feed.tell_ephemeral(frames.encode(frames.event_frame("presence.changed", {"present": feed.present})))
                for watcher in feed.watchers:
                    watcher.changed(feed.room_id)
                if tell:
                    await offload(broadcast.presence_tell, feed.room_id)
