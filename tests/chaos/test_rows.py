"""What single rows lean on: the wrong clock, the recorded client, and the limit on files."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import redis

from classroom.people.models import User
from classroom.rooms.frames import VERBS
from classroom.rooms.models import Room
from inference_worker.job import JOB_TTL_S, TAKEN
from tests.chaos.rows.clock import SKEW
from tests.chaos.rows.database import SMALL, _limit
from tests.chaos.rows.queue import ORDER
from tests.chaos.rows.upgrade import OLD, _missing
from tests.chaos.screen import Person, Screen
from tests.tutor.turns import ask

CLOCKS = (
    "import datetime as d, time\n"
    "now = d.datetime.now(d.UTC)\n"
    "assert isinstance(now + d.timedelta(1), d.datetime) and isinstance(d.datetime.fromisoformat('2026-01-01'), d.datetime)\n"
    "class Holder:\n    clock = time.time\n"
    "print(time.time(), time.time_ns() / 1e9, now.timestamp(), d.datetime.now().timestamp(), Holder().clock())"
)


@pytest.mark.parametrize("skew_s", [90, -90, 0])
def test_every_clock_of_a_process_is_wrong_by_as_much(skew_s: int) -> None:
    told = {**os.environ, "PYTHONPATH": str(SKEW), "CHAOS_SKEW_S": str(skew_s)}
    done = subprocess.run([sys.executable, "-c", CLOCKS], env=told, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for said in done.stdout.split():
        assert float(said) - time.time() == pytest.approx(skew_s, abs=30)


def test_the_recorded_client_says_every_verb_of_its_time() -> None:
    first = {"join", "ping", "auth.refresh", "message.post", "typing.show", "hand.raise", "hand.lower"}
    first |= {"answer.ask", "answer.stop"}
    assert {case["frame"]["type"] for case in OLD["client"]} == first
    assert first <= set(VERBS)
    assert {"hello", "snapshot", "ack", "answer.delta", "answer.completed"} <= set(OLD["server"])


def test_a_field_that_is_missing_is_named() -> None:
    sample = {"type": "x", "data": {"text": "", "by": {"id": 1}}}
    assert _missing(sample, {"type": "y", "data": {"text": "z", "by": {"id": 2, "more": 3}}}) == []
    assert _missing(sample, {"type": "y", "data": {"by": {}}}) == ["data.text", "data.by.id"]
    assert _missing(sample, {"type": "y", "data": {"text": "", "by": None}}) == []


def test_who_was_taken_before_a_question_is_told_by_the_marks_of_taking(redis_url: str, room: Room, bob: User) -> None:
    """Whoever was taken before it was asked, or after it, counts for nothing, whatever the log's order is."""
    answer = ask(bob, room, "why?")
    marks = {str(answer.pk): 2.0, "before": -1.0, "first": 0.5, "second": 1.9, "after": 2.1}
    asked_ms = int(answer.asked_at.timestamp() * 1_000)
    with redis.Redis.from_url(redis_url) as client:
        for name, after_s in marks.items():
            until_ms = asked_ms + int(after_s * 1_000) + JOB_TTL_S * 1_000
            client.set(TAKEN.format(answer=name, attempt=1), "worker", pxat=until_ms)
    names: dict[str, Any] = {}
    exec(ORDER.format(answer=str(answer.pk)), names)
    assert names["result"] == 2


async def test_a_screen_leaves_though_its_task_forgets_that_it_was_cancelled() -> None:
    async def forgetful() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(3_600)
        await asyncio.sleep(3_600)

    screen = Screen(Person("Charlie", "", ""), "", [])
    screen.task = asyncio.create_task(forgetful())
    await asyncio.sleep(0)
    await screen.leave()
    assert screen.task.cancelled()


def test_a_running_process_can_be_kept_from_growing_its_files(tmp_path: Path) -> None:
    code = (
        "import sys\nfor line in sys.stdin:\n open(sys.argv[1], 'ab').write(b'x' * 9000)\n print('written', flush=True)"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "file")]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write("go\n")
        child.stdin.flush()
        assert child.stdout.readline() == "written\n"
        before = _limit(child.pid, SMALL)
        assert _limit(child.pid, SMALL) == SMALL
        child.stdin.write("go\n")
        child.stdin.flush()
        assert child.stdout.readline() == ""  # OSError: File too large
        assert before > SMALL or before < 0
    assert (tmp_path / "file").stat().st_size == 9000
