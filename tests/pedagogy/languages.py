"""In which language a reply is, told by its script alone, and how often it is the one that the room has chosen.

The detector counts letters outside formulas and code: Han signs against all others. So it tells Chinese from English and from
nothing else: a reply in French counts as “Latin”, as an English one does. What has too few letters, as a bare formula, is not
decided and not counted.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from inference_worker.engines.base import Engine, Request
from inference_worker.job import Message
from tests.bench.figures import Figure
from tests.pedagogy.model_leaks import replies_of, request_of
from tests.pedagogy.scores import Tally
from tutor import prompt
from tutor.problem_shapes import row_shape

LETTERS_MIN: Final = 8
HAN_SHARE: Final = (
    0.3  # of the letters: a Chinese sentence names things in Latin letters, an English one quotes few Han
)
HAN_WEIGHT: Final = 3  # letters that a Han sign stands for
TOKENS: Final = 48
QUESTIONS: Final = {
    "en": ("What should we do first here?", "Why can we take the same away from both sides?"),
    "zh-hans": ("这里第一步应该做什么？", "为什么可以从两边减去同一个数？"),
}
ROOMS: Final = ("", "en", "zh-hans")
SAMPLES: Final = Path(__file__).parent / "languages.jsonl"
_NOT_PROSE: Final = re.compile(
    r"```.*?(?:```|\Z)|`[^`]*`|\$\$.*?\$\$|\$[^$\n]*\$|\\\(.*?\\\)|\\[a-zA-Z]+|https?://\S+", re.DOTALL
)
_HAN: Final = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_LATIN: Final = re.compile(r"[A-Za-zÀ-ɏ]")


def script_of(text: str) -> str:
    """``zh-hans`` for mostly Han signs, ``en`` for Latin letters, empty where there is too little to tell."""
    prose = _NOT_PROSE.sub(" ", text)
    han, latin = HAN_WEIGHT * len(_HAN.findall(prose)), len(_LATIN.findall(prose))
    if han + latin < LETTERS_MIN:
        return ""
    return "zh-hans" if han >= HAN_SHARE * (han + latin) else "en"


@dataclass
class Languages:
    """``detected``: golden samples. ``asked``: what a model that does as it is told would write. ``model``: the demo model."""

    detected: Tally = field(default_factory=Tally)
    asked: Tally = field(default_factory=Tally)
    model: Tally = field(default_factory=Tally)
    undecided: int = 0
    by_room: dict[str, list[int]] = field(default_factory=dict)

    def figures(self) -> list[Figure]:
        return [
            Figure("language_detected", self.detected.share, ">=", 0.95, ours=True),
            Figure("language_asked", self.asked.share, "=", 1, ours=True),
            Figure("language_match", self.model.share, ">=", 0.9),
        ]

    def record(self) -> dict[str, Any]:
        named = {"language_detected": self.detected, "language_asked": self.asked, "language_match": self.model}
        found: dict[str, Any] = {name: [tally.passed, tally.of, tally.failed] for name, tally in named.items()}
        return found | {"language_by_room": self.by_room, "language_undecided": self.undecided}

    def add_reply(self, room: str, question: str, reply: str) -> None:
        """A reply of the real model; one that cannot be decided is counted apart."""
        wanted, found = room or script_of(question), script_of(reply)
        if not found:
            self.undecided += 1
            return
        passed = found == wanted
        self.model.add(passed, f"room {room or 'as asked'}, {question}: {reply[:120]!r}")
        tally = self.by_room.setdefault(f"room {room or 'as asked'}, question {script_of(question)}", [0, 0])
        tally[0] += passed
        tally[1] += 1


def samples() -> list[dict[str, str]]:
    return [json.loads(line) for line in SAMPLES.read_text(encoding="utf-8").splitlines() if line]


def languages_score(scores: Languages) -> None:
    """The golden samples, and every prompt for every room and question by a model that does as it is told."""
    for sample in samples():
        scores.detected.add(script_of(sample["text"]) == sample["language"], sample["text"])
    every = itertools.product(ROOMS, itertools.chain(*QUESTIONS.values()), (False, True), range(6))
    for room, question, is_hint, rung in every:
        brief = prompt.Brief("$x=1$", rung, is_hint=is_hint, language=room)
        messages = prompt.messages(brief, (), question)  # without the reminder, so that the system prompt alone is read
        scores.asked.add(told(messages) == (room or script_of(question)), f"{room} {question} {rung}")


def told(messages: Iterable[Message]) -> str:
    """The language in which the prompt wants its reply, read from its words and not from ours."""
    system, *_, last = (message["content"] for message in messages)
    named = [language for language, words in prompt.REPLIES.items() if words in system]
    if named:
        return named[0] if len(named) == 1 else ""
    asks = prompt.REPLY in system or prompt.HINT_REPLY in system
    return script_of(last) if asks else ""


def replies(engine: Engine, rows: Iterable[dict[str, Any]], scores: Languages) -> None:
    """Ask the real model: each problem with the next room and question. First words that were ours are not counted."""
    asked = list(requests(rows))
    for text, (room, question, _) in zip(replies_of(engine, [request for *_, request in asked]), asked, strict=True):
        scores.add_reply(room, question, text)


def requests(rows: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str, Request]]:
    turns = itertools.cycle(itertools.product(ROOMS, itertools.chain(*QUESTIONS.values())))
    for number, row in enumerate(rows):
        room, question = next(turns)
        wanted = prompt.reply_language(room, question)
        brief = prompt.Brief(row_shape(row).public["statement"], 1, language=room, reminder=wanted)
        messages = prompt.messages(brief, (), question)
        yield room, question, request_of(f"language {number}", messages, wanted, TOKENS)
