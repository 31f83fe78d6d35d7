"""What the room may see (rules G1–G3): the same however the raw text was cut, and never a thought."""

from __future__ import annotations

import itertools
import re

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from tutor.guard import Policy, Release, graphemes, release

PLAIN = Policy(think=None)
THINKS = Policy()
OPENED = Policy(opens_in_thought=True)
POLICIES = {"plain": PLAIN, "thinks": THINKS, "opened": OPENED}
# What models write, cut where tokens cut: markers in pieces, letters and their accents, emoji of many parts, flags.
PIECES = st.sampled_from(
    ["a", " ", "e", "\u0301", "\n", "\r\n", "x = 7", "<", ">", "<th", "ink>", "<think>", "</think>", "</", "think>"]
    + ["二", "👩", "\u200d", "👧", "🏽", "🇩", "🇪", "क", "\u094d", "ष", "각", "\ufe0f", "$$", "<b>", "<<think>>"]
)
RAW = st.lists(PIECES, max_size=25).map("".join)


def whole(policy: Policy, raw: str) -> str:
    """What may be seen in the end, said in another way than the guard says it."""
    if policy.think is None:
        return raw
    if policy.opens_in_thought:
        _, found, raw = raw.partition("</think>")
        if not found:
            return ""
    return re.sub(r"<think>.*?(</think>|\Z)", "", raw, flags=re.DOTALL)


def stream(policy: Policy, chunks: list[str]) -> list[str]:
    """What was visible after each chunk and after the end, kept as the scribe keeps it."""
    raw, released, shown, states = "", 0, "", []
    for number, chunk in enumerate([*chunks, ""]):
        raw += chunk
        out = release(policy, raw[released:], released, done=number == len(chunks))
        assert out.released >= released
        released, shown = out.released, shown + out.text
        states.append(shown)
    assert released == len(raw)
    return states


def cut(raw: str, places: list[int]) -> list[str]:
    edges = sorted({0, len(raw), *(place % (len(raw) + 1) for place in places)})
    return [raw[start:end] for start, end in itertools.pairwise(edges)]


@given(st.text(st.characters(max_codepoint=127)) | RAW)
def test_graphemes_begin_where_unicode_says(text: str) -> None:
    assert graphemes(text) == [found.start() for found in regex.finditer(r"\X", text)]


@given(st.sampled_from(list(POLICIES.values())), RAW, st.lists(st.integers(0, 200), max_size=12))
def test_g1_any_split_gives_the_same_text(policy: Policy, raw: str, places: list[int]) -> None:
    assert stream(policy, cut(raw, places))[-1] == stream(policy, [raw])[-1] == whole(policy, raw)


@given(st.sampled_from(list(POLICIES.values())), RAW)
def test_g1_one_code_point_at_a_time_gives_the_same_text(policy: Policy, raw: str) -> None:
    assert stream(policy, list(raw))[-1] == whole(policy, raw)


@given(st.sampled_from(list(POLICIES.values())), RAW, st.lists(st.integers(0, 200), max_size=12))
def test_g3_what_is_shown_never_ends_inside_a_grapheme(policy: Policy, raw: str, places: list[int]) -> None:
    end = whole(policy, raw)
    boundaries = {0, len(end), *(match.start() for match in regex.finditer(r"\X", end))}
    for state in stream(policy, cut(raw, places)):
        assert end.startswith(state)
        assert len(state) in boundaries, (state, end)


@given(RAW, st.lists(st.integers(0, 200), max_size=12))
def test_g2_thoughts_are_never_shown(raw: str, places: list[int]) -> None:
    secret = "SECRET"
    text = re.sub(r"<think>", f"<think>{secret}", raw)
    for policy in (THINKS, OPENED):
        for state in stream(policy, cut(text, places)):
            assert secret not in state


# ---- by hand


@pytest.mark.parametrize(
    ("chunks", "states"),
    [
        (["Hel", "lo", " wor", "ld"], ["He", "Hell", "Hello wo", "Hello worl", "Hello world"]),
        (["a<thi", "nk>no</think>b"], ["", "a", "ab"]),
        (["a<thi", "s"], ["", "a<thi", "a<this"]),
        (["a <", " b"], ["a", "a < ", "a < b"]),
        (["<think>no", " never</thi", "nk>yes"], ["", "", "ye", "yes"]),
        (["yes <think>no"], ["yes", "yes "]),
        (["e", "\u0301", "x"], ["", "", "e\u0301", "e\u0301x"]),
        (["e<think>no</think>\u0301x"], ["e\u0301", "e\u0301x"]),
        (["e<think>no", "</think>\u0301x"], ["", "e\u0301", "e\u0301x"]),
        (["👩\u200d", "👧", "!"], ["", "", "👩\u200d👧", "👩\u200d👧!"]),
        (["🇩", "🇪🇫", "🇷x"], ["", "🇩🇪", "🇩🇪🇫🇷", "🇩🇪🇫🇷x"]),
        (["<think>a</think><think>b</think>"], ["", ""]),
    ],
)
def test_what_is_shown_step_by_step(chunks: list[str], states: list[str]) -> None:
    assert stream(THINKS, chunks) == states


def test_nothing_pending_is_nothing() -> None:
    assert release(THINKS, "", 5, done=False) == Release("", 5)
    assert release(THINKS, "", 5, done=True) == Release("", 5)


def test_g2_a_thought_that_the_template_opened() -> None:
    assert stream(OPENED, ["I thi", "nk</think>Good", " day"])[-1] == "Good day"
    assert stream(OPENED, ["never closed"])[-1] == ""
    assert stream(OPENED, ["a</think>b<think>c</think>d"])[-1] == "bd"


def test_g2_at_the_end_an_open_thought_is_dropped_and_half_a_marker_shown() -> None:
    assert stream(THINKS, ["a <think>b"])[-1] == "a "
    assert stream(THINKS, ["a <thin"])[-1] == "a <thin"
    assert stream(THINKS, ["a</think>b"])[-1] == "a</think>b"


def test_without_markers_everything_but_the_last_grapheme_passes() -> None:
    assert release(PLAIN, "<think>open", 0, done=False) == Release("<think>ope", 10)


def test_other_markers() -> None:
    policy = Policy(think=("◁think▷", "◁/think▷"))
    assert stream(policy, ["a◁thi", "nk▷no◁/th", "ink▷b"])[-1] == "ab"
