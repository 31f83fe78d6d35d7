"""How a sentence of the tutor points at one shape of a board, or at one step: ``[shape kfwq]`` (A15). Pure.

A reference is made of the id alone, so it stays the same from answer to answer, and of consonants alone, so it is no word,
no number and no formula: the guard has nothing to hold back in it. ``static/src/pointing.ts`` makes the same of the same id
(``tests/tutor/references.json``), and makes links only of references to what the room's log has named.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

LETTERS: Final = "bcdfghjklmnpqrstvwxz"
LENGTH: Final = 4
HOW: Final = (
    "To point at one of them, write its reference, such as {}, in place of its name: the room sees a link to it."
)
_NUMBERED: Final = re.compile(r"^(\d+)\. ", re.MULTILINE)


def reference_of(key: str) -> str:
    """Four letters for a UUID."""
    number = int(key[:8], 16)
    letters = []
    for _ in range(LENGTH):
        number, at = divmod(number, len(LETTERS))
        letters.append(LETTERS[at])
    return "".join(letters)


def shape_named(key: str) -> str:
    return f"[shape {reference_of(key)}]"


def step_named(key: str) -> str:
    return f"[step {reference_of(key)}]"


def shapes_named(described: str, keys: Sequence[str]) -> str:
    """The numbered lines of ``describing.shapes_described`` with each shape's reference behind its number."""

    def named(found: re.Match[str]) -> str:
        at = int(found[1]) - 1
        return f"{found[0]}{shape_named(keys[at])} " if at < len(keys) else found[0]

    return _NUMBERED.sub(named, described)
