"""What a class's hidden documents say of a problem's answer: values that the guard of that class's rooms withholds (D8).

A hidden document is read section by section (what a heading or a numbered exercise begins). A section is about a problem if
it quotes one of its formulas, begins with its title, or has most of its words and all of its numbers; of such a section the
answers count that it gives as such. Nothing of the document but these values leaves this module, and they go nowhere but into
the frozen values of an answer. What is in doubt is left out: a value too many would gag the tutor.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final
from uuid import UUID

from classroom.rooms.models import Problem
from tutor.checker.grammar import read as grammar_read
from tutor.checker.tree import ParseError, Relation, Symbol, Words
from tutor.documents.models import Document, Passage
from tutor.documents.words import query_terms, terms
from tutor.forbidden.plain import flat, plain, signs, squashed
from tutor.solutions import answer_clean, boxes

VALUES_MAX: Final = 20
PASSAGES_MAX: Final = 3_000  # of all hidden documents of a class
SHARE_MIN: Final = 0.6  # of the statement's words
WORDS_MIN: Final = 5
FORMULA_MIN: Final = 4
TITLE_MIN: Final = 8
TITLE_WITHIN: Final = 200
WORDS_MAX: Final = 3  # of an answer that is no mathematics
_START: Final = re.compile(
    r"(?:\s*#{1,6}\s|\s*\**(?:problem|exercise|question|task|aufgabe|ejercicio|exercice)\s+\S|\s*第\s*\S+\s*题|\s*\(?\d{1,3}[.)]\s)",
    re.IGNORECASE,
)
_GIVEN: Final = re.compile(
    r"(answers?|solutions?|results?|antwort|lösung|réponse|respuesta|solución|答案|解答|结果)\**\s*"
    r"(?:is|are|ist|est|es|是|为)?\s*[:：=]?\**\s*(.+?)(?=[.。;；](?:\s|$)|$)",
    re.IGNORECASE | re.MULTILINE,
)
_FORMULA: Final = re.compile(r"\$\$?(.+?)\$\$?", re.DOTALL)
_IN_WORDS: Final = re.compile(
    r"(?:answer|antwort|réponse|respuesta|答案)", re.IGNORECASE
)  # “Solution: see below” is none
_NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)*")
_PIECE: Final = re.compile(r"\d+(?:\.\d+)?|\S")
_BETWEEN: Final = r"[\s$*{}\\()\[\]]*"
_LABEL: Final = re.compile(r"^\s*[:：=–—-]\s*(.+)$")


def hidden_values(class_id: UUID, problem: Problem) -> list[str]:
    """Answers to the problem that the class's hidden documents give, in their order; as texts that the guard reads."""
    hidden = Document.objects.filter(school_class_id=class_id, is_hidden=True, state=Document.State.READY)
    keys = tuple(hidden.order_by("pk").values_list("pk", flat=True))
    return list(_found(keys, problem.title, problem.statement)) if keys else []


@lru_cache(maxsize=256)
def _found(documents: tuple[UUID, ...], title: str, statement: str) -> tuple[str, ...]:
    """Once a document is ready its passages do not change any more."""
    about = _About(title, statement)
    rows = Passage.objects.filter(document_id__in=documents).order_by("document_id", "n")
    found: dict[str, None] = {}
    for section in sections(rows.values_list("heading", "text")[:PASSAGES_MAX]):
        for value in about.values(section):
            found[value] = None
    return tuple(found)[:VALUES_MAX]


def sections(passages: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The text of (heading, text) passages, cut where something new begins."""
    last, lines = "", list[str]()
    for heading, text in passages:
        if heading != last:
            yield from _closed(lines)
            last, lines = heading, [heading]
        for line in text.splitlines():
            if _START.match(line):
                yield from _closed(lines)
                lines = []
            lines.append(line)
    yield from _closed(lines)


def _closed(lines: list[str]) -> Iterator[str]:
    if text := "\n".join(lines).strip():
        yield text


class _About:
    """One problem, as it is looked for."""

    def __init__(self, title: str, statement: str) -> None:
        self._title = " ".join(title.casefold().split())
        self._formulas = [
            formula
            for formula in (_even(found) for found in _FORMULA.findall(statement))
            if len(formula) >= FORMULA_MIN and re.search(r"[-+*/^=<>]", formula)
        ]
        self._patterns = [_pattern(formula) for formula in self._formulas]
        self._words, self._numbers = set(query_terms(statement)), set(_NUMBER.findall(statement))

    def values(self, section: str) -> list[str]:
        rest = self._after_title(section)
        if rest is None and not self._quoted(section) and not self._told(section):
            return []
        given = [*boxes(section), *_assigned(section)]
        given += [told for cue, told in _GIVEN.findall(section) if _is_maths(told) or _IN_WORDS.match(cue)]
        if rest is not None and (label := _LABEL.match(rest.split("\n", 1)[0])):
            given.append(label[1])
        cleaned = (answer_clean(one.strip().rstrip("|").strip()) for one in given)
        return [value for value in cleaned if value and _is_short(value) and _even(value) not in self._formulas]

    def _after_title(self, section: str) -> str | None:
        """What follows the problem's title, if the section begins with it."""
        if len(self._title) < TITLE_MIN or " " not in self._title:
            return None
        head = " ".join(section[:TITLE_WITHIN].casefold().split())
        if self._title not in head:
            return None
        pattern = r"\s+".join(map(re.escape, self._title.split()))
        found = re.search(pattern, section, re.IGNORECASE)
        return section[found.end() :].lstrip("*_ ") if found else ""

    def _quoted(self, section: str) -> bool:
        text = flat(signs(plain(section)))
        return any(pattern.search(text) for pattern in self._patterns)

    def _told(self, section: str) -> bool:
        if len(self._words) < WORDS_MIN or not self._numbers <= set(_NUMBER.findall(section)):
            return False
        return len(self._words & set(terms(section))) >= SHARE_MIN * len(self._words)


def _even(text: str) -> str:
    """A formula in one spelling and without blanks."""
    return squashed(flat(signs(plain(text))))


def _pattern(formula: str) -> re.Pattern[str]:
    """The formula in a text, whatever blanks, brackets and dollar signs it is written with, and not as a part of another."""
    pieces = map(re.escape, _PIECE.findall(formula))
    return re.compile(rf"(?<![^\W_])(?<!\d\.){_BETWEEN.join(pieces)}(?![^\W_]|\.\d)")


def _assigned(section: str) -> Iterator[str]:
    """Lines that are nothing but ``x = 7``."""
    for line in section.splitlines():
        try:
            tree = grammar_read(line.strip().strip("$*-• ").rstrip(".")).tree
        except (ParseError, RecursionError, ValueError):
            continue
        if isinstance(tree, Relation) and tree.signs == ("=",) and isinstance(tree.sides[0], Symbol):
            yield line.strip().strip("$*-• ").rstrip(".")


def _is_maths(text: str) -> bool:
    try:
        return not isinstance(grammar_read(answer_clean(text).replace("$", " ")).tree, Words)
    except (ParseError, RecursionError, ValueError):
        return False


def _is_short(text: str) -> bool:
    """Mathematics, or a few words; no sentence."""
    return _is_maths(text) or len(text.split()) <= WORDS_MAX
