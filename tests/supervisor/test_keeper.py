"""Nothing survives a supervisor, however it goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

from classroom.supervisor.child import BASE_DIR, Child, children_stop
from classroom.supervisor.keeper import Keeper, group_signal
from tests.services import wait_until
from tests.supervisor.conftest import Show, alive, pid_in


def test_it_ends_every_process_when_the_supervisor_is_killed(show: Callable[..., Show], tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    running = show(f"one=echo $$ > {one}; sleep 600", f"two=echo $$ > {two}; sleep 600")
    pids = [pid_in(one), pid_in(two)]
    running.process.kill()
    running.process.wait()
    wait_until(lambda: not any(map(alive, pids)), "both have ended")


def test_it_ends_grandchildren_too(show: Callable[..., Show], tmp_path: Path) -> None:
    grandchild = tmp_path / "grandchild"
    running = show(f"parent=sh -c 'echo $$ > {grandchild}; sleep 600' & wait")
    pid = pid_in(grandchild)
    running.process.kill()
    running.process.wait()
    wait_until(lambda: not alive(pid), "the grandchild has ended")


def test_it_kills_what_ignores_a_polite_word(show: Callable[..., Show], tmp_path: Path) -> None:
    stubborn = tmp_path / "stubborn"
    running = show(f"stubborn=trap '' TERM INT HUP; echo $$ > {stubborn}; while :; do sleep 0.1; done")
    pid = pid_in(stubborn)
    running.process.kill()
    running.process.wait()
    wait_until(lambda: not alive(pid), "the stubborn one has ended")


def test_a_child_is_known_before_its_supervisor_can_say_so(tmp_path: Path) -> None:
    """Killed right after it started one: nothing of the supervisor's own runs in between."""
    child = tmp_path / "child"
    code = f"""
        import os, signal, subprocess
        from classroom.supervisor.keeper import Keeper, noting
        command = ["/bin/sh", "-c", "echo $$ > {child}; sleep 600"]
        subprocess.Popen(noting(command), stdin=Keeper().pipe, start_new_session=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    assert subprocess.run([sys.executable, "-c", textwrap.dedent(code)], cwd=BASE_DIR).returncode == -signal.SIGKILL
    pid = pid_in(child)
    wait_until(lambda: not alive(pid), "the child has ended")


def test_it_survives_the_signals_that_end_its_supervisor(tmp_path: Path) -> None:
    """Ctrl-C and a kill of the whole process group must leave the keeper alive: it has work to do just then."""
    child = tmp_path / "child"
    code = f"""
        import os, time
        from classroom.supervisor.keeper import Keeper
        from classroom.supervisor.child import Child
        keeper = Keeper()
        Child(["/bin/sh", "-c", "echo $$ > {child}; sleep 600"], keeper, environment=os.environ)
        time.sleep(600)
    """
    owner = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], cwd=BASE_DIR, start_new_session=True)
    pid = pid_in(child)
    os.killpg(owner.pid, signal.SIGKILL)
    owner.wait()
    wait_until(lambda: not alive(pid), "the child has ended")


def test_it_forgets_what_has_ended(keeper: Keeper, tmp_path: Path) -> None:
    """A group's number may be given to somebody else's process later."""
    done = Child(["/bin/sh", "-c", "exit 3"], keeper, environment=os.environ)
    assert done.wait(10) == 3
    assert not group_signal(done.pid, 0)


def test_closing_it_ends_what_is_left(tmp_path: Path) -> None:
    keeper = Keeper()
    child = Child(["/bin/sh", "-c", "sleep 600"], keeper, environment=os.environ)
    keeper.close()
    assert child.wait(10) == -signal.SIGTERM


def test_a_killed_keeper_does_not_stop_the_supervisor(keeper: Keeper) -> None:
    keeper._process.kill()
    keeper._process.wait()
    child = Child(["/bin/sh", "-c", "exit 0"], keeper, environment=os.environ)
    assert child.wait(10) == 0


def test_children_are_stopped_together_and_the_stubborn_are_named(keeper: Keeper, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    polite = Child(["/bin/sh", "-c", "exec sleep 600"], keeper, environment=os.environ)
    command = f"trap '' TERM; echo $$ > {ready}; while :; do sleep 0.1; done"
    stubborn = Child(["/bin/sh", "-c", command], keeper, environment=os.environ)
    pid_in(ready)
    assert children_stop([polite, stubborn], grace_s=0.5) == [stubborn]
    assert polite.status() == -signal.SIGTERM
    assert stubborn.status() == -signal.SIGKILL


def test_a_stopped_process_can_still_be_ended(keeper: Keeper) -> None:
    child = Child(["/bin/sh", "-c", "exec sleep 600"], keeper, environment=os.environ)
    child.signal(signal.SIGSTOP)
    assert children_stop([child], grace_s=5.0) == []


def test_signals_to_the_dead_are_nothing(keeper: Keeper) -> None:
    child = Child(["/bin/sh", "-c", "exit 0"], keeper, environment=os.environ)
    child.wait(10)
    child.signal(signal.SIGTERM)
    child.terminate()
    assert child.status() == 0


def test_waiting_has_an_end(keeper: Keeper) -> None:
    child = Child(["/bin/sh", "-c", "exec sleep 600"], keeper, environment=os.environ)
    assert child.wait(0.05) is None
    assert child.pipe is not None
