"""A channel layer that is unkind to group messages: of those that arrive it drops, doubles and reorders some, by a seed.

``tests.chaos.layer_settings`` puts it in place of the product's own, for the processes that are started with it.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from classroom.rooms.layer import HintLayer

HELD_S = 0.1  # a message that is to be overtaken does not wait longer for one that overtakes it
KIND_TO = {"health.echo"}  # what /readyz sends to itself is no hint


class Unkind:
    """Decides what becomes of each message. Pure: the same seed does the same."""

    def __init__(self, seed: int, *, drop: float = 0.2, double: float = 0.2, reorder: float = 0.2) -> None:
        self._random = random.Random(seed)
        self._bounds = (drop, drop + double, drop + double + reorder)
        self._held: Any = None
        self.counts: Counter[str] = Counter()

    def take(self, message: Any) -> list[Any]:
        """What is delivered now that this one has come: nothing, it, it twice, or it and one that it has overtaken."""
        roll = self._random.random()
        drop, double, reorder = self._bounds
        if roll < drop:
            self.counts["dropped"] += 1
            return []
        if roll < double:
            self.counts["doubled"] += 1
            return [message, *self.release(), message]
        if roll < reorder and self._held is None:
            self.counts["reordered"] += 1
            self._held = message
            return []
        return [message, *self.release()]

    def release(self) -> list[Any]:
        held, self._held = self._held, None
        return [] if held is None else [held]

    @property
    def holding(self) -> bool:
        return self._held is not None


@dataclass(slots=True)
class Mailbox:
    """One channel: what it may read now, and the wait for what comes."""

    unkind: Unkind
    ready: deque[Any] = field(default_factory=deque)
    coming: asyncio.Task[Any] | None = None


class UnkindLayer(HintLayer):
    def __init__(self, *arguments: Any, seed: int = 0, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._seed = seed
        self._boxes: dict[str, Mailbox] = {}

    def deliver(self, channel: str, heard: Callable[[dict[str, Any]], None]) -> None:
        box = self._boxes[channel] = Mailbox(Unkind(self._seed + len(self._boxes)))

        def release() -> None:
            for message in box.unkind.release():
                heard(message)

        def take(message: dict[str, Any]) -> None:
            for told in [message] if message["type"] in KIND_TO else box.unkind.take(message):
                heard(told)
            if box.unkind.holding:
                asyncio.get_running_loop().call_later(HELD_S, release)

        super().deliver(channel, take)

    async def receive(self, channel: str) -> Any:
        box = self._boxes.setdefault(channel, Mailbox(Unkind(self._seed + len(self._boxes))))
        while not box.ready:
            if box.coming is None:
                box.coming = asyncio.ensure_future(self._get_layer().receive(channel))
            try:
                done, _ = await asyncio.wait({box.coming}, timeout=HELD_S if box.unkind.holding else None)
            except asyncio.CancelledError:
                box.coming.cancel()
                del self._boxes[channel]
                raise
            if done:
                coming, box.coming = box.coming, None
                message = coming.result()
                box.ready.extend([message] if message["type"] in KIND_TO else box.unkind.take(message))
            else:
                box.ready.extend(box.unkind.release())
        return box.ready.popleft()
