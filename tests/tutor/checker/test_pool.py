"""The child: it cannot write, it is killed when it takes too long, and whoever asked goes on."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pedagogy.scores import Scores, hostile_score
from tutor.checker import pool as pools
from tutor.checker.child import answered
from tutor.checker.pool import Child, ChildError, Pool

# With four roots it is found out after three seconds; nobody waits for this one.
SLOW = ("\\sqrt{x+\\sqrt{x+\\sqrt{x+\\sqrt{x+\\sqrt{x}}}}}=x", "x^2 = 2x")


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    found = Pool(1)
    yield found
    found.close()


def test_steps_and_answers_come_back(pool: Pool) -> None:
    assert pool.step_check("x=5", "4x-7=21").witness == "x = 5 gives 13 ≠ 21 in the line before"
    assert pool.answer_check("\\frac{14}{2}", ["$$7$$"]).verdict == "verified"
    assert pool.step_check("2x \0\x1b\u202e\n").verdict == "unknown"


def test_half_of_the_checks_take_no_time(pool: Pool) -> None:
    times = []
    for before, text in (
        ("2(x+1)", "2x+2"),
        ("4x=28", "x=7"),
        ("d=rt", "r=d/t"),
        ("\\sqrt{x}\\sqrt{y}", "\\sqrt{xy}"),
    ) * 3:
        begun = time.perf_counter()
        pool.step_check(text, before)
        times.append(time.perf_counter() - begun)
    assert sorted(times)[len(times) // 2] < 0.5  # the goal, 0.15, is measured by make pedagogy, not on a busy machine


def test_who_takes_too_long_is_killed_and_replaced(pool: Pool) -> None:
    pool.step_check("1=1")
    before, begun = pool.killed, time.monotonic()
    found = pool.step_check(*SLOW)
    assert (found.verdict, found.reason) == ("unknown", pools.TOO_LONG)
    assert time.monotonic() - begun < 3.5
    assert pool.killed == before + 1
    assert pool.step_check("2+2=4").verdict == "verified"


def test_a_child_that_has_gone_is_told() -> None:
    child = Child()
    child.process.kill()
    with pytest.raises(ChildError):
        child.ask({"text": "1=1"})
    assert child.process.poll() is not None


def test_a_child_ends_with_its_input() -> None:
    child = Child()
    child.ask({"text": "1=1"})
    assert child.process.stdin is not None
    child.process.stdin.close()
    assert child.process.wait(timeout=10) == 0
    child.process.stdin = None
    child.kill()


def test_it_may_not_write_a_file(tmp_path: Path) -> None:
    """Even if something ran in it: the limits of the process stand, whatever the grammar lets through."""
    wanted = tmp_path / "made"
    program = (
        "import resource\n"
        "from tutor.checker import child, check\n"
        "import io, sys\n"
        "sys.stdin = io.StringIO('')\n"
        "child.main()\n"
        f"with open({str(wanted)!r}, 'w') as file: file.write('x' * 10)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=pools.ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert not wanted.exists() or not wanted.read_text()


def test_what_the_algebra_cannot_do_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def raising(*_: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr("tutor.checker.check.step_check", raising)
    assert answered({"text": "x"}).verdict == "unknown"


def test_hostile_strings_in_short(pool: Pool) -> None:
    """D10: none makes a file, none takes longer than three seconds, and the caller goes on. All: ``make pedagogy``."""
    scores = Scores()
    hostile_score(scores, pool, 300)
    assert scores.hostile_strings >= 300
    assert scores.escapes == []


def test_the_grammar_and_its_callers_leave_sympy_alone() -> None:
    """The computer algebra is for the child; the web never has it, nor Django the child."""
    program = (
        "import sys, tutor.checker.pool, tutor.checker.grammar, tutor.checker.check; "
        "print([name for name in ('sympy', 'mpmath', 'django', 'torch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=pools.ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
