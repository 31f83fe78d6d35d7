"""Looking at many rooms without reading them: which have changed since one last looked (the dashboard's need)."""

from __future__ import annotations

import asyncio
from uuid import UUID


class Watcher:
    """Collects which rooms have changed until somebody looks."""

    def __init__(self) -> None:
        self._rooms: set[UUID] = set()
        self._event = asyncio.Event()

    def changed(self, room_id: UUID) -> None:
        self._rooms.add(room_id)
        self._event.set()

    async def wait(self, quiet_s: float) -> set[UUID]:
        try:
            await asyncio.wait_for(self._event.wait(), quiet_s)
        except TimeoutError:
            return set()
        rooms, self._rooms = self._rooms, set()
        self._event.clear()
        return rooms
