"""From what a reader gives (blocks) to passages of a length that is embedded and quoted. Pure.

A passage never crosses a page, a heading or a cell, so that its place can be named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

SIZE: Final = 900  # characters: about 220 tokens of English, which is what the default model reads
PASSAGES_MAX: Final = 5_000
_SENTENCE: Final = re.compile(r"(?<=[.!?。！？；;])\s+|(?<=[。！？；])")
_PARAGRAPH: Final = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class Block:
    """A page, a section or a cell. ``page`` only where the document has pages; ``anchor`` names the place for people."""

    text: str
    anchor: str
    heading: str = ""
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """A passage that is not stored yet: ``n`` counts from 1."""

    n: int
    text: str
    anchor: str
    heading: str
    page: int | None


def pieces(blocks: Iterable[Block], size: int = SIZE) -> list[Piece]:
    """Passages in order, at most PASSAGES_MAX, none empty and none longer than ``size`` characters."""
    made: list[Piece] = []
    for block in blocks:
        for text in _joined(_parts(block.text, size), size):
            if len(made) == PASSAGES_MAX:
                return made
            made.append(Piece(len(made) + 1, text, block.anchor[:200], block.heading[:200], block.page))
    return made


def _joined(parts: Iterable[str], size: int) -> Iterator[str]:
    """Neighbours put together as long as they fit."""
    kept = ""
    for part in parts:
        if kept and len(kept) + 2 + len(part) > size:
            yield kept
            kept = part
        else:
            kept = f"{kept}\n\n{part}" if kept else part
    if kept:
        yield kept


def _parts(text: str, size: int) -> Iterator[str]:
    """Paragraphs; of those that are too long sentences put together, and of endless sentences slices."""
    for paragraph in _PARAGRAPH.split(text):
        if len(paragraph.strip()) <= size:
            if paragraph.strip():
                yield paragraph.strip()
            continue
        kept = ""
        for sentence in _SENTENCE.split(paragraph):
            for at in range(0, len(sentence), size):
                piece = sentence[at : at + size].strip()
                if kept and len(kept) + 1 + len(piece) > size:
                    yield kept
                    kept = piece
                else:
                    kept = f"{kept} {piece}".strip()
        if kept:
            yield kept
