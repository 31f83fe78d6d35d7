"""One round of a row: a new room, screens in it, words and questions, a fault, and then the oracle."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from tests.chaos.house import House
from tests.chaos.oracle import ENDS, Ledger, Log, Verdict, judge
from tests.chaos.screen import Frame, Screen

SETTLE_S = 120.0
SPEAKERS = 4  # of each room, so many speak when the fault is over; all there must hear them
SENT_S = 0.3  # what a worker had sent before it died is still on its way for so long
TEXT = "let us say what is given then 展开 3x² + 2x = 0 → x 🇩🇪 factor 👩‍🏫 both sides equal näher the root $\\sqrt{2}$"
WORDS = re.split(" ", TEXT)


@dataclass(slots=True)
class Outcome:
    """What one round gave."""

    injected: int
    recovery_s: float | None
    verdict: Verdict
    seed: int = 0

    @property
    def ok(self) -> bool:
        return self.verdict.ok

    def record(self) -> dict[str, Any]:
        counts = dict(self.verdict.counts)
        return {
            "injected": self.injected, "recovery_s": self.recovery_s, "counts": counts, "seed": self.seed,
            "findings": self.verdict.findings[:20], "day": datetime.now(UTC).date().isoformat(),
        }  # fmt: skip


@dataclass(slots=True)
class Question:
    frame_id: str
    text: str
    screen: Screen
    exact: bool = True


@dataclass(slots=True)
class Round:
    """``lengths``: how long an outage lasts, in seconds, by name. ``random`` is the round's own."""

    house: House
    seed: int
    lengths: Mapping[str, float] = field(default_factory=dict)
    number: int = 0
    injected: int = 0
    room: str = ""
    screens: list[Screen] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    earlier: list[Log] = field(default_factory=list)  # logs of epochs that are over
    findings: list[str] = field(default_factory=list)
    random: random.Random = field(default_factory=random.Random)
    _healed_at: float = 0.0
    _recovery_s: float | None = None
    _due: dict[str, int] = field(default_factory=dict)  # by room, where every screen stood when all was settled

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.room = self.room or self.house.room()

    # ---- people

    def join(self, count: int = 3, *, room: str = "", same: bool = False, first: int = 0) -> list[Screen]:
        """``count`` screens, at the two web processes in turn; ``same``: all of one person, else from ``first`` on."""
        people = self.house.people(first + count + 1)[first + 1 :]
        made = []
        for number in range(count):
            urls = [self.house.url(number % 2), self.house.url((number + 1) % 2)]
            person = people[0 if same else number]
            screen = Screen(person, room or self.room, urls, seed=self.random.randrange(2**32))
            screen.task = self.house.background.spawn(screen.run())
            made.append(screen)
        self.screens += made
        self.until(lambda: all(screen.cursor is not None and screen.live for screen in made), "everybody is in")
        return made

    def send(self, screen: Screen, verb: str, frame_id: str = "", **data: Any) -> str:
        return self.house.background.run(screen.send(verb, frame_id, **data))

    def say(self, screen: Screen, text: str = "") -> str:
        return self.send(screen, "message.post", text=text or self.words(8))

    def chat(self, seconds: float, every_s: float = 0.2) -> None:
        """Everybody talks meanwhile."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.say(self.random.choice(self.screens))
            time.sleep(every_s * self.random.uniform(0.5, 1.5))

    def words(self, count: int) -> str:
        return " ".join([*self.random.choices(WORDS, k=count), f"{self.random.randrange(10**6)}."])

    def ask(
        self, screen: Screen, *, words: int = 60, rate: float = 40, directives: str = "", exact: bool = True
    ) -> Question:
        """Ask for a text of which every word is known. ``exact``: a completed answer must have all of it."""
        text = self.words(words)
        asked = f"@scripted rate={rate:g} {directives} text={text}"
        question = Question(self.send(screen, "answer.ask", text=asked), text, screen, exact)
        self.questions.append(question)
        return question

    def answer(self, question: Question) -> str:
        """The answer's id, once its asker has seen the event."""
        return str(self.until(lambda: self._asked(question), "the question is in the log"))

    def _asked(self, question: Question) -> str:
        seen = (f for f in question.screen.frames if f["type"] == "answer.asked" and f["ref"] == question.frame_id)
        return str(next((frame["data"]["answer"] for frame in seen), ""))

    def seen(self, screen: Screen, type: str, answer: str = "") -> list[Frame]:
        return [f for f in screen.frames if f["type"] == type and f["data"].get("answer", "") == answer]

    def written(self, question: Question, characters: int) -> str:
        """Wait until the asker has seen so much of the answer; its id."""
        key = self.answer(question)

        def enough() -> bool:
            shown = sum(len(f["data"]["text"]) for f in self.seen(question.screen, "answer.delta", key))
            return shown >= characters or bool(self.end(question))

        self.until(enough, f"{characters} characters of the answer")
        return key

    def end(self, question: Question) -> Frame | None:
        key = self._asked(question)
        frames = question.screen.frames
        return next((f for f in frames if f["type"] in ENDS and f["data"]["answer"] == key), None) if key else None

    # ---- faults and waiting

    def inject(self, count: int = 1) -> None:
        self.injected += count

    def rest(self, least_s: float, most_s: float) -> None:
        time.sleep(self.random.uniform(least_s, most_s))

    def until(self, condition: Callable[[], Any], what: str, timeout_s: float = SETTLE_S) -> Any:
        end = time.monotonic() + timeout_s
        while not (value := condition()):
            if time.monotonic() > end:
                raise Unsettled(f"not within {timeout_s:.0f} s: {what}")
            time.sleep(0.02 + len(self.screens) / 2_000)
        return value

    def expect(self, holds: object, what: str) -> None:
        """What this row promises beside the oracle."""
        if not holds:
            self.findings.append(what)

    def healed(self) -> None:
        """The fault is over from here on: recovery is counted from this moment, by words that everybody must see."""
        self._healed_at = time.monotonic()
        probes = [
            (self.say(screen, f"probe {self.words(2)}"), group)
            for group in self._rooms().values()
            for screen in [one for one in group if not one.ended][:SPEAKERS]
        ]
        seen = partial(self._times, probes)
        self.until(lambda: 0.0 not in seen(), "everybody sees every word again")
        self.took(max(seen()))

    def _rooms(self) -> dict[str, list[Screen]]:
        """Screens by room; this round's own room is the first."""
        rooms: dict[str, list[Screen]] = {self.room: []}
        for screen in self.screens:
            rooms.setdefault(screen.room, []).append(screen)
        return rooms

    def _times(self, probes: Sequence[tuple[str, list[Screen]]]) -> list[float]:
        """When each word was on each screen of its room; 0: not yet."""
        return [self._seen_at(screen, probe) for probe, group in probes for screen in group if not screen.ended]

    def took(self, seconds: float) -> None:
        """Something was whole again after so long; the longest of a round counts."""
        self._recovery_s = max(seconds, self._recovery_s or 0.0)

    def resumed(self, question: Question, since: float) -> None:
        """Recovery is the time from ``since`` (monotonic) until the asker sees the text go on, or its end."""

        def later() -> list[float]:
            moves = {"answer.delta", *ENDS}
            key = self._asked(question)
            entries = question.screen.entries
            return [
                e.at for e in entries if e.at > since and e.frame["type"] in moves and e.frame["data"]["answer"] == key
            ]

        self.took(min(self.until(later, "the answer goes on")) - since)

    def forget(self) -> None:
        """What was said in a log that is gone is no longer owed an answer of this one."""
        gone = {frame["ref"] for log in self.earlier for frame in log.frames}
        self.questions = [question for question in self.questions if question.frame_id not in gone]

    def _seen_at(self, screen: Screen, probe: str) -> float:
        """Seconds from the fault's end until this word was on this screen, by event or in a snapshot; 0: not yet."""
        at = screen.heard.get(probe) or screen.heard.get(self._text(probe))
        return at - self._healed_at if at else 0.0

    def _text(self, frame_id: str) -> str:
        return str(next(s.sent[frame_id].frame["data"]["text"] for s in self.screens if frame_id in s.sent))

    # ---- the end

    def settle(self) -> None:
        """Every frame answered, every question ended, every screen at the head."""
        if self._recovery_s is None:
            self.healed()
        here = [screen for screen in self.screens if not screen.ended]
        self.until(lambda: not any(screen.unanswered for screen in here), "every frame is answered")
        accepted = [q for q in self.questions if (q.screen.sent[q.frame_id].reply or {}).get("type") == "ack"]
        self.until(lambda: all(self.end(question) for question in accepted), "every answer has its end")
        for room, group in self._rooms().items():
            head = len(self.house.truth(room).frames)
            self.until(partial(_reached, group, head), "everybody is at the head")
            self._due[room] = head

    def close(self) -> Outcome:
        """Send everybody home and ask the oracle."""
        for screen in self.screens:
            self.house.background.run(screen.leave())
        said = {self._asked(q): q.text for q in self.questions if q.exact and self._asked(q)}
        verdict = Verdict()
        for number, (room, group) in enumerate(self._rooms().items()):
            truth = replace(self.house.truth(room), due=self._due.get(room))
            logs = [*self.earlier, truth] if room == self.room else [truth]
            ledgers = [_ledger(f"room {number} screen {n}", screen) for n, screen in enumerate(group)]
            verdict.add(judge(logs, ledgers, said))
        for finding in self.findings:
            verdict.find("promise", finding)
        return Outcome(self.injected, self._recovery_s, verdict, self.seed)


def _reached(group: list[Screen], head: int) -> bool:
    return all(screen.ended or (screen.cursor or 0) >= head for screen in group)


def _ledger(name: str, screen: Screen) -> Ledger:
    return Ledger(name, screen.frames, {key: sent.reply for key, sent in screen.sent.items()})


class Unsettled(AssertionError):
    """Something that a round waits for has not come."""
