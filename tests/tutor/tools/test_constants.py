"""Numbers in an expression, as the grammar reads them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tutor.tools.constants import constants_of


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x - (-3/4)", {"-3/4", "3", "4"}),
        ("3*7 + x", {"21", "3", "7"}),
        ("y = 2x + \\frac{14}{2}", {"7", "14", "2"}),
        ("sqrt(49) x", {"7", "49"}),
        ("sqrt 2", {"2"}),
        ("x", set()),
        ("1/0", {"1", "0"}),
        ("9^9^9", {"9", "387420489"}),
        ("not maths at all", set()),
        ("(" * 900, set()),
    ],
)
def test_every_part_without_letters(text: str, found: set[str]) -> None:
    sizes = {abs(number) for number in constants_of(text)}
    assert sizes == {abs(Fraction(number)) for number in found}
