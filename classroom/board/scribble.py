"""Writing what sockets send: what waits for one document goes into its log in one transaction, in the order it came."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from django.db import Error

from classroom.board import access
from classroom.board import log as board_log
from classroom.board.access import BoardRights
from classroom.board.log import Draft, Outcome, Row
from classroom.board.models import Document
from classroom.board.place import Place, Waiting
from classroom.board.replica import UpdateRefused
from classroom.board.sockets import Socket
from classroom.rooms.frames import BAD_FRAMES_ALLOWED, Close, retry_spread
from classroom.rooms.offload import offload

if TYPE_CHECKING:
    from classroom.board.relay import Relay

log = structlog.get_logger(__name__)


class Scribble:
    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    def submit(self, place: Place, socket: Socket, data: bytes) -> None:
        """Take an update; its socket hears ``board.saved`` or ``board.refused`` with its number."""
        socket.heard += 1
        place.inbox.append(Waiting(socket, socket.origin, socket.heard, data))
        if not place.writing:
            place.writing = True
            self._relay.spawn(self._write(place))

    async def _write(self, place: Place) -> None:
        taken: list[Waiting] = []
        try:
            while place.inbox:
                taken = [place.inbox.popleft() for _ in range(min(place.batch, len(place.inbox)))]
                drafts = [Draft(one.data, one.socket.rights.room.user, one.origin) for one in taken]
                outcomes = await offload(board_log.updates_append, place.document_id, drafts, allow=Allowed())
                self._relay.place(place, [one for one in outcomes if isinstance(one, Row)])
                self._tell(taken, outcomes)
                taken = []
        except (Error, Document.DoesNotExist) as error:
            # They keep what they have, come back, and it arrives again as their step 2.
            log.warning("board_not_saved", document=str(place.document_id), error=str(error))
        finally:
            self._end(place, taken)

    def _end(self, place: Place, taken: list[Waiting]) -> None:
        """``taken``: nothing is known of these, so their sockets begin anew. From then on each update is written by itself:
        if one of them was to blame, the next time it takes nobody else along."""
        for one in taken:
            place.batch = 1
            one.socket.close(Close.RESTART, retry_ms=retry_spread(500, 3_000))
        place.writing = bool(place.inbox) and not self._relay.draining
        if place.writing:
            self._relay.spawn(self._write(place))
        self._relay.leave_if_empty(place)

    def _tell(self, taken: list[Waiting], outcomes: list[Outcome]) -> None:
        done: dict[Socket, int] = {}
        for one, outcome in zip(taken, outcomes, strict=True):
            if not isinstance(outcome, UpdateRefused):
                done[one.socket] = one.n
                continue
            if one.socket in done:
                one.socket.saved(done.pop(one.socket))
            one.socket.refused(one.n, outcome)
            if one.socket.refused_in_a_row >= BAD_FRAMES_ALLOWED and outcome.code == "malformed":
                one.socket.close(Close.BAD_FRAME)
        for socket, n in done.items():
            socket.saved(n)


class Allowed:
    """Whether somebody may write at this moment: read under the document's lock, once a person and batch."""

    def __init__(self) -> None:
        self._rights: dict[UUID, BoardRights | None] = {}

    def __call__(self, document: Document, draft: Draft) -> None:
        assert draft.author is not None
        key = draft.author.pk
        if key not in self._rights:
            self._rights[key] = access.rights_of([(key, document.pk)]).get((key, document.pk))
        rights = self._rights[key]
        if rights is None:
            raise UpdateRefused("forbidden", "This board is not yours.")
        rights.write_require()
