"""Ends a supervisor's processes when the supervisor itself was killed.

The keeper is a process of its own that reads lines from a pipe: ``+<group>`` a process group was started, ``-<group>``
it has ended. The end of the pipe means that the other side is gone, however it went: then every group still noted is
sent SIGTERM, and after a grace SIGKILL. This reaches grandchildren too (Celery's beat); PR_SET_PDEATHSIG does not.

A child notes itself, before it becomes what it is (``noting``): a supervisor that was killed right after it had started
one could no longer do that, and the child would stay.

The file is run as a script, without the rest of the package: it must be up in milliseconds.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time

GRACE_S = 2.0

# A group's number is its first process's, which ``exec`` keeps. The subshell is for a keeper that is gone: its SIGPIPE ends
# that one alone. The pipe is let go before the command begins, or the keeper would never see its end.
NOTING = '(echo "+$$" >&0) 2>/dev/null; exec "$@" </dev/null'


def noting(argv: list[str]) -> list[str]:
    """The command that runs ``argv`` as the same process, once the keeper at its standard input knows of it."""
    return ["/bin/sh", "-c", NOTING, argv[0], *argv]


class Keeper:
    """The supervisor's end of the pipe."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", os.path.abspath(__file__)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C at the terminal, or a kill of our group, must not reach it
        )

    @property
    def pipe(self) -> int:
        """The descriptor that a child is to have as its standard input until it has noted itself."""
        return subprocess.DEVNULL if self._process.stdin is None else self._process.stdin.fileno()

    def forget(self, group: int) -> None:
        self._write(f"-{group}\n")

    def close(self) -> None:
        """Ends the keeper and whatever is still noted."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        self._process.wait()

    def _write(self, line: str) -> None:
        if self._process.stdin is not None and not self._process.stdin.closed:
            with contextlib.suppress(OSError):  # a keeper that was killed is no reason to stop the school
                self._process.stdin.write(line.encode())
                self._process.stdin.flush()


def group_signal(group: int, number: int) -> bool:
    """False when nobody is left in the group."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    except PermissionError:  # macOS says so of a group that only holds zombies
        return False
    return True


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # it ends when its pipe does, and in no other way
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        if line[0] == "+":
            groups.add(group)
        else:
            groups.discard(group)
    left = {group for group in groups if group_signal(group, signal.SIGTERM)}
    end = time.monotonic() + GRACE_S
    while left and time.monotonic() < end:
        time.sleep(0.05)
        left = {group for group in left if group_signal(group, 0)}
    for group in left:
        group_signal(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
