"""The load client: the members of one room, or of several, in one process, on a CPU of its own.

Asked by lines (see talk):
- {"do": "enter", "host", "port", "path", "protocols": [one a member; "" for the peer], "deaf", "deltas"}, beside those
  who are in → {"entered", "refused": {code: number}}; who is deaf comes in and then reads nothing more, who wants deltas
  counts the chunks of answers and not messages
- {"do": "expect", "upto": seq, "timed", "total"} → {}, then {"do": "wait"} → what came; ``total``: so many deliveries, in
  whatever rooms, and not all events up to ``upto`` in one
- {"do": "leave"} → {}
While members receive, it writes into a pipe up to which event all of them have everything.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import contextlib
import gc
import json
import os
import struct
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from tests.bench import processor
from tests.bench.sockets import Listener, Member, SocketIoMember
from tests.bench.talk import answers_only

ENTER_S = 30.0
STALLED_S = 15.0
AT_ONCE = 20  # a class does not press Enter in the same millisecond, and a backlog is not what is measured


class Audience:
    def __init__(self, acks: int) -> None:
        os.set_blocking(acks, False)
        self._acks = acks
        self.timed = False
        self._ages: list[int] = []
        self._members: list[Member] = []
        self._deaf: list[Member] = []
        self._counts: collections.Counter[int] = collections.Counter()
        self._all_have = self._from = self._upto = self._deliveries = self._disordered = self._restarted = 0
        self._total = 0
        self._ack_due = False
        self._moved = asyncio.Event()

    # ---- what members tell

    def received(self, seq: int) -> None:
        self._deliveries += 1
        if self._total:
            if self._deliveries >= self._total:
                self._moved.set()
            return
        count = self._counts[seq] + 1
        if count < len(self._members):
            self._counts[seq] = count
            return
        del self._counts[seq]  # members receive in order: whoever has this one has all before it
        self._all_have = seq
        if not self._ack_due:
            self._ack_due = True
            asyncio.get_running_loop().call_soon(self._ack)

    def age(self, ns: int) -> None:
        self._ages.append(ns)

    def disordered(self) -> None:
        self._disordered += 1

    def restarted(self) -> None:
        self._restarted += 1

    def _ack(self) -> None:
        self._ack_due = False
        self._moved.set()
        with contextlib.suppress(BlockingIOError):  # only a producer that does not read it fills the pipe
            os.write(self._acks, struct.pack("=q", self._all_have))

    # ---- what the bench asks

    async def enter(
        self, host: str, port: int, path: str, protocols: list[str], *, deaf: bool = False, deltas: bool = False
    ) -> dict[str, Any]:
        gate = asyncio.Semaphore(AT_ONCE)
        loop = asyncio.get_running_loop()
        kind = SocketIoMember if path.startswith("/socket.io/") else Listener if deltas else Member

        async def one(offered: str) -> tuple[Member, int]:
            async with gate:
                _, member = await loop.create_connection(
                    lambda: kind(self, f"{host}:{port}", path, offered), host, port
                )
                return member, await asyncio.wait_for(member.entered, ENTER_S)

        came = await asyncio.gather(*map(one, protocols))
        members = [member for member, code in came if not code]
        for member in members if deaf else ():
            member.deafen()
        (self._deaf if deaf else self._members).extend(members)
        refused = collections.Counter(code for _, code in came if code)
        return {
            "entered": len(self._members) + len(self._deaf),
            "refused": {str(code): number for code, number in refused.items()},
        }

    async def expect(self, upto: int, timed: bool, total: int = 0) -> dict[str, Any]:
        gc.collect()
        self._total = total
        self._from, self._upto, self._deliveries, self.timed = self._upto, upto, 0, timed
        self._ages = []
        return {}

    async def wait(self) -> dict[str, Any]:
        """Until everybody has everything, or nothing has moved for STALLED_S."""
        while self._deliveries < self._total or (not self._total and self._all_have < self._upto):
            before = self._deliveries
            self._moved.clear()
            try:
                await asyncio.wait_for(self._moved.wait(), STALLED_S)
            except TimeoutError:
                if self._deliveries == before:
                    break
        ages = sorted(self._ages)
        return {
            "deliveries": self._deliveries,
            "expected": self._total or (self._upto - self._from) * len(self._members),
            "disordered": self._disordered,
            "restarted": self._restarted,
            "p50_ms": percentile_ms(ages, 0.50),
            "p95_ms": percentile_ms(ages, 0.95),
            "p99_ms": percentile_ms(ages, 0.99),
        }

    async def leave(self) -> dict[str, Any]:
        for member in (*self._members, *self._deaf):
            member.close()
        self._members, self._deaf, self._total = [], [], 0
        self._all_have = self._upto = self._disordered = self._restarted = 0
        self._counts.clear()
        await asyncio.sleep(0.2)
        return {}


def percentile_ms(ages: list[int], part: float) -> float:
    """The age in ms below which ``part`` of the sorted ``ages`` (ns) lie; 0 without any."""
    return round(ages[min(len(ages) - 1, int(len(ages) * part))] / 1e6, 3) if ages else 0.0


async def serve(acks: int) -> None:
    answer = answers_only()
    lines = asyncio.StreamReader(limit=2**24)  # 200 tickets in one line
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    audience = Audience(acks)
    verbs: dict[str, Callable[..., Awaitable[dict[str, Any]]]] = {
        "enter": audience.enter,
        "expect": audience.expect,
        "wait": audience.wait,
        "leave": audience.leave,
    }
    answer({"ready": True})
    while line := await lines.readline():
        message = json.loads(line)
        try:
            answer(await verbs[message.pop("do")](**message))
        except (OSError, TimeoutError) as error:
            answer({"error": f"{type(error).__name__}: {error}"})


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.audience")
    parser.add_argument("--acks", type=int, required=True, help="the writing end of the pipe to the producer")
    parser.add_argument("--cpu", type=int, required=True)
    options = parser.parse_args()
    processor.move_to({options.cpu})
    gc.freeze()
    asyncio.run(serve(options.acks))


if __name__ == "__main__":
    main()
