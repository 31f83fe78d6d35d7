"""The numbers of a text: words become digits first, so that “twenty-one”, “二十一” and “21” are found in one way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from tutor.forbidden import numerals
from tutor.forbidden.plain import flat, formulas, plain, signs

WEAK: Final = "\ue000"  # behind a number that its word hardly means: “one side”, “两边”, “一步”
_TOKEN: Final = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+(?:'[a-z]+)?|\s+|.", re.DOTALL)
_HAN: Final = "".join(sorted(numerals.HAN))
_HAN_RUN: Final = re.compile(rf"([{_HAN}\d]+)分之([{_HAN}\d]+)|一半|[{_HAN}]+")
_NUMBER: Final = re.compile(rf"(\d+(?:\.\d+)?){WEAK}?")
_POINT: Final = re.compile(r"(?<!\d)(\.\d+)")  # .7 may be 0.7, or a 7 behind a sentence's end
_JOINT: Final = re.compile(r"[\s-]+")
DIGITS_MAX: Final = 40


@dataclass(frozen=True, slots=True)
class Mention:
    """A number that stands in ``Read.text`` from ``start`` to ``end``; ``weak`` if its word has other uses."""

    start: int
    end: int
    digits: str
    value: Fraction
    weak: bool


@dataclass(frozen=True, slots=True)
class Read:
    """A text with its numbers as digits and its formulas as plain signs. What is new begins at ``border``."""

    text: str
    border: int
    mentions: tuple[Mention, ...]


def read(before: str, text: str) -> Read:
    """``text``, and what stands before it."""
    head, tail = signs(plain(before)), signs(plain(text))
    digits, border = _digits(head + tail, len(head))
    old, new = flat(formulas(digits[:border])), formulas(digits[border:])
    whole = flat(old + new)  # a fraction may begin in the one and end in the other
    border = len(old) if whole.startswith(old) else 0
    found = tuple(
        Mention(match.start(), match.end(), match[1], Fraction(match[1]), match[0].endswith(WEAK))
        for match in sorted((*_NUMBER.finditer(whole), *_POINT.finditer(whole)), key=re.Match.start)
        if len(match[1]) <= DIGITS_MAX
    )
    return Read(whole, border, found)


def _digits(text: str, border: int) -> tuple[str, int]:
    """The text with number words as digits, and where the border is in it."""
    text_border = len(_HAN_RUN.sub(_han, text[:border]))
    text = _HAN_RUN.sub(_han, text[:border]) + _HAN_RUN.sub(_han, text[border:])
    tokens = [(match.start(), match[0]) for match in _TOKEN.finditer(text)]
    out: list[str] = []
    size, moved, at = 0, -1, 0
    while at < len(tokens):
        token = tokens[at][1]
        piece, used = _number(tokens, at) or (token, 1)
        end = tokens[at + used][0] if at + used < len(tokens) else len(text)
        if moved < 0 and end > text_border:
            moved = size
        if piece is not token and text[end : end + 1].isdigit():
            piece += " "  # “seven7” says 7 twice, and not 77
        out.append(piece)
        size, at = size + len(piece), at + used
    return "".join(out), size if moved < 0 else moved


def _han(found: re.Match[str]) -> str:
    if found[0] == "一半":
        return " (1/2) "
    if found[1]:
        top, bottom = _han_value(found[2]), _han_value(found[1])
        return found[0] if top is None or bottom is None else f" ({top}/{bottom}) "
    value = numerals.han(found[0])
    if value is None:
        return found[0]
    return f" {_written(value)}{WEAK if found[0] in '一两' else ''} "


def _han_value(text: str) -> Fraction | int | None:
    return int(text[:DIGITS_MAX]) if text.isdigit() else numerals.han(text)


def _written(value: Fraction) -> str:
    if value.denominator == 1:
        return str(value.numerator)
    return str(float(value)) if (value * 10**6).denominator == 1 else f"({value})"


def _number(tokens: list[tuple[int, str]], at: int) -> tuple[str, int] | None:
    """(what to write, how many tokens) of a number in English words that begins here, with the part of a fraction."""
    words, places = _words(tokens, at)
    if not words or (words[0] not in numerals.WORDS and words[0] not in {"a", "an"} and not words[0].isdigit()):
        return None
    top: Fraction | None = None
    used = 0
    if words[0].isdigit():
        top, used = Fraction(words[0][:DIGITS_MAX]), 1
    elif (found := numerals.english(words)) is not None:
        top, used = Fraction(found[0]), found[1]
    elif words[0] in {"a", "an"}:
        top, used = Fraction(1), 1
    elif words[0] in {"half", "halves", "quarter", "quarters"}:
        top = Fraction(1)
    rest = words[used:]
    if rest and rest[0] in numerals.PARTS and top is not None:
        return f" ({top}/{numerals.PARTS[rest[0]]})", places[used] - at + 1
    if top is None or used == 0 or words[0] in {"a", "an"} or words[0].isdigit():
        return None
    return f" {top}{WEAK if words[:used] == ['one'] else ''}", places[used - 1] - at + 1


def _words(tokens: list[tuple[int, str]], at: int) -> tuple[list[str], list[int]]:
    """The words from here on that only blanks or hyphens part, and their places; not more than a number may have."""
    words: list[str] = []
    places: list[int] = []
    while at < len(tokens) and len(words) < 12:
        token = tokens[at][1]
        if token[0].isalnum():
            words.append(token)
            places.append(at)
        elif not _JOINT.fullmatch(token) or "\n" in token:
            break
        at += 1
    return words, places


_RUN: Final = re.compile(r"[\d.+\-*/^() ]{3,80}")
_MIXED: Final = re.compile(r"(?<![\d.])(\d+)\s+(?:and\s+)?\(?\s*(\d+)\)?\s*/\s*\(?(\d+)\)?")
_RATIO: Final = re.compile(r"(?<![\d.])\(?(\d+(?:\.\d+)?)\)?\s*/\s*\(?(\d+(?:\.\d+)?)\)?(?!\d|\.\d)")
# A minus that belongs to the number: nothing stands before it that could be made less by it.
_SIGN: Final = re.compile(r"(?:[-+*/^(\[{=<>,;:]|[^\W\d_]{2})\s*-[\s(]*$")
_STEP: Final = re.compile(r"\d+(?:\.\d*)?|\.\d+|[-+*/^()]")


def worked_out(text: str) -> Iterator[tuple[int, int, Fraction]]:
    """(start, end, value) of what has operations in it: sums, quotients, powers, mixed numbers."""
    bare = text.replace(WEAK, " ")
    for match in _RUN.finditer(bare):
        body = match[0].strip(" +*/^")
        for sums in {body, body.lstrip("- ")} if any(sign in body for sign in "+-*/^") else ():
            value = calculated(sums)
            if value is not None:
                yield match.start(), match.start() + len(match[0].rstrip()), value
    for start, end, value in _written_fractions(bare):
        yield start, end, value
        if _SIGN.search(bare[max(0, start - 16) : start]):  # x - (-3/4) and x - -3/4, where no whole run says -3/4
            yield start, end, -value


def _written_fractions(bare: str) -> Iterator[tuple[int, int, Fraction]]:
    for match in _RATIO.finditer(bare):
        if Fraction(match[2]):
            yield match.start(), match.end(), Fraction(match[1]) / Fraction(match[2])
    for match in _MIXED.finditer(bare):
        if int(match[3]):
            yield match.start(), match.end(), int(match[1]) + Fraction(int(match[2]), int(match[3]))


def fractions(text: str) -> Iterator[Fraction]:
    """Fractions in lowest terms and mixed numbers: what is a number as it is written, and no calculation."""
    bare = text.replace(WEAK, " ")
    for match in _RATIO.finditer(bare):
        value = Fraction(match[1]) / Fraction(match[2]) if Fraction(match[2]) else Fraction(0)
        if str(value.denominator) == match[2]:
            yield value
    for match in _MIXED.finditer(bare):
        if int(match[3]):
            yield int(match[1]) + Fraction(int(match[2]), int(match[3]))


def calculated(text: str) -> Fraction | None:
    """The value of a calculation with numbers, exact; None for what is none, is undefined or too large."""
    steps = _STEP.findall(text)
    if not 0 < len(steps) <= 40 or any(len(step) > 15 for step in steps):
        return None
    while steps.count("(") > steps.count(")") and "(" in steps:
        steps.remove("(")
    while steps.count(")") > steps.count("("):
        steps.reverse()
        steps.remove(")")
        steps.reverse()
    try:
        value, rest = _sum(steps, 0)
    except (ValueError, ZeroDivisionError, IndexError):
        return None
    return value if rest == len(steps) else None


def _sum(steps: list[str], at: int) -> tuple[Fraction, int]:
    value, at = _product(steps, at)
    while at < len(steps) and steps[at] in "+-":
        more, after = _product(steps, at + 1)
        value, at = (value + more if steps[at] == "+" else value - more), after
    return value, at


def _product(steps: list[str], at: int) -> tuple[Fraction, int]:
    value, at = _power(steps, at)
    while at < len(steps) and (steps[at] in "*/(" or steps[at][0] in "0123456789."):
        sign = steps[at] if steps[at] in "*/" else ""
        more, after = _power(steps, at + bool(sign))
        value, at = (value / more if sign == "/" else value * more), after
    return value, at


def _power(steps: list[str], at: int) -> tuple[Fraction, int]:
    if steps[at] in "+-":
        value, after = _power(steps, at + 1)
        return (-value if steps[at] == "-" else value), after
    if steps[at] == "(":
        value, after = _sum(steps, at + 1)
        at = after + 1
    else:
        value, at = Fraction(steps[at] if steps[at] != "." else "x"), at + 1
    if at < len(steps) and steps[at] == "^":
        power, at = _power(steps, at + 1)
        if power.denominator != 1 or abs(power) > 12 or abs(value) > 10**6:
            raise ValueError("too large")
        value **= int(power)
    return value, at
