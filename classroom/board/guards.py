"""What the sockets of one process may see and do, read again and again, and at once when somebody says it has changed."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog
from django.db import Error

from classroom.board import access
from classroom.people.digests import auth_digest
from classroom.people.models import RevokedSession
from classroom.rooms.frames import Close
from classroom.rooms.offload import offload

if TYPE_CHECKING:
    from classroom.board.relay import Relay
    from classroom.board.sockets import Socket

log = structlog.get_logger(__name__)
RIGHTS_S = 5.0
WITHOUT_DATABASE_S = 30.0  # rights that could not be read for so long are no rights


class Guards:
    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._read_at = time.monotonic()

    async def run(self) -> None:
        while True:
            await asyncio.sleep(RIGHTS_S)
            await self.read(self._relay.sockets())

    async def read(self, sockets: list[Socket]) -> None:
        """One batch of queries. Without the database everybody stays for WITHOUT_DATABASE_S."""
        try:
            await self._read(sockets)
            self._read_at = time.monotonic()
        except Error as error:
            log.warning("rights_away", error=str(error))
            if time.monotonic() - self._read_at > WITHOUT_DATABASE_S:
                for socket in sockets:
                    socket.close(Close.RESTART, retry_ms=5_000)

    async def _read(self, sockets: list[Socket]) -> None:
        if not sockets:
            return
        rights = await offload(access.rights_of, [(one.user_id, one.document_id) for one in sockets])
        revoked = await offload(_revoked, {one.session for one in sockets if one.session})
        for socket in sockets:
            mine = rights.get((socket.user_id, socket.document_id))
            if mine is None:
                socket.close(Close.REVOKED)
            elif socket.session in revoked or socket.auth not in ("", auth_digest(mine.room.user)) or _over(socket):
                socket.close(Close.EXPIRED)  # the board is still hers: she may sign in again
            else:
                socket.renew(mine)


def _over(socket: Socket) -> bool:
    return socket.until is not None and socket.until < datetime.now(UTC)


def _revoked(sessions: set[str]) -> set[str]:
    return set(RevokedSession.objects.filter(digest__in=sessions).values_list("digest", flat=True))
