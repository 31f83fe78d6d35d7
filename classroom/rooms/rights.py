"""What the sockets of one process may see, read again and again: removed, logged out and expired people are closed (H5).

One of these watches the viewers of rooms, another the sockets of boards: who has lost a right loses it in both alike.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Generic, Protocol, TypeVar
from uuid import UUID

import structlog
from django.db import Error

from classroom.people.digests import auth_digest
from classroom.people.models import RevokedSession, User
from classroom.rooms.frames import Close
from classroom.rooms.offload import offload

log = structlog.get_logger(__name__)
RIGHTS_S = 5.0
WITHOUT_DATABASE_S = 30.0  # rights that could not be read for so long are no rights
Key = tuple[UUID, UUID]  # a person, and the room or document that she looks at


class Held(Protocol):
    """Somebody's rights at something, as they were read."""

    @property
    def user(self) -> User: ...


R = TypeVar("R", bound=Held)
RIn = TypeVar("RIn", bound=Held, contravariant=True)


class Watched(Protocol[RIn]):
    """A socket. ``session`` and ``auth``: what it was opened by, "" is not compared; ``until``: when its token ends."""

    session: str
    auth: str
    until: datetime | None

    @property
    def key(self) -> Key: ...

    def renew(self, rights: RIn) -> None: ...

    def close(self, code: int, *, retry_ms: int | None = None) -> None: ...


class Rights(Generic[R]):
    """``everybody``: the sockets of this process. ``read``: the rights there are, for many at once; whoever has none is
    missing. Raises django.db.Error.
    """

    def __init__(
        self, everybody: Callable[[], Sequence[Watched[R]]], read: Callable[[list[Key]], Mapping[Key, R]]
    ) -> None:
        self._everybody, self._rights = everybody, read
        self._read_at = time.monotonic()

    async def run(self) -> None:
        while True:
            await asyncio.sleep(RIGHTS_S)
            await self.read()

    async def read(self, whose: Sequence[Watched[R]] | None = None) -> None:
        """One batch of queries for ``whose``, or everybody. Without the database they stay for WITHOUT_DATABASE_S."""
        sockets = self._everybody() if whose is None else whose
        try:
            await self._read(sockets)
            self._read_at = time.monotonic()
        except Error as error:
            log.warning("rights_away", error=str(error))
            if time.monotonic() - self._read_at > WITHOUT_DATABASE_S:
                for socket in sockets:
                    socket.close(Close.RESTART, retry_ms=5_000)

    async def _read(self, sockets: Sequence[Watched[R]]) -> None:
        if not sockets:
            return
        rights = await offload(self._rights, [socket.key for socket in sockets])
        revoked = await offload(_revoked, {socket.session for socket in sockets if socket.session})
        for socket in sockets:
            mine = rights.get(socket.key)
            if mine is None:
                socket.close(Close.REVOKED)
            elif socket.session in revoked or socket.auth not in ("", auth_digest(mine.user)) or _over(socket.until):
                socket.close(Close.EXPIRED)  # the place is still hers: she may sign in again
            else:
                socket.renew(mine)


def _over(until: datetime | None) -> bool:
    return until is not None and until < datetime.now(UTC)


def _revoked(sessions: set[str]) -> set[str]:
    return set(RevokedSession.objects.filter(digest__in=sessions).values_list("digest", flat=True))
