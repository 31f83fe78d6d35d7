"""Formulas as paths: LaTeX in, path data out, drawn by ziamath with its own font. Pure, and slow: the jail's child calls it.

The paths lie in a box from 0, 0 to ``w``, ``h`` (y downwards), letters being 24 units high. They have the colour of whoever
draws them: a formula has none of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from itertools import pairwise
from typing import Any, Final
from xml.etree.ElementTree import Element

SIZE: Final = 24
LATEX_MAX: Final = 500
NESTING_MAX: Final = 6  # ziamath's time doubles with each level
PATHS_MAX: Final = 600
PATH_CHARACTERS_MAX: Final = 200_000
EMPTY: Final = "Write a formula."
TOO_LONG: Final = f"A formula has {LATEX_MAX} characters at most."
TOO_DEEP: Final = f"A formula is nested {NESTING_MAX} deep at most."
TOO_MUCH: Final = "The formula is too large to draw."
DOLLARS: Final = "Write the formula without $ around it."
UNSEEN: Final = "The formula has a character that nobody sees."
UNREADABLE: Final = "The formula cannot be read: is a brace open, or something left out?"
_UNSEEN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
# What latex2mathml does not know it passes on as it stands.
_UNKNOWN: Final = re.compile(r"\\[A-Za-z]+|&")
_SIGNS: Final = frozenset({"mi", "mo", "mn"})
_ADDRESS: Final = re.compile(r"\\(href|url|includegraphics|input|include|def|newcommand)(?![A-Za-z])")
_INVISIBLE: Final = frozenset("\u2061\u2062\u2063\u2064")  # function application and its like
_STACKED: Final = frozenset(
    {"mfrac", "msqrt", "mroot", "msup", "msub", "msubsup", "mover", "munder", "munderover", "menclose", "mtable"}
)


class FormulaError(Exception):
    """A formula that is not drawn: a sentence for who wrote it."""


def formula_check(latex: str) -> str:
    """The formula without blanks around it, if it may be one. Cheap, and without ziamath. Raises FormulaError."""
    text = latex.strip()
    if not text:
        raise FormulaError(EMPTY)
    if len(text) > LATEX_MAX:
        raise FormulaError(TOO_LONG)
    if _UNSEEN.search(text):
        raise FormulaError(UNSEEN)
    if "$" in text.replace("\\$", ""):
        raise FormulaError(DOLLARS)
    if found := _ADDRESS.search(text):
        raise FormulaError(f"\\{found[1]} is not maths.")
    return text


def formula_draw(latex: str) -> dict[str, Any]:
    """{w, h, paths: [{d, transform}]} of a formula. Raises FormulaError."""
    from ziamath.config import config
    from ziamath.zmath import Math

    mathml = _mathml(formula_check(latex))
    config.svg2 = False  # paths, not symbols that are used elsewhere
    config.precision = 2
    try:
        formula = Math(mathml, size=SIZE)
        _signs_check(mathml, formula)
        drawn = formula.svgxml()
    except (RecursionError, MemoryError):
        raise FormulaError(TOO_MUCH) from None
    except (ArithmeticError, AssertionError, AttributeError, LookupError, SyntaxError, TypeError, ValueError):
        raise FormulaError(UNREADABLE) from None
    left, top, w, h = (float(number) for number in drawn.attrib["viewBox"].split())
    paths = [{"d": d, "transform": f"translate({_short(-left)} {_short(-top)})"} for d in _outlines(drawn)]
    if not paths:
        raise FormulaError(EMPTY)
    if len(paths) > PATHS_MAX or sum(len(path["d"]) for path in paths) > PATH_CHARACTERS_MAX:
        raise FormulaError(TOO_MUCH)
    return {"w": round(w, 2), "h": round(h, 2), "paths": paths}


def _mathml(text: str) -> Element:
    from latex2mathml import converter, exceptions

    known = (AssertionError, AttributeError, LookupError, SyntaxError, TypeError, ValueError)
    theirs = [kind for kind in vars(exceptions).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    unreadable: tuple[type[Exception], ...] = (*known, *theirs)
    try:
        text = re.sub(r"\\(begin|end)\{(?:aligned|gathered|split)\}", r"\\\1{align*}", text)
        found_tree = converter.convert_to_element(text)
        del found_tree.attrib["xmlns"]
    except RecursionError:
        raise FormulaError(TOO_DEEP) from None
    except unreadable:
        raise FormulaError(UNREADABLE) from None
    for part in found_tree.iter():
        if _name(part) in _SIGNS and _UNKNOWN.fullmatch(part.text or ""):
            raise FormulaError(f"“{part.text}” is not known here.")
        part.text = unescape(part.text or "") or None  # the signs that it does know have numbers: &#x02192;
    if _depth(found_tree) > NESTING_MAX:
        raise FormulaError(TOO_DEEP)
    return found_tree


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _depth(element: Element) -> int:
    """How many parts stand in one another, each of which is measured again for every one around it."""
    fenced = _name(element) == "mrow" and any(part.get("fence") for part in element)
    own = 1 if fenced or _name(element) in _STACKED else 0
    return own + max((_depth(part) for part in element), default=0)


def _signs_check(mathml: Element, formula: Any) -> None:
    """A sign that the font lacks would be drawn as a question mark in a box."""
    for sign in dict.fromkeys("".join(mathml.itertext())):
        seen = ord(sign) > 0x7E and not sign.isspace() and sign not in _INVISIBLE
        if seen and formula.font.glyphindex(sign) == 0:
            raise FormulaError(f"A formula has no sign “{sign}”: write it as text beside it.")


def _outlines(drawn: Element) -> Iterator[str]:
    """Path data of all that is filled; lines and boxes as their outlines."""
    for part in drawn.iter():
        kind, line = _name(part), float(part.get("stroke-width", "0"))
        if kind == "path" and part.get("fill") not in (None, "none"):
            yield _tidy(part.attrib["d"])
        elif kind == "path":
            yield _thick(part.attrib["d"], line)
        elif kind == "rect":
            yield from _box(*(float(part.attrib[name]) for name in ("x", "y", "width", "height")), part, line)


def _box(x: float, y: float, w: float, h: float, *rest: Any) -> Iterator[str]:
    part, line = rest
    if part.get("fill") not in (None, "none"):
        yield _corners([(x, y), (x + w, y), (x + w, y + h), (x, y + h)])
        return
    for one in ((x, y, x + w, y), (x, y + h, x + w, y + h), (x, y, x, y + h), (x + w, y, x + w, y + h)):
        yield _bar(*one, line)


def _thick(d: str, line: float) -> str:
    """A stroke of straight lines as what it covers."""
    numbers = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", d)]
    places = list(zip(numbers[::2], numbers[1::2], strict=False))
    return "".join(_bar(*one, *two, line) for one, two in pairwise(places))


def _bar(x: float, y: float, to_x: float, to_y: float, line: float) -> str:
    length = ((to_x - x) ** 2 + (to_y - y) ** 2) ** 0.5 or 1.0
    dx, dy = -(to_y - y) / length * line / 2, (to_x - x) / length * line / 2
    return _corners([(x + dx, y + dy), (to_x + dx, to_y + dy), (to_x - dx, to_y - dy), (x - dx, y - dy)])


def _corners(places: list[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{_short(x)} {_short(y)}" for x, y in places) + "Z"


def _tidy(d: str) -> str:
    """The path without needless blanks. Anything but path data in it is a fault of the library."""
    if re.fullmatch(r"[MLHVCSQTAZ0-9 .,e-]+", d) is None:
        raise ValueError("no path data")
    return re.sub(r" ?([MLHVCSQTAZ]) ?", r"\1", d)


def _short(number: float) -> str:
    return f"{number + 0:.2f}".rstrip("0").rstrip(".") if abs(number) >= 0.005 else "0"
