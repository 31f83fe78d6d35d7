"""The oracle finds what was planted: one of each kind, and nothing where nothing is."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.chaos.oracle import Frame, Ledger, Log, judge

TEXT = "x = 4 展开 🇩🇪"


def event(seq: int, type: str, *, ref: str | None = None, **data: Any) -> Frame:
    return {"type": type, "seq": seq, "at": "", "by": None, "ref": ref, "trace": "", "data": data}


def log_frames() -> list[Frame]:
    proof = hashlib.sha256(TEXT.encode()).hexdigest()
    return [
        event(1, "message.posted", ref="m1", text="hello"),
        event(2, "answer.asked", ref="q1", answer="a", text="why?"),
        event(3, "answer.started", answer="a", attempt=1),
        event(4, "answer.delta", answer="a", offset=0, text=TEXT[:5], part="text"),
        event(5, "answer.delta", answer="a", offset=5, text=TEXT[5:], part="text"),
        event(6, "answer.completed", answer="a", text=TEXT, sha256=proof, length=len(TEXT), reason="stop"),
        event(7, "message.posted", ref="m2", text="thanks"),
    ]


def snapshot(seq: int, text: str = "", epoch: str = "e1") -> Frame:
    items = [{"kind": "answer", "answer": "a", "text": text}] if seq >= 2 else []
    return {"type": "snapshot", "seq": seq, "data": {"state": {"items": items}, "epoch": epoch}}


def seen() -> list[Frame]:
    return [snapshot(1), *copy.deepcopy(log_frames()[1:])]


def counts(frames: list[Frame], log: list[Frame] | None = None, **sent: Frame | None) -> dict[str, int]:
    return dict(judge([Log("e1", log or log_frames())], [Ledger("screen", frames, sent)], {"a": TEXT}).counts)


def test_a_whole_ledger_is_whole() -> None:
    acks = {"m1": {"type": "ack", "ref": "m1", "seq": 1}, "typing": {"type": "ack", "ref": "typing", "seq": None}}
    assert counts(seen(), **acks) == {}
    assert counts([snapshot(4, TEXT[:5]), *log_frames()[4:]]) == {}


def test_what_came_when_all_had_gone_home_is_owed_to_nobody() -> None:
    def lost(due: int | None, until: int) -> int:
        log = Log("e1", log_frames(), due=due)
        return judge([log], [Ledger("screen", seen()[:until])], {"a": TEXT}).counts["lost"]

    assert [lost(6, 6), lost(7, 6), lost(None, 6), lost(6, 5)] == [0, 1, 1, 1]


def without(frames: list[Frame], seq: int) -> list[Frame]:
    return [frame for frame in frames if frame["seq"] != seq or frame["type"] == "snapshot"]


def swapped(frames: list[Frame]) -> list[Frame]:
    return [*frames[:3], frames[4], frames[3], *frames[5:]]


@pytest.mark.parametrize(
    ("plant", "found"),
    [
        (lambda frames: without(frames, 5), {"lost": 1}),
        (lambda frames: frames[:-2], {"lost": 2}),
        (lambda frames: [*frames[:4], frames[3], *frames[4:]], {"doubled": 1}),
        (swapped, {"reordered": 1}),
        (lambda frames: [*frames, event(8, "message.posted", text="never stored")], {"shown_not_stored": 1}),
        (lambda frames: [snapshot(9), *frames[1:]], {"shown_not_stored": 1, "doubled": 6}),
        (lambda frames: [snapshot(4, "x = 5"), *frames[4:]], {"shown_not_stored": 1}),
        (lambda frames: frames[1:], {"shown_not_stored": 6, "lost": 7}),
        (lambda frames: [snapshot(1, epoch="e0"), *frames[1:]], {"shown_not_stored": 7, "lost": 7}),
    ],
)
def test_what_is_planted_in_a_ledger_is_found(
    plant: Callable[[list[Frame]], list[Frame]], found: dict[str, int]
) -> None:
    assert counts(plant(seen())) == found


def test_a_byte_that_differs_is_found() -> None:
    frames = seen()
    frames[3]["data"]["text"] += " "
    assert counts(frames) == {"shown_not_stored": 1}


def test_a_stub_is_what_others_may_see() -> None:
    frames = seen()
    frames[-1] = {"type": "event.hidden", "seq": 7, "data": {}}
    assert counts(frames) == {"shown_not_stored": 1}
    assert judge([Log("e1", log_frames(), frozenset({7}))], [Ledger("screen", frames)]).ok


def test_what_is_planted_in_the_log_is_found() -> None:
    unended, shorter, again = log_frames(), log_frames(), log_frames()
    unended[5] = event(6, "message.posted", text="instead of the end")
    assert counts([snapshot(7, TEXT)], unended) == {"lost": 1}
    shorter[4]["data"]["text"] = TEXT[5:-1]
    assert counts([snapshot(7, TEXT[:-1])], shorter) == {"lost": 1}
    again[4]["data"]["offset"] = 0
    assert counts([snapshot(7, TEXT)], again)["doubled"] == 1
    gap = [frame for frame in log_frames() if frame["seq"] != 3]
    assert counts([snapshot(6, TEXT)], gap)["lost"] >= 1


def test_a_frame_that_became_two_events_is_found() -> None:
    twice = [*log_frames(), event(8, "message.posted", ref="m2", text="thanks")]
    assert counts([snapshot(8, TEXT)], twice) == {"doubled": 1}


def test_another_text_than_the_model_wrote_is_found() -> None:
    verdict = judge([Log("e1", log_frames())], [Ledger("screen", seen())], {"a": TEXT + " and more"})
    assert dict(verdict.counts) == {"lost": 1}
    assert "not what the model wrote" in verdict.findings[0]


def test_acked_means_stored_and_all_is_answered() -> None:
    assert counts(seen(), m1={"type": "ack", "ref": "m1", "seq": 2}) == {"shown_not_stored": 1}
    assert counts(seen(), m9=None) == {"lost": 1}
    assert counts(seen(), m9={"type": "error", "ref": "m9", "code": "busy"}) == {}


def test_a_log_that_became_another_one() -> None:
    """E24: what was seen of the old log is held to the old one, then a snapshot of the new one."""
    old, new = Log("e1", log_frames()), Log("e2", log_frames()[:1])
    fresh = snapshot(1, epoch="e2")
    assert judge([old, new], [Ledger("screen", [*seen(), fresh])]).ok
    assert dict(judge([old, new], [Ledger("screen", seen())]).counts) == {"lost": 1}


def test_verdicts_add_up() -> None:
    """A round with several rooms is one verdict."""
    one, other = judge([Log("e1", log_frames())], [Ledger("a", seen()[:-1])]), judge([Log("e1", [])], [])
    other.add(one)
    assert (dict(other.counts), other.findings) == ({"lost": 1}, one.findings)
