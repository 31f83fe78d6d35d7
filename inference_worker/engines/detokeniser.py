"""From token ids to text, one token at a time, exact on every script. Pure but for the tokenizer's ``decode``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

UNFINISHED = "\ufffd"
CONTEXT = 8


class Detokeniser:
    """``step`` gives the text that a token completes, "" while a character is still in pieces.

    A token's text can depend on its neighbours (a leading space, a merged accent), so it is decoded together with the
    ones before it, of which the last step's are kept. ``context`` are the tokens of a text that is already shown.
    """

    def __init__(self, decode: Callable[[list[int]], str], context: Sequence[int] = ()) -> None:
        self._decode = decode
        self._shown_ids = list(context[-CONTEXT:])
        self._held: list[int] = []
        self._shown = decode(self._shown_ids) if self._shown_ids else ""

    def step(self, token: int) -> str:
        self._held.append(token)
        text = self._decode(self._shown_ids + self._held)
        if text.endswith(UNFINISHED):
            return ""
        new = text[len(self._shown) :]
        self._shown_ids, self._held = self._held, []
        self._shown = self._decode(self._shown_ids)
        return new

    def flush(self) -> str:
        """At the end: what is whole of what was held; half a character is dropped."""
        text = self._decode(self._shown_ids + self._held)[len(self._shown) :]
        self._held = []
        return text.rstrip(UNFINISHED)
