"""Names out of transcripts: the same person is the same pseudonym in every export of this server, and nobody without
the server's secret can tell who.

This is pseudonymisation, not anonymisation: what people tell about themselves stays. Names of one Latin letter are left
alone in running text, where they would be every ``x`` of a formula.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from django.utils.crypto import salted_hmac

SALT = "chalkstream.review.pseudonyms"
DIGITS = 10
PERSON_KEYS = {"id", "name", "role"}
# Words of the protocol, not of people: a person called Text must not break them.
STRUCTURE = frozenset({"id", "answer", "part", "model", "engine", "role"})
# From Thai on, scripts of names that we meet write without spaces: a word's edge is no use there.
SPACELESS_FROM = "\u0e00"
PART_MIN = 3


def pseudonym(user_id: str) -> str:
    return "person-" + salted_hmac(SALT, user_id, algorithm="sha256").hexdigest()[:DIGITS]


class Pseudonyms:
    """Replaces the people it was told of, in ``by``, in data and inside running text."""

    def __init__(self, names: Iterable[tuple[str, str]]) -> None:
        """``names``: (user id, a name that this person goes or went by), as many as are known."""
        self._by_name: dict[str, str] = {}
        parts: dict[str, str] = {}
        for user_id, name in names:
            key = _fold(name)
            if len(key) > 1 or (key and key >= SPACELESS_FROM):
                self._by_name.setdefault(key, pseudonym(user_id))
            for part in name.split():
                if len(part) >= PART_MIN:
                    parts.setdefault(unicodedata.normalize("NFC", part), pseudonym(user_id))
        self._parts = {part: alias for part, alias in parts.items() if _fold(part) not in self._by_name}
        self._whole = _pattern(self._by_name, re.IGNORECASE)
        # A part of a name may be a common word (Will, May): only as it is written in the name.
        self._partial = _pattern(self._parts, re.NOFLAG)

    def text(self, text: str) -> str:
        text = unicodedata.normalize("NFC", text)
        if self._whole is not None:
            text = self._whole.sub(lambda found: self._by_name.get(_fold(found[0]), "person"), text)
        if self._partial is not None:
            text = self._partial.sub(lambda found: self._parts[found[0]], text)
        return text

    def person(self, person: dict[str, Any]) -> dict[str, Any]:
        alias = pseudonym(str(person["id"]))
        return {**person, "id": alias, "name": alias}

    def value(self, value: Any) -> Any:
        """Any JSON value with its people and texts replaced. A hash of the true text would give it away: it goes."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(one) for one in value]
        if isinstance(value, dict):
            if value.keys() == PERSON_KEYS:
                return self.person(value)
            kept = {key: one for key, one in value.items() if key != "sha256"}
            return {key: one if key in STRUCTURE else self.value(one) for key, one in kept.items()}
        return value


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _pattern(names: Iterable[str], flags: re.RegexFlag) -> re.Pattern[str] | None:
    longest_first = sorted(names, key=lambda name: (-len(name), name))
    return re.compile("|".join(_bounded(name) for name in longest_first), flags) if longest_first else None


def _bounded(name: str) -> str:
    before = r"(?<![^\W_])" if name[0] < SPACELESS_FROM else ""
    after = r"(?![^\W_])" if name[-1] < SPACELESS_FROM else ""
    return before + re.escape(name) + after
