"""One spelling of many: other digits, letters that look alike, marks of formatting, signs of LaTeX, words for signs."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_LOOKALIKES: Final = str.maketrans(
    "аеіорсухАЕІОРСХВКМНТο−–—‑‒×·⋅∙÷∕⁄≤⩽≥⩾⟹，、；：。",
    "aeiopcyxAEIOPCXBKMHTo-----****///<<>>→,,;:.",
)
# Where LaTeX and people write a sign in another way. Applied in this order, to lower case.
_SIGNS: Final = [
    (re.compile(pattern), sign)
    for pattern, sign in [
        (r"\\(?:left|right|displaystyle|bigl?|bigr?|limits)(?![a-z])", ""),
        (r"\\[dtc]frac", r"\\frac"),
        (
            r"\\(?:text|mathrm|mathbf|mathit|mathsf|mathtt|textbf|textit|textrm|boldsymbol|bm|mbox|operatorname)(?![a-z])\s*",
            "",
        ),
        (r"\\(?:cdot|times|ast)(?![a-z])", "*"),
        (r"\\div(?![a-z])", "/"),
        (r"\\(?:leq?|leqslant|lt)(?![a-z])|<=|=<", "<"),
        (r"\\(?:geq?|geqslant|gt)(?![a-z])|>=|=>(?=\s*-?\d)", ">"),
        (r"\\(?:quad|qquad)(?![a-z])|\\[,;:!> ]|~", " "),
        (r"\{,\}", ","),
        (r"\{\s*\}", ""),
        (r"\\infty", " infinity "),
        (r"\\([%$#&_{}])", r"\1"),
        (r"\*\*|__|`+", ""),
    ]
]
_WORDS: Final = [
    (re.compile(pattern), sign)
    for pattern, sign in [
        (r"\b(?:is |are )?(?:(?:greater|more|larger|bigger) than(?: or equal to)?|at least|above)\b", " > "),
        (r"\b(?:is |are )?(?:(?:less|smaller|fewer|lower) than(?: or equal to)?|at most|below|under|up to)\b", " < "),
        (r"大于等于|大于|不小于|多于|超过", " > "),
        (r"小于等于|小于|不大于|少于|不超过", " < "),
        (r"\b(?:equals|is equal to|equal to)\b|等于", " = "),
        (r"\bplus\b|加上?", " + "),
        (r"\bminus\b|减去?", " - "),
        (r"\bnegative\s+(?=[\d(])|负", " -"),
        (r"\btimes\b|\bmultiplied by\b|乘以?", " * "),
        (r"\b(?:divided by|out of)\b|(?<=[\d)\ue000])\s*over\b|除以", " / "),
        (r"\b(?:twice|double)\b(?= *\d)", " 2 * "),
        (r"(?<=\))\s*of(?=\s+-?\d)", " * "),
        (r"(?<=\d)e\+?(-?\d{1,2})\b", r"*10^(\1)"),
        (r"\bsquared\b|的?平方", "^2"),
        (r"\bcubed\b|的?立方", "^3"),
        (r"\bto the power(?: of)?\b", "^"),
        (r"(?<=\d)\s*point\s*(?=\d)", "."),
        (r"(\d+(?:\.\d+)?)\s*(?:%|\bper ?cent\b)", r"(\1/100)"),
    ]
]
DEPTH_MAX: Final = 6  # fractions within fractions
_RAISED: Final = re.compile(r"(?<=[\w)\]}])[⁰¹²³⁴-⁹]+")
_VULGAR: Final = re.compile(r"[¼-¾⅐-⅞]")


def plain(text: str) -> str:
    """The text with one spelling of digits, letters and signs; capitals are kept, for some codes are in them."""
    # 2½ is no 21/2, and ⅐ would else become a digit beside its neighbour.
    text = _VULGAR.sub(lambda found: f" {unicodedata.normalize('NFKC', found[0])} ", text)
    text = _RAISED.sub(lambda found: f"^{unicodedata.normalize('NFKC', found[0])}", text)
    out = []
    for sign in unicodedata.normalize("NFKC", text):
        kind = unicodedata.category(sign)
        if kind == "Nd":
            out.append(str(unicodedata.decimal(sign)))
        elif kind in {"Mn", "Me", "Cf"}:
            continue
        else:
            out.append(sign)
    return "".join(out).translate(_LOOKALIKES)


def signs(text: str) -> str:
    """Plain text in lower case with LaTeX's signs as keyboards write them."""
    text = "".join(sign.lower() if len(sign.lower()) == 1 else sign for sign in text)
    for pattern, sign in _SIGNS:
        text = pattern.sub(sign, text)
    return text


def formulas(text: str) -> str:
    """The same with words such as “plus” and “less than” as signs. Numbers must be digits already."""
    for pattern, sign in _WORDS:
        text = pattern.sub(sign, text)
    return text


def flat(text: str) -> str:
    """LaTeX's fractions, roots and braces in one line: ``\\frac{a}{b}`` is ``(a)/(b)``."""
    text = re.sub(r"\\frac\s*(\d)\s*(\d)", r"(\1)/(\2)", text)
    for _ in range(DEPTH_MAX):
        before = text
        text = re.sub(r"\\frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}", r"(\1)/(\2)", text)
        text = re.sub(r"\\sqrt\s*\{([^{}]*)\}", r"sqrt(\1)", text)
        text = re.sub(r"([\^_])\s*\{([^{}]*)\}", r"\1(\2)", text)
        if text == before:
            break
    return text


def squashed(text: str) -> str:
    """A formula without what may be left away: spaces, dollars, signs of products, brackets."""
    return re.sub(r"[\s$*\\{}()\[\]]", "", text)
