"""Rows about web processes: E9, E10."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from tests.chaos.round import Round
from tests.chaos.screen import Screen

CLASS = 25  # people in a room
MANY = 100  # from so many on, how their returns are spread says something


def told_to_stop(round: Round) -> None:
    """E9: both web processes are told to stop, one after the other, with many sockets and an answer running."""
    house, count = round.house, int(round.lengths["sockets"])
    screens = round.join(min(count, CLASS))
    while len(screens) < count:
        screens += round.join(min(count - len(screens), CLASS), room=house.room(), first=len(screens))
    question = round.ask(screens[0], words=60, rate=20)
    round.written(question, 1)
    for web, name in enumerate(("web1", "web2")):
        before = {screen: len(screen.closes) for screen in screens}
        there = [screen for screen in screens if screen.url == house.url(web)]
        sockets = len(there)
        round.inject()
        house.again(name)
        # What a process said as it left may lie in a line for a moment, while its screen still believes in it.
        round.until(partial(_noticed, there, before), "everybody there has noticed")
        round.until(lambda: all(screen.live for screen in screens), "everybody is back")
        codes = [close for screen in screens for close in screen.closes[before[screen] :]]
        waits = [int(reason.partition("=")[2]) for code, reason in codes if code == 1012]
        round.expect((1006, "") not in codes, f"{codes.count((1006, ''))} sockets were cut without a word")
        round.expect(len(waits) == sockets, f"{len(waits)} of {sockets} sockets heard of the restart")
        round.expect(len(set(waits)) > len(waits) / 2, "all were told to come back at the same moment")
        crowd = max((sum(at <= other < at + 1_000 for other in waits) for at in waits), default=0)
        round.expect(len(waits) < MANY or crowd < 0.4 * len(waits), f"{crowd} of {len(waits)} come back in one second")
    round.healed()


def _noticed(there: list[Screen], before: Mapping[Screen, int]) -> bool:
    return all(len(screen.closes) > before[screen] for screen in there)


def killed(round: Round) -> None:
    """E10: a web process is killed in mid-answer; its sockets go on at the other one or at the next."""
    house, screens = round.house, round.join(6)
    question = round.ask(screens[0], words=50, rate=30)
    round.written(question, round.random.randrange(1, 80))
    name = round.random.choice(["web1", "web2"])
    house.kill(name)
    round.inject()
    round.chat(round.random.uniform(0.1, 1.0))
    house.start(name)
    round.healed()
