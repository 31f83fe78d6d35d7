"""The one terminal that all processes share: each line with the name of who wrote it, coloured where colours show."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Final, TextIO

OWN: Final = "chalkstream"
WIDTH: Final = len(OWN)
# SGR codes that are readable on light and on dark; each kind of process keeps its colour.
COLOURS: Final = {"redis": 31, "web": 36, "scribe": 35, "inference": 33, "class": 34, "prepare": 32, OWN: 32}
PLAIN: Final = 37


class Console:
    def __init__(self, stream: TextIO | None = None, *, colour: bool | None = None) -> None:
        self._stream = stream or sys.stdout
        self._colour = self._stream.isatty() if colour is None else colour

    def line(self, name: str, text: str) -> None:
        """One line of the process ``name``; an empty one says nothing. Of control characters only colours pass."""
        if not text.strip():
            return
        head = f"{name:<{WIDTH}} |"
        if self._colour:
            head = f"\x1b[{COLOURS.get(name.rstrip('0123456789'), PLAIN)}m{head}\x1b[0m"
        self._stream.write(f"{head} {_printable(text)}\n")
        self._stream.flush()

    def say(self, text: str) -> None:
        self.line(OWN, text)

    def block(self, lines: Iterable[str]) -> None:
        """Lines that a person looks for: set apart, and bold where that shows."""
        self._stream.write("\n")
        for text in lines:
            self._stream.write(f"  \x1b[1m{text}\x1b[0m\n" if self._colour else f"  {text}\n")
        self._stream.write("\n")
        self._stream.flush()


def _printable(text: str) -> str:
    return "".join(letter for letter in text if letter == "\t" or letter == "\x1b" or letter.isprintable())


def welcome(url: str, users: Iterable[Iterable[str]], *, note: str = "") -> list[str]:
    """What a newcomer wants to know first: where to go, as whom, and what is wrong (``note``), if anything."""
    rows = [tuple(user) for user in users]
    lines = [f"Chalkstream is ready: {url}"]
    if rows:
        width = max(len(name) for name, *_ in rows)
        lines += ["", "Demo accounts (open a second browser or a private window for the second person):"]
        lines += [f"  {name:<{width}}  {password}  {role}" for name, password, role in rows]
    lines += ["", note] if note else []
    return [*lines, "", "Ctrl-C stops everything."]
