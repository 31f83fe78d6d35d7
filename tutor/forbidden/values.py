"""What must not be said: the values of a vault in forms that a text can be compared with, worked out once per answer.

A value that stands in the public statement itself cannot be forbidden as such: if the statement says “2 apples”, an
answer without any “2” could not speak of it. Such values are *open*: they are withheld only where they are given as the
answer (“x = 2”, “the answer is 2”, a sentence that is nothing else).
"""

from __future__ import annotations

import base64
import codecs
import itertools
import re
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Final

from tutor.checker.grammar import read as grammar_read
from tutor.checker.rational import NotRationalError, UndefinedError, ratio_of
from tutor.checker.tree import Apply, ParseError, Relation, Several, Symbol, TooLargeError, Tree, Words
from tutor.forbidden import mentions, numerals
from tutor.forbidden.plain import flat, formulas, plain, signs, squashed

VALUE_MAX: Final = 300  # characters of a value that are compared; longer ones are cut
VALUES_MAX: Final = 60
TERMS_MAX: Final = 4  # of a sum or product whose every order is looked for
COMMON: Final = frozenset({"yes", "no", "true", "false", "none", "verified", "undefined", "und", "dne"})
_BETWEEN: Final = r"[\s$*{}\\()\[\]]*"  # what may stand between two signs of a formula
_PIECE: Final = re.compile(r"\d+(?:\.\d+)?|[^\s$*{}\\()\[\]]")
_PHRASE: Final = re.compile(r"[^\W\d_]{2,}(?:[ '-]+[^\W\d_]+)*")


@dataclass(frozen=True, slots=True)
class Bound:
    """The answer is an inequality: ``limit`` with ``sign`` in front of it, seen from the unknown."""

    sign: str
    limit: Fraction


@dataclass(frozen=True)
class Values:
    """``numbers`` and ``phrases``: what is withheld wherever it stands; ``open_*``: only where it is given as the answer.

    ``groups``: numbers that give it away together (a point, a list of solutions). ``formulas``: patterns over the text
    that ``mentions.read`` makes. ``spelled``: words that are the value without blanks (seven, neves, sieben); ``parts``: how
    these, or a code of the value, may begin; ``letters``: the Chinese signs of phrases.
    ``statement``, squashed, and ``digits``: what the public statement has.
    """

    numbers: frozenset[Fraction] = frozenset()
    open_numbers: frozenset[Fraction] = frozenset()
    phrases: tuple[re.Pattern[str], ...] = ()
    open_phrases: tuple[re.Pattern[str], ...] = ()
    groups: tuple[tuple[Fraction, ...], ...] = ()
    bounds: tuple[Bound, ...] = ()
    formulas: tuple[re.Pattern[str], ...] = ()
    spelled: frozenset[str] = frozenset()
    parts: frozenset[str] = frozenset()
    letters: frozenset[str] = frozenset()
    statement: str = ""
    digits: frozenset[str] = frozenset()

    @cached_property
    def strict(self) -> Values:
        """The same with nothing open: for what somebody has disguised."""
        return replace(
            self,
            numbers=self.numbers | self.open_numbers,
            phrases=self.phrases + self.open_phrases,
            statement="",
            digits=frozenset(),
        )

    def __bool__(self) -> bool:
        return bool(
            self.numbers or self.open_numbers or self.phrases or self.open_phrases or self.formulas or self.bounds
        )


@lru_cache(maxsize=512)
def values_of(forbidden: tuple[str, ...], statement: str) -> Values:
    """The values, ready to be looked for. Never raises: what cannot be read as mathematics is compared as text."""
    building = _Building(statement)
    for value in forbidden[:VALUES_MAX]:
        building.add(value[:VALUE_MAX])
    return building.values()


class _Building:
    def __init__(self, statement: str) -> None:
        read = mentions.read("", statement)
        self._said = read.text
        self._squashed = squashed(read.text)
        self._open = {mention.value for mention in read.mentions}
        self._open |= {-value for value in self._open} | set(mentions.fractions(read.text))
        self._numbers: set[Fraction] = set()
        self._members: set[Fraction] = set()
        self._groups: list[tuple[Fraction, ...]] = []
        self._bounds: list[Bound] = []
        self._formulas: list[re.Pattern[str]] = []
        self._phrases: list[re.Pattern[str]] = []
        self._open_phrases: list[re.Pattern[str]] = []
        self._words: set[str] = set()  # an answer in words, written as one, and turned round
        self._begin: set[str] = set()
        self._digits = frozenset(mention.digits for mention in read.mentions)

    def add(self, value: str) -> None:
        text = " ".join(value.replace("$", " ").split()).rstrip(". ")
        if not text:
            return
        try:
            tree: Tree | None = grammar_read(plain(text)).tree
        except (ParseError, RecursionError, ValueError):
            tree = None
        if tree is None or isinstance(tree, Words):
            self._text(text)
        else:
            self._tree(tree, text)

    def _tree(self, tree: Tree, text: str) -> None:
        number = _number(tree)
        if number is not None:
            self._numbers.add(number)
            return
        if isinstance(tree, Several):
            self._several(tree, text)
            return
        if isinstance(tree, Relation) and len(tree.sides) == 2:
            self._relation(tree, text)
            return
        self._formula(text)

    def _several(self, tree: Several, text: str) -> None:
        members = tuple(_flattened(tree))
        values = tuple(value for value in map(_number, members) if value is not None)
        if len(values) == len(members) > 1:
            self._groups += [values] if tree.kind in {"point", "row", "matrix"} else itertools.permutations(values[:4])
            self._members |= set(values)
        elif all(isinstance(member, Relation) for member in members):
            for member, part in zip(members, re.split(r",|;|\band\b|\bor\b", text), strict=False):
                self._tree(member, part)
        self._formula(text)

    def _relation(self, tree: Relation, text: str) -> None:
        left, right = tree.sides
        for one, other, turned in ((left, right, False), (right, left, True)):
            value = _number(other)
            if isinstance(one, Symbol) and value is not None:
                if tree.signs[0] in {"=", "≈"}:
                    self._numbers.add(value)
                    return
                sign = tree.signs[0][0]
                self._bounds.append(Bound({"<": ">", ">": "<"}.get(sign, sign) if turned else sign, value))
                return
        sides = re.split(r"=", text)
        self._formula(text)
        if len(sides) == 2:
            self._formula(f"{sides[1]}={sides[0]}")
            for mine, side in zip(tree.sides, sides, strict=True):
                if isinstance(mine, Apply) and len(_PIECE.findall(side)) > 2:
                    self._formula(side)

    def _formula(self, text: str) -> None:
        read = flat(formulas(mentions.read("", text).text))
        self._begin |= set(re.findall(r"[a-z]{2,}", read))
        for order in _orders(read):
            pieces = _PIECE.findall(order)
            if not pieces:
                continue
            pattern = re.compile(rf"(?<![a-z0-9.]){_BETWEEN.join(map(re.escape, pieces))}(?![a-z0-9^]|\.\d)")
            (self._open_phrases if squashed(order) in self._squashed else self._formulas).append(pattern)

    def _text(self, text: str) -> None:
        """An answer in words, or mathematics that we do not read."""
        if not _PHRASE.fullmatch(text):
            self._formula(text)
            return
        words = [word for word in signs(plain(text)).split() if word not in {"a", "an", "the"}]
        pattern = re.compile(
            rf"(?<![^\W\d_]){'[^a-z0-9]+(?:an?|the)?[^a-z0-9]*'.join(map(re.escape, words))}(?![^\W\d_])"
        )
        is_open = bool(pattern.search(self._said)) or "".join(words) in COMMON
        (self._open_phrases if is_open else self._phrases).append(pattern)
        self._begin |= {*words, "".join(words)}
        if not is_open:
            self._words |= {"".join(words), "".join(words)[::-1], codecs.encode("".join(words), "rot13")}

    def values(self) -> Values:
        spelled = {word for word in self._words if word.isalpha() and len(word) > 3}
        codes = set()
        for value in self._numbers | self._members:
            spelled |= _spelled(value)
            codes |= {base64.b64encode(str(sign).encode()).decode().rstrip("=").lower() for sign in (value, abs(value))}
        # Of a point or a list each number alone is half an answer: withheld where it is given as one.
        return Values(
            numbers=frozenset(self._numbers - self._open),
            open_numbers=frozenset(self._members | (self._numbers & self._open)),
            phrases=tuple(self._phrases),
            open_phrases=tuple(self._open_phrases),
            groups=tuple(self._groups),
            bounds=tuple(self._bounds),
            formulas=tuple(self._formulas),
            spelled=frozenset(spelled),
            parts=frozenset(word[:size] for word in spelled | self._begin | codes for size in range(2, len(word) + 1)),
            letters=frozenset(sign for word in self._begin for sign in word if not sign.isascii()),
            statement=self._squashed,
            digits=self._digits,
        )


def _number(tree: Tree) -> Fraction | None:
    try:
        return ratio_of(tree).constant
    except (NotRationalError, UndefinedError, TooLargeError, ArithmeticError, RecursionError):
        return None


def _flattened(tree: Tree) -> list[Tree]:
    return [one for part in tree.parts for one in _flattened(part)] if isinstance(tree, Several) else [tree]


def _spelled(value: Fraction) -> set[str]:
    """The words of a whole number without blanks: English, turned round, with other letters; and in other languages."""
    number = abs(value)
    if number.denominator != 1:
        return set()
    words = "".join(numerals.words_of(int(number)))
    found = {words, words[::-1], codecs.encode(words, "rot13")} if words else set()
    return found | {word for word, foreign in numerals.FOREIGN.items() if foreign == number and len(word) > 2}


def _orders(text: str) -> list[str]:
    """A sum with its terms, or a product with its bracketed factors, in every order."""
    if "=" in text or "<" in text or ">" in text or "," in text:
        return [text]
    terms = _split(text.replace("$", ""))
    if 1 < len(terms) <= TERMS_MAX:
        orders = [
            "".join(term if term[0] in "+-" else f"+{term}" for term in one) for one in itertools.permutations(terms)
        ]
        return [order.removeprefix("+") for order in orders]
    factors = re.findall(r"\([^()]*\)", text)
    if 1 < len(factors) <= TERMS_MAX and "".join(factors) == re.sub(r"[\s*]", "", text):
        return ["".join(one) for one in itertools.permutations(factors)]
    return [text]


def _split(text: str) -> list[str]:
    terms, depth = [""], 0
    for sign in re.sub(r"\s", "", text):
        depth += (sign in "([{") - (sign in ")]}")
        if sign in "+-" and depth == 0 and terms[-1] and terms[-1][-1] not in "^*/(":
            terms.append("")
        terms[-1] += sign
    return [term for term in terms if term]
