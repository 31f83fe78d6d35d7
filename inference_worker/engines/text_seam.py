"""Where a prefix ends and new text begins, when the tokens are somewhere else: ``seam.py`` for text. Pure.

A server cuts the prefix into tokens by itself, and behind half a word the model is at a loss. So the last two words are
taken back, the model writes them again, and what it repeats is not shown a second time. When it writes something else,
the caller asks once more, with the whole prefix.
"""

from __future__ import annotations

import regex

BACK = 80  # characters that are taken back at most
# Tokenizers never join a word with what stands before its space, nor letters with digits or signs.
_LAST = regex.compile(r"(?:\s*(?:\p{L}+|\p{N}+|[^\s\p{L}\p{N}]+)){1,2}\s*\Z|\s+\Z")


class TextSeam:
    """``kept``: the part of the prefix that the server is given. ``push`` what it writes, get what is new.

    ``back``: take words back; else the whole prefix stands. ``echo``: the server repeats what it was given, too.
    """

    def __init__(self, prefix: str, *, back: bool = True, echo: bool = False) -> None:
        tail = prefix[-BACK:] if back else ""
        found = _LAST.search(tail)
        start = found.start() if found else len(tail)
        if start == 0 and len(prefix) > BACK:
            start = len(tail)  # no place to cut at
        self.again = tail[start:]
        self.kept = prefix[: len(prefix) - len(self.again)]
        self._left = prefix if echo else self.again

    @property
    def closed(self) -> bool:
        """The prefix stands again as it was."""
        return not self._left

    def push(self, text: str) -> str | None:
        """None: the model writes something else."""
        if not self._left:
            return text
        size = min(len(text), len(self._left))
        if text[:size] != self._left[:size]:
            return None
        self._left = self._left[size:]
        return text[size:]
