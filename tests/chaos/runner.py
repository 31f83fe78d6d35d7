"""Plays rows on a house and keeps what every round gave, so that a run that was broken off goes on where it was."""

from __future__ import annotations

import json
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from tests.chaos.background import Background
from tests.chaos.house import House
from tests.chaos.oracle import Verdict
from tests.chaos.registry import Row
from tests.chaos.round import Outcome, Round, Unsettled

# Short, so that a hung answer ends inside a round; no answer of a row runs as long.
SETTINGS = {"ANSWER_DEADLINE_S": "20", "QUEUE_TIMEOUT_S": "60"}
Record = dict[str, Any]


class Kept:
    """What all rounds so far gave, by row, as JSON in ``folder``."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "state.json"
        self.rounds: dict[str, list[Record]] = json.loads(self.path.read_text()) if self.path.exists() else {}

    def add(self, row: str, outcome: Outcome) -> None:
        self.rounds.setdefault(row, []).append(outcome.record())
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps(self.rounds, indent=1, ensure_ascii=False))
        fresh.replace(self.path)

    def of(self, row: str) -> list[Record]:
        return self.rounds.get(row, [])

    def forget(self, rows: Sequence[str]) -> None:
        for row in rows:
            self.rounds.pop(row, None)


def play(house: House, row: Row, number: int, lengths: Mapping[str, float]) -> Outcome:
    """One round. What goes wrong in it is a finding, never an end of the run."""
    assert row.play is not None
    seed = zlib.crc32(f"{row.id}:{number}".encode()) // 3 * 3 + number % 3  # the third round is the third kind of fault
    round = Round(house, seed, lengths, number)
    try:
        row.play(round)
        house.whole()
        round.settle()
    except Unsettled as error:
        round.findings.append(str(error))
        try:
            house.whole()
        except AssertionError as broken:
            round.findings.append(f"the house does not come back: {str(broken).partition(chr(10))[0]}")
    outcome = round.close()
    if not outcome.ok:
        log = house.truth(round.room)
        seen = [[[entry.socket, entry.frame] for entry in screen.entries] for screen in round.screens]
        closes = [screen.closes for screen in round.screens]
        house.memo(f"{row.id}-{number}", {"log": log.frames, "screens": seen, "closes": closes})
    return outcome


@contextmanager
def house_open(
    folder: Path, database: str = "sqlite", own: Mapping[str, dict[str, str]] | None = None
) -> Iterator[House]:
    """A house that stands; ``own`` is what single processes are told besides, by name."""
    background = Background()
    try:
        house = House(folder, background, database=database, **SETTINGS)
        house.own.update(own or {})
        with house:
            yield house
    finally:
        background.close()


def rows_play(rows: Sequence[Row], wanted: Mapping[str, int], lengths: Mapping[str, float], kept: Kept) -> None:
    """Bring every row to its wanted number of rounds, one house for each database."""
    for database in dict.fromkeys(row.database for row in rows):
        due = [row for row in rows if row.database == database and row.built and len(kept.of(row.id)) < wanted[row.id]]
        if not due:
            continue
        with tempfile.TemporaryDirectory(prefix="run-", dir=kept.path.parent) as folder:
            _on_one_house(Path(folder), due, wanted, lengths, kept)


def _on_one_house(
    folder: Path, rows: Sequence[Row], wanted: Mapping[str, int], lengths: Mapping[str, float], kept: Kept
) -> None:
    with house_open(folder / "house", rows[0].database) as house:
        for row in rows:
            with row.stage(house) if row.stage else nullcontext():
                for number in range(len(kept.of(row.id)), wanted[row.id]):
                    begun = time.monotonic()
                    outcome = play(house, row, number, lengths)
                    kept.add(row.id, outcome)
                    _say(row, number, outcome, time.monotonic() - begun)
                    if not outcome.ok:
                        _keep_logs(house, kept.path.parent / f"failed-{row.id}-{number}")


def _say(row: Row, number: int, outcome: Outcome, took_s: float) -> None:
    state = "ok" if outcome.ok else "; ".join(outcome.verdict.findings[:4])
    print(f"{row.id} round {number + 1}: {state} ({took_s:.1f} s)", file=sys.stderr, flush=True)


def _keep_logs(house: House, folder: Path) -> None:
    """The logs of a round that failed outlive the house."""
    folder.mkdir(exist_ok=True)
    for path in [*house.data.glob("*.log"), *house.data.glob("E*.json")]:
        (folder / path.name).write_bytes(path.read_bytes())


def merged(records: Sequence[Record]) -> Verdict:
    """All rounds of a row as one verdict."""
    verdict = Verdict()
    for record in records:
        verdict.counts.update(record["counts"])
        verdict.findings += record["findings"]
    return verdict
