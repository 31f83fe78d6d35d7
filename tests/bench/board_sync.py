"""How old an update is when another person gets it: across our two web processes, and through y-websocket's own server.

Both ways carry the same bytes in the same run, at the same pace. Ours are committed to the log before they are told; the
peer's server keeps them in memory alone, in one process.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pycrdt import Doc, Map
from websockets.asyncio.client import ClientConnection, connect

from classroom.board.messages import STEP1, UPDATE, Sync, message_read, sync_frame
from classroom.supervisor.child import Child, children_stop
from classroom.supervisor.ports import listen
from tests.bench.board_house import School
from tests.bench.figures import Figure
from tests.board.peers import shape
from tests.services import wait_until

# The last release of y-websocket's server for the Yjs that our pages have.
PACKAGES: Final = ("@y/websocket-server@0.1.1", "yjs@13.6.33", "ws@6.2.3", "y-leveldb@0.1.2")
SERVER: Final = "node_modules/@y/websocket-server/src/server.js"
INSTALL_S: Final = 120
RATIO_AT_MOST: Final = 10.0  # ours is on the disk first, checked, and has crossed two processes
STROKE: Final = [value for at in range(40) for value in (at * 1.5, at * 0.7, 0.5)]


@dataclass(frozen=True, slots=True)
class Size:
    updates: int = 400
    rate: float = 40.0
    rounds: int = 3


@dataclass
class Ages:
    """Ages in ms, by round. ``theirs`` is empty where the peer could not be had."""

    ours: list[list[float]] = field(default_factory=list)
    theirs: list[list[float]] = field(default_factory=list)


def strokes(count: int, person: str) -> list[bytes]:
    """Strokes of a pen, an update each."""
    doc: Doc[Any] = Doc()
    shapes, told = doc.get("shapes", type=Map), []
    doc.observe(lambda event: told.append(bytes(event.update)))
    for at in range(count):
        key = f"00000000-0000-4000-8000-{at:012d}"
        shapes[key] = Map({**shape(kind="pen", points=STROKE, x=at, w=None, h=None), "by": person})
    return told


async def sitting(
    sender: ClientConnection, receiver: ClientConnection, updates: list[bytes], rate: float
) -> list[float]:
    """Send at a pace; the age of each at the other end, in ms. Raises AssertionError if one does not come."""
    sent: list[float] = []
    ages: list[float] = []
    whole = asyncio.Event()

    async def listen_() -> None:
        async for frame in receiver:
            message = message_read(frame) if isinstance(frame, bytes) else None
            if isinstance(message, Sync) and message.step == UPDATE:
                ages.append((time.perf_counter() - sent[len(ages)]) * 1_000)
                if len(ages) == len(updates):
                    whole.set()

    hearing = [asyncio.create_task(listen_()), asyncio.create_task(_drain(sender))]
    try:
        began = time.perf_counter()
        for at, data in enumerate(updates):
            await asyncio.sleep(began + at / rate - time.perf_counter())
            sent.append(time.perf_counter())
            await sender.send(sync_frame(UPDATE, data))
        async with asyncio.timeout(60):
            await whole.wait()
    finally:
        for task in hearing:
            task.cancel()
    return ages


async def _drain(line: ClientConnection) -> None:
    async for _ in line:
        pass


@asynccontextmanager
async def _line(url: str, protocols: Any = None) -> AsyncIterator[ClientConnection]:
    """A socket that has synced: what follows is live."""
    async with connect(
        url, subprotocols=protocols, compression=None, max_size=None, open_timeout=60, close_timeout=1
    ) as line:
        await line.send(sync_frame(STEP1, b"\x00"))
        async with asyncio.timeout(30):
            async for frame in line:
                message = message_read(frame) if isinstance(frame, bytes) else None
                if isinstance(message, Sync) and message.step != STEP1:
                    break
        yield line


async def ours(school: School, document: str, updates: list[bytes], rate: float) -> list[float]:
    def address(web: int) -> str:
        return f"{school.stack.urls[web].replace('http', 'ws', 1)}/ws/boards/{document}/"

    def protocols(person: int) -> list[str]:
        return ["board.v1", f"ticket.{school.ticket(school.people[person])}"]

    async with _line(address(0), protocols(0)) as sender, _line(address(1), protocols(1)) as receiver:
        return await sitting(sender, receiver, updates, rate)


async def theirs(port: int, name: str, updates: list[bytes], rate: float) -> list[float]:
    address = f"ws://127.0.0.1:{port}/{name}"
    async with _line(address) as sender, _line(address) as receiver:
        return await sitting(sender, receiver, updates, rate)


def peer_installed(folder: Path, say: Callable[[str], None]) -> Path | None:
    """The peer's folder, installed once through npm; None where there is no Node, or the packages cannot be had."""
    if (folder / SERVER).exists():
        return folder
    if shutil.which("node") is None or shutil.which("npm") is None:
        say("no Node: y-websocket is not measured")
        return None
    folder.mkdir(parents=True, exist_ok=True)
    argv = [
        "npm",
        "install",
        "--prefix",
        str(folder),
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--no-save",
        *PACKAGES,
    ]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=INSTALL_S, cwd=folder)
    except subprocess.TimeoutExpired:
        say("npm took too long: y-websocket is not measured")
        return None
    if done.returncode or not (folder / SERVER).exists():
        say(f"y-websocket cannot be installed: {done.stderr.strip()[-200:]}")
        return None
    return folder


def measured(school: School, documents: list[str], peer: Path | None, size: Size) -> Ages:
    """Both ways in turn, ``size.rounds`` times; a board of ours for each round."""
    found, updates = Ages(), strokes(size.updates, school.people[0])
    child, port = _peer_start(school, peer) if peer is not None else (None, 0)
    try:
        for number in range(size.rounds):
            found.ours.append(asyncio.run(ours(school, documents[number], updates, size.rate)))
            if child is not None:
                found.theirs.append(asyncio.run(theirs(port, f"round-{number}", updates, size.rate)))
    finally:
        if child is not None:
            children_stop([child], grace_s=2)
    return found


def _peer_start(school: School, folder: Path) -> tuple[Child, int]:
    with listen("127.0.0.1", 0) as free:
        port = int(free.getsockname()[1])
    with (school.stack.data / "y-websocket.log").open("ab") as output:
        environment = {**os.environ, "HOST": "127.0.0.1", "PORT": str(port)}
        argv = ["node", str(folder / SERVER)]
        child = Child(argv, school.stack.keeper, environment=environment, output=output, cwd=folder)
    log = school.stack.data / "y-websocket.log"
    wait_until(lambda: "running" in log.read_text(), "y-websocket's server listens")
    return child, port


def p95(ages: list[float]) -> float:
    return sorted(ages)[int(len(ages) * 0.95)]


def figures_of(found: Ages) -> list[Figure]:
    """The median over the rounds of our p95 beside the peer's in the same round."""
    ratios = sorted(p95(mine) / p95(other) for mine, other in zip(found.ours, found.theirs, strict=False))
    return [
        Figure(
            "sync_vs_ywebsocket", ratios[len(ratios) // 2] if ratios else None, "<=", RATIO_AT_MOST, ours=not found.ours
        )
    ]
