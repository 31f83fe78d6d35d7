"""What the viewers of one process may see, read again and again: removed, logged out and expired people are closed (H5)."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog
from django.db import Error

from classroom.people.digests import auth_digest
from classroom.people.models import RevokedSession
from classroom.rooms import access
from classroom.rooms.frames import Close
from classroom.rooms.offload import offload

if TYPE_CHECKING:
    from classroom.rooms.hub import Hub
    from classroom.rooms.viewers import Viewer

log = structlog.get_logger(__name__)
RIGHTS_S = 5.0
WITHOUT_DATABASE_S = 30.0  # rights that could not be read for so long are no rights


class Rights:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._read_at = time.monotonic()

    async def run(self) -> None:
        while True:
            await asyncio.sleep(RIGHTS_S)
            await self.read()

    async def read(self) -> None:
        """One batch of queries for all viewers. Without the database everybody stays for WITHOUT_DATABASE_S."""
        try:
            await self._read()
            self._read_at = time.monotonic()
        except Error as error:
            log.warning("rights_away", error=str(error))
            if time.monotonic() - self._read_at > WITHOUT_DATABASE_S:
                for viewer in self._hub.viewers():
                    viewer.close(Close.RESTART, retry_ms=5_000)

    async def _read(self) -> None:
        viewers = self._hub.viewers()
        if not viewers:
            return
        rights = await offload(access.rights_of, [(v.user_id, v.room_id) for v in viewers])
        revoked = await offload(_revoked, {v.session for v in viewers if v.session})
        for viewer in viewers:
            mine = rights.get((viewer.user_id, viewer.room_id))
            if mine is None:
                viewer.close(Close.REVOKED)
            elif viewer.session in revoked or viewer.auth not in ("", auth_digest(mine.user)) or _over(viewer):
                viewer.close(Close.EXPIRED)  # the room is still hers: she may sign in again
            else:
                viewer.renew(mine)


def _over(viewer: Viewer) -> bool:
    return viewer.until is not None and viewer.until < datetime.now(UTC)


def _revoked(sessions: set[str]) -> set[str]:
    return set(RevokedSession.objects.filter(digest__in=sessions).values_list("digest", flat=True))
