"""From pieces of text and a clock to chunks worth sending. Pure: the caller brings the time.

* The first chunk goes at once, and so does a line that is complete.
* Otherwise a piece that comes 45 ms or more after the last chunk takes along what is held; what is still held after
  60 ms goes by ``tick``.
* A chunk never ends inside a grapheme: the last one is held back until the next has begun or the text ends, since an
  accent, a joiner or a second flag letter may still follow it.
* A chunk has at most 4 kB of UTF-8. Only a single grapheme longer than that is cut, between code points.
* Of a text that nobody watches (``calm``) what has come goes every two seconds: each chunk rewrites a long row.
"""

from __future__ import annotations

from collections.abc import Iterator

import regex

QUIET_S = 0.045
LONGEST_S = 0.060
CALM_S = 2.0
CHUNK_BYTES = 4_096
_GRAPHEME = regex.compile(r"\X")


class Chunker:
    """Times are seconds of any steady clock. Every method returns the chunks that are to be sent now."""

    def __init__(self, *, calm: bool = False) -> None:
        self._calm = calm
        self._held = ""
        self._sent_at: float | None = None

    def push(self, text: str, now: float) -> list[str]:
        self._held += text
        if self._calm and self._sent_at is not None and now - self._sent_at < CALM_S:
            return []
        line_end = self._held.rfind("\n") + 1
        if self._sent_at is None or now - self._sent_at >= QUIET_S:
            return self._send(max(line_end, safe_end(self._held)), now)
        return self._send(line_end, now)

    def due(self) -> float | None:
        """When ``tick`` has something to do, or None."""
        if self._sent_at is None or not safe_end(self._held):
            return None
        return self._sent_at + (CALM_S if self._calm else LONGEST_S)

    def tick(self, now: float) -> list[str]:
        due = self.due()
        return self._send(safe_end(self._held), now) if due is not None and now >= due else []

    def finish(self) -> list[str]:
        text, self._held = self._held, ""
        return list(pieces(text))

    def _send(self, end: int, now: float) -> list[str]:
        if not end:
            return []
        text, self._held = self._held[:end], self._held[end:]
        self._sent_at = now
        return list(pieces(text))


def safe_end(text: str) -> int:
    """How much of ``text`` can be shown whatever follows: all but the last grapheme, unless that is a line's end."""
    if not text or text.endswith("\n"):
        return len(text)
    if _size(text) > CHUNK_BYTES:
        # An endless grapheme must not be held for ever.
        ends = [match.end() for match in _GRAPHEME.finditer(text)]
        return ends[-2] if len(ends) > 1 else len(text)
    # \X from a fixed distance could start inside a grapheme; from the last line's start it cannot.
    line = text.rfind("\n") + 1
    last = line
    for match in _GRAPHEME.finditer(text, line):
        last = match.start()
    return last


def pieces(text: str, limit: int = CHUNK_BYTES) -> Iterator[str]:
    """``text`` in parts of at most ``limit`` bytes of UTF-8, cut between graphemes wherever one fits."""
    start = end = size = 0
    for part in _parts(text, limit):
        length = _size(part)
        if size + length > limit:
            yield text[start:end]
            start, size = end, 0
        end += len(part)
        size += length
    if start < end:
        yield text[start:end]


def _parts(text: str, limit: int) -> Iterator[str]:
    for match in _GRAPHEME.finditer(text):
        grapheme = match.group()
        if _size(grapheme) > limit:
            yield from grapheme
        else:
            yield grapheme


def _size(text: str) -> int:
    """Bytes of UTF-8. What no UTF-8 can hold is replaced later, by the publisher."""
    return len(text.encode(errors="surrogatepass"))
