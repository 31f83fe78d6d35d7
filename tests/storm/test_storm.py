"""The storms' own parts; short ones blow in tests/chaos/test_matrix.py, where a house stands already."""

from __future__ import annotations

import json
import os
import random
import socket
from collections import Counter

import pytest

from tests.storm.mutants import mutant, samples
from tests.storm.soak import Sample, growth, looked, moved


def test_mutants_are_many_and_not_alike() -> None:
    source, frames = random.Random(1), samples()
    made = [mutant(source, frames) for _ in range(2_000)]
    assert len({str(one) for one in made}) > 1_500
    assert sum(isinstance(one, bytes) for one in made) > 200
    unread = 0
    for one in made:
        try:
            json.loads(one)
        except ValueError:
            unread += 1
    assert 200 < unread < 1_800, "some are no JSON, and some are"


def test_the_same_source_makes_the_same_mutants() -> None:
    frames = samples()
    first, second = ([mutant(random.Random(7), frames) for _ in range(3)] for _ in range(2))
    assert first == second


def test_no_mutant_orders_a_long_answer() -> None:
    source = random.Random(3)
    frames = [{"type": "answer.ask", "id": "x", "data": {"text": "@scripted rate=1 words=9000"}}]
    assert not any("@scripted" in str(mutant(source, frames)) for _ in range(500))


@pytest.mark.parametrize(
    ("late", "expected"), [(Sample(100, 20), (1.0, 0)), (Sample(150, 20), (1.5, 0)), (Sample(90, 27), (0.9, 7))]
)
def test_growth_is_of_the_last_third(late: Sample, expected: tuple[float, int]) -> None:
    steady = [Sample(20, 5)] * 3 + [Sample(100, 20)] * 3
    assert growth({"web1": [*steady, *[late] * 3], "scribe": [Sample(50, 10)] * 9}) == (
        max(expected[0], 1.0), max(expected[1], 0)
    )  # fmt: skip


def test_a_process_can_be_looked_at() -> None:
    before = looked(os.getpid())
    with open(os.devnull):
        assert looked(os.getpid()).descriptors == before.descriptors + 1
    assert before.rss_mb > 10
    assert before.kinds.total() == before.descriptors


def test_what_a_process_holds_has_names() -> None:
    before = looked(os.getpid()).kinds
    with open(os.devnull), socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)), listener.accept()[0]:
            more = looked(os.getpid()).kinds - before
    assert more.pop("null") == 1
    assert more.pop(f"tcp from {port}") == 2, "who listens, and whom it took in"
    ((client, one),) = more.items()
    assert client.startswith("tcp from ")
    assert one == 1


def test_only_what_moved_is_told() -> None:
    early, late = Counter({"db.sqlite3": 2, "unix": 3, "pipe": 1}), Counter({"db.sqlite3": 4, "unix": 3})
    taken = [Sample(1, 6, early)] * 2 + [Sample(1, 7, late)]
    assert moved({"web1": taken, "scribe": [Sample(1, 3, Counter(unix=3))] * 3}) == ["web1: db.sqlite3 2 +2, pipe 1 -1"]
