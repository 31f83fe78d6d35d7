"""Which words and signs may pass at once, and where a sentence ends: what the guard needs to know of each token."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from tutor.forbidden import encodings, numerals, praise
from tutor.forbidden.values import Values

_HAN: Final = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\u3007]")
_WORD: Final = re.compile(r"[A-Za-zÀ-ÖØ-öø-ɏ'’]+")
_ROMAN: Final = re.compile(r"[IVXLCDM]{2,}")
_SAFE: Final = frozenset(" \t\n\r,.;:!?'\"()“”‘’，。！？；：、（）《》「」")
_HAN_CUES: Final = frozenset("倒反二十编罗密拼百分之")
_ALONE: Final = frozenset({"a", "i"})


def in_word(cluster: str) -> bool:
    """Letters, digits, and what hides between them; a Chinese sign is a word of its own."""
    return _letter(cluster[0])


@lru_cache(maxsize=4_096)
def _letter(first: str) -> bool:
    if _HAN.match(first):
        return False
    return first.isalnum() or first in "'’" or unicodedata.category(first) in {"Cf", "Mn", "Me", "Mc", "Co", "Cn"}


def ends_line(cluster: str) -> bool:
    return cluster[0] in "\n\r\u2028\u2029\x0b\x0c\x85"


def ends_sentence(cluster: str) -> bool:
    """At once, whatever follows; “.” ends one before a blank only."""
    return cluster in {"。", "！", "？", "；"}


def may_praise(token: str) -> bool:
    return (
        not praise.WORDS.isdisjoint(token.lower().replace("’", "'").split("'"))
        or token[0] in praise.HAN
        or token[0] in praise.SIGNS
    )


def harmless(token: str, values: Values, around: tuple[str, str]) -> bool:
    """Whether it can be no part of a forbidden value. ``around``: what stands before it, and the grapheme behind it."""
    if _HAN.match(token):
        signs = set(token)  # an accent on it makes it no other numeral
        return signs.isdisjoint(numerals.HAN) and signs.isdisjoint(_HAN_CUES) and signs.isdisjoint(values.letters)
    if not in_word(token):
        return _sign_harmless(token, around)
    lower = token.lower().replace("’", "'")
    parts = [part for part in lower.split("'") if part]
    if not _WORD.fullmatch(token) or (len(parts) == 1 and len(parts[0]) == 1 and parts[0] not in _ALONE):
        return False
    if not (token.islower() or token.istitle() or token[1:].islower() or "'" in token) or _ROMAN.fullmatch(token):
        return False  # capitals within: a numeral or a code
    return not any(part in words for part in parts for words in (numerals.WORDS, values.parts, encodings.CUES))


def _sign_harmless(sign: str, around: tuple[str, str]) -> bool:
    if sign == "-":
        return around[0].isalpha() and around[1].isalpha()
    if sign == ".":
        return around[1] not in {".", "-", "…"}  # dots and dashes are an alphabet
    return sign in _SAFE or ends_line(sign) or sign.isspace()
