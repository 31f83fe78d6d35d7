"""Where a prefix ends and new text begins.

A prefix is text, and seldom ends where a token did: behind "fractio" the model is at a loss, for it has only ever seen
whole words there. So the last word is taken back, and the first new tokens are drawn only among those that write it
again. What the first attempt would have said next, the second says.

Tokens are compared as bytes, for many of them hold only a part of a character. Pure.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

BACK = 8  # tokens that are taken back at most
_BYTE = re.compile(r"<0x([0-9A-F]{2})>")


class Vocabulary:
    """``written[id]``: the bytes that each token writes; empty for control tokens."""

    def __init__(self, written: Sequence[bytes]) -> None:
        self.written = written
        self._ids: dict[bytes, list[int]] = {}
        for token, text in enumerate(written):
            if text:
                self._ids.setdefault(text, []).append(token)
        self._sorted = sorted(self._ids)

    def towards(self, text: bytes) -> list[int]:
        """Tokens that write a beginning of ``text``, or all of it and perhaps more."""
        found = [token for end in range(1, len(text)) for token in self._ids.get(text[:end], ())]
        at = bisect_left(self._sorted, text)
        while at < len(self._sorted) and self._sorted[at].startswith(text):
            found += self._ids[self._sorted[at]]
            at += 1
        return found

    def spells(self, text: bytes) -> bool:
        """Whether ``towards`` can never come to a dead end on the way."""
        return all(bytes([byte]) in self._ids for byte in text)


class Seam:
    """``kept``: the prefix's tokens that stand; ``again``: the text behind them, which the new tokens begin with."""

    def __init__(self, ids: Sequence[int], vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._left = b""
        cut = len(ids)
        text = b""
        for back in range(1, min(BACK, len(ids)) + 1):
            text = vocabulary.written[ids[-back]] + text
            if not text or 0x80 <= text[0] < 0xC0 or not vocabulary.spells(text):
                continue  # in the middle of a character
            cut, self._left = len(ids) - back, text
            if text[:1].isspace():
                break
        self.kept = list(ids[:cut])
        self.again = self._left.decode(errors="replace")

    def allowed(self) -> list[int]:
        """Only these may come next; empty: any."""
        return self._vocabulary.towards(self._left) if self._left else []

    def take(self, token: int) -> None:
        if self._left:
            text = self._vocabulary.written[token]
            self._left = b"" if text.startswith(self._left) else self._left[len(text) :]


def vocabulary_read(tokenizer: Any, size: int | None = None) -> Vocabulary:
    """``tokenizer``: a ``tokenizers.Tokenizer``. ``size``: tokens that the model knows; others write nothing.

    Knows byte-level BPE, and ``▁`` with ``<0x..>`` of SentencePiece.
    """
    described = json.loads(tokenizer.to_str())
    byte_level = '"ByteLevel"' in json.dumps(described["decoder"])
    added = {token["id"]: token for token in described["added_tokens"]}
    letters = byte_letters()
    written = []
    for token in range(max(tokenizer.get_vocab().values(), default=-1) + 1):  # there may be gaps
        name = tokenizer.id_to_token(token) or ""
        if size is not None and token >= size:
            written.append(b"")
        elif token in added:
            written.append(b"" if added[token]["special"] else name.encode())
        elif byte_level:
            written.append(bytes(letters[letter] for letter in name if letter in letters))
        elif found := _BYTE.fullmatch(name):
            written.append(bytes([int(found[1], 16)]))
        else:
            written.append(name.replace("\u2581", " ").encode())
    return Vocabulary(written)


def prefix_tokenizer(tokenizer: Any) -> Any:
    """For text that a model wrote itself: byte-level tokenizers that normalise (Qwen2: NFC) would change it."""
    described = json.loads(tokenizer.to_str())
    if not described["normalizer"] or '"ByteLevel"' not in json.dumps(described["decoder"]):
        return tokenizer
    return type(tokenizer).from_str(json.dumps({**described, "normalizer": None}))


def byte_letters() -> dict[str, int]:
    """GPT-2's alphabet, which byte-level BPE writes its tokens in: a visible letter for every byte."""
    shown = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return {chr(byte): byte for byte in shown} | {chr(256 + at): byte for at, byte in enumerate(hidden)}
