"""Accepted answers said otherwise, and made wrong: by their text alone, so that the checker's own reading has no part in it."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Final

_SIGN: Final = re.compile(r"\\leq?(?![A-Za-z])|\\geq?(?![A-Za-z])|<=|>=|[=<>≤≥]")
_TURNED: Final = {"<": ">", ">": "<", "≤": "≥", "≥": "≤", "<=": ">=", ">=": "<=", "=": "="}
_NUMBER: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_LIST: Final = re.compile(r"\s+and\s+|,(?![0-9]{3}(?![0-9]))|;")


def formula(answer: str) -> str | None:
    """The answer as one formula; None for one in words, which can be neither rewritten nor made wrong by arithmetic."""
    text = " ".join(answer.replace("$$", " ").split())
    plain = re.sub(r"\\[A-Za-z]+|\s", "", text)
    return None if not plain or (re.search(r"[A-Za-z]{3,}", plain) and not re.search(r"[0-9(^=]", plain)) else text


def rewritten(text: str) -> Iterator[str]:
    """Equal forms: the sides changed over, the list turned round, the whole thing doubled and halved."""
    sides, signs = _sides(text)
    if len(sides) == 2:
        yield f"{sides[1]} {_turned(signs[0])} {sides[0]}"
        if signs[0] == "=" and not _is_name(sides[0]) and not _parts(sides[1]):
            yield f"3({sides[0]}) = 3({sides[1]})"
        return
    parts = _parts(text)
    if parts:
        if not text.startswith(("(", "[", "\\left")):
            yield ", ".join(reversed(parts))
        return
    if len(sides) == 1 and "\\begin" not in text and "\\pm" not in text:
        yield f"\\frac{{2({text})}}{{2}}"
        yield f"({text})+7-7"


def wrong(text: str, seed: random.Random) -> Iterator[str]:
    """Forms that cannot be equal: one more, on one side, in one item; another digit of a plain number; the sign turned."""
    sides, signs = _sides(text)
    if len(sides) == 2:
        if not _parts(sides[1]) and "\\pm" not in text:
            yield f"{sides[0]} {signs[0]} ({sides[1]})+1"
        if signs[0] != "=":
            yield f"{sides[0]} {_turned(signs[0])} {sides[1]}"
        return
    parts = _parts(text)
    if parts:
        at = seed.randrange(len(parts))
        if not text.startswith(("(", "[", "\\left", "\\begin")) and "=" not in text and not parts[at].startswith("("):
            yield ", ".join([*parts[:at], f"({parts[at]})+1", *parts[at + 1 :]])
        return
    if len(sides) != 1 or "\\begin" in text or "\\pm" in text:
        return
    if _NUMBER.fullmatch(text):
        yield digit_changed(text, seed)
    yield f"({text})+1"
    yield f"({text})-\\frac{{1}}{{3}}"


def digit_changed(text: str, seed: random.Random) -> str:
    """Another digit in place of one, so that the number is another."""
    places = [at for at, sign in enumerate(text) if sign.isdigit()]
    at = seed.choice(places)
    return text[:at] + seed.choice([digit for digit in "123456789" if digit != text[at]]) + text[at + 1 :]


def _sides(text: str) -> tuple[list[str], list[str]]:
    if "\\begin" in text or "," in text:
        return [text, text, text], []
    return [side.strip() for side in _SIGN.split(text)], _SIGN.findall(text)


def _turned(sign: str) -> str:
    return _TURNED.get(sign) or {"l": "\\geq", "g": "\\leq"}[sign[1]]


def _parts(text: str) -> list[str]:
    """The items of a list written without brackets around it."""
    if text.startswith(("(", "[", "\\left")) and " and " not in text:
        return [text] if "," in text else []
    parts = [part.strip() for part in _LIST.split(text)] if "," in text or " and " in text or ";" in text else []
    balanced = all(part.count("(") == part.count(")") for part in parts)
    return parts if len(parts) > 1 and balanced else [text] if parts else []


def _is_name(side: str) -> bool:
    return re.fullmatch(r"[A-Za-z]'?(\([a-z]\))?", side) is not None
