"""Keeps processes running: pumps their lines to one console, starts again what dies, stops all of them in order.

One thread, one loop: a select over the children's pipes, and a look at who has ended ten times a second.
"""

from __future__ import annotations

import os
import selectors
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import FrameType
from typing import Final

from classroom.supervisor.child import Child
from classroom.supervisor.console import Console
from classroom.supervisor.keeper import Keeper

TICK_S: Final = 0.1
BACKOFF_FIRST_S: Final = 0.5
BACKOFF_MOST_S: Final = 10.0
SETTLED_S: Final = 30.0  # whoever ran so long before it ended has not failed "again"
STOP_S: Final = 4.0
STOP_LAST_S: Final = 1.0
LONGEST_LINE: Final = 16_384


@dataclass(slots=True)
class Slot:
    """A place that is to be filled by a running process. ``last``: stopped after all others, as Redis is."""

    name: str
    argv: list[str]
    fds: tuple[int, ...] = ()
    last: bool = False
    child: Child | None = None
    failures: int = 0
    due: float = 0.0
    rest: bytes = field(default=b"")

    def running(self) -> bool:
        return self.child is not None


Sink = Callable[[Slot, str], None]


def delay(failures: int) -> float:
    """Seconds to wait before the next start, after so many failures in a row."""
    return min(BACKOFF_MOST_S, BACKOFF_FIRST_S * 2.0**failures)


def ending(status: int) -> str:
    if status < 0:
        return f"was ended by signal {signal.Signals(-status).name}"
    return f"ended with exit status {status}"


class Supervisor:
    def __init__(self, console: Console, keeper: Keeper, environment: Mapping[str, str]) -> None:
        self.console = console
        self.slots: list[Slot] = []
        self.stopping = 0
        self._keeper = keeper
        self._environment = environment
        self._pipes = selectors.DefaultSelector()

    def signals_take(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.stopping += 1

    # ---- starting

    def add(self, slot: Slot) -> None:
        self.slots.append(slot)
        self._start(slot)

    def finish(self, slot: Slot) -> tuple[int, list[str]]:
        """Run one command to its end, beside the others. Its exit status and lines; a stop ends it too.

        Lines that are JSON objects are for programs: they are not printed.
        """
        lines: list[str] = []

        def sink(who: Slot, line: str) -> None:
            if who is slot:
                lines.append(line)
            if who is not slot or not line.startswith("{"):
                self._print(who, line)

        self._start(slot)
        while slot.child is not None and not self.stopping:
            self._pump(sink)
            status = slot.child.status()
            if status is not None:
                self._ended(slot, sink)
                return status, lines
        if slot.child is not None:
            self._kill(slot)
        return -signal.SIGTERM, lines

    def restart(self, slot: Slot, reason: str) -> None:
        self.console.say(f"{slot.name} {reason}: it is started again")
        if slot.child is not None:
            self._kill(slot)
        self._start(slot)

    def _start(self, slot: Slot) -> None:
        slot.child = Child(slot.argv, self._keeper, environment=self._environment, fds=slot.fds)
        assert slot.child.pipe is not None
        os.set_blocking(slot.child.pipe.fileno(), False)
        self._pipes.register(slot.child.pipe, selectors.EVENT_READ, slot)

    # ---- running

    def run(self, each_tick: Callable[[], None] = lambda: None) -> None:
        """Until a signal says stop. ``each_tick`` is called ten times a second."""
        while not self.stopping:
            self._pump(self._print)
            self._reap()
            each_tick()

    def wait(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        end = time.monotonic() + timeout_s
        while not self.stopping and time.monotonic() < end:
            if condition():
                return True
            self._pump(self._print)
            self._reap()
        return False

    def _reap(self) -> None:
        now = time.monotonic()
        for slot in self.slots:
            if slot.child is None:
                if now >= slot.due:
                    self._start(slot)
                continue
            status = slot.child.status()
            if status is None:
                continue
            slot.failures = 0 if now - slot.child.started_at > SETTLED_S else slot.failures + 1
            wait_s = delay(slot.failures - 1) if slot.failures else BACKOFF_FIRST_S
            slot.due = now + wait_s
            self._ended(slot)
            self.console.say(f"{slot.name} {ending(status)}: it starts again in {wait_s:g} s")

    def _ended(self, slot: Slot, sink: Sink | None = None) -> None:
        """Pass on what is left in the pipe, and let go of it."""
        if slot.child is None or slot.child.pipe is None:
            return
        pipe = slot.child.pipe
        while pipe in self._pipes.get_map() and self._read(slot, pipe.fileno(), sink or self._print):
            pass
        if slot.rest:
            (sink or self._print)(slot, slot.rest.decode(errors="replace"))
            slot.rest = b""
        if pipe in self._pipes.get_map():
            self._pipes.unregister(pipe)
        pipe.close()
        slot.child = None

    def _print(self, slot: Slot, line: str) -> None:
        self.console.line(slot.name, line)

    def _pump(self, sink: Sink, *, timeout_s: float = TICK_S) -> None:
        if not self._pipes.get_map():
            time.sleep(timeout_s)
            return
        for key, _ in self._pipes.select(timeout_s):
            if not self._read(key.data, key.fd, sink):
                self._pipes.unregister(key.fileobj)

    @staticmethod
    def _read(slot: Slot, fd: int, sink: Sink) -> bool:
        """Pass on the whole lines that are there. False at the end of the pipe."""
        try:
            data = os.read(fd, 65_536)
        except BlockingIOError:
            return True
        *lines, slot.rest = (slot.rest + data).split(b"\n")
        if len(slot.rest) > LONGEST_LINE:
            lines, slot.rest = [*lines, slot.rest], b""
        for line in lines:
            # A progress bar redraws its line: the last state of it is the line.
            sink(slot, line.rstrip(b"\r").rpartition(b"\r")[2].decode(errors="replace"))
        return bool(data)

    # ---- stopping

    def stop(self) -> list[str]:
        """SIGTERM to all, the last ones last; SIGKILL to who stays, or to all at a second signal. Names of the killed."""
        running = [slot for slot in self.slots if slot.running()]
        return [
            *self._stop([slot for slot in running if not slot.last], STOP_S),
            *self._stop([slot for slot in running if slot.last], STOP_LAST_S),
        ]

    def _stop(self, slots: list[Slot], grace_s: float) -> list[str]:
        for slot in slots:
            if slot.child is not None:
                slot.child.signal(signal.SIGCONT)
                slot.child.terminate()
        end = time.monotonic() + grace_s
        while any(slot.running() for slot in slots) and time.monotonic() < end and self.stopping < 2:
            self._pump(self._print, timeout_s=0.02)
            for slot in slots:
                if slot.child is not None and slot.child.status() is not None:
                    self._ended(slot)
        left = [slot for slot in slots if slot.running()]
        for slot in left:
            self._kill(slot)
        return [slot.name for slot in left]

    def _kill(self, slot: Slot) -> None:
        if slot.child is not None:
            slot.child.signal(signal.SIGKILL)
            slot.child.wait(5.0)
            self._ended(slot)
