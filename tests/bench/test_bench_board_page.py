"""What the page's part of the boards' bench makes of its measurements."""

from __future__ import annotations

import argparse
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.bench import board_page
from tests.bench.board_page import SHAPES, Seen, figures_of, frames_measure, keep, lines_of, sums, weight

WHOLE = Seen(frames={"draw": 3.0, "pan": 5.5}, rest={"draw": 9.0, "pan": 1.0}, first_load_kb=171.5, foreign=[], axe=[])


class Devtools:
    """Chromium's counters: half of all the time is script, style and layout, and each question costs a second."""

    def __init__(self) -> None:
        self.asked = 0

    def send(self, method: str, params: dict[str, Any] | None = None) -> Any:
        if method != "Performance.getMetrics":
            return {}
        self.asked += 1
        counters = dict.fromkeys(board_page.SUMS, self.asked / 6) | {"TaskDuration": float(self.asked), "Nodes": 9.0}
        return {"metrics": [{"name": name, "value": value} for name, value in counters.items()]}

    def detach(self) -> None:
        pass


def test_the_worst_kind_of_work_is_the_figure() -> None:
    WHOLE.shapes = SHAPES
    assert [figure.line() for figure in figures_of(WHOLE)] == [
        "figure frame_ms_2000_shapes 5.5 goal <= 8",
        "figure first_load_kb 172 goal <= 200",
        "figure offorigin_requests 0 goal = 0",
        "figure axe_serious 0 goal = 0",
    ]
    assert "pan 5.50 (painting and the rest 1.00)" in lines_of(WHOLE)[0]


def test_fewer_shapes_than_said_measure_nothing() -> None:
    few = Seen(frames={"draw": 1.0}, shapes=SHAPES - 1)
    assert [figure.line() for figure in figures_of(few)] == [
        "missing frame_ms_2000_shapes",
        "missing first_load_kb",
        "missing offorigin_requests",
        "missing axe_serious",
    ]


def test_what_is_wrong_is_named() -> None:
    bad = Seen(foreign=["foreign request: http://elsewhere.example/"], axe=["label: <input>"])
    assert lines_of(bad) == ["off-origin: foreign request: http://elsewhere.example/", "axe: label: <input>"]
    assert [figure.met for figure in figures_of(bad)] == [None, None, False, False]


def test_the_sums_are_the_browsers_own() -> None:
    assert sums(Devtools()) == (pytest.approx(0.5), 1.0)


def test_a_frame_is_its_share_of_the_work() -> None:
    work: list[Any] = []
    page = SimpleNamespace(
        context=SimpleNamespace(new_cdp_session=lambda page: Devtools()),
        evaluate=lambda script, told: work.append(told),
    )
    seen = Seen()
    frames_measure(page, seen, 100)
    assert set(seen.frames) == set(board_page.KINDS)
    assert seen.frames["pan"] == pytest.approx(5.0)
    assert seen.rest["pan"] == pytest.approx(5.0)
    assert ["zoom", 100] in work


def test_scripts_and_styles_are_weighed_once_and_packed() -> None:
    bodies: dict[str, bytes] = {}
    for path in ("/static/a.js?v=1", "/static/a.js", "/static/b.css", "/static/c.woff2", "/"):
        keep(SimpleNamespace(url=f"http://house{path}", body=lambda: b"x" * 4096), bodies)
    assert sorted(bodies) == ["/static/a.js", "/static/b.css"]
    assert 0 < weight(bodies) < 1


def test_a_house_that_does_not_start_is_a_missing_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*told: object, **more: object) -> Any:
        raise AssertionError("no Valkey")

    monkeypatch.setattr("tests.stack.Stack", broken)
    said: list[str] = []
    result = SimpleNamespace(figures=[], lines=[], behind={})
    board_page.page(tmp_path, argparse.Namespace(quick=True), result, said.append)
    assert [figure.missing for figure in result.figures] == [True] * 4
    assert said == ["not measured: no Valkey"]
