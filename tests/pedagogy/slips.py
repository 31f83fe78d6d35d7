"""Arithmetic slips in worked solutions, found by the checker and, by quite another way, by Python's own parser."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

CALCULATION: Final = re.compile(r"<<([^<>]*)>>")
_OPERATIONS: Final = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def calculations(solution: str) -> Iterator[str]:
    yield from CALCULATION.findall(solution)


def is_slip(calculation: str) -> bool | None:
    """Whether the result is wrong beyond rounding; None for what is no calculation of plain numbers."""
    parts = calculation.split("=")
    try:
        values = [_value(ast.parse(re.sub(r"(?<![.0-9])0+(?=[0-9])", "", part), mode="eval").body) for part in parts]
    except (SyntaxError, ZeroDivisionError, ValueError):
        return None
    if len(values) < 2:
        return None
    return any(_apart(one, other, text) for one, other, text in zip(values, values[1:], parts[1:], strict=False))


def _apart(true: Fraction, written: Fraction, text: str) -> bool:
    places = len(text.partition(".")[2])
    gap = abs(true - written)
    if places >= 9:
        return gap > max(abs(true), Fraction(1)) / 10**10
    rounds = places >= 1 and (true * 10**4).denominator != 1
    return gap * 2 > Fraction(1, 10**places) if rounds else gap != 0


def _value(node: ast.expr) -> Fraction:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return Fraction(str(node.value))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        return Fraction(_OPERATIONS[type(node.op)](_value(node.left), _value(node.right)))
    raise ValueError("not a calculation")
