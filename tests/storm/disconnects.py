"""Screens that lose their line again and again, in the middle of whatever is said, and must end byte-equal with the log."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

from tests.chaos.round import Round, Unsettled
from tests.chaos.screen import Screen

QUESTION_WORDS = 60
STALLED_S = 60.0


def disconnects(round: Round, count: int, screens: int = 12) -> None:
    """``count`` lines end without a word, at moments of the round's own random; somebody talks all the while."""
    people = round.join(screens)
    question = round.ask(people[0], words=QUESTION_WORDS, rate=30)
    moved = time.monotonic()
    while round.injected < count:
        if round.end(question):
            question = round.ask(round.random.choice(people), words=QUESTION_WORDS, rate=30)
        live = [screen for screen in people if screen.live]
        if live:
            moved = time.monotonic()
            cut = live[: 1 + round.random.randrange(3)] if round.random.random() < 0.2 else [round.random.choice(live)]
            if round.random.random() < 0.5:
                round.say(cut[0])  # its ack may never come
            round.house.background.call(partial(_drop, cut))
            round.inject(len(cut))
        elif time.monotonic() - moved > STALLED_S:
            raise Unsettled("nobody comes back any more")
        round.rest(0.0, 0.05)
    round.healed()


def _drop(screens: Sequence[Screen]) -> None:
    for screen in screens:
        screen.drop()
