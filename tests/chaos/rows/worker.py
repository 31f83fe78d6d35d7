"""Rows about whoever writes the answer: E1."""

from __future__ import annotations

import time

from tests.chaos.round import Round


def sigkill(round: Round) -> None:
    """E1: the worker is killed at a random place of the text and comes back."""
    asker, *_ = round.join(3)
    question = round.ask(asker, words=40)
    round.written(question, round.random.randrange(1, 150))
    round.house.kill("inference")
    killed = time.monotonic()
    round.inject()
    round.rest(0.0, 0.5)
    round.house.start("inference")
    round.resumed(question, killed)
