"""A process's one channel in the layer: which groups it listens to, and what is heard there. Redis may go and come back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import structlog
from channels.layers import get_channel_layer

from classroom.rooms import broadcast
from classroom.rooms.layer import LAYER_ERRORS

log = structlog.get_logger(__name__)
WAIT_S = 1.0
MESSAGES_A_PASS = 64


class Channel:
    """``heard`` gets every message; ``lost`` is called when Redis went: every group must be joined again."""

    def __init__(self, heard: Callable[[dict[str, Any]], None], lost: Callable[[], None]) -> None:
        self._heard, self._lost = heard, lost
        self._layer = get_channel_layer()
        self._name: str | None = None
        self._ready = asyncio.Event()
        self._begun_at = asyncio.get_running_loop().time()

    @property
    def is_ready(self) -> bool:
        return self._ready.is_set()

    async def join(self, group: str) -> bool:
        """Whether it listens to the group now. The first of a process waits for its channel, a second at most."""
        loop = asyncio.get_running_loop()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(max(loop.time(), self._begun_at + WAIT_S)):
                    await self._ready.wait()
            if self._name is not None:
                async with asyncio.timeout(WAIT_S):  # a Redis that hangs must not keep people out
                    await self._layer.group_add(group, self._name)
                return True
        except LAYER_ERRORS as error:
            log.warning("layer_away", group=group, error=str(error))
        return False

    async def part(self, group: str) -> None:
        if self._name is not None:
            try:
                async with asyncio.timeout(WAIT_S):
                    await self._layer.group_discard(group, self._name)
            except LAYER_ERRORS as error:
                log.warning("layer_away", group=group, error=str(error))

    async def run(self) -> None:
        while True:
            try:
                if self._name is None:
                    self._name = await self._layer.new_channel()
                    await self._layer.group_add(broadcast.EVERYWHERE, self._name)
                    self._ready.set()
                for _ in range(MESSAGES_A_PASS):
                    self._heard(await self._layer.receive(self._name))
                await asyncio.sleep(0)
            except LAYER_ERRORS as error:
                log.warning("layer_away", error=str(error))
                self._name = None
                self._ready.clear()
                self._lost()
                await asyncio.sleep(WAIT_S)
