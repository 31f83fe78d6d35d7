"""Where a prefix ends and new text begins.

A prefix is text, and seldom ends where a token did: behind "fractio" the model is at a loss, for it has only ever seen
whole words there. So the last word is taken back, and the first new tokens are drawn only among those that write it
again. What the first attempt would have said next, the second says. Pure.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence

BACK = 8  # tokens that are taken back at most
UNFINISHED = "\ufffd"


class Vocabulary:
    """``texts[id]`` is what each token writes on its own; "" for control tokens."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self._ids: dict[str, list[int]] = {}
        for token, text in enumerate(texts):
            if text and UNFINISHED not in text:  # a token of half a character writes nothing that could be compared
                self._ids.setdefault(text, []).append(token)
        self._sorted = sorted(self._ids)

    def towards(self, text: str) -> list[int]:
        """Tokens that write a beginning of ``text``, or all of it and perhaps more."""
        found = [token for end in range(1, len(text)) for token in self._ids.get(text[:end], ())]
        at = bisect_left(self._sorted, text)
        while at < len(self._sorted) and self._sorted[at].startswith(text):
            found += self._ids[self._sorted[at]]
            at += 1
        return found

    def spells(self, text: str) -> bool:
        """Whether ``towards`` can never come to a dead end on the way."""
        return all(character in self._ids for character in text)


class Seam:
    """``kept``: the prefix's tokens that stand; ``again``: the text behind them, which the new tokens begin with."""

    def __init__(self, ids: Sequence[int], decode: Callable[[list[int]], str], vocabulary: Vocabulary) -> None:
        whole = decode(list(ids))
        self._vocabulary = vocabulary
        self.kept, self.again = list(ids), ""
        for back in range(1, min(BACK, len(ids)) + 1):
            start = decode(list(ids[:-back]))
            if not whole.startswith(start) or not vocabulary.spells(whole[len(start) :]):
                continue  # in the middle of a character, or of one that no token writes alone
            self.kept, self.again = list(ids[:-back]), whole[len(start) :]
            if self.again[:1].isspace():
                break
        self._left = self.again

    def allowed(self) -> list[int]:
        """Only these may come next; empty: any."""
        return self._vocabulary.towards(self._left) if self._left else []

    def take(self, token: int) -> None:
        if not self._left:
            return
        text = self._vocabulary.texts[token]
        self._left = "" if text.startswith(self._left) else self._left[len(text) :]
