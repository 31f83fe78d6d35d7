"""From a text to tokens, each with its column. ASCII, LaTeX and the signs that keyboards of phones offer."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from tutor.checker.tree import DIGITS_MAX, TEXT_MAX, TOKENS_MAX, ParseError


@dataclass(frozen=True, slots=True)
class Token:
    """``kind``: number, vulgar, power, name, constant, function, unit, sign, sep, end; anything else is itself, as ``+``."""

    kind: str
    text: str
    column: int
    glued: bool = True  # nothing between it and the token before


FUNCTION_NAMES: Final = {
    "sin": "sin", "cos": "cos", "tan": "tan", "cot": "cot", "sec": "sec", "csc": "csc",
    "arcsin": "asin", "asin": "asin", "arccos": "acos", "acos": "acos", "arctan": "atan", "atan": "atan",
    "ln": "ln", "log": "log", "lg": "log", "exp": "exp", "sqrt": "sqrt", "abs": "abs", "frac": "frac",
    "dfrac": "frac", "tfrac": "frac", "cfrac": "frac",
}  # fmt: skip
LATEX: Final = {
    "times": "*", "cdot": "*", "ast": "*", "div": "÷", "pm": "±", "mid": "|", "vert": "|", "lvert": "|", "rvert": "|",
    "lbrace": "{", "rbrace": "}", "lbrack": "[", "rbrack": "]", "circ": "°", "degree": "°", "cup": "or",
}  # fmt: skip
LATEX_SIGNS: Final = {
    "le": "<=", "leq": "<=", "leqslant": "<=", "ge": ">=", "geq": ">=", "geqslant": ">=", "lt": "<", "gt": ">",
    "ne": "!=", "neq": "!=", "approx": "≈",
}  # fmt: skip
SIGN_TEXTS: Final = {
    "<=": "<=", ">=": ">=", "=<": "<=", "≤": "<=", "⩽": "<=", "≥": ">=", "⩾": ">=", "!=": "!=", "≠": "!=",
    "==": "=", "=": "=", "<": "<", ">": ">", "≈": "≈",
}  # fmt: skip
SAME: Final = {
    "−": "-", "–": "-", "×": "*", "·": "*", "⋅": "*", "∙": "*", "•": "*", "**": "^", "∨": "or", "∪": "or",
    "∧": "and", "\\{": "{", "\\}": "}", "\\%": "%", "\\|": "|", "√": "√", "\\\\": "\\\\",
}  # fmt: skip
GREEK: Final = frozenset(
    {
        "alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "theta", "lambda", "mu", "nu", "rho",
        "sigma", "tau", "phi", "varphi", "omega", "Delta",
    }
)  # fmt: skip
SPACING: Final = frozenset(
    {
        "quad", "qquad", "displaystyle", "limits", "left", "right", "big", "Big", "bigl", "bigr", "Bigl", "Bigr",
    }
)  # fmt: skip
# Single letters are unknowns, so that "5 m" keeps its m: units are what nobody would take for a product.
UNITS: Final = frozenset(
    {
        "mm", "cm", "dm", "km", "ft", "yd", "mi", "in", "kg", "mg", "lb", "lbs", "oz", "ml", "cl", "dl", "gal",
        "min", "sec", "hr", "hrs", "hour", "hours", "day", "days", "mph", "kmh", "cent", "cents", "usd", "eur",
        "rad", "deg", "degrees", "dollar", "dollars",
    }
)  # fmt: skip
WORD_MIN: Final = 4  # letters of a word that stands behind a number and is no function: "20 apples"

_TOKEN: Final = re.compile(
    r"""
    (?P<space>[ \t\r\n\u00a0\u2009\u202f]+|\\[,;:!\ ()\[\]]|\$+|~)
  | (?P<number>[0-9]{1,3}(?:(?:,|\{,\}|\\,|\u00a0|\u202f)[0-9]{3})+(?![0-9])(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?|\.[0-9]+)
  | (?P<power>[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)
  | (?P<vulgar>[¼½¾⅐-⅞])
  | (?P<quoted>\\(?:text|mathrm|textrm|mbox|operatorname|textbf|mathbf)\s*\{(?P<inside>[^{}]{0,80})\})
  | (?P<block>\\(?P<edge>begin|end)\s*\{(?P<env>[a-z]{1,12}\*?)\}(?:\{[lcr|]{0,12}\})?)
  | (?P<command>\\[A-Za-z]+)
  | (?P<letters>[A-Za-z]+)
  | (?P<sign><=|>=|=<|!=|==|[=<>≤≥⩽⩾≠≈])
  | (?P<same>\*\*|\\[{}%|\\]|[−–×·⋅∙•∨∪∧√])
  | (?P<money>[€£¥]|\\\$)
  | (?P<greek>[α-ωΔ∞])
  | (?P<one>[-+*/^(){}\[\]|,;!%°±÷_'&])
    """,
    re.VERBOSE,
)
_INDEX: Final = re.compile(r"_(?:\{([A-Za-z0-9+\-, ]{1,12})\}|([A-Za-z0-9]))|('{1,3})")
_SUPERSCRIPTS: Final = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")
_COMMA: Final = re.compile(r"[,{}\\\u00a0\u202f]")


def tokens_read(text: str) -> list[Token]:
    """All tokens, closed by one of kind ``end``. Raises ParseError at the first character that has no meaning here."""
    if len(text) > TEXT_MAX:
        raise ParseError(f"it is longer than {TEXT_MAX} characters", TEXT_MAX + 1)
    return _Tokeniser(text.rstrip().removesuffix(".")).run()


class _Tokeniser:
    def __init__(self, text: str) -> None:
        self.text, self.at, self.glued = text, 0, False
        self.found: list[Token] = []

    def run(self) -> list[Token]:
        while self.at < len(self.text):
            match = _TOKEN.match(self.text, self.at)
            if match is None:
                shown = unicodedata.name(self.text[self.at], "this character").lower()
                raise ParseError(f"{shown} has no meaning here", self.at + 1)
            getattr(self, f"_{match.lastgroup}", self._plain)(match)
            if len(self.found) > TOKENS_MAX:
                raise ParseError(f"it has more than {TOKENS_MAX} signs", self.at + 1)
        self._put("end", "")
        return self.found

    def _put(self, kind: str, text: str) -> None:
        self.found.append(Token(kind, text, self.at + 1, self.glued))
        self.glued = True

    def _plain(self, match: re.Match[str]) -> None:
        """A token that is itself; the groups inside a group never come last."""
        text = match[0]
        self._put(text, text)
        self.at = match.end()

    def _space(self, match: re.Match[str]) -> None:
        self.glued = False
        self.at = match.end()

    def _number(self, match: re.Match[str]) -> None:
        text = match[0]
        opened = self.found and self.found[-1].kind == "("
        if opened and "," in text and self.text[match.end() :].startswith(")") and text.count(",") == 1:
            text = text[: text.index(",")]  # (5,125) is a point; 5,125 is a number
        digits = _COMMA.sub("", text)
        if len(digits) > DIGITS_MAX:
            raise ParseError(f"a number has more than {DIGITS_MAX} digits", self.at + 1)
        self._put("number", digits)
        self.at += len(text)

    def _power(self, match: re.Match[str]) -> None:
        self._put("power", match[0].translate(_SUPERSCRIPTS))
        self.at = match.end()

    def _vulgar(self, match: re.Match[str]) -> None:
        self._put("vulgar", unicodedata.normalize("NFKC", match[0]))
        self.at = match.end()

    def _quoted(self, match: re.Match[str]) -> None:
        self._word(match["inside"].strip(), match.end())

    def _block(self, match: re.Match[str]) -> None:
        self._put(match["edge"], match["env"])
        self.at = match.end()

    def _command(self, match: re.Match[str]) -> None:
        name = match[0][1:]
        if name in SPACING:
            self.glued = self.glued and name in {"left", "right"}
        elif name in LATEX:
            self._put("sep" if LATEX[name] == "or" else LATEX[name], LATEX[name])
        elif name in LATEX_SIGNS:
            self._put("sign", LATEX_SIGNS[name])
        elif name in FUNCTION_NAMES:
            self._put("function", FUNCTION_NAMES[name])
        elif name in ("pi", "infty"):
            self._put("constant", "pi" if name == "pi" else "oo")
        elif name in GREEK:
            self._name(name, match.end())
            return
        else:
            raise ParseError(f"“{match[0]}” is not known", self.at + 1)
        self.at = match.end()

    def _letters(self, match: re.Match[str]) -> None:
        self._word(match[0], match.end())

    def _word(self, word: str, end: int) -> None:
        plain = word.lower()
        after_number = bool(self.found) and self.found[-1].kind in {"number", "vulgar", ")", "}", "unit", "%"}
        if word in FUNCTION_NAMES or plain in FUNCTION_NAMES:
            self._put("function", FUNCTION_NAMES.get(word) or FUNCTION_NAMES[plain])
        elif plain in ("and", "or"):
            self._put("sep", plain)
        elif plain in ("pi", "inf", "infinity", "oo"):
            self._put("constant", "pi" if plain == "pi" else "oo")
        elif word in GREEK:
            return self._name(word, end)
        elif plain in ("x",) and self._times(end):
            self._put("*", "*")
        elif after_number and (plain in UNITS or (len(word) >= WORD_MIN and word.isalpha())):
            self._put("unit", plain)
        elif len(word) < WORD_MIN and word.isalpha():
            return self._spelled(word, end)
        else:
            return self._run_split(word, end)
        self.at = end
        return None

    def _times(self, end: int) -> bool:
        """Whether this x stands between two numbers, where it can only be a sign."""
        follows = re.match(r"\s*[0-9.]", self.text[end:])
        return bool(self.found) and self.found[-1].kind == "number" and follows is not None

    def _run_split(self, word: str, end: int) -> None:
        """Letters run into a function, as in ``xsin``; any other long word is none of mathematics."""
        for name in ("sin", "cos", "tan", "log", "sqrt"):
            before, found, after = word.partition(name)
            if found and len(before) < WORD_MIN - 1 and len(after) < WORD_MIN - 1 and word.isalpha():
                self._letters_put(before)
                self._put("function", FUNCTION_NAMES[name])
                self.at += len(name)
                self._letters_put(after)
                self.at = end
                return
        raise ParseError(f"“{word[:20]}” is a word", self.at + 1)

    def _letters_put(self, letters: str) -> None:
        for letter in letters:
            self._put("constant" if letter in "ei" else "name", letter)
            self.at += 1

    def _spelled(self, word: str, end: int) -> None:
        """A product of letters; the last one may have an index or primes."""
        quoted = self.text[self.at] == "\\"
        begin = self.at
        for number, letter in enumerate(word):
            self.at = begin if quoted else begin + number
            if letter in "ei" and not _INDEX.match(self.text, end):
                self._put("constant", letter)
                self.at = end if quoted else begin + number + 1
            else:
                self._name(letter, end if number == len(word) - 1 else self.at + 1)

    def _name(self, name: str, end: int) -> None:
        index = _INDEX.match(self.text, end)
        if index is not None:
            name += f"_{index[1] or index[2]}".replace(" ", "") if index[3] is None else index[3]
        self._put("name", name)
        self.at = index.end() if index is not None else end

    def _sign(self, match: re.Match[str]) -> None:
        if match[0] == "!=" and self.glued:
            raise ParseError("“5!=120” has two meanings; write 5! = 120 or 5 ≠ 120", self.at + 1)
        self._put("sign", SIGN_TEXTS[match[0]])
        self.at = match.end()

    def _same(self, match: re.Match[str]) -> None:
        text = SAME[match[0]]
        self._put("sep" if text in ("or", "and") else text, text)
        self.at = match.end()

    def _money(self, match: re.Match[str]) -> None:
        self._put("money", match[0][-1])
        self.at = match.end()

    def _greek(self, match: re.Match[str]) -> None:
        if match[0] in "π∞":
            self._put("constant", "pi" if match[0] == "π" else "oo")
            self.at = match.end()
        else:
            self._name(match[0], match.end())
