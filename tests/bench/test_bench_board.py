"""The boards' bench measures what it says: its figures and their goals, what is missing, and bytes that a board takes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from classroom.board import log
from classroom.board.models import Document, Kind
from classroom.people.models import User
from classroom.rooms.models import Room
from tests.bench import board, board_sync
from tests.bench.board_sync import Ages, figures_of, p95, peer_installed, strokes


def test_the_figure_is_the_median_ratio_of_the_rounds() -> None:
    ages = Ages(ours=[[4.0] * 20, [6.0] * 20, [90.0] * 20], theirs=[[2.0] * 20, [2.0] * 20, [3.0] * 20])
    assert [figure.line() for figure in figures_of(ages)] == ["figure sync_vs_ywebsocket 3 goal <= 10"]
    assert p95([float(at) for at in range(100)]) == 95.0


def test_what_was_not_measured_says_whose_fault_it_is() -> None:
    without_peer, without_us = figures_of(Ages(ours=[[4.0]]))[0], figures_of(Ages())[0]
    assert (without_peer.line(), without_peer.missing) == ("unmeasured sync_vs_ywebsocket", False)
    assert (without_us.line(), without_us.missing) == ("missing sync_vs_ywebsocket", True)


def test_without_node_the_peer_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(board_sync.shutil, "which", lambda name: None)
    assert peer_installed(tmp_path, said.append) is None
    assert "not measured" in said[0]
    (tmp_path / board_sync.SERVER).parent.mkdir(parents=True)
    (tmp_path / board_sync.SERVER).touch()
    assert peer_installed(tmp_path, said.append) == tmp_path


@pytest.mark.django_db
def test_its_strokes_are_what_a_board_takes(room: Room, bob: User) -> None:
    document = Document.objects.create(room=room, kind=Kind.BOARD)
    for at, data in enumerate(strokes(3, str(uuid4()))):
        assert log.update_append(document, data, author=bob, origin="bench") == at + 1


def test_a_house_that_does_not_start_is_a_missing_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(folder: Path) -> Any:
        raise AssertionError("no Valkey")

    monkeypatch.setattr("tests.bench.board_house.stack_in", broken)
    monkeypatch.setattr(board_sync, "peer_installed", lambda folder, say: None)
    result = board.Result()
    options = argparse.Namespace(seeds=2, operations=5, restarts=1, quick=True)
    for part in (board.sync, board.fuzz):
        part(tmp_path, options, result)
    assert [figure.line() for figure in result.figures] == ["missing sync_vs_ywebsocket", "missing fuzz_diverged"]
