"""The lines of a transcript that are no talk: each fact in words, and nobody's text as a pattern."""

from __future__ import annotations

from typing import Any

import pytest

from classroom.review import notices, selectors
from classroom.rooms.frames import FACTS
from classroom.rooms.models import Event

MIA = {"id": "1", "name": "Mia", "role": "student"}


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        ("member.joined", {"user": MIA}, "Mia joined"),
        ("member.removed", {"user": MIA}, "Mia was removed"),
        ("room.reopened", {}, "opened the room again"),
        ("step.checked", {"verdict": "refuted", "reason": "No."}, "the step is refuted: No."),
        ("hint.given", {"rung": 1, "text": "Look {here}."}, "gave a hint (level 1): Look {here}."),
        ("rung.moved", {"rung": 5, "before": 2}, "set the hints from level 2 to 5"),
        ("room.changed", {"title": "T", "problem": None}, "changed the room: T, no problem"),
        ("room.changed", {"title": "T", "problem": {"title": "P"}}, "changed the room: T, P"),
        ("something.new", {}, "something.new"),
        ("highlight.changed", {"on": True}, "marked a place of the answer as a key step"),
        ("highlight.changed", {"on": False}, "took the mark of a key step away"),
        ("highlight.proposed", {"places": [{}, {}]}, "the tutor proposed key steps of its answer: 2"),
        ("board.changed", {"mode": "isolated"}, "switched the board to: each on their own sheet"),
        ("board.granted", {"person": MIA, "write": True}, "let Mia draw whatever the mode"),
        ("board.granted", {"person": MIA, "write": False}, "let Mia look at the board only"),
        ("board.granted", {"person": MIA, "write": None}, "gave Mia the same right to draw as everybody"),
        ("board.revealed", {"owner": MIA, "on": True}, "showed the sheet of Mia to everybody"),
        ("board.revealed", {"owner": MIA, "on": False}, "hid the sheet of Mia again"),
        (
            "lines.checked",
            {"checks": [{"verdict": "verified", "reason": "Right."}, {"verdict": "refuted", "reason": "{No}."}]},
            "lines of what stands above were checked. verified: Right. · refuted: {No}.",
        ),
        (
            "lines.checked",
            {"checks": [{"verdict": "verified", "reason": "Right."}] * 7},
            "lines of what stands above were checked. " + "verified: Right. · " * 5 + "and 2 more",
        ),
        ("member.joined", {"user": {"name": "{user.__class__}"}}, "{user.__class__} joined"),
    ],
)
def test_notices_in_words(kind: str, data: dict[str, Any], words: str) -> None:
    assert notices.notice(Event(type=kind, data=data)) == words


def test_every_fact_has_words_or_stands_elsewhere() -> None:
    assert FACTS - {*selectors.WITHIN_ANSWERS, *selectors.SAID} == {*notices.NOTICES}
