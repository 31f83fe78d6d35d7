"""The books of one attempt: what is due, what was confirmed, what goes again. Time is passed in."""

from __future__ import annotations

import hashlib
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from inference_worker.job import Output, Persisted
from inference_worker.transcript import CONFIRM_MAX_S, CONFIRM_S, HOLE_QUIET_S, Transcript


def made(raw: str = "") -> Transcript:
    return Transcript("a", 1, raw, {"worker": "w"})


def sent(transcript: Transcript, now: float = 0.0) -> list[Output]:
    """Everything that is due, sent at once."""
    due = transcript.outputs()
    for output in due:
        transcript.sent_to(output, transcript.round, now)
    return due


def test_text_is_due_once_from_the_end_of_the_prefix() -> None:
    transcript = made("So ")
    assert sent(transcript) == []
    transcript.raw += "far"
    assert [(output.kind, output.offset, output.text) for output in sent(transcript)] == [("text", 3, "far")]
    assert sent(transcript) == []


def test_done_has_length_and_hash_of_the_whole_raw_text() -> None:
    transcript = made("好")
    transcript.raw += "的👩‍🏫"
    transcript.end("length", {"message": ""})
    text, done = sent(transcript)
    assert (text.offset, text.text) == (1, "的👩‍🏫")
    assert (done.kind, done.offset, done.reason) == ("done", 5, "length")
    assert done.sha256 == hashlib.sha256("好的👩‍🏫".encode()).hexdigest()


def test_a_hole_sends_again_from_there_even_into_the_prefix() -> None:
    transcript = made("prefix ")
    transcript.raw += "and text"
    sent(transcript)
    transcript.confirm(Persisted("a", 1, 3, hole=True), 10.0)
    assert [(output.offset, output.text) for output in sent(transcript)] == [(3, "fix and text")]


def test_one_hole_that_is_reported_often_is_answered_once() -> None:
    transcript = made()
    transcript.raw = "text"
    sent(transcript)
    for now in (10.0, 10.1, 10.2):
        transcript.confirm(Persisted("a", 1, 0, hole=True), now)
        assert bool(sent(transcript, now)) == (now == 10.0)
    transcript.confirm(Persisted("a", 1, 0, hole=True), 10.0 + HOLE_QUIET_S)
    assert sent(transcript)


def test_a_rewind_sends_what_is_not_confirmed_and_started_if_nobody_was_heard() -> None:
    transcript = made()
    transcript.raw = "text"
    sent(transcript)
    transcript.rewind()
    assert [output.kind for output in sent(transcript)] == ["started", "text"]
    transcript.confirm(Persisted("a", 1, 2), 0.0)
    transcript.rewind()
    assert [(output.kind, output.text) for output in sent(transcript)] == [("text", "xt")]


def test_a_batch_on_its_way_does_not_undo_a_rewind() -> None:
    transcript = made()
    transcript.raw = "text"
    (output,), before = transcript.outputs(), transcript.round
    transcript.rewind()
    transcript.sent_to(output, before, 0.0)
    assert [output.text for output in transcript.outputs() if output.kind == "text"] == ["text"]


def test_an_unconfirmed_done_is_sent_again_at_growing_distances() -> None:
    transcript = made()
    transcript.confirm(Persisted("a", 1, 0), 0.0)
    transcript.end("stop", {})
    now, gaps = 0.0, []
    assert [output.kind for output in sent(transcript, now)] == ["done"]
    for _ in range(6):
        again = transcript.again_at()
        assert again is not None
        transcript.remind(again - 0.001)
        assert transcript.outputs() == []
        transcript.remind(again)
        gaps.append(again - now)
        now = again
        assert [output.kind for output in sent(transcript, now)] == ["done"]
    assert gaps == [CONFIRM_S, 6.0, 12.0, 24.0, CONFIRM_MAX_S, CONFIRM_MAX_S]


def test_a_done_that_nobody_heard_anything_of_takes_the_text_along() -> None:
    transcript = made()
    transcript.raw = "text"
    transcript.end("stop", {})
    sent(transcript)
    transcript.remind(CONFIRM_S)
    assert [output.kind for output in sent(transcript)] == ["started", "text", "done"]


def test_nothing_is_reminded_of_before_the_end() -> None:
    transcript = made()
    transcript.raw = "text"
    sent(transcript)
    transcript.remind(1e9)
    assert transcript.outputs() == []
    assert transcript.again_at() is None


class Wire(RuleBasedStateMachine):
    """Whatever is lost, doubled or late between the two: once both are left in peace, the text is whole."""

    @initialize(prefix=st.text(max_size=5))
    def begin(self, prefix: str) -> None:
        self.transcript = made(prefix)
        self.stored, self.now, self.ended = prefix, 0.0, False
        self.flying: list[tuple[Output, int]] = []
        self.words: list[Persisted] = []

    @precondition(lambda self: not self.ended)
    @rule(text=st.text(min_size=1, max_size=6))
    def write(self, text: str) -> None:
        self.transcript.raw += text

    @precondition(lambda self: not self.ended)
    @rule()
    def end(self) -> None:
        self.transcript.end("stop", {})
        self.ended = True

    @rule()
    def fetch(self) -> None:
        self.flying += [(output, self.transcript.round) for output in self.transcript.outputs()]

    @rule(lost=st.booleans(), twice=st.booleans())
    def arrive(self, lost: bool, twice: bool) -> None:
        for output, sent_in in self.flying:
            self.transcript.sent_to(output, sent_in, self.now)
            if not lost:
                for _ in range(1 + twice):
                    self.words.append(self.store(output))
        self.flying = []

    @rule()
    def forget_flight(self) -> None:
        self.flying = []
        self.transcript.rewind()

    @rule(heard=st.booleans(), seconds=st.floats(0, 5))
    def hear(self, heard: bool, seconds: float) -> None:
        self.now += seconds
        for word in self.words if heard else []:
            self.transcript.confirm(word, self.now)
        self.words = []
        self.transcript.remind(self.now)

    def store(self, output: Output) -> Persisted:
        if output.offset > len(self.stored):
            return Persisted("a", 1, len(self.stored), hole=True)
        if output.kind == "text":
            self.stored += output.text[len(self.stored) - output.offset :]
        return Persisted("a", 1, len(self.stored))

    @invariant()
    def never_a_wrong_letter(self) -> None:
        assert self.transcript.raw.startswith(self.stored)

    def teardown(self) -> None:
        if not hasattr(self, "transcript"):
            return
        if not self.ended:
            self.end()
        whole: Any = None
        for _ in range(8):
            self.now += 100.0
            self.fetch()
            arrived = [output for output, _ in self.flying]
            self.arrive(lost=False, twice=False)
            self.hear(heard=True, seconds=0.0)
            whole = whole or next((output for output in arrived if output.kind == "done"), None)
        assert self.stored == self.transcript.raw
        assert whole is not None
        assert whole.sha256 == hashlib.sha256(self.stored.encode()).hexdigest()


Wire.TestCase.settings = settings(max_examples=80, stateful_step_count=20, deadline=None)
TestWire = Wire.TestCase
