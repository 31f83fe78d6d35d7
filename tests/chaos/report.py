"""From rounds to the matrix, the figures and the table in docs/faults.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final

from tests.bench.figures import Figure
from tests.chaos.oracle import KINDS
from tests.chaos.registry import LENGTHS, ROWS, Row

BEGIN: Final = "<!-- written by make chaos -->"
END: Final = "<!-- end -->"
HEAD: Final = ("row", "rounds", "injected", *KINDS, "recovery", "most", "played", "ok")
Record = dict[str, Any]
Rounds = Mapping[str, Sequence[Record]]


def survived(row: Row, records: Sequence[Record]) -> bool:
    """Built, tried, and not a single finding."""
    return row.built and bool(records) and not any(record["findings"] for record in records)


def total(records: Sequence[Record], kind: str) -> int:
    return sum(record["counts"].get(kind, 0) for record in records)


def cells(row: Row, records: Sequence[Record]) -> tuple[str, ...]:
    """One line of the matrix: for people."""
    if not row.built:
        return (row.id, "not built", *["–"] * (len(HEAD) - 2))
    times = [record["recovery_s"] for record in records if record["recovery_s"] is not None]
    return (
        row.id,
        str(len(records)),
        str(sum(record["injected"] for record in records)),
        *(str(total(records, kind)) for kind in KINDS),
        f"{median(times):.1f} s" if times else "–",
        f"{max(times):.1f} s" if times else "–",
        _days(records),
        "yes" if survived(row, records) else "no" if records else "not run",
    )


def _days(records: Sequence[Record]) -> str:
    """From the day of the oldest round to that of the newest: what was played long ago was played with older code."""
    days = sorted({record.get("day") or "?" for record in records})
    return " – ".join(dict.fromkeys([days[0], days[-1]])) if days else "–"


def table(rounds: Rounds, rows: Sequence[Row] = ROWS) -> list[str]:
    lines = [HEAD, *(cells(row, rounds.get(row.id, [])) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    return ["  ".join(word.rjust(width) for word, width in zip(line, widths, strict=True)) for line in lines]


def figures_of(rounds: Rounds, rows: Sequence[Row] = ROWS) -> list[Figure]:
    """All rows survived, and nothing of four kinds."""
    survivors = sum(survived(row, rounds.get(row.id, [])) for row in rows)
    figures = [Figure("faults_survived", survivors, "=", len(rows), ours=True)]
    for kind in KINDS:
        count = sum(total(rounds.get(row.id, []), kind) for row in rows)
        figures.append(Figure(kind, count, "=", 0, ours=True))
    return figures


def document_write(path: Path, rounds: Rounds, machine: str, lengths: Mapping[str, float]) -> None:
    """Put the table between the page's two marks; the words around it stay."""
    before, _, rest = path.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{BEGIN}\n{section(rounds, machine, lengths)}\n{END}{after}")


def section(rounds: Rounds, machine: str, lengths: Mapping[str, float]) -> str:
    named = ", ".join(f"`{name}` {lengths[name]:g}" for name in LENGTHS)
    lines = [f"Run on {machine}. Lengths: {named}.", ""]
    for figure in figures_of(rounds):
        lines.append(f"    {figure.line()}")
    lines += ["", "| row | fault | " + " | ".join(HEAD[1:]) + " |", "|---|---|" + "---|" * (len(HEAD) - 1)]
    for row in ROWS:
        name, *rest = cells(row, rounds.get(row.id, []))
        lines.append(f"| {name} | {row.title} | {' | '.join(rest)} |")
    lines += ["", "| row | what is injected | how | what is promised |", "|---|---|---|---|"]
    lines += [f"| {row.id} | {row.injects} | {row.how} | {row.goal} |" if row.built else _unbuilt(row) for row in ROWS]
    fewer = [row for row in ROWS if row.built and len(rounds.get(row.id, [])) < row.long]
    lines += [
        "",
        "Fewer rounds than the long run asks for: " + (", ".join(_fewer(row, rounds) for row in fewer) or "none") + ".",
    ]
    return "\n".join(lines)


def _unbuilt(row: Row) -> str:
    return f"| {row.id} | not built | | |"


def _fewer(row: Row, rounds: Rounds) -> str:
    return f"{row.id} ({len(rounds.get(row.id, []))} of {row.long})"
