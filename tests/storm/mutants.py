"""Frames that no client of ours would send, made from good and bad ones by small harm; others must not notice."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2 as httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.chaos.round import Round
from tests.chaos.screen import HELLO_S, Person, ticket_of

FIXTURES = Path(__file__).parents[1] / "frames"
VANDALS = 6
AHEAD = 6
HEARD_TRIES = 100
ODD: tuple[Any, ...] = (
    None, True, -1, 2**63, 1e308, "", "\u0000", "\ud800", "\u202e", "a" * 9_000, [], [[]], {}, {"$ne": 1}, "../..", "__class__",
    "1e999", "${x}", "' OR 1=1 --", "<img src=x onerror=alert(1)>",
)  # fmt: skip
# What an engine would be asked to do for minutes is not what this is about.
HARMLESS = re.compile(r"@scripted")


def samples() -> list[Any]:
    """Every client's frame of the contract, good and bad, that is an object at all."""
    rows = [row for path in sorted(FIXTURES.glob("*.json")) for row in json.loads(path.read_text(encoding="utf-8"))]
    return [row["frame"] for row in rows if row.get("direction") == "client" and "frame" in row]


def mutant(source: random.Random, frames: list[Any]) -> str | bytes:
    """One frame with one to three harms: in its object, then perhaps in its text, then perhaps in its bytes."""
    frame = json.loads(json.dumps(source.choice(frames)))
    for _ in range(source.randrange(1, 4)):
        frame = _bent(source, frame)
    text = json.dumps(frame, ensure_ascii=source.random() < 0.5)
    if source.random() < 0.4:
        text = _torn(source, text)
    text = HARMLESS.sub("scripted", text)
    if source.random() < 0.25:
        raw = bytearray(text.encode(errors="surrogatepass"))
        for _ in range(source.randrange(1, 4)):
            raw[source.randrange(len(raw))] = source.randrange(256)
        return bytes(raw)
    return text.encode(errors="replace").decode()


def _bent(source: random.Random, value: Any) -> Any:
    """Somewhere in it a value, a name or a level is another."""
    if isinstance(value, dict) and value and source.random() < 0.85:
        name = source.choice(list(value))
        way = source.random()
        if way < 0.5:
            return {**value, name: _bent(source, value[name])}
        if way < 0.65:
            return {key: one for key, one in value.items() if key != name}
        if way < 0.8:
            return {
                **value,
                source.choice(["Type", "data", "id", "seq", "by", "ref", " text", "__proto__"]): source.choice(ODD),
            }
        return {(key.upper() if key == name else key): one for key, one in value.items()}
    if source.random() < 0.1:
        for _ in range(source.randrange(1, 40)):
            value = [value] if source.random() < 0.5 else {"data": value}
        return value
    return source.choice(ODD)


def _torn(source: random.Random, text: str) -> str:
    at, way = source.randrange(len(text)), source.randrange(4)
    torn = (text[:at], text[at:], text[:at] + source.choice('{}[]",:\\0e-') + text[at:], text + text[:at])
    return torn[way] or "{"


def mutants(round: Round, count: int) -> Counter[str]:
    """Send ``count`` mutants into the round's room from several sockets, while others talk there.

    Gives back how often the server said what to them.
    """
    house = round.house
    others = round.join(4)
    said_before = {name: len(house.logs(name)) for name in ("web1", "web2")}
    processes = {name: house.children[name].pid for name in ("web1", "web2")}
    question = round.ask(others[0], words=60, rate=20)
    said: Counter[str] = Counter()
    crowd = [_Vandal(round, person, said) for person in house.people(len(others) + 1 + VANDALS)[-VANDALS:]]
    shares = [count // VANDALS + (number < count % VANDALS) for number in range(VANDALS)]

    async def rage() -> None:
        await asyncio.gather(*(one.rage(share) for one, share in zip(crowd, shares, strict=True)))

    for _ in range(3):
        round.say(others[1])
    house.background.run(rage(), timeout_s=60 + count / 20)
    round.inject(count)
    round.until(lambda: round.end(question), "the answer has its end")
    round.healed()
    still = {name: house.children[name].pid for name in processes if house.children[name].status() is None}
    round.expect(still == processes, f"a web process has ended: {processes} became {still}")
    for name in processes:
        round.expect("Traceback" not in house.logs(name)[said_before[name] :], f"{name} has a traceback in its log")
    return said


class _Vandal:
    """Somebody of the class who sends nonsense and comes back whenever she is thrown out."""

    def __init__(self, round: Round, person: Person, said: Counter[str]) -> None:
        self._person, self._room, self._said = person, round.room, said
        self._random = random.Random(round.random.randrange(2**32))
        self._frames = samples()
        self._told = 0
        self._urls = [round.house.url(0), round.house.url(1)]

    async def rage(self, count: int) -> None:
        left = count
        while left > 0:
            try:
                left -= await self._sitting(left)
            except (ConnectionClosed, InvalidHandshake, httpx.HTTPError, OSError, TimeoutError) as error:
                self._said[type(error).__name__] += 1

    async def _sitting(self, count: int) -> int:
        """One socket, until it is closed; how many mutants it took."""
        url = self._random.choice(self._urls)
        protocols: Any = ["classroom.v1", f"ticket.{await ticket_of(self._person, url)}"]
        address = f"{url.replace('http', 'ws', 1)}/ws/rooms/{self._room}/"
        sent = 0
        async with connect(
            address, subprotocols=protocols, compression=None, open_timeout=HELLO_S, close_timeout=1, ping_interval=None
        ) as line:
            reading = asyncio.ensure_future(self._read(line))
            try:
                if self._random.random() < 0.8:
                    await line.send(json.dumps({"type": "join", "id": "j", "data": {"after": None, "epoch": None}}))
                while sent < count and not reading.done():
                    sent += 1
                    await line.send(mutant(self._random, self._frames))
                    await self._heard(sent)
            except ConnectionClosed:
                pass
            finally:
                await asyncio.wait([reading], timeout=1.0)
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
        return sent

    async def _heard(self, sent: int) -> None:
        """A few frames ahead of the answers and no more: what a server is sent after it has cut the line tests nothing."""
        for _ in range(HEARD_TRIES):
            await asyncio.sleep(0.002)
            if sent - self._told < AHEAD:
                return
        self._told = sent  # some frames have no answer, and some answers take their time

    async def _read(self, line: ClientConnection) -> None:
        self._told = 0
        try:
            async for text in line:
                frame = json.loads(text)
                self._told += frame["type"] in ("error", "ack")
                if frame["type"] == "error":
                    self._said[frame["code"]] += 1
                elif frame["type"] == "ack":
                    self._said["ack"] += 1
        except ConnectionClosed:
            pass
        self._said[f"close {line.close_code}"] += 1
