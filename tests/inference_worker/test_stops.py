"""Stop strings: what goes out is the text up to the first of them, whatever the pieces."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference_worker.engines.stops import StopStrings

SIGNS = st.sampled_from("ab<>/é字👍")
TEXT = st.text(SIGNS, max_size=40)
STOPS = st.lists(st.text(SIGNS, max_size=5), max_size=4)


def cut(text: str, stops: list[str]) -> str:
    """The same by hindsight."""
    return text[: min((at for stop in stops if stop and (at := text.find(stop)) >= 0), default=len(text))]


@settings(max_examples=200)
@given(st.lists(TEXT, max_size=12), STOPS)
def test_what_goes_out_is_the_text_before_the_first_stop(parts: list[str], stops: list[str]) -> None:
    held = StopStrings(stops)
    out = ""
    text = ""
    for part in parts:
        out += held.push(part)
        text += part
        assert cut(text, stops).startswith(out), "nothing of a stop string is shown, not even for a moment"
        if held.hit:
            break
    assert held.hit == (cut(text, stops) != text)
    assert out + held.flush() == cut(text, stops)


@settings(max_examples=200)
@given(TEXT, st.integers(0, 40), st.lists(TEXT, max_size=6), STOPS)
def test_a_stop_that_begins_in_what_was_shown_is_found(
    whole: str, size: int, parts: list[str], stops: list[str]
) -> None:
    """Whoever goes on behind the beginning of a text says what the first would have said; shown is shown."""
    shown = cut(whole, stops)[:size]
    held = StopStrings(stops, shown=shown)
    out = "".join(held.push(part) for part in parts)
    text = shown + "".join(parts)
    assert shown + out + held.flush() == max(cut(text, stops), shown, key=len)
    assert held.hit == (cut(text, stops) != text)


@settings(max_examples=100)
@given(TEXT, STOPS)
def test_no_more_is_held_back_than_must_be(text: str, stops: list[str]) -> None:
    held = StopStrings(stops)
    out = held.push(text)
    rest = text[len(out) :]
    assert held.hit or not rest or any(stop.startswith(rest) for stop in stops)


@pytest.mark.parametrize(
    ("parts", "stops", "out"),
    [
        (["one </thi", "nk> two"], ["</think>"], "one "),
        (["a<", "b"], ["<c"], "a<b"),
        (["aab"], ["ab"], "a"),
        (["x", "END", "y"], ["END", "N"], "x"),
        (["abc"], [""], "abc"),
        (["好的，", "再见"], ["再见"], "好的，"),
    ],
)
def test_examples(parts: list[str], stops: list[str], out: str) -> None:
    held = StopStrings(stops)
    assert "".join(held.push(part) for part in parts) + held.flush() == out


def test_after_a_hit_nothing_comes_out() -> None:
    held = StopStrings(["x"])
    assert held.push("axb") == "a"
    assert held.push("more") == ""
    assert held.flush() == ""
    assert held.hit
