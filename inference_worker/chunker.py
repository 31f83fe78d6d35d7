"""From pieces of text to chunks worth sending: pure, with the clock passed in.

The first chunk goes at once; then one every FLUSH_S, a finished line at once. A chunk has at most MAX_CHUNK characters and,
unless it is the last, does not end inside a grapheme cluster (the last cluster may still grow).
"""

from __future__ import annotations

import regex

FLUSH_S = 0.03
MAX_CHUNK = 2_000  # code points: with four bytes each and its envelope still far below a frame
_CLUSTER = regex.compile(r"\X")


class Chunker:
    def __init__(self) -> None:
        self._text = ""
        self._flushed_at: float | None = None

    def push(self, text: str) -> None:
        self._text += text

    def due(self) -> float | None:
        """Clock time at which ``take`` should be called; None while there is nothing to take."""
        if not self._text:
            return None
        if self._flushed_at is None or "\n" in self._text:
            return 0.0
        return self._flushed_at + FLUSH_S

    def take(self, now: float, *, final: bool = False) -> list[str]:
        """The chunks that are due at ``now``; with ``final`` all that is left."""
        due = self.due()
        if due is None or (not final and due > now):
            return []
        cut = len(self._text) if final else self._safe_end()
        out, self._text = self._text[:cut], self._text[cut:]
        if out:
            self._flushed_at = now
        return _pieces(out)

    def _safe_end(self) -> int:
        if self._text.endswith("\n") and not self._text.endswith("\r\n"):
            return len(self._text)  # nothing can join a line end
        start = 0
        for match in _CLUSTER.finditer(self._text):
            start = match.start()
        return start


def _pieces(text: str) -> list[str]:
    """Cut at cluster borders into pieces of at most MAX_CHUNK (a single longer cluster stays whole)."""
    if len(text) <= MAX_CHUNK:
        return [text] if text else []
    pieces, start, end = [], 0, 0
    for match in _CLUSTER.finditer(text):
        if match.end() - start > MAX_CHUNK and end > start:
            pieces.append(text[start:end])
            start = end
        end = match.end()
    return [*pieces, text[start:]]
