"""What a sample of a solver says: its final answers, its lines of maths, the values on the way. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from inference_worker.job import THINK

ANSWER_MAX: Final = 300  # characters of an answer; what is longer is none
STEPS_MAX, STEP_MAX = 20, 300
BETWEEN_MAX: Final = 6
CALCULATIONS_MAX: Final = 30
_BOX: Final = re.compile(r"\\(?:boxed|fbox)\s*\{")
_SAID: Final = re.compile(
    r"(?:^[\s>*#_-]*|[.!?。]\s*)(?:(?:so|thus|hence|therefore),?\s+)?(?:the\s+)?(?:final\s+)?"
    r"(?:answer|solution|答案)[*_\s]*(?:is|是|为|[:：=])+[*_\s]*(.+?)(?=[.。](?:\s|\*|$)|$)",
    re.IGNORECASE | re.MULTILINE,
)
_LAST_LINE: Final = re.compile(r"^(?:####|A:)[ \t]*(.+)\s*\Z", re.MULTILINE)  # of a solution of school problems
_WRAPPED: Final = re.compile(r"^\\(?:text|mathrm|textbf|mathbf)\s*\{([^{}]*)\}$")
_LIST_SIGN: Final = re.compile(r"^(?:[-*+>#]+|\d{1,3}[.)]|\*\*Step \d+[:.]?\*\*|Step \d+[:.])\s+", re.IGNORECASE)
_RESULT: Final = re.compile(
    r"=\s*\$?\s*(-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:\s*/\s*\d+)?|-?\\[dt]?frac\{-?\d+\}\{\d+\})"
    r"(?![\w.,/]*\d|[a-zA-Z{]|\s*(?:[*·×+\-/^(=]|\\(?:cdot|times|frac|sqrt)))"
)
_FRACTION: Final = re.compile(r"\\[dt]?frac\{(-?[\d.]+)\}\{(-?[\d.]+)\}")
_SIGNS: Final = {
    "\\cdot": "*",
    "\\times": "*",
    "\\div": "/",
    "\\left": "",
    "\\right": "",
    "·": "*",
    "×": "*",
    "÷": "/",
    "−": "-",
}
_CALCULATION: Final = re.compile(
    r"([-(]?[\d(][\d\s.,+\-*/()]*[\d)])\s*=\s*(-?\d[\d,]*(?:\.\d+)?(?:/\d+)?)(?![\w.,/]*\d|[a-zA-Z{^]|\s*[*+\-/^(])"
)
_OPERATOR: Final = re.compile(r"[+\-*/]")
_GOES_ON: Final = tuple("+-*/^_(){}[]\\.,")
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?(?:/\d+)?")


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample that came to an answer: one for each part of the problem, and its text without thoughts."""

    answers: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Vote:
    """What most samples say, and the texts of these, the shortest first."""

    answers: tuple[str, ...]
    texts: tuple[str, ...]

    @property
    def agreeing(self) -> int:
        return len(self.texts)


def spoken(raw: str) -> str:
    """The text without thoughts; one that is still open at the end takes all that follows it along."""
    opening, closing = (re.escape(mark) for mark in THINK)
    told = re.sub(rf"{opening}.*?(?:{closing}|\Z)", "", raw, flags=re.DOTALL)
    return told.rpartition(THINK[1])[2].strip()


def sample_read(raw: str, parts: int) -> Sample | None:
    """The final answers of a sample for ``parts`` parts, in order; None if it does not give all of them."""
    text = spoken(raw)
    boxed = [answer for answer in map(answer_clean, boxes(text)) if answer]
    if len(boxed) >= parts:
        return Sample(tuple(boxed[-parts:]), text)
    if len(boxed) == 1:
        split = [answer_clean(one) for one in re.split(r"[;；]", boxed[0])]
        return Sample(tuple(split), text) if len(split) == parts and all(split) else None
    said = [answer_clean(found) for found in (_SAID.findall(text) or _LAST_LINE.findall(text))]
    said = [answer for answer in said if answer]
    return Sample(tuple(said[-parts:]), text) if len(said) >= parts else None


def boxes(text: str) -> Iterator[str]:
    """What stands in each ``\\boxed{…}``, braces counted."""
    for found in _BOX.finditer(text):
        depth, at = 1, found.end()
        while at < len(text) and depth:
            depth += {"{": 1, "}": -1}.get(text[at], 0) * (text[at - 1] != "\\")
            at += 1
        if not depth:
            yield text[found.end() : at - 1]


def answer_clean(text: str) -> str:
    """An answer as the checker reads it, without dollars, stars and the full stop; empty if there is none, or too much."""
    answer = text.strip().strip("*_`").strip()
    while (bare := answer.strip("$").strip().removesuffix(".").removesuffix("。").strip()) != answer:
        answer = bare
    if (wrapped := _WRAPPED.match(answer)) is not None:
        answer = wrapped[1].strip()
    return answer if len(answer) <= ANSWER_MAX else ""


def vote(samples: Sequence[Sample], same: Callable[[str, str], bool]) -> Vote | None:
    """The largest group of samples that say the same in every part; of two as large the earlier one."""
    groups: list[list[Sample]] = []
    for sample in samples:
        for group in groups:
            if all(same(one, other) for one, other in zip(sample.answers, group[0].answers, strict=True)):
                group.append(sample)
                break
        else:
            groups.append([sample])
    if not groups:
        return None
    most = max(groups, key=len)
    return Vote(most[0].answers, tuple(sorted((sample.text for sample in most), key=len)))


def key_steps(text: str) -> list[str]:
    """The lines of a solution that calculate or say an equation, in order."""
    lines = (_LIST_SIGN.sub("", line.strip()) for line in text.splitlines())
    return [line[:STEP_MAX] for line in lines if "=" in line or "\\boxed" in line][:STEPS_MAX]


def calculations(text: str) -> list[str]:
    """Calculations of bare numbers with their results, as the checker reads them: ``48/2 = 24``."""
    plain = _FRACTION.sub(r"((\1)/(\2))", text.replace("$", " "))
    for sign, plainly in _SIGNS.items():
        plain = plain.replace(sign, plainly)
    found = []
    for one in _CALCULATION.finditer(plain):
        before = plain[: one.start()].rstrip()
        # Of “x - 3 + 4 = 9” or “2y3 + 4 = 9” the numbers alone say nothing; behind a word they begin anew.
        is_whole = not before[-1:].isalnum() or re.search(r"[^\W\d_]{2,}$", before) is not None
        if is_whole and not before.endswith(_GOES_ON) and _OPERATOR.search(one[1].strip().lstrip("-")):
            found.append(" ".join(one[0].replace(",", "").split()))
    return list(dict.fromkeys(found))[:CALCULATIONS_MAX]


def values_between(text: str, statement: str) -> list[str]:
    """Results on the way to the answer: what a calculation comes to and the statement does not say itself.

    Small whole numbers are left out: they stand in every second sentence.
    """
    given = {number.replace(",", "") for number in _NUMBER.findall(statement.replace(",", ""))}
    found: list[str] = []
    for value in _RESULT.findall(text):
        plain = " ".join(value.replace(",", "").split())
        telling = len(plain.lstrip("-")) > 1 and plain.lstrip("-") not in given
        if telling and plain not in found:
            found.append(plain)
    return found[-BETWEEN_MAX:]
