"""Every WebSocket of this process, from its first moment to its last, so that each can be told of a restart (F9).

A room's hub and a board's relay know only those who have joined; a restart finds others on their way in.
"""

from __future__ import annotations

import asyncio
from typing import Protocol


class Leaving(Protocol):
    def restart(self) -> None:
        """Close with 1012 and a moment to come back."""


class Doors:
    def __init__(self) -> None:
        self.closing = False
        self._open: set[Leaving] = set()

    def come(self, door: Leaving) -> None:
        self._open.add(door)

    def go(self, door: Leaving) -> None:
        self._open.discard(door)

    def close(self) -> None:
        """Tell everybody now, and from now on whoever is still on her way in."""
        self.closing = True
        for door in list(self._open):
            door.restart()

    @property
    def anybody(self) -> bool:
        return bool(self._open)


class _Holder:
    """As the hub, they belong to one event loop."""

    loop: asyncio.AbstractEventLoop | None = None
    doors = Doors()


def doors() -> Doors:
    """This process's doors."""
    loop = asyncio.get_running_loop()
    if _Holder.loop is not loop:
        _Holder.loop, _Holder.doors = loop, Doors()
    return _Holder.doors
