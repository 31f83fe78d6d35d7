"""The wall's live stream: all tiles first, then each that changes, as server-sent events.

The hub says which rooms have changed; every RIGHTS_S everything is read again: rights, which may have been taken away,
rooms that are new or gone, and badges that time alone changes.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError

from classroom.board import thumbnails
from classroom.board.thumbnails import thumbnails_due
from classroom.dashboard.access import may_look
from classroom.dashboard.selectors import Tile, tiles_for
from classroom.people.models import User
from classroom.rooms.hub import hub
from classroom.rooms.models import Room
from classroom.rooms.offload import offload
from tutor.class_worker import task_ring

RIGHTS_S = 5.0
KEEP_ALIVE_S = 25.0
QUIET_S = 1.0
RETRY_MS = 2_000


@dataclass(frozen=True, slots=True)
class Spectator:
    """Whose wall it is, and the page session that it lives in."""

    user_id: UUID
    session_key: str

    def tiles(self, room_ids: Iterable[UUID] | None = None) -> list[Tile] | None:
        """The tiles she may see now; None when she may look no more (removed, disabled, logged out)."""
        user = User.objects.filter(pk=self.user_id, is_active=True).first()
        if user is None or not may_look(user) or not self._session_lives():
            return None
        tiles = tiles_for(user, room_ids)
        if room_ids is None:  # every RIGHTS_S: boards are drawn only while somebody looks at a wall
            for document_id in thumbnails_due(UUID(tile["room"]) for tile in tiles):
                task_ring(thumbnails.TASK, document_id)
        return tiles

    def _session_lives(self) -> bool:
        store = import_module(settings.SESSION_ENGINE).SessionStore
        return bool(store().exists(self.session_key))


def sse(event: str, data: Any) -> str:
    """One server-sent event. JSON has no line breaks, so one data line is enough."""
    return f"event: {event}\ndata: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n"


class Wall:
    """What the browser knows, so that only what differs is sent."""

    def __init__(self) -> None:
        self.told: dict[str, Tile] = {}

    def first(self, tiles: list[Tile]) -> str:
        self.told = {tile["room"]: tile for tile in tiles}
        return sse("tiles", {"tiles": tiles})

    def changes(self, tiles: list[Tile], looked_at: set[str] | None) -> list[str]:
        """Events for what differs. ``looked_at``: the rooms that ``tiles`` was asked for, None for all of them."""
        fresh = {tile["room"]: tile for tile in tiles}
        gone = [room for room in self.told if room not in fresh and (looked_at is None or room in looked_at)]
        changed = [tile for room, tile in fresh.items() if self.told.get(room) != tile]
        for room in gone:
            del self.told[room]
        self.told.update(fresh)
        return [*(sse("gone", {"room": room}) for room in gone), *(sse("tile", tile) for tile in changed)]

    @property
    def rooms(self) -> set[UUID]:
        return {UUID(room) for room in self.told}


async def wall_stream(spectator: Spectator, *, clock: Callable[[], float] = time.monotonic) -> AsyncIterator[str]:
    """Server-sent events until the spectator may look no more, or the database is away (the browser comes back)."""
    wall = Wall()
    tiles = await offload(spectator.tiles)
    if tiles is None:
        return
    yield f"retry: {RETRY_MS}\n\n" + wall.first(tiles)
    read_at = spoke_at = clock()
    try:
        async with aclosing(_ticks(wall)) as ticks:
            async for changed in ticks:
                due = changed is None or clock() - read_at >= RIGHTS_S
                events = await _news(spectator, wall, None if due else changed)
                if events is None:
                    return
                read_at = clock() if due else read_at
                if not events and clock() - spoke_at >= KEEP_ALIVE_S:
                    events = [": keep-alive\n\n"]
                for event in events:
                    spoke_at = clock()
                    yield event
    except DatabaseError:
        return


async def _news(spectator: Spectator, wall: Wall, changed: set[UUID] | None) -> list[str] | None:
    """What to tell after these rooms have changed (None: read everything); None when the spectator may look no more."""
    if changed is not None and not changed:
        return []
    tiles = await offload(spectator.tiles, changed)
    if tiles is None:
        return None
    return wall.changes(tiles, None if changed is None else {str(room) for room in changed})


async def _ticks(wall: Wall) -> AsyncGenerator[set[UUID] | None, None]:
    """Which rooms of the wall have changed, at least every QUIET_S; watches anew when other rooms stand on the wall."""
    while True:
        watched = wall.rooms
        async with aclosing(_watch(watched)) as changes:
            async for changed in changes:
                yield changed
                if wall.rooms != watched:
                    break


async def _watch(rooms: set[UUID]) -> AsyncGenerator[set[UUID] | None, None]:
    """The hub's word on these rooms; None, and the end, when one of them has been deleted since its tile was read."""
    watching = cast("AsyncGenerator[set[UUID], None]", hub().watch(rooms, quiet_s=QUIET_S))
    try:
        async with aclosing(watching) as changes:
            async for changed in changes:
                yield changed
    except Room.DoesNotExist:
        yield None
