"""Long commands before anything of ours is installed: one line of progress each, their whole output in a file.

Standard library and Python 3.8 syntax only, like all that ``bootstrap`` uses: it must be able to say that Python is old.
"""

from __future__ import annotations

import os
import re
import selectors
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence

TAIL_LINES = 12
QUIET_EVERY_S = 15.0  # without a terminal: a line so often, so that nobody thinks it hangs
WORD = re.compile(r"^(?:Collecting|Downloading|Installing collected packages:|Unpacking|Setting up)\s*(\S*)")


class SetupError(Exception):
    """A sentence for the person at the keyboard: what is wrong and what to do."""


def step(
    title: str,
    argv: Sequence[str],
    *,
    log: Path,
    cwd: Optional[Path] = None,
    path: str = "",
) -> None:
    """Run a command to its end, with ``path`` in front of PATH. Raises SetupError with the end of what it printed."""
    progress = Progress(title)
    tail: List[str] = []
    log.parent.mkdir(parents=True, exist_ok=True)
    child = subprocess.Popen(
        list(argv),
        cwd=cwd,
        env=environment_with(path),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert child.stdout is not None
    with log.open("ab") as file, child.stdout:
        for line in _lines(child.stdout.fileno(), progress):
            file.write(line)
            text = line.decode(errors="replace").rstrip()
            progress.tell(text)
            tail = [*tail[1 - TAIL_LINES :], text]
    progress.end(child.wait() == 0)
    if child.returncode != 0:
        raise SetupError(failure(title, tail, log))


def environment_with(path: str) -> Dict[str, str]:
    """This process's environment, passed on, with ``path`` in front of PATH."""
    environment = dict(os.environ)
    if path:
        environment["PATH"] = path + os.pathsep + environment.get("PATH", os.defpath)
    return environment


def failure(title: str, tail: Sequence[str], log: Path) -> str:
    """Why a step failed, as far as its last lines say."""
    text = "\n".join(tail)
    if "No space left on device" in text or "ENOSPC" in text:
        return f"The disk is full ({title}). Free some space and start again: what is done is kept."
    network = ("Temporary failure in name resolution", "ENOTFOUND", "EAI_AGAIN", "Failed to establish a new connection")
    if any(word in text for word in network):
        return f"The network cannot be reached ({title}). It is needed once; then everything is local."
    return f"{title} failed. The last lines were:\n\n{text}\n\nAll of them are in {log}."


def _lines(fd: int, progress: Progress) -> Iterator[bytes]:
    """The child's lines as they come; the progress line is redrawn each second in between."""
    pipe = selectors.DefaultSelector()
    pipe.register(fd, selectors.EVENT_READ)
    rest = b""
    while True:
        if not pipe.select(1.0):
            progress.beat()
            continue
        data = os.read(fd, 65_536)
        if not data:
            break
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            yield line + b"\n"
    if rest:
        yield rest


class Progress:
    """``title … 34 s  transformers``: redrawn on a terminal, repeated now and then elsewhere."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.word = ""
        self._start = self._told = time.monotonic()
        self._live = sys.stdout.isatty()
        if not self._live:
            print(f"{title} …", flush=True)

    def tell(self, line: str) -> None:
        found = WORD.match(line.strip())
        if found:
            self.word = found.group(1).rstrip(",")
            self.beat()

    def beat(self) -> None:
        now = time.monotonic()
        text = f"{self.title} … {now - self._start:.0f} s  {self.word[:40]}"
        if self._live:
            print(f"\r\x1b[K{text}", end="", flush=True)
        elif now - self._told > QUIET_EVERY_S:
            self._told = now
            print(text, flush=True)

    def end(self, ok: bool) -> None:
        text = f"{self.title} {'done' if ok else 'failed'} in {time.monotonic() - self._start:.0f} s"
        print(f"\r\x1b[K{text}" if self._live else text, flush=True)
