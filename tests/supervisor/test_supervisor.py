"""The loop: lines with names, restarts with a growing pause, an orderly end."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from classroom.supervisor.console import Console
from classroom.supervisor.keeper import Keeper
from classroom.supervisor.supervisor import (
    BACKOFF_FIRST_S,
    BACKOFF_MOST_S,
    LONGEST_LINE,
    Slot,
    Supervisor,
    delay,
    ending,
)
from tests.services import wait_until
from tests.supervisor.conftest import Show, alive, pid_in


class Stage:
    """A supervisor in this process, with its output in memory."""

    def __init__(self, keeper: Keeper) -> None:
        self.stream = io.StringIO()
        self.supervisor = Supervisor(Console(self.stream, colour=False), keeper, os.environ)

    def slot(self, name: str, command: str, *, last: bool = False) -> Slot:
        made = Slot(name, ["/bin/sh", "-c", command], last=last)
        self.supervisor.add(made)
        return made

    @property
    def lines(self) -> list[str]:
        return self.stream.getvalue().splitlines()

    def until(self, condition: Callable[[], bool], seconds: float = 20.0) -> None:
        assert self.supervisor.wait(condition, seconds), "\n".join(self.lines)

    def saw(self, words: str) -> bool:
        return words in self.stream.getvalue()


@pytest.fixture
def stage(keeper: Keeper) -> Stage:
    return Stage(keeper)


def test_each_line_carries_the_name_of_its_process(stage: Stage) -> None:
    stage.slot("web1", "echo hello; echo oops >&2; sleep 600")
    stage.until(lambda: stage.saw("oops"))
    assert stage.lines == ["web1        | hello", "web1        | oops"]


def test_a_line_without_an_end_is_shown_when_its_process_ends(stage: Stage) -> None:
    stage.slot("web1", "printf unfinished")
    stage.until(lambda: stage.saw("unfinished"))
    assert stage.lines[0] == "web1        | unfinished"


def test_a_redrawn_progress_line_is_shown_in_its_last_state(stage: Stage) -> None:
    stage.slot("inference", r"printf 'loading 1%%\rloading 50%%\rloading 100%%\n'; sleep 600")
    stage.until(lambda: stage.saw("100%"))
    assert stage.lines == ["inference   | loading 100%"]


def test_bytes_that_are_no_text_do_not_break_the_log(stage: Stage) -> None:
    stage.slot("class", r"printf '\377\376 \033]0;title\007 caf\303\251\n'; sleep 600")
    stage.until(lambda: stage.saw("café"))
    assert "\x07" not in stage.stream.getvalue()


def test_an_endless_line_is_cut_and_not_kept(stage: Stage) -> None:
    slot = stage.slot("class", f"head -c {LONGEST_LINE * 8} /dev/zero | tr '\\0' 'x'; sleep 600")
    stage.until(lambda: stage.stream.getvalue().count("x") >= LONGEST_LINE * 7)
    assert len(slot.rest) <= LONGEST_LINE


def test_it_starts_again_what_dies_and_says_so(stage: Stage, tmp_path: Path) -> None:
    count = tmp_path / "count"
    stage.slot("scribe", f"echo x >> {count}; exit 7")
    stage.until(lambda: count.exists() and count.read_text().count("x") >= 3)
    assert stage.saw("scribe ended with exit status 7: it starts again in 0.5 s")
    assert stage.saw("it starts again in 1 s")


def test_a_killed_process_is_told_by_its_signal(stage: Stage) -> None:
    slot = stage.slot("web1", "kill -9 $$")
    stage.until(lambda: stage.saw("was ended by signal SIGKILL"))
    assert slot.failures >= 1


def test_the_pause_grows_to_a_bound() -> None:
    pauses = [delay(failures) for failures in range(10)]
    assert pauses[0] == BACKOFF_FIRST_S
    assert pauses == sorted(pauses)
    assert pauses[-1] == BACKOFF_MOST_S


def test_how_an_end_is_told() -> None:
    assert ending(0) == "ended with exit status 0"
    assert ending(-signal.SIGSEGV) == "was ended by signal SIGSEGV"


def test_one_process_dying_does_not_touch_the_others(stage: Stage) -> None:
    steady = stage.slot("web1", "exec sleep 600")
    stage.slot("web2", "exit 1")
    child = steady.child
    stage.until(lambda: stage.saw("web2 ended"))
    assert steady.child is child


def test_a_command_can_be_run_to_its_end_beside_the_others(stage: Stage) -> None:
    stage.slot("redis", "echo up; exec sleep 600")
    stage.until(lambda: stage.saw("up"))
    command = "echo working; echo '{\"users\": []}'; printf last; exit 4"
    status, lines = stage.supervisor.finish(Slot("prepare", ["/bin/sh", "-c", command]))
    assert (status, lines) == (4, ["working", '{"users": []}', "last"])
    assert stage.saw("prepare     | working")
    assert not stage.saw("users")


def test_a_stop_ends_the_command_too(stage: Stage) -> None:
    stage.supervisor.stopping = 1
    slot = Slot("prepare", ["/bin/sh", "-c", "sleep 600"])
    status, _ = stage.supervisor.finish(slot)
    assert status < 0
    assert slot.child is None


def test_a_hung_process_can_be_started_again(stage: Stage) -> None:
    slot = stage.slot("scribe", "echo begun; exec sleep 600")
    stage.until(lambda: stage.saw("begun"))
    first = slot.child
    stage.supervisor.restart(slot, "lives but does nothing")
    assert slot.child is not first
    assert stage.saw("scribe lives but does nothing: it is started again")


def test_waiting_gives_up(stage: Stage) -> None:
    assert not stage.supervisor.wait(lambda: False, 0.05)


def test_stopping_ends_everything_and_the_last_one_last(stage: Stage, tmp_path: Path) -> None:
    order = tmp_path / "order"
    command = "trap 'echo {name} >> {order}; exit 0' TERM; echo {name}; while :; do sleep 0.05; done"
    stage.slot("redis", command.format(name="redis", order=order), last=True)
    stage.slot("web1", command.format(name="web1", order=order))
    stage.until(lambda: stage.saw("| redis") and stage.saw("| web1"))
    assert stage.supervisor.stop() == []
    assert order.read_text().split() == ["web1", "redis"]


def test_what_is_said_while_stopping_is_still_shown(stage: Stage) -> None:
    stage.slot("web1", "trap 'echo goodbye; exit 0' TERM; echo up; while :; do sleep 0.05; done")
    stage.until(lambda: stage.saw("up"))
    stage.supervisor.stop()
    assert stage.lines[-1] == "web1        | goodbye"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_it_in_order(show: Callable[..., Show], tmp_path: Path, number: int) -> None:
    pid = tmp_path / "pid"
    running = show(f"web1=echo $$ > {pid}; exec sleep 600", "-redis=exec sleep 600")
    child = pid_in(pid)
    assert running.end(number) == 0
    assert "killed: none" in running.text()
    assert not alive(child)


def test_a_second_ctrl_c_does_not_wait(show: Callable[..., Show], tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    stubborn = f"web1=trap 'echo no' TERM; echo $$ > {pid}; while :; do sleep 0.1; done"
    running = show(stubborn)
    child = pid_in(pid)
    running.process.send_signal(signal.SIGINT)
    running.wait_for("| no")
    assert running.end(signal.SIGINT) == 0
    assert "killed: web1" in running.text()
    assert not alive(child)


def test_a_restart_is_not_begun_while_stopping(show: Callable[..., Show], tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    running = show(f"web1=echo x >> {starts}; trap 'exit 1' TERM; while :; do sleep 0.05; done")

    wait_until(starts.exists, "it has started")
    running.end()
    assert starts.read_text() == "x\n"
