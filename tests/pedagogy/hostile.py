"""Strings that mean harm to whoever evaluates them: generated, seeded, as many as wanted."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

FIXED: Final = (
    "9^{9^{9}}",
    "9**9**9",
    "2^{2^{2^{2^{2^{2}}}}}",
    "10^{10^{10}}!",
    "((9^9)^9)^9",
    "99999!",
    "170!!!!!!",
    "(10^7)!",
    "0^0",
    "1/0",
    "0/0",
    "\\frac{1}{0}",
    "\\sqrt[0]{2}",
    "\\log_1 2",
    "\\log_0 0",
    "\\ln 0",
    "\\tan(\\pi/2)",
    "\\sqrt{-1}",
    "oo-oo",
    "oo/oo",
    "__import__('os').popen('id').read()",
    "().__class__.__bases__[0].__subclasses__()",
    "lambda x: x",
    "exec('1')",
    "x.__class__",
    "open('/etc/passwd')",
    "eval(compile('1','','eval'))",
    "{}.__doc__",
    "%s%s%s%n",
    "${7*7}",
    "{{7*7}}",
    "`id`",
    "$(id)",
    "; id",
    "\\input{/etc/passwd}",
    "\\write18{id}",
    "\\def\\x{\\x\\x}\\x",
    "\\csname a\\endcsname",
    "\\catcode`\\@=11",
    "\\loop\\repeat",
    "<script>alert(1)</script>",
    "'; DROP TABLE steps; --",
    "\u202e1+1",
    "1\u200b+1",
    "\ud7ff",
    "\uffff",
    "ﬁ",
    "𝟏+𝟐",
    "٣+٤",
    "½⅓¼",
    "x²³⁻¹",
    "(a+b+c+d)^{60}",
    "(x+y+z+w+v+u+t+s)^{999}",
    "\\sin(\\sin(\\sin(\\sin(10^{300}))))",
    "e^{e^{e^{e}}}",
    "x^{1000}-1=0",
    "x^{60}+x^{59}+3=0",
    "\\cos(x)^{50}-\\sin(x)^{49}=\\tan(x)",
    "e^{x}+x=\\sin(x)+\\ln(x)",
    "\\sqrt{x+\\sqrt{x+\\sqrt{x+\\sqrt{x}}}}=x",
    "|||x|||",
    "|x|y|z|",
    "1e9999",
    "0.1e-9999",
    "=",
    "==",
    "=1",
    "1=",
    "<",
    "±±±±1",
    "1±2±3±4±5",
    ",",
    ",,,,",
    "()",
    "{}",
    "[]",
    "|",
    "||",
    "\\left(",
    "\\right)",
    "\\begin{cases}",
    "\\end{cases}",
    "\\begin{matrix}1&2\\\\3",
    "\\frac",
    "\\frac{",
    "\\sqrt",
    "\\log_",
    "^",
    "_",
    "!",
    "%",
    "°",
    "'",
    "''''",
    "\\",
    "\\\\",
    "\\\\\\\\",
    "$",
    "$$",
    "$$$",
    "&&&&",
    "f(f(f(f(x))))",
    "f(" * 20 + "x" + ")" * 20,
)
PIECES: Final = (
    *"0123456789xyzabn+-*/^()[]{}|,;=<>!%_'.\\$&~ \t\n\0\x1b\x7f²³½π√∞±×÷−",
    "\\frac{",
    "}{",
    "\\sqrt{",
    "\\left(",
    "\\right)",
    "^{",
    "99",
    "\\sin",
    "\\log_",
    "\\ln ",
    "\\begin{cases}",
    "\\end{cases}",
    "\\\\",
    "__",
    "__class__",
    "import os",
    "lambda",
    "eval(",
    "10^{",
    "!!",
    "9**9",
    "\\pm ",
    "\\text{",
    "1,000",
    "and ",
    "or ",
    "\\infty",
    "999999999",
    "e^{",
    "\u202e",
    "\u200d",
    "𝑥",
    "\u0301",
    "∑",
    "∫",
)


def strings(count: int, canary: Path, seed: int = 5) -> Iterator[str]:
    """``canary``: a file that must never exist; those that run code would make it."""
    yield from _canaries(canary)
    yield from FIXED
    random_ = random.Random(seed)
    makers = (_noise, _tower, _deep, _sum_power, _long, _equation)
    for number in range(max(0, count - len(FIXED) - 8)):
        yield makers[number % len(makers)](random_)


def _canaries(canary: Path) -> Iterator[str]:
    touch = f"open({str(canary)!r}, 'w')"
    yield from (
        touch,
        f"__import__('pathlib').Path({str(canary)!r}).touch()",
        f"[c for c in ().__class__.__base__.__subclasses__()][0]({str(canary)!r})",
        f"x + {touch}",
        f"(lambda: {touch})()",
        f"\\text{{{touch}}}",
        f"\\immediate\\write18{{touch {canary}}}",
        f"$(touch {canary})",
    )


def _noise(seed: random.Random) -> str:
    return "".join(seed.choice(PIECES) for _ in range(seed.randint(1, 60)))


def _tower(seed: random.Random) -> str:
    """Powers on powers, some with letters, some of sums."""
    height = seed.randint(2, 12)
    base = [seed.choice(["9", "99", "x", "(x+1)", "10", "e", "\\pi", "0.5", "-3", "2x"]) for _ in range(height)]
    return "^{".join(base) + "}" * (height - 1) + seed.choice(["", "!", "=7", "+x", "^{-1}"])


def _deep(seed: random.Random) -> str:
    depth = seed.choice([10, 29, 31, 100, 1_000, 100_000])
    opened, closed = seed.choice(
        [("(", ")"), ("{", "}"), ("\\sqrt{", "}"), ("|", "|"), ("-", ""), ("\\frac{1}{1+", "}"), ("[", "]")]
    )
    return opened * depth + "x" + closed * depth


def _sum_power(seed: random.Random) -> str:
    letters = seed.sample("abcdghjkmnpqrstuvwxyz", seed.randint(2, 8))
    inside = "+".join(f"{seed.randint(1, 99)}{letter}^{seed.randint(1, 60)}" for letter in letters)
    return f"({inside})^{{{seed.choice([7, 33, 60, 999, 1000, 10**6])}}}"


def _long(seed: random.Random) -> str:
    return seed.choice(
        [
            "9" * seed.choice([49, 51, 5_000]),
            "1+" * seed.choice([100, 500, 50_000]) + "1",
            "2*" * seed.choice([150, 499]) + "2",
            "9" * 45 + "^{" + str(seed.choice([999, 221, 9_999])) + "}",
            "x" * seed.choice([3, 200, 2_000]),
            "/".join(str(seed.randint(1, 9)) for _ in range(150)),
            f"{seed.randint(100, 10**6)}!",
        ]
    )


def _equation(seed: random.Random) -> str:
    """What takes long to solve."""
    left = seed.choice(["\\sin(x)", "e^{x}", "\\ln(x)", "x^{37}", "\\sqrt{x+1}", "|x-3|", "2^{x}", "\\tan(x^2)", "x^x"])
    right = seed.choice(["\\cos(x^3)", "x^{5}-x+1", "\\ln(x+7)", "3^{x}-x", "\\sqrt[3]{x^2+1}", "|x|+x^{17}", "x!"])
    return (
        f"{left}{seed.choice(['+', '*', '-'])}{seed.choice(['x', '7', right])} {seed.choice(['=', '<', '>='])} {right}"
    )
