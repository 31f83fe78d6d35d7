"""Numbers in words: English and Chinese, whole and in parts; German, French and Spanish up to ninety-nine."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

_SMALL: Final = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS: Final = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
UNITS: Final = {word: number for number, word in enumerate(_SMALL)} | {"oh": 0, "naught": 0, "nought": 0, "dozen": 12}
TENS: Final = {word: 10 * number for number, word in enumerate(_TENS, 2)} | {"fourty": 40}
SCALES: Final = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_ORDINALS: Final = [
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
]
# What may stand behind a number as the lower part of a fraction.
PARTS: Final = (
    {"half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fourth": 4, "fourths": 4}
    | {word: number for number, word in enumerate(_ORDINALS, 5)}
    | {f"{word}s": number for number, word in enumerate(_ORDINALS, 5)}
    | {f"{word[:-1]}ieth": 10 * number for number, word in enumerate(_TENS, 2)}
    | {f"{word[:-1]}ieths": 10 * number for number, word in enumerate(_TENS, 2)}
    | {"hundredth": 100, "hundredths": 100, "thousandth": 1000, "thousandths": 1000}
)
_HAN_DIGITS: Final = {
    **{sign: number for number, sign in enumerate("零一二三四五六七八九")},
    **{sign: number for number, sign in enumerate("〇壹贰叁肆伍陆柒捌玖")},
    "两": 2, "貳": 2, "參": 3, "陸": 6,
}  # fmt: skip
_HAN_SCALES: Final = {
    "十": 10,
    "拾": 10,
    "百": 100,
    "佰": 100,
    "千": 1_000,
    "仟": 1_000,
    "万": 10_000,
    "萬": 10_000,
    "亿": 10**8,
}
HAN: Final = frozenset(_HAN_DIGITS) | frozenset(_HAN_SCALES) | frozenset("点點半")


def _foreign() -> dict[str, int]:
    """Other languages' words from 0 to 99 as one word each (hyphens and “y”, “et” are left away when they are looked up)."""
    german = (
        "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn "
        "siebzehn"
    )
    french = (
        "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept "
        "dix-huit dix-neuf"
    )
    spanish = (
        "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete "
        "dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro "
        "veinticinco veintiséis veintisiete veintiocho veintinueve"
    )
    words = {word: number for number, word in enumerate([*german.split(), "achtzehn", "neunzehn"])}
    tens = "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig"
    for ten, word in enumerate(tens.split(), 2):
        words[word] = 10 * ten
        for unit, small in enumerate(["ein", *german.split()[2:10]], 1):
            words[f"{small}und{word}"] = 10 * ten + unit
    french_small = {word.replace("-", ""): number for number, word in enumerate(french.split())}
    words |= french_small
    for base, word in [
        (20, "vingt"),
        (30, "trente"),
        (40, "quarante"),
        (50, "cinquante"),
        (60, "soixante"),
        (80, "quatrevingt"),
    ]:
        words |= {word: base, f"{word}s": base}
        words |= {f"{word}{small}": base + unit for small, unit in french_small.items() if 0 < unit < 20}
    words |= {word: number for number, word in enumerate(spanish.split())}
    for base, word in enumerate(["treinta", "cuarenta", "cincuenta", "sesenta", "setenta", "ochenta", "noventa"], 3):
        words[word] = 10 * base
        words |= {f"{word}{small}": 10 * base + unit for unit, small in enumerate(spanish.split()[1:10], 1)}
    for taken in ("un", "once", "dos", "six"):  # English words
        words.pop(taken, None)
    return words


FOREIGN: Final = _foreign()
FOREIGN_JOINTS: Final = frozenset({"y", "et"})
WORDS: Final = frozenset(UNITS) | frozenset(TENS) | frozenset(SCALES) | frozenset(PARTS) | frozenset(FOREIGN)


def english(words: list[str]) -> tuple[int, int] | None:
    """(value, how many words) of the number that begins the list; None if none does. “and” may stand behind a scale."""
    total = current = used = 0
    last = ""
    for place, word in enumerate(words):
        if (word in UNITS and last in {"", "scale"}) or (word in UNITS and last == "tens" and 0 < UNITS[word] < 10):
            current, last = current + UNITS[word], "unit"
        elif word in TENS and last in {"", "scale"}:
            current, last = current + TENS[word], "tens"
        elif word == "hundred" and last in {"", "unit", "tens"} and current < 100:
            current, last = (current or 1) * 100, "scale"
        elif word in SCALES and word != "hundred" and last:
            total, current, last = total + (current or 1) * SCALES[word], 0, "scale"
        elif word == "and" and last == "scale":
            continue
        else:
            break
        used = place + 1
    return (total + current, used) if used else None


def words_of(number: int) -> list[str]:
    """English words of a number below a milliard; none for others."""
    if not 0 <= number < 1_000_000_000:
        return []
    if number < 20:
        return [_SMALL[number]]
    if number < 100:
        return [_TENS[number // 10 - 2], *(words_of(number % 10) if number % 10 else [])]
    if number < 1_000:
        return [_SMALL[number // 100], "hundred", *(words_of(number % 100) if number % 100 else [])]
    if number >= 1_000_000:
        return [
            *words_of(number // 1_000_000),
            "million",
            *(words_of(number % 1_000_000) if number % 1_000_000 else []),
        ]
    return [*words_of(number // 1_000), "thousand", *(words_of(number % 1_000) if number % 1_000 else [])]


def han(text: str) -> Fraction | None:
    """The value of a run of Chinese numerals: with scales (四十二), digit by digit (四二), with a point, with a half."""
    whole, _, places = text.replace("點", "点").partition("点")
    if whole.endswith("半"):
        rest = han(whole[:-1]) if whole[:-1] else Fraction(0)
        return None if rest is None or places else rest + Fraction(1, 2)
    value = _han_whole(whole)
    if value is None or not all(sign in _HAN_DIGITS for sign in places):
        return None
    if places:
        return value + Fraction(int("".join(str(_HAN_DIGITS[sign]) for sign in places)), 10 ** len(places))
    return Fraction(value)


def _han_whole(text: str) -> int | None:
    if not text:
        return None
    if all(sign in _HAN_DIGITS for sign in text):
        return int("".join(str(_HAN_DIGITS[sign]) for sign in text)[:30])
    total = section = digit = 0
    for sign in text[:30]:
        if sign in _HAN_DIGITS:
            digit = _HAN_DIGITS[sign]
            continue
        scale = _HAN_SCALES.get(sign)
        if scale is None:
            return None
        if scale >= 10_000:
            total, section, digit = (total + section + digit) * scale, 0, 0
        else:
            section, digit = section + (digit or 1) * scale, 0
    return total + section + digit


_ROMAN: Final = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}


def roman(text: str) -> int | None:
    """The value of a well-formed Roman numeral in lower case."""
    values = [_ROMAN.get(sign, 0) for sign in text]
    if not values or 0 in values or len(values) > 15:
        return None
    total = sum(-one if one < after else one for one, after in zip(values, [*values[1:], 0], strict=True))
    return total if roman_of(total) == text else None


def roman_of(number: int) -> str:
    out = ""
    for value, sign in [
        (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
        (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
    ]:  # fmt: skip
        while number > 0 and number >= value and len(out) < 20:
            out, number = out + sign, number - value
    return out
