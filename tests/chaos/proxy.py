"""A proxy of our own between two parts: it delays, stalls without a FIN, cuts, throttles, or refuses.

    proxy = Proxy(background, target=("127.0.0.1", 5432))            # or a Path, for a unix socket
    proxy.port; proxy.set(delay_s=0.1); proxy.stall(); proxy.go_on(); proxy.cut()

What is set holds for both directions and, but for ``freeze``, for connections that come later too.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from pathlib import Path

from tests.chaos.background import Background

PIECE = 65_536
Address = Path | tuple[str, int]


class Link:
    """One connection through the proxy."""

    def __init__(self, near: asyncio.StreamWriter, far: asyncio.StreamWriter) -> None:
        self.near, self.far = near, far
        self.moving = asyncio.Event()
        self.moving.set()

    def abort(self) -> None:
        for side in (self.near, self.far):
            transport = side.transport
            if transport is not None:
                transport.abort()


class Proxy:
    def __init__(self, background: Background, *, target: Address, path: Path | None = None) -> None:
        """Listens on ``path``, or on a free port of 127.0.0.1 (``port``)."""
        self.target, self.path = target, path
        self.port = 0
        self.delay_s = 0.0
        self.rate = 0.0  # bytes a second and direction; 0: no limit
        self.refusing = False
        self.bytes = 0
        self.links: set[Link] = set()
        self._background = background
        self._stalled = False
        self._pumps: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server = background.run(self._listen())

    # ---- faults, from any thread

    def set(self, *, delay_s: float | None = None, rate: float | None = None, refusing: bool | None = None) -> None:
        self.delay_s = self.delay_s if delay_s is None else delay_s
        self.rate = self.rate if rate is None else rate
        self.refusing = self.refusing if refusing is None else refusing

    def stall(self) -> None:
        """Everything stands still, also what connects from now on; nobody is told (no FIN, no RST)."""

        def stop() -> None:
            self._stalled = True
            for link in self.links:
                link.moving.clear()

        self._background.call(stop)

    def freeze(self) -> int:
        """The connections of this moment stand still for ever; later ones work. Gives back how many there are."""

        def stop() -> int:
            for link in self.links:
                link.moving.clear()
            return len(self.links)

        return self._background.call(stop)

    def go_on(self) -> None:
        def start() -> None:
            self._stalled = False
            for link in self.links:
                link.moving.set()

        self._background.call(start)

    def cut(self) -> int:
        """Every connection is reset. Gives back how many there were."""

        def cut() -> int:
            links = list(self.links)
            for link in links:
                link.abort()
            return len(links)

        return self._background.call(cut)

    def heal(self) -> None:
        """No fault any more; what was frozen goes on."""
        self.set(delay_s=0.0, rate=0.0, refusing=False)
        self.go_on()

    def close(self) -> None:
        async def end() -> None:
            self._server.close()
            for link in list(self.links):
                link.abort()
            for pump in list(self._pumps):
                pump.cancel()
            await asyncio.gather(*self._pumps, return_exceptions=True)

        self._background.run(end())

    # ---- in the loop

    async def _listen(self) -> asyncio.Server:
        if self.path is not None:
            return await asyncio.start_unix_server(self._serve, self.path, limit=PIECE)
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=PIECE)
        self.port = int(server.sockets[0].getsockname()[1])
        return server

    async def _serve(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._pumps.add(task)
        try:
            if not self.refusing:
                await self._join(reader, near)
        except (OSError, asyncio.CancelledError):
            pass  # the other side is not there, or we are closing: ours is cut, as a kernel would
        finally:
            self._pumps.discard(task)
            near.close()

    async def _join(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        if isinstance(self.target, Path):
            back, far = await asyncio.open_unix_connection(self.target, limit=PIECE)
        else:
            back, far = await asyncio.open_connection(*self.target, limit=PIECE)
        for side in (near, far):
            if side.get_extra_info("socket").family == socket.AF_INET:
                side.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link = Link(near, far)
        if self._stalled:
            link.moving.clear()
        self.links.add(link)
        try:
            there = asyncio.ensure_future(self._pump(link, reader, far))
            await self._pump(link, back, near)
            there.cancel()
            await asyncio.gather(there, return_exceptions=True)
        finally:
            self.links.discard(link)
            far.close()

    async def _pump(self, link: Link, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Carry what comes, in order. An end is carried on too, once everything before it is out."""
        with suppress(OSError):
            while piece := await source.read(PIECE):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                if self.rate:
                    await asyncio.sleep(len(piece) / self.rate)
                await link.moving.wait()
                self.bytes += len(piece)
                sink.write(piece)
                await sink.drain()
            await link.moving.wait()
            if sink.can_write_eof():
                sink.write_eof()
