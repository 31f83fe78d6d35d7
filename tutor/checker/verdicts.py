"""What a check says, and how numbers stand in its sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Word = Literal["verified", "refuted", "unknown"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """``reason``: one plain sentence. ``witness``: what refutes, such as “x = 2 gives 9 ≠ 8”.

    ``column``: where reading stopped.
    ``solved``: the reason or witness rests on a value that nobody wrote and that was found by solving; it is for staff.
    """

    verdict: Word
    reason: str
    witness: str | None = None
    column: int | None = None
    solved: bool = False


def verified(reason: str) -> Verdict:
    return Verdict("verified", reason)


def refuted(reason: str, witness: str, *, solved: bool = False) -> Verdict:
    return Verdict("refuted", reason, witness, solved=solved)


def unknown(reason: str, *, column: int | None = None) -> Verdict:
    return Verdict("unknown", reason, column=column)


def shown(value: Fraction) -> str:
    """A number as people write it: whole, a short decimal, else a fraction."""
    if value.denominator == 1:
        text = str(value.numerator)
        return text if len(text) <= 24 else f"a number of {len(text.lstrip('-'))} digits"
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest == 1 and value.denominator <= 10**6:
        places = len(str(value.denominator))
        while (value * 10**places).denominator != 1:
            places += 1
        whole = abs(value.numerator) * 10**places // value.denominator
        text = f"{whole // 10**places}.{whole % 10**places:0{places}d}".rstrip("0")
        return f"-{text}" if value < 0 else text
    text = f"{value.numerator}/{value.denominator}"
    return text if len(text) <= 30 else f"about {float(value):.6g}"


def point_shown(point: Mapping[str, Fraction]) -> str:
    return ", ".join(f"{name} = {shown(value)}" for name, value in sorted(point.items()))
