"""Which parts of a text are lines of maths: equations, inequalities, chains. Pure, and rather too few than too many.

In a chat only what stands alone on its line, or between dollar signs, is one. In what the tutor writes calculations in the
middle of a sentence are looked for as well (``12 · 3 = 36``). Prose is never maths: a word, a question mark, a list, code
or a quotation ends the matter, and what the grammar cannot read is none. All places are code points of the whole text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tutor.checker.grammar import read
from tutor.checker.tokens import FUNCTION_NAMES, UNITS
from tutor.checker.tree import TEXT_MAX, ParseError, Relation, Several, Tree

SIGN: Final = re.compile(r"[=<>≤≥⩽⩾≠≈]|\\(?:le|ge|lt|gt|ne)q?(?![a-z])|\\(?:approx|leqslant|geqslant)(?![a-z])")
_CODE: Final = re.compile(r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|`[^`\n]*`", re.DOTALL)
_FORMULA: Final = re.compile(
    r"\$\$(?P<two>[^$]{1,2000}?)\$\$|\\\[(?P<display>.{1,2000}?)\\\]|\\\((?P<round>.{1,1000}?)\\\)"
    r"|(?<![\\$\w])\$(?!\s)(?P<one>[^$\n]{1,1000}?)(?<![\s\\])\$(?![$\d])",
    re.DOTALL,
)
_ROWS: Final = re.compile(r"\s*\\begin\{(align|aligned|gather|gathered|split)(\*?)\}(.*)\\end\{\1\2\}\s*", re.DOTALL)
_NUMBERED: Final = re.compile(r"\d{1,2}[.)]\s+")
_QUOTED: Final = re.compile(r">|[-+*•]\s|#|\|")  # a line that is a quotation, a list, a heading or a table
_RUN: Final = re.compile(r"(?<![A-Za-z\\])[A-Za-z]{2,}")
_HEART: Final = re.compile(r"(?:^|\s)<3(?![\d.])")
_NUMBER: Final = r"[$€£]?\d+(?:,\d{3})*(?:\.\d+)?%?"
_PART: Final = rf"\(*[-−]?{_NUMBER}\)*"
_JOINT: Final = r"(?:\s*[-+*/×·⋅÷−]\s*|\s+x\s+)"
_CALCULATION: Final = re.compile(rf"{_PART}(?:{_JOINT}{_PART})+(?:\s*=\s*{_PART}(?:{_JOINT}{_PART})*)+")
# Bold type (**) and the brackets of tagged calculations (<<2+3=5>>) are no operators.
_OPERATOR_LAST: Final = re.compile(r"(?:[-+−/×·⋅÷=≤≥≠≈^%_&]|(?<!\*)\*|\d\s*x)$")
_OPERATOR_FIRST: Final = re.compile(r"[-+−/×·⋅÷=≤≥≠≈^%_&]|\*(?!\*)")
_LINKED: Final = re.compile(
    r"(?:[\s.,;:*>⇒→$]|\\[\[\]]|\\(?:begin|end)\{[a-z]{1,9}\*?\}|\\(?:implies|Rightarrow|to)\b"
    r"|\b(?:so|then|thus|therefore|hence|now|next|(?:this|that|which|and) gives|giving|gives|we (?:get|have|obtain)|i\.e|"
    r"that is|simplifying|simplify)\b|所以|因此|于是|得到?|即|则|那么)*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Line:
    """``text`` as the checker reads it; ``start`` and ``end`` where it stands, with its dollar signs.

    ``is_linked``: nothing but “so” and the like stands between the line before and this one. ``is_shown``: it stands on
    lines of its own.
    """

    start: int
    end: int
    text: str
    tree: Tree
    is_linked: bool = False
    is_shown: bool = False


def lines_said(text: str) -> list[Line]:
    """The lines of maths in what a person says to the room, in their order."""
    return _lines(text, calculations=False)


def lines_written(text: str) -> list[Line]:
    """The same in what the tutor writes, with the calculations inside its sentences."""
    return _lines(text, calculations=True)


def _lines(text: str, *, calculations: bool) -> list[Line]:
    if not SIGN.search(text):
        return []
    plain = _CODE.sub(_blank, text)
    found = [line for match in _FORMULA.finditer(plain) for line in _formula(plain, match)]
    rest = _FORMULA.sub(_blank, plain)
    alone = list(_alone(plain, rest))
    found += alone
    if calculations:
        taken = [(line.start, line.end) for line in alone]
        found += [line for line in _calculated(rest) if not any(a <= line.start < b for a, b in taken)]
    found.sort(key=lambda line: line.start)
    return [
        _placed(line, plain[before.end : line.start] if before else None)
        for before, line in zip([None, *found], found, strict=False)
    ]


def _blank(match: re.Match[str]) -> str:
    """Text of the same length in which nothing is maths; line ends stay."""
    return re.sub(r"[^\n]", "\0", match[0])


def _placed(line: Line, between: str | None) -> Line:
    linked = line.is_linked or (between is not None and _LINKED.fullmatch(between) is not None)
    return Line(line.start, line.end, line.text, line.tree, linked, line.is_shown)


def _formula(text: str, match: re.Match[str]) -> Iterator[Line]:
    """What stands between dollar signs; the rows of an aligned one are lines of their own."""
    kind = str(match.lastgroup)
    if text[match.end() : match.end() + 1] in ("?", "？"):
        return  # somebody asks whether it is so
    shown = kind in ("two", "display") or _stands_alone(text, match.start(), match.end())
    rows = _ROWS.fullmatch(match[kind])
    if rows is None:
        yield from _one(match.start(), match.end(), match[kind].strip(), shown=shown)
        return
    at = match.start(kind) + rows.start(3)
    following = False
    for row in rows[3].split("\\\\"):
        inner = row.replace("&", " ").strip()
        lead = len(row) - len(row.lstrip())
        for line in _one(at + lead, at + len(row.rstrip()), inner, shown=shown, continued=following):
            following = True
            yield line
        at += len(row) + 2


def _stands_alone(text: str, start: int, end: int) -> bool:
    before, after = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    return not text[before:start].strip() and not text[end : len(text) if after < 0 else after].strip(" \t.,;")


def _alone(text: str, rest: str) -> Iterator[Line]:
    """Lines that are maths from end to end, without any dollar signs."""
    at, following = 0, False
    for whole in rest.split("\n"):
        head = _NUMBERED.match(whole.lstrip())
        lead = len(whole) - len(whole.lstrip()) + (head.end() if head else 0)
        inner = whole[lead:].rstrip().rstrip(".,;。，；")
        found = []
        if inner and "\0" not in whole and not _QUOTED.match(inner) and _has_no_words(inner):
            found = list(_one(at + lead, at + lead + len(inner), inner, shown=True, continued=following))
        following = bool(found)
        yield from found
        at += len(whole) + 1


def _calculated(rest: str) -> Iterator[Line]:
    """Numbers and signs alone, in the middle of a sentence, and whole: no part of a longer formula."""
    for match in _CALCULATION.finditer(rest):
        before, after = rest[: match.start()].rstrip(" "), rest[match.end() :].lstrip(" ")
        glued = rest[match.start() - 1 : match.start()], rest[match.end() : match.end() + 1]
        cut_off = before[-1:].isdigit() or before[-1:] in ("(", "\0") or _OPERATOR_LAST.search(before) is not None
        goes_on = after[:1].isdigit() or after[:1] in ("?", "？", "(", "\0") or _OPERATOR_FIRST.match(after) is not None
        is_part = glued[0].isalnum() or glued[0] in (".", "\\", "^") or glued[1].isalpha() or glued[1] == "°"
        if not (cut_off or goes_on or is_part):
            start, end = _unwrapped(match[0])
            yield from _one(match.start() + start, match.start() + end, match[0][start:end], shown=False)


def _unwrapped(text: str) -> tuple[int, int]:
    """Where it begins and ends without brackets that stand around the whole of it."""
    left = text.partition("=")[0]
    return (1, len(text) - 1) if left.count("(") > left.count(")") and text.endswith(")") else (0, len(text))


def _has_no_words(line: str) -> bool:
    """Whether no letters stand together but names of functions, units behind a number, and products as ``xy``."""
    if _HEART.search(line):
        return False
    for run in _RUN.finditer(line):
        word, before = run[0].lower(), line[: run.start()].rstrip()
        is_unit = word in UNITS and before[-1:].isdigit()
        if not (word in FUNCTION_NAMES or word in ("pi", "and", "or") or is_unit or set(word) <= {"x", "y", "z"}):
            return False
    return True


def _one(start: int, end: int, inner: str, *, shown: bool, continued: bool = False) -> Iterator[Line]:
    """``continued``: the line before is maths, so this one may begin with its sign."""
    if not inner or len(inner) > TEXT_MAX or not SIGN.search(inner) or inner.endswith(("?", "？")):
        return
    is_rest = inner.startswith("=")
    if is_rest and not continued:
        return
    try:
        tree = read(inner[1:] if is_rest else inner).tree
    except (ParseError, RecursionError):
        return
    parts = tree.parts if isinstance(tree, Several) else (tree,)
    if is_rest or all(isinstance(part, Relation) for part in parts):
        yield Line(start, end, inner, tree, is_linked=continued, is_shown=shown)
