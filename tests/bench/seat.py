"""A member's place in a room, for a bench that asks and speaks itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.sync.client import connect

from classroom.rooms.frames import SUBPROTOCOL, TICKET_PREFIX
from tests.ledger import Ledger


@contextmanager
def seated(url: str, room: str, ticket: str) -> Iterator[Ledger]:
    """Her socket for as long as the ``with`` lasts. ``url``: of the web process, http."""
    protocols: Any = [SUBPROTOCOL, f"{TICKET_PREFIX}{ticket}"]
    address = f"{url.replace('http', 'ws', 1)}/ws/rooms/{room}/"
    with connect(address, subprotocols=protocols, compression=None, max_queue=None, close_timeout=2) as socket:
        yield Ledger(socket, None, None)
