"""Rows about the database: E6, E7, E8."""

from __future__ import annotations

import resource
import sqlite3
import threading
import time
from contextlib import closing

import httpx2 as httpx
import psycopg

from tests.chaos.round import Round
from tests.services import NO_TLS

WRITERS = ("web1", "web2", "scribe")
SMALL = 4_096  # bytes: every file that grows is longer already
LOCKERS = 8
LOCKED_S = 3.0


def away(round: Round) -> None:
    """E6: PostgreSQL stands still, is restarted, or cuts every connection, in mid-answer."""
    house, screens = round.house, round.join(3)
    question = round.ask(screens[0], words=60, rate=25)
    round.written(question, round.random.randrange(1, 60))
    kind = ("still", "restarted", "cut")[round.seed % 3]
    round.inject()
    if kind == "still":
        for line in house.of("database"):
            line.stall()
        round.chat(round.lengths["database_down"], every_s=0.6)
        for line in house.of("database"):
            line.heal()
    elif kind == "restarted":
        house.postgres.stop()
        round.chat(round.lengths["database_down"], every_s=0.6)
        house.postgres.start()
    else:
        with psycopg.connect(house.postgres.url(), autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    round.healed()


def full(round: Round) -> None:
    """E7: no file may grow: writing is refused in words, reading goes on, and all is well when there is room again."""
    house, (asker, other, *_) = round.house, round.join(3)
    question = round.ask(asker, words=60, rate=30)
    round.written(question, round.random.randrange(1, 60))
    limits = [(house.children[name].pid, _limit(house.children[name].pid, SMALL)) for name in WRITERS]
    round.inject()
    refused = round.say(other)
    try:
        round.until(lambda: other.sent[refused].refused, "writing is refused")
        sorry = [f for f in other.frames if f["type"] == "error" and f["ref"] == refused]
        round.expect(sorry[0]["code"] == "unavailable" and "saved" in sorry[0]["message"], f"it said {sorry[0]}")
        reply = httpx.get(
            f"{house.url(0)}/api/rooms/{round.room}/events/?after=0&wait=0",
            headers={"Authorization": f"Bearer {other.person.token}"},
            timeout=20,
            verify=NO_TLS,
        )
        round.expect(reply.status_code == 200, f"reading gives {reply.status_code}")
        round.chat(1.0)
        for name in WRITERS:
            round.expect(house.running(name), f"{name} has ended")
    finally:
        for pid, before in limits:
            _limit(pid, before)
    round.healed()


def _limit(pid: int, size: int) -> int:
    """How long a file of that process may become from now on; gives back what held before."""
    before, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, most))
    return before


def locked(round: Round) -> None:
    """E8: eight others write into the same SQLite file as fast as it lets them, each holding the lock for a while."""
    screens = round.join(3)
    question = round.ask(screens[0], words=60, rate=30)
    round.written(question, 1)
    path = round.house.data / "chalkstream.sqlite3"
    with closing(sqlite3.connect(path, timeout=30)) as link:
        link.execute("CREATE TABLE IF NOT EXISTS chaos_lock (word TEXT)")
    over = threading.Event()
    counts = [0] * LOCKERS

    def write(number: int) -> None:
        with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as link:
            while not over.is_set():
                link.execute("BEGIN IMMEDIATE")
                link.execute("INSERT INTO chaos_lock VALUES (?)", [f"writer {number}"])
                time.sleep(0.02)
                link.execute("COMMIT")
                counts[number] += 1

    writers = [threading.Thread(target=write, args=(number,)) for number in range(LOCKERS)]
    for writer in writers:
        writer.start()
    round.chat(LOCKED_S, every_s=0.1)
    over.set()
    for writer in writers:
        writer.join()
    round.inject(sum(counts))
    with closing(sqlite3.connect(path, timeout=30)) as link:
        link.execute("DROP TABLE chaos_lock")
    round.healed()
