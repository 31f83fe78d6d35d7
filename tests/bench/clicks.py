"""A hand on an answer beside a running model, as three people see it in three browsers (A7, A9, A12).

Each page notes by its own clock, the machine's, when its person has clicked and when it first shows what came of it; of the
three screens the slowest counts. What is written after a stop or a pause counts as well.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Final

from playwright.sync_api import TimeoutError as PatienceError
from playwright.sync_api import expect, sync_playwright

from inference_worker.checkpoints import model_folder
from tests.bench.controls import GOAL_MS, LONG, MODEL_S, PEOPLE, TRIES, WORD
from tests.bench.figures import Figure
from tests.browser.rooms import RoomScreen
from tests.browser.school import Console
from tests.browser.screens import Screen, chromium_start
from tests.stack import Stack

CLICKED: Final = ("stop", "pause", "insert")  # a question that shows words has no button to put it otherwise
QUIET_MS: Final = 1_000  # how long a page is watched for words that come after all
WAIT_MS: Final = 60_000
NOTES: Final = """() => {
  const seen = (window.__seen = {}), long = {};
  const note = (key) => { seen[key] ??= Date.now(); };
  const look = () => {
    for (const line of document.querySelectorAll("cs-room .line.question")) {
      const {answer, state} = line.dataset, written = line.querySelector("cs-stream")?.text?.length ?? 0;
      note(`${answer}:${state}`);
      if (line.querySelector(".put-in")) note(`${answer}:insert`);
      if (written !== (long[answer] ?? 0)) { long[answer] = written; seen[`${answer}:words`] = Date.now(); }
    }
  };
  new MutationObserver(look).observe(document.body, {subtree: true, childList: true, attributes: true, characterData: true});
  for (const kind of ["click", "keydown"]) document.addEventListener(kind, () => { window.__hand = Date.now(); }, true);
}"""
FACTS: Final = {"stop": "stopped", "pause": "paused", "insert": "insert"}
EVENTS: Final = {"stop": "answer.stopped", "pause": "answer.paused", "insert": "answer.inserted"}
BUTTONS: Final = {"stop": "Stop", "pause": "Pause", "insert": "Put in a word"}
Clicked = dict[str, list[float]]


class Hand:
    """Three open screens of one room, the first of which clicks. ``questions`` whose answers take a while."""

    def __init__(self, people: Sequence[RoomScreen], questions: Sequence[str] = LONG, word: str = WORD) -> None:
        self.people, self._questions, self._word, self._count = people, questions, word, 0
        self._first = people[0]
        for one in people:
            one.page.evaluate(NOTES)

    def click(self, control: str) -> tuple[str, float]:
        """(the answer, milliseconds from the click to the last screen that has its effect). One click that counts: a small
        model may end by itself before it, then it is tried again. Raises TimeoutError.
        """
        for _ in range(TRIES):
            answer = self._asked()
            if answer and self._act(control) and self._has(answer, FACTS[control]):
                self._first.page.wait_for_timeout(QUIET_MS)
                found = answer, self._effect(control, answer)
                self.end()
                return found
            self.end()
        raise TimeoutError(f"{control}: the model ends each time before the click")

    def end(self) -> None:
        """Nothing is written any more, nor waits, on any screen."""
        while self._first.page.evaluate(OPEN):
            self._first.page.evaluate(STOP)
            self._first.page.wait_for_timeout(100)
        for one in self.people:
            one.page.wait_for_function(f"() => !({OPEN})()", timeout=WAIT_MS)

    def _asked(self) -> str:
        """An answer that runs, with words on every screen. Empty: it has ended by then."""
        before = self._last()
        self._first.ask(self._questions[self._count % len(self._questions)])
        self._count += 1
        self._first.page.wait_for_function(f"before => ({LAST})() !== before", arg=before, timeout=WAIT_MS)
        answer = self._last()
        self._wait(answer, "words")
        return "" if self._has_ended(answer) else answer

    def _act(self, control: str) -> bool:
        """Whether there was still something to click."""
        page = self._first.page
        try:
            page.get_by_role("button", name=re.compile(f"^{BUTTONS[control]}")).last.click(timeout=2_000)
        except PatienceError:
            return False
        if control == "insert":
            self._first.box.fill(self._word)
            expect(page.locator("button.send")).to_be_enabled()
            self._first.box.press("Enter")
        return True

    def _has(self, answer: str, fact: str) -> bool:
        """Whether every screen comes to show it, and not the answer's own end."""
        self._wait(answer, fact)
        return all(self._noted(one).get(f"{answer}:{fact}") for one in self.people)

    def _wait(self, answer: str, what: str) -> None:
        """Until every screen has noted it, or the answer's own end."""
        for one in self.people:
            one.page.wait_for_function(
                "([answer, all]) => all.some((what) => window.__seen[`${answer}:${what}`])",
                arg=[answer, [what, "completed", "failed"]],
                timeout=WAIT_MS,
            )

    def _has_ended(self, answer: str) -> bool:
        return not {f"{answer}:completed", f"{answer}:failed"}.isdisjoint(self._noted(self._first))

    def _effect(self, control: str, answer: str) -> float:
        begun = float(self._first.page.evaluate("() => window.__hand"))
        notes = [self._noted(one) for one in self.people]
        times = [seen[f"{answer}:{FACTS[control]}"] for seen in notes]
        if control != "insert":  # there the words behind the fact are the reply to it
            times += [seen.get(f"{answer}:words", 0) for seen in notes]
        return max(times) - begun

    def _noted(self, one: RoomScreen) -> dict[str, float]:
        return dict(one.page.evaluate("() => window.__seen"))

    def _last(self) -> str:
        return str(self._first.page.evaluate(LAST))


# In one step: between two a button of an answer that ends by itself is gone.
OPEN: Final = """() => ["running", "queued", "paused"]
  .some((state) => document.querySelector(`cs-room .line[data-state=${state}]`))"""
STOP: Final = """() => document.querySelector("cs-room .hands button.stop")?.click()"""
LAST: Final = (
    """() => [...document.querySelectorAll("cs-room .line.question[data-answer]")].at(-1)?.dataset.answer ?? "" """
)


def events_of(console: Console, answer: str, kind: str) -> int:
    """How many events of a kind the log has of this answer."""
    found = f"Event.objects.filter(type={kind!r}, data__answer={answer!r}).count()"
    return int(console.run(f"from classroom.rooms.models import Event\nresult = {found}"))


def measured(folder: Path, rounds: int, home: Path) -> Clicked:
    """A house of its own with the demo model that is kept in ``home``, and a browser with three people in it."""
    found: Clicked = {}
    settings = {"TUTOR_MODEL": "demo", "MAX_ANSWER_TOKENS": "1000", "MEMORY_TURNS": "1", "MEMORY_SUMMARISED": "1"}
    try:
        with ExitStack() as opened:
            stack = Stack(folder / "clicks", web=2, engine="batching", settings=settings, without=("inference",))
            model_folder("demo", home, lambda words: print(words, file=sys.stderr))
            (stack.data / "models").symlink_to(home / "models")
            opened.enter_context(stack)
            stack.start("inference")
            stack.wait_ready(timeout_s=MODEL_S)
            _clicked(stack, rounds, found, opened)
    except (AssertionError, TimeoutError, PatienceError) as error:
        print(f"not measured: {error}", file=sys.stderr)
    return found


def _clicked(stack: Stack, rounds: int, found: Clicked, opened: ExitStack) -> None:
    console = Console(stack)
    opened.callback(console.close)
    room = console.room_new("Three browsers")
    browser = chromium_start(opened.enter_context(sync_playwright()))
    people = []
    for name, web in PEOPLE:
        screen = Screen(browser, stack.urls[web], stack.urls)
        opened.callback(screen.close)
        people.append(RoomScreen(screen.sign_in(name), room).open())
    hand = Hand(people)
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}, clicks …", file=sys.stderr, flush=True)
        for control in CLICKED:
            answer, effect = hand.click(control)
            assert events_of(console, answer, EVENTS[control]) == 1
            found.setdefault(control, []).append(effect)


def figures_of(found: Clicked) -> list[Figure]:
    """The slowest of all rounds."""
    return [
        Figure(f"control_{name}_browsers_ms", max(found.get(name, []), default=None), "<=", GOAL_MS, ours=True)
        for name in CLICKED
    ]


def lines_of(found: Clicked) -> list[str]:
    return [f"{name} in three browsers: median {median(ms):.0f} ms of {len(ms)}" for name, ms in found.items()]
