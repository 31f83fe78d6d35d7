"""Numbers in other dress, made by means that are not the guard's own."""

from __future__ import annotations

from fractions import Fraction

ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
UNITS_ZH = "零一二三四五六七八九"
PARTS = {
    2: "half",
    3: "third",
    4: "quarter",
    5: "fifth",
    6: "sixth",
    7: "seventh",
    8: "eighth",
    9: "ninth",
    10: "tenth",
}


def in_words(value: Fraction) -> str:
    sign = "minus " if value < 0 else ""
    top, bottom = abs(value.numerator), value.denominator
    if bottom == 1:
        return sign + whole_words(top)
    part = PARTS.get(bottom)
    if part is None:
        return f"{sign}{whole_words(top)} over {whole_words(bottom)}"
    plural = "halves" if part == "half" else f"{part}s"
    return f"{sign}{whole_words(top)} {part if top == 1 else plural}"


def whole_words(number: int) -> str:
    for size, name in ((1_000_000, "million"), (1_000, "thousand"), (100, "hundred")):
        if number >= size:
            rest = f" {whole_words(number % size)}" if number % size else ""
            return f"{whole_words(number // size)} {name}{rest}"
    if number >= 20:
        return TENS[number // 10 - 2] + (f"-{ONES[number % 10]}" if number % 10 else "")
    return ONES[number]


def han_of(value: Fraction) -> str:
    sign = "负" if value < 0 else ""
    if value.denominator > 1:
        return f"{sign}{han_whole(value.denominator)}分之{han_whole(abs(value.numerator))}"
    return sign + han_whole(abs(value.numerator))


def han_whole(number: int) -> str:
    if number >= 10_000:
        rest = number % 10_000
        return han_whole(number // 10_000) + "万" + (("零" if rest < 1_000 else "") + han_whole(rest) if rest else "")
    for size, name in ((1_000, "千"), (100, "百"), (10, "十")):
        if number >= size:
            rest = number % size
            gap = "零" if rest and rest < size // 10 else ""
            return UNITS_ZH[number // size] + name + gap + (han_whole(rest) if rest else "")
    return UNITS_ZH[number]


def roman_of(number: int) -> str:
    """Roman up to 3,999; larger numbers as they are."""
    if not 0 < number < 4_000:
        return str(number)
    out = ""
    for digit, (one, five, ten) in zip(f"{number:04d}", ("M  ", "CDM", "XLC", "IVX"), strict=True):
        table = ["", one, one * 2, one * 3, one + five, five, five + one, five + one * 2, five + one * 3, one + ten]
        out += table[int(digit)].strip()
    return out
