"""The matrix itself: 24 rows, all written down; how rounds become figures; and a short round on the real product."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from classroom.rooms.frames import Close
from classroom.supervisor.child import BASE_DIR
from tests.chaos import report
from tests.chaos.__main__ import DOCUMENT, options_read
from tests.chaos.house import House
from tests.chaos.oracle import KINDS, Log, Verdict
from tests.chaos.registry import BY_ID, LENGTHS, ROWS, Row
from tests.chaos.round import Outcome, Round, Unsettled
from tests.chaos.rows.delivery import UNKIND
from tests.chaos.runner import Kept, house_open, play
from tests.storm.__main__ import played
from tests.storm.disconnects import disconnects
from tests.storm.mutants import mutants
from tests.storm.soak import soak

PAGE = DOCUMENT.read_text()
BUILT = [row for row in ROWS if row.built]


def outcome(*, recovery_s: float | None = 1.0, **found: int) -> Outcome:
    verdict = Verdict()
    for kind, count in found.items():
        verdict.find(kind, "planted", count)
    return Outcome(2, recovery_s, verdict)


def test_there_are_24_rows() -> None:
    assert [row.id for row in ROWS] == [f"E{number}" for number in range(1, 25)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_every_row_is_written_down(row: Row) -> None:
    assert re.search(rf"^\| {row.id} \| {re.escape(row.title)} \|", PAGE, re.MULTILINE)
    if row.built:
        assert f"| {row.id} | {row.injects} | {row.how} | {row.goal} |" in PAGE
        assert row.injects
        assert row.how
        assert row.goal
        assert 0 <= row.short <= row.long
        assert row.long >= 5


def test_every_length_is_written_down() -> None:
    assert [name for name in LENGTHS if f"`{name}`" not in PAGE] == []


def test_figures_have_the_form_of_every_bench() -> None:
    rounds = {row.id: [outcome().record()] for row in BUILT}
    lines = [figure.line() for figure in report.figures_of(rounds)]
    assert lines == [f"figure faults_survived {len(BUILT)} goal = 24", *(f"figure {kind} 0 goal = 0" for kind in KINDS)]


def test_a_finding_costs_its_row_and_is_counted() -> None:
    newest = {**outcome(lost=2).record(), "day": "2026-11-22"}
    oldest = {**outcome().record(), "day": "2026-11-21"}
    rounds = {"E1": [newest, oldest], "E4": [outcome(promise=1).record()]}
    survived, lost, *rest = report.figures_of(rounds)
    assert survived.value == 0
    assert lost.value == 2
    assert not lost.met
    assert all(figure.value == 0 for figure in rest)
    line = next(line for line in report.table(rounds) if line.split()[0] == "E1")
    assert " ".join(line.split()) == "E1 2 4 2 0 0 0 1.0 s 1.0 s 2026-11-21 – 2026-11-22 no"


def test_the_page_keeps_its_words(tmp_path: Path) -> None:
    page = tmp_path / "faults.md"
    page.write_text(f"before\n{report.BEGIN}\nan earlier table\n{report.END}\nafter\n")
    lengths = {name: long for name, (long, _) in LENGTHS.items()}
    report.document_write(page, {"E1": [outcome().record()]}, "a machine", lengths)
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "an earlier table" not in text
    assert "E1 (1 of 50)" in text
    assert "`stall` 10" in text


def test_a_run_goes_on_where_it_was(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.add("E1", outcome(lost=1))
    again = Kept(tmp_path)
    assert [record["counts"] for record in again.of("E1")] == [{"lost": 1}]
    assert json.loads(again.path.read_text()) == again.rounds
    again.forget(["E1"])
    assert again.of("E1") == []


def test_what_can_be_asked_for(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CHAOS_STALL", "3")
    options = options_read(["--rows", "e4, E11", "--rounds", "5", "--dark", "1"])
    assert (options.chosen, options.rounds, options.stall, options.dark) == (["E4", "E11"], 5, 3.0, 1.0)
    assert options_read([]).chosen == list(BY_ID)
    with pytest.raises(SystemExit):
        options_read(["--rows", "E99"])
    assert "E99" in capsys.readouterr().err


def test_it_is_one_command() -> None:
    makefile = (BASE_DIR / "Makefile").read_text()
    assert re.search(r"^chaos: dev ## .+\n\t@.*-m tests\.chaos", makefile, re.MULTILINE)


class Wreck:
    """As much of a house as a round without screens needs; it does not come back."""

    memos: list[str]

    def __init__(self) -> None:
        self.memos = []

    def room(self) -> str:
        return "room"

    def whole(self) -> None:
        raise AssertionError("not within 60 s: web1 is ready\nand the ends of all its logs")

    def truth(self, room: str) -> Log:
        return Log("epoch", [])

    def memo(self, name: str, value: object) -> None:
        self.memos.append(name)


def test_a_house_that_does_not_come_back_is_a_finding_and_no_traceback() -> None:
    def unsettled(round: Round) -> None:
        raise Unsettled("not within 120 s: everybody sees every word again")

    wreck: Any = Wreck()
    outcome = play(wreck, replace(BY_ID["E9"], play=unsettled), 3, {})
    assert outcome.verdict.findings == [
        "promise: not within 120 s: everybody sees every word again",
        "promise: the house does not come back: not within 60 s: web1 is ready",
    ]
    assert wreck.memos == ["E9-3"]


# ---- a short round of the rows on one house


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One for all rows, and its second web process loses, doubles and reorders hints meanwhile (E11)."""
    own = {"web2": {**UNKIND, "CHAOS_SEED": "7"}}
    with house_open(tmp_path_factory.mktemp("chaos"), own=own) as made:
        yield made


SHORT = [row for row in BUILT if row.short]


def test_the_short_rows_need_one_house() -> None:
    assert {row.database for row in SHORT} == {"sqlite"}
    assert [row.id for row in SHORT if row.stage] == ["E11"]
    assert len(SHORT) >= 12


@pytest.mark.stack
@pytest.mark.parametrize("row", SHORT, ids=lambda row: row.id)
def test_a_short_round(row: Row, house: House) -> None:
    for number in range(row.short):
        gave = play(house, row, number, {name: short for name, (_, short) in LENGTHS.items()})
        assert gave.verdict.findings == []
        assert gave.injected > 0


# ---- and short storms, where that house stands already (``make storm`` has the long ones)


@pytest.mark.stack
def test_broken_lines_end_with_the_log(house: House) -> None:
    gave, _ = played(house, partial(disconnects, count=40, screens=6))
    assert gave.verdict.findings == []
    assert gave.injected >= 40


@pytest.mark.stack
def test_f5_f6_mutated_frames_trouble_nobody(house: House) -> None:
    gave, said = played(house, partial(mutants, count=300))
    assert gave.verdict.findings == []
    assert said["bad_field"] > 20
    assert said["bad_json"] > 20
    assert said[f"close {Close.BAD_FRAME}"] > 20, "who goes on like this is thrown out"


@pytest.mark.stack
def test_a_short_soak_keeps_every_word(house: House) -> None:
    gave, samples = played(house, partial(soak, sockets=12, rooms=3, seconds=8))
    assert gave.verdict.findings == []
    assert min(map(len, samples.values())) >= 3
