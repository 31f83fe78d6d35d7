"""Rows about hints and screens: E11."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.chaos.house import House
from tests.chaos.round import Round

UNKIND = {"DJANGO_SETTINGS_MODULE": "tests.chaos.layer_settings"}


@contextmanager
def unkind(house: House) -> Iterator[None]:
    """Both web processes with the unkind layer, each with a seed of its own."""
    with house.told({"web1": {**UNKIND, "CHAOS_SEED": "11"}, "web2": {**UNKIND, "CHAOS_SEED": "12"}}):
        yield


def hints(round: Round) -> None:
    """E11: of the hints that reach a web process a fifth is dropped, a fifth doubled, a fifth overtaken."""
    screens = round.join(4)
    question = round.ask(screens[0], words=50, rate=60)
    round.written(question, 1)
    round.chat(1.5, every_s=0.05)
    round.inject(len(round.house.truth(round.room).frames))
    round.healed()
