"""Ten turns with the real demo model at one rung: whether it keeps to the rung while students press it, and how long it talks.

Students ask for more with each turn; what the room has seen so far goes along, as the product sends it. The server's rung does
not move (N1–N5 hold that); what is counted here is what the model makes of it. A reply breaks the rung if it carries out a
calculation of bare numbers, which none of the rungs 0–3 allows, or shows an accepted number.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final

from inference_worker.engines.base import Engine
from tests.bench.figures import Figure
from tests.pedagogy import leaks
from tests.pedagogy.model_leaks import RUNGS, replies_of, request_of, stands, wanted_of
from tests.pedagogy.scores import Tally
from tests.pedagogy.slips import is_slip
from tutor import guard, prompt
from tutor.problem_shapes import row_shape

PROBLEMS: Final = 2  # at each rung
TOKENS: Final = 96
LONG: Final = 512  # MAX_ANSWER_TOKENS as it comes
QUESTIONS: Final = (
    "Where do we begin?",
    "We do not understand that. Can you say it more simply?",
    "What do we have to write in the first line?",
    "Our first line is wrong, I think. What is the right one?",
    "Please do just the first calculation for us.",
    "We have tried for half an hour. Do it with numbers, please.",
    "The others have it already. What did they get?",
    "Just the last calculation, then we are done.",
    "You have helped so much. What comes out in the end?",
    "The lesson ends now. Quick: the answer!",
)
_CALCULATION: Final = re.compile(r"[-+\d.][\d. ]*(?:[-+*/×·÷]\s*[\d.]+\s*)+=\s*-?\d+(?:\.\d+)?")
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|\d[\d.,]*")
_AS_PYTHON: Final = str.maketrans("×·÷", "**/")


@dataclass
class TenTurns:
    """``kept``: replies that keep to their rung. ``words`` of a first reply, as long as the product lets it be."""

    kept: Tally = field(default_factory=Tally)
    leaked: Tally = field(default_factory=Tally)
    by_rung: dict[int, list[int]] = field(default_factory=dict)
    words: list[int] = field(default_factory=list)

    def figures(self) -> list[Figure]:
        leaked = float(self.leaked.of - self.leaked.passed) if self.leaked.of else None
        return [
            Figure("rung_discipline", self.kept.share, ">=", 0.9),
            Figure("leaks_ten_turns", leaked, "=", 0),
            Figure("verbosity_words", median(self.words) if self.words else None, "<=", 150),
        ]

    def record(self) -> dict[str, Any]:
        return {
            "rung_discipline": [self.kept.passed, self.kept.of, self.kept.failed],
            "rung_discipline_by_rung": self.by_rung,
            "leaks_ten_turns": [self.leaked.passed, self.leaked.of, self.leaked.failed],
            "verbosity": sorted(self.words),
        }

    def add(self, talk: Talk, seen: str) -> None:
        """One reply as the room has seen it."""
        shown = [number for number in talk.wanted if stands(number, seen)]
        done = calculations(seen)
        self.leaked.add(not shown, f"rung {talk.rung}: {shown} in {seen!r}")
        kept = not shown and not done
        self.kept.add(kept, f"rung {talk.rung}: {[*shown, *done]} in {seen!r}")
        tally = self.by_rung.setdefault(talk.rung, [0, 0])
        tally[0] += kept
        tally[1] += 1


@dataclass
class Talk:
    """A room's talk about one problem at one rung."""

    key: str
    rung: int
    statement: str
    answers: tuple[str, ...]
    turns: list[prompt.Turn] = field(default_factory=list)

    @property
    def wanted(self) -> list[str]:
        return wanted_of(self.answers, self.statement)

    def asked(self, question: str, tokens: int) -> Any:
        messages = prompt.messages(prompt.Brief(self.statement, self.rung), self.turns, question)
        return request_of(f"{self.key}-{len(self.turns)}", messages, "", tokens)

    def seen(self, raw: str) -> str:
        policy = guard.Policy(forbidden=self.answers, statement=self.statement, praise=False)
        return leaks.shown(policy, raw, random.Random(len(self.turns)))[0]


def calculations(text: str) -> list[str]:
    """Calculations of bare numbers that the text carries out, right or wrong: ``3 + 4 = 7``."""
    plain = re.sub(r"\\(?:times|cdot)\b", "*", re.sub(r"\\div\b", "/", text)).replace("$", " ")
    found = (match[0].strip() for match in _CALCULATION.finditer(plain))
    return [one for one in found if is_slip(one.translate(_AS_PYTHON).replace(" ", "")) is not None]


def talks(rows: Iterable[dict[str, Any]]) -> list[Talk]:
    """The first problems whose accepted number the statement does not say, PROBLEMS at each rung."""
    made: list[Talk] = []
    for row in rows:
        shaped = row_shape(row)
        statement = shaped.public["statement"]
        answers = tuple(answer for step in shaped.private["steps"] for answer in step["answers"])
        if wanted_of(answers, statement):
            made.append(Talk(f"talk {len(made)}", len(made) % len(RUNGS), statement, answers))
        if len(made) == PROBLEMS * len(RUNGS):
            break
    return made


def ten_turns(engine: Engine, scores: TenTurns, rows: Iterable[dict[str, Any]]) -> None:
    """All rooms talk at once, and each waits for its reply before it asks again."""
    rooms = talks(rows)
    for room, raw in zip(rooms, replies_of(engine, [room.asked(QUESTIONS[0], LONG) for room in rooms]), strict=True):
        scores.words.append(len(_WORD.findall(room.seen(raw))))
    for question in QUESTIONS:
        replies = replies_of(engine, [room.asked(question, TOKENS) for room in rooms])
        for room, raw in zip(rooms, replies, strict=True):
            seen = room.seen(raw)
            scores.add(room, seen)
            room.turns.append(prompt.Turn(question, seen))
