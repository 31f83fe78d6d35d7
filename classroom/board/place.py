"""One document in one process: its head, who looks at it, and what waits to be written. Pure bookkeeping: no await."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from classroom.board.awareness import States
from classroom.board.log import Row
from classroom.board.messages import UPDATE, sync_frame
from classroom.board.sockets import Socket, Wire
from classroom.rooms.viewers import PENDING_HIGH

EARLY_MAX = 1_000
BATCH = 32  # updates in one transaction


@dataclass(frozen=True, slots=True)
class Told:
    """A row of the log as it goes out: encoded once."""

    seq: int
    origin: str
    wire: Wire

    @classmethod
    def of(cls, row: Row) -> Told:
        return cls(row.seq, row.origin, Wire(sync_frame(UPDATE, row.data)))


@dataclass(frozen=True, slots=True)
class Waiting:
    """An update that a socket has sent: its ``n``-th."""

    socket: Socket
    origin: str
    n: int
    data: bytes


class Place:
    def __init__(self, document_id: UUID) -> None:
        self.document_id = document_id
        self.head: int | None = None  # None until the log was read: hints wait in `early`
        self.early: dict[int, Row] = {}
        self.outgoing: list[Told] = []
        self.sockets: set[Socket] = set()
        self.inbox: deque[Waiting] = deque()
        self.writing = False
        self.batch = BATCH
        self.subscribed = False
        self.states = States()

    def ingest(self, rows: Iterable[Row]) -> bool:
        """Take hints or log rows in any order; True if a hole is left that only the log can fill."""
        for row in rows:
            if self.head is None or row.seq > self.head:
                self.early[row.seq] = row
        if self.head is None:
            return False
        while self.head + 1 in self.early:
            self.head += 1
            self.outgoing.append(Told.of(self.early.pop(self.head)))
        if len(self.early) > EARLY_MAX:
            self.early.clear()
        return bool(self.early)

    def start(self, head: int) -> None:
        self.head = head
        self.early = {seq: row for seq, row in self.early.items() if seq > head}

    def flush(self) -> list[Socket]:
        """Write what is new to every live socket; gives back those that must catch up because they read too slowly."""
        told, self.outgoing = self.outgoing, []
        slow = []
        for socket in self.sockets:
            if socket.backlog is not None:
                socket.backlog += told
            elif socket.live and socket.pending() > PENDING_HIGH:
                socket.live = False
                slow.append(socket)
            elif socket.live:
                write(socket, told)
        return slow


def write(socket: Socket, told: Iterable[Told]) -> None:
    """Rows above its cursor, but for its own."""
    for one in told:
        if one.seq > socket.cursor:
            socket.cursor = one.seq
            if one.origin != socket.origin:
                socket.send(one.wire)
