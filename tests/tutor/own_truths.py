"""What each of our own problems comes to, worked out again by other means than the file: see test_own_problems."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction as F


@dataclass(frozen=True)
class Relation:
    """An inequality for x."""

    sign: str
    bound: F


@dataclass(frozen=True)
class Same:
    """Two expressions in one unknown that must agree everywhere: the one asked about and the accepted one."""

    asked: Callable[[F], F]
    accepted: Callable[[F], F]


Truth = F | Relation | Same | tuple[F, ...] | set[F] | str
TRUTHS: dict[str, list[Truth]] = {
    "cs-order-1": [F(3 * (14 - 9) + 8)],
    "cs-order-2": [F(20 - (6 - 2 * 5))],
    "cs-order-3": [F(2 * 3**2 - 4)],
    "cs-integers-1": [F(-45 + 28 - 60)],
    "cs-integers-2": [F(-6 + 2 - 3 - 1, 4)],
    "cs-divisors-1": [F(math.gcd(84, 60)), F(84 * 60, 12**2)],
    "cs-divisors-2": [F(math.lcm(12, 18))],
    "cs-fractions-1": [F(2, 3) + F(1, 4)],
    "cs-fractions-2": [(1 - F(2, 5)) / 2],
    "cs-fractions-3": [F(3, 4) / F(9, 8)],
    "cs-fractions-4": [F(6) / F(3, 8)],
    "cs-decimals-1": [10 - (3 * F("2.35") + F("1.80"))],
    "cs-percent-1": [80 * F(85, 100)],
    "cs-percent-2": [200 * F(110, 100) * F(90, 100)],
    "cs-percent-3": [126 / F(35, 100)],
    "cs-percent-4": [F(300 - 240, 240) * 100],
    "cs-ratio-1": [F(21) * 2 / (2 + 5)],
    "cs-ratio-2": [F("6.4") * 25000 / 100],
    "cs-rate-1": [1 / (F(1, 6) + F(1, 3))],
    "cs-rate-2": [F(90, 20 + 25)],
    "cs-linear-1": [F(21 + 7, 4)],
    "cs-linear-2": [F(18 - 3, 5 - 2)],
    "cs-linear-3": [F(2 - 1 + 6, 3 - 2)],
    "cs-linear-4": [F(2) / (F(1, 2) - F(1, 3))],
    "cs-linear-5": [F(114 - 3, 3)],
    "cs-linear-6": [F(26 + 4 - 12, 2)],
    "cs-linear-7": [F(10 - 4) / (2 - F("1.4")), min(F(4 + 2 * 15), 10 + 15 * F("1.4"))],
    "cs-line-1": [F(11 - 2, 4 - 1), F(2) - 3 * 1],
    "cs-inequality-1": [Relation("<", F(17 - 5, 2))],
    "cs-inequality-2": [Relation(">=", F(1 - 7, -3))],
    "cs-inequality-3": [F(math.floor((500 - 180) / F("12.5")))],
    "cs-system-1": [(F(13 + 3, 2), F(13 - 3, 2))],
    "cs-system-2": [(F(12 + 2, 3 + 4), 2 * F(12 + 2, 3 + 4) - 1)],
    "cs-system-3": [F(56 - 2 * 20, 2)],
    "cs-quadratic-1": [{F(-7), F(7)}],
    "cs-quadratic-2": [{F(2), F(3)}],
    "cs-quadratic-3": [{F(0), F(4)}],
    "cs-quadratic-4": [F(-2 + math.isqrt(4 + 96))],
    "cs-quadratic-5": [Same(lambda x: (x + 3) * (x - 5), lambda x: x**2 - 2 * x - 15)],
    "cs-quadratic-6": [Same(lambda x: (2 * x + 5) ** 2, lambda x: 4 * x**2 + 20 * x + 25)],
    "cs-expression-1": [Same(lambda a: 5 * a - 2 * (a - 4), lambda a: 3 * a + 8)],
    "cs-powers-1": [F(2**5 * 2**3, 2**6)],
    "cs-powers-2": [F(1, 4**2)],
    "cs-powers-3": [9 * F(1, 10**13) * 2 * 10**12],
    "cs-roots-1": [F(math.isqrt(50 // 2) + math.isqrt(8 // 2))],
    "cs-roots-2": [F(5**2 - 3, 2)],
    "cs-logs-1": [F((32).bit_length() - 1), F(round(math.log10(0.001)))],
    "cs-logs-2": [F((16000 // 500).bit_length() - 1)],
    "cs-geometry-1": [F(180 - 47 - 68)],
    "cs-geometry-2": [F(math.isqrt(65**2 - 25**2), 10)],
    "cs-geometry-3": [F(6**2 - 5**2)],
    "cs-geometry-4": [F(8 * 5 * 3), F(8 * 5 + 2 * 8 * 3 + 2 * 5 * 3)],
    "cs-geometry-5": [18 * F("1.5") / 2],
    "cs-geometry-6": [F(2**2), F(4 * 2, 4)],
    "cs-trig-1": [F(1, 2)],
    "cs-trig-2": [F(10) * F(1, 2)],
    "cs-trig-3": [F(math.isqrt(5**2 - 3**2), 5)],
    "cs-sequence-1": [F(18 + 9 * 4), F(sum(18 + 4 * n for n in range(10)))],
    "cs-sequence-2": [F(160, 2**4)],
    "cs-sequence-3": [F(6 * 7)],
    "cs-chance-1": [F(sum(a + b == 7 for a in range(1, 7) for b in range(1, 7)), 36)],
    "cs-chance-2": [F(3, 5) * F(2, 4)],
    "cs-data-1": [F(5 * 8) - 4 * F("7.5")],
    "cs-data-2": [F(sorted([3, 9, 4, 4, 15])[2]), "the mean"],
}
