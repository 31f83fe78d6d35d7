"""The row about clocks: E12."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.house import House
from tests.chaos.round import Round

SKEW = Path(__file__).parents[1] / "skew"
APART_S = 90
EACH = 5  # rounds of a kind before the next: every change costs the house three new processes
KINDS = ({"web2": 1, "inference": -1}, {"web2": -1, "inference": 1}, {"scribe": -1}, {"scribe": 1})


@contextmanager
def apart(house: House) -> Iterator[None]:
    """The second web process is ahead, the worker behind."""
    with house.told({name: _skewed(sign) for name, sign in KINDS[0].items()}):
        yield


def _skewed(sign: int) -> dict[str, str]:
    return {"PYTHONPATH": str(SKEW), "CHAOS_SKEW_S": str(sign * APART_S)}


def skew(round: Round) -> None:
    """E12: web processes, scribe and worker disagree by 90 seconds; in a longer run each is ahead and behind in turn."""
    house = round.house
    kind = KINDS[round.number // EACH % len(KINDS)]
    if round.number:  # the stage has set the first
        for name in ("web2", "scribe", "inference"):
            wanted = _skewed(kind[name]) if name in kind else {}
            if house.own.get(name, {}) != wanted:
                house.own[name] = wanted
                house.again(name)
        house.whole()
    screens = round.join(4)
    question = round.ask(screens[0], words=40)
    following = round.ask(screens[1], words=10)
    round.inject(len(kind))
    round.written(question, 10)
    house.again("inference", kill=True)
    round.chat(1.0)
    # Each on its asker's own screen: the other's may stand at another web process, and hear of it later.
    round.until(lambda: round.end(question) and round.end(following), "both questions are answered")
    ends = {(round.end(one) or {}).get("type") for one in (question, following)}
    round.expect(ends == {"answer.completed"}, f"they ended as {ends}")
    round.healed()
