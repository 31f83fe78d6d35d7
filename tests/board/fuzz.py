"""A board under random hands: four people draw, fall off, come back; processes restart; somebody comes when all is over.

At the end every copy must be equal to the log's replay, byte by byte. The operations follow from the seed alone; how they
meet in time does not, which is the point.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from pycrdt import Doc, Map

from tests.board.peers import Peer
from tests.services import until

PROCESSES = 2
KINDS: dict[str, dict[str, Any]] = {
    "pen": {"points": [0, 0, 0.5, 3, 4, 1], "w": None, "h": None},
    "arrow": {"points": [0, 0, 10, 10], "w": None, "h": None},
    "polygon": {"points": [0, 0, 10, 0, 5, 8], "fill": "#aabbcc", "w": None, "h": None},
    "rectangle": {},
    "text": {"text": "Pythagoras: a² + b² = c², 勾股定理"},
    "formula": {"latex": r"\frac{1}{2}"},
}


def encoded(doc: Doc[Any]) -> bytes:
    """A document's bytes, as a fresh copy of it writes them: where its neighbours were joined into one struct depends on the
    order in which they came, and says nothing of what is in it."""
    fresh: Doc[Any] = Doc()
    fresh.apply_update(doc.get_update())
    return fresh.get_update()


class House(Protocol):
    """What a round happens in."""

    def peer(self, at: int) -> Peer: ...

    async def connect(self, peer: Peer, process: int) -> None: ...

    async def restart(self, process: int) -> None: ...

    async def replay(self) -> Doc[Any]: ...


@dataclass
class Outcome:
    seed: int
    operations: int = 0
    restarts: int = 0
    disconnects: int = 0
    refused: int = 0
    shapes: int = 0
    bytes: int = 0
    diverged: str = ""


class Fuzz:
    """One seed. ``restarts``: how often a web process falls while they draw."""

    def __init__(self, house: House, seed: int, *, operations: int, peers: int = 4, restarts: int = 1) -> None:
        self.house, self.random = house, random.Random(seed)
        self.outcome = Outcome(seed)
        self.peers = [house.peer(at) for at in range(peers)]
        self.operations = operations
        self.restarts = set(self.random.sample(range(operations // 4, operations), restarts))

    async def run(self) -> Outcome:
        try:
            for peer in self.peers:
                await self._connect(peer)
            for at in range(self.operations):
                await self._step(at)
            await self._settle()
            late = self.house.peer(len(self.peers))
            self.peers.append(late)
            await self._connect(late)
            await self._compare()
        finally:
            for peer in self.peers:
                await peer.disconnect()
        return self.outcome

    async def _connect(self, peer: Peer) -> None:
        """To a process that is there: the others are coming back."""
        for _ in range(200):
            await peer.disconnect()
            await self.house.connect(peer, self.random.randrange(PROCESSES))
            if peer.closed is None:
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"no way in: {peer.closed} {peer.reason}")

    async def _step(self, at: int) -> None:
        self.outcome.operations += 1
        if at in self.restarts:
            self.outcome.restarts += 1
            await self.house.restart(self.random.randrange(PROCESSES))
        peer = self.random.choice(self.peers)
        if peer.refused:
            self._begin_anew(peer)
        roll = self.random.random()
        if roll < 0.06:
            self.outcome.disconnects += 1
            await peer.disconnect()
        elif roll < 0.14 or (peer.closed is not None and roll < 0.4):
            await self._connect(peer)
        else:
            self._act(peer)
        if self.random.random() < 0.3:
            await asyncio.sleep(self.random.choice([0, 0, 0.001, 0.01]))

    def _begin_anew(self, peer: Peer) -> None:
        self.outcome.refused += len(peer.refused)
        peer.told = [frame for frame in peer.told if frame["type"] != "board.refused"]
        peer.begin()
        if peer.closed is None:
            peer.synced.clear()
            peer.step1()

    def _act(self, peer: Peer) -> None:
        keys = sorted(peer.seen())
        acts: list[Callable[[Peer, list[str]], None]] = [self._draw] * 4 + [self._move] * 4
        acts += [self._style, self._erase, self._page, self._many, self._wrong]
        self.random.choice(acts)(peer, keys)

    def _draw(self, peer: Peer, keys: list[str]) -> None:
        kind = self.random.choice(sorted(KINDS))
        key = str(UUID(int=self.random.getrandbits(128), version=4))
        peer.draw(
            key, **{"kind": kind, "x": self.random.randrange(1_000), "z": self.random.randrange(50), **KINDS[kind]}
        )

    def _move(self, peer: Peer, keys: list[str]) -> None:
        if keys:
            shape = peer.shapes[self.random.choice(keys)]
            with peer.doc.transaction():
                shape["x"], shape["y"] = self.random.randrange(1_000), self.random.random() * 1_000

    def _style(self, peer: Peer, keys: list[str]) -> None:
        if keys:
            peer.shapes[self.random.choice(keys)]["stroke"] = f"#{self.random.randrange(2**24):06x}"

    def _erase(self, peer: Peer, keys: list[str]) -> None:
        if keys:
            del peer.shapes[self.random.choice(keys)]

    def _page(self, peer: Peer, keys: list[str]) -> None:
        if len(peer.pages) < 4:
            peer.pages.append(Map({"id": str(self.random.randrange(10**9)), "title": "Page 页"}))
        else:
            del peer.pages[self.random.randrange(len(peer.pages))]

    def _many(self, peer: Peer, keys: list[str]) -> None:
        """Draws and erases in one transaction: what is gone before anybody sees it."""
        with peer.doc.transaction():
            for _ in range(3):
                self._draw(peer, keys)
            for key in self.random.sample(keys, min(2, len(keys))):
                del peer.shapes[key]

    def _wrong(self, peer: Peer, keys: list[str]) -> None:
        if self.random.random() < 0.5:
            peer.draw(str(UUID(int=self.random.getrandbits(128), version=4)), kind="text", text="<script>x</script>")

    async def _settle(self) -> None:
        """Everybody is back, and everything that was drawn is in the log or refused."""
        for _ in range(20):
            for peer in self.peers:
                if peer.refused:
                    self._begin_anew(peer)
                if peer.closed is not None:
                    await self._connect(peer)
            for peer in self.peers:
                await until(lambda peer=peer: peer.closed or peer.synced.is_set(), "synced", 30)  # type: ignore[misc]  # a lambda with a default
                await peer.settled()
            if all(peer.closed is None and not peer.refused for peer in self.peers):
                return
        raise AssertionError("it does not settle")

    async def _compare(self) -> None:
        replay = await self.house.replay()
        whole = encoded(replay)
        try:
            await until(lambda: all(encoded(peer.doc) == whole for peer in self.peers), "all copies are equal", 20)
        except AssertionError:
            wrong = [at for at, peer in enumerate(self.peers) if encoded(peer.doc) != whole]
            self.outcome.diverged = f"peers {wrong}"
        self.outcome.bytes = len(whole)
        self.outcome.shapes = len(replay.get("shapes", type=Map).to_py() or {})
