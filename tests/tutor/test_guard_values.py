"""Forbidden values and praise (rules G4–G6): the same however the text came, and never to be seen at any moment."""

from __future__ import annotations

import re

import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.tutor.test_guard import cut
from tutor import guard
from tutor.forbidden.praise import praises
from tutor.guard import MARKER, Policy, Withheld, release

SEVEN = Policy(forbidden=("$$x=7$$", "$$7$$"), statement="Solve $3x+5=26$.", praise=False)
POINT = Policy(
    forbidden=("$$(8,5)$$", "Ellipse", "$$s<-4$$", "$$3a+8$$"), statement="Where do the lines meet?", praise=False
)
OPEN = Policy(forbidden=("$$2$$",), statement="Tom has 2 apples and 4 pears.", praise=False)
PRAISE = Policy(praise=False)
BELOW = Policy(forbidden=("$$x=-\\frac{3}{4}$$",), statement="Where is $4x^2+47x+33$ zero?", praise=False)
POLICIES = [SEVEN, POINT, OPEN, PRAISE]
PIECES = st.sampled_from(
    [
        "a",
        " ",
        " ",
        "x = 7",
        "7",
        ".",
        ". ",
        "\n",
        "se",
        "ven",
        "seven",
        "\u0301",
        "$",
        "\\frac{14}{2}",
        "1",
        "4",
        "2",
        "-",
        "七",
        "一",
    ]
    + [
        "<think>",
        "x=7</think>",
        "</think>",
        "correct",
        "That's ",
        "right",
        "! ",
        "do",
        "ne",
        "对",
        "。",
        "（8，5）",
        "8, 5",
        "s<-4",
        "two",
    ]
    + [
        "ellip",
        "se",
        "Yes",
        "👩\u200d👧",
        "\u200b",
        "VII",
        "Nw==",
        "3a + 8",
        "[…]",
        "'",
        "1. ",
        "base64 ",
        "the answer is ",
        "<",
    ]
)
RAW = st.lists(PIECES, max_size=30).map("".join)
OURS = re.compile(r"(?:… |……)?(?:I have not verified this yet\.|这里我还没有验证。)")
some = settings(max_examples=60)


def stream(policy: Policy, chunks: list[str]) -> tuple[list[str], list[Withheld]]:
    """What was visible after each chunk and after the end, kept as the scribe keeps it; and what was withheld."""
    raw, released, shown, states = "", 0, "", []
    withheld: list[Withheld] = []
    for number, chunk in enumerate([*chunks, ""]):
        raw += chunk
        done = number == len(chunks)
        out = release(policy, raw[released:], released, done=done, before=shown[-guard.BEFORE :])
        assert out.released >= released
        released, shown = out.released, shown + out.text
        withheld += out.withheld
        states.append(shown)
    assert released == len(raw)
    return states, withheld


def seen(policy: Policy, raw: str) -> str:
    return stream(policy, [raw])[0][-1]


# ---- whatever comes


@some
@given(st.sampled_from(POLICIES), RAW, st.lists(st.integers(0, 300), max_size=14))
@example(SEVEN, "se", [1])
def test_g1_any_split_shows_and_withholds_the_same(policy: Policy, raw: str, places: list[int]) -> None:
    states, withheld = stream(policy, cut(raw, places))
    whole, whole_withheld = stream(policy, [raw])
    assert states[-1] == whole[-1]
    assert withheld == whole_withheld
    assert all(states[-1].startswith(state) for state in states)


@some
@given(st.sampled_from(POLICIES), RAW)
def test_g1_one_code_point_at_a_time_shows_the_same(policy: Policy, raw: str) -> None:
    assert stream(policy, list(raw))[0][-1] == seen(policy, raw)


@some
@given(st.sampled_from(POLICIES), RAW, st.lists(st.integers(0, 300), max_size=14))
def test_g3_what_is_shown_never_ends_inside_a_grapheme(policy: Policy, raw: str, places: list[int]) -> None:
    states, _ = stream(policy, cut(raw, places))
    boundaries = {0, len(states[-1]), *(match.start() for match in regex.finditer(r"\X", states[-1]))}
    assert all(len(state) in boundaries for state in states)


@some
@given(RAW, st.lists(st.integers(0, 300), max_size=14))
@example("seven7", [])
def test_g4_no_seven_is_ever_seen(raw: str, places: list[int]) -> None:
    for state in stream(SEVEN, cut(raw, places))[0]:
        assert not re.search(r"(?<![\d.])7(?!\.?\d)|(?<![一七])七(?![一七])|\bseven\b|\bVII\b|\bNw==", state), state


@some
@given(st.sampled_from(POLICIES), RAW, st.lists(st.integers(0, 300), max_size=14))
def test_g5_shown_and_withheld_make_up_the_text(policy: Policy, raw: str, places: list[int]) -> None:
    """Putting what was withheld in place of its markers gives back all that is no thought."""
    states, withheld = stream(policy, cut(raw, places))
    rest = re.sub(r"<think>.*?(</think>|\Z)", "", raw, flags=re.DOTALL)
    parts = [re.sub(r"<think>.*?(</think>|\Z)", "", raw[one.start : one.end], flags=re.DOTALL) for one in withheld]
    told = OURS.sub("", states[-1])
    values = sum(one.why == "value" for one in withheld)
    unsaid = len(withheld) - values - len(OURS.findall(states[-1]))  # praise right behind praise: a sign alone
    assert len(told) == len(rest) - sum(map(len, parts)) + len(MARKER) * values + unsaid
    assert all(0 <= one.start < one.end <= len(raw) and one.why in {"value", "praise"} for one in withheld)


@some
@given(RAW)
def test_with_nothing_forbidden_all_passes(raw: str) -> None:
    assert seen(Policy(think=None), raw) == raw


def test_g6_in_place_of_praise_stands_a_sentence_of_ours_and_only_once() -> None:
    shown = seen(PRAISE, "Great job! Well done! Now add 3. Your answer is correct.")
    assert shown == "I have not verified this yet. … Now add 3. Your answer is …"
    assert not praises("", shown, confirms=True)
    assert seen(PRAISE, "**Correct!** 对了！") == "**这里我还没有验证。**"
    assert seen(PRAISE, "**Correct!**\nGo on.") == "**I have not verified this yet.**\nGo on."


# ---- by hand


def test_words_pass_one_by_one_and_numbers_wait_for_the_sentences_end() -> None:
    states, _ = stream(SEVEN, ["Let us ", "look at ", "26 ap", "ples. ", "Good", " so"])
    assert states[:4] == ["Let ", "Let us look ", "Let us look at ", "Let us look at "]
    assert states[4].startswith("Let us look at 26 apples.")
    assert states[-1] == "Let us look at 26 apples. Good so"


@pytest.mark.parametrize(
    ("policy", "raw", "shown"),
    [
        (SEVEN, "We see that x = 7. Now check.", "We see that […] Now check."),
        (SEVEN, "First 3x.\nThen x is seven\nand so on", "First 3x.\nThen […]\nand so on"),
        (SEVEN, "Divide: $\\frac{14}{2}$", "Divide: […]"),
        (SEVEN, "1. Take 5 away.\n2. Divide by 3.\n", "1. Take 5 away.\n2. Divide by 3.\n"),
        (SEVEN, "There are 17 of them, 70 or 0.7.", "There are 17 of them, 70 or 0.7."),
        (SEVEN, "我们看到七。再见。", "我们看到[…]再见。"),
        (OPEN, "Tom has 2 apples. Give them away.", "Tom has 2 apples. Give them away."),
        (OPEN, "So the answer is 2.", "So the answer is […]"),
        (OPEN, "$x = 2$\n", "[…]\n"),
        (OPEN, "2", "[…]"),
        (SEVEN, "七\u0301", "[…]"),
        (SEVEN, "Ends here.7", "Ends here.[…]"),
        (SEVEN, "Version 1.2.7", "Version […]"),
        (SEVEN, "Wait…7。7", "Wait[…][…]"),
        (POINT, "They meet at (8, 5).", "They meet at ([…]"),
        (POINT, "x = 8 it is. And y = 5.", "[…] And […]"),
        (POINT, "It is an Ellipse, you know.", "It is an […]"),
        (POINT, "s is less than minus four here.", "[…]"),
        (POINT, "It is 8+3a.", "It is […]"),
        (BELOW, "So (x - (-3/4))(x + 11) is it. Go on.", "So ([…] Go on."),
        (BELOW, "Look at 11 - -3/4 and more. Go on.", "Look at […] Go on."),
        (BELOW, "It has (x - (-(6/8)))(x + 11). Go on.", "It has ([…] Go on."),
        (BELOW, "With -3/4)( in it. Go on.", "With […] Go on."),
        (
            BELOW,
            "One minus three quarters (11 - 3/4) is left. Go on.",
            "One minus three quarters (11 - 3/4) is left. Go on.",
        ),
        (BELOW, "(x - 3/4)(x + 11) is something else. Go on.", "(x - 3/4)(x + 11) is something else. Go on."),
        (PRAISE, "That's right! Now go on.", "That's … I have not verified this yet. Now go on."),
        (PRAISE, "The right angle is there.", "The right angle is there."),
        (PRAISE, "你做得很好。继续。", "你……这里我还没有验证。继续。"),
    ],
)
def test_what_is_shown(policy: Policy, raw: str, shown: str) -> None:
    assert seen(policy, raw) == shown
    assert stream(policy, list(raw))[0][-1] == shown


def test_g5_a_value_over_two_sentences_is_noticed_in_the_second() -> None:
    policy = Policy(forbidden=("$$42$$",), praise=True)
    states, _ = stream(policy, ["The first digit is 4, so", " far. ", "And then ", "2. ", "Done."])
    assert states[-1] == "The first digit is 4, so far. And then 2. Done.", "too much stands between"
    states, _ = stream(policy, ["The digit 4 comes first. ", "And then ", "2. ", "Done."])
    assert states[-1] == "The digit 4 comes first. And then […]"


def test_g5_places_are_those_of_the_raw_text() -> None:
    raw = "Hm <think>it is 7</think>x is <think>7</think>seven. So."
    states, withheld = stream(SEVEN, list(raw))
    assert states[-1] == "Hm […] So."
    (one,) = withheld
    assert raw[one.start : one.end] == "x is <think>7</think>seven." or raw[one.start : one.end].endswith("seven.")


def test_g4_what_never_ends_is_looked_at_in_parts() -> None:
    """A sentence without an end may not hold the room up, nor be looked at anew with each word."""
    words = "3 and " * 2_000
    looked = 0
    raw, released, shown = "", 0, ""
    for at in range(0, len(words), 50):
        raw += words[at : at + 50]
        out = release(SEVEN, raw[released:], released, done=False, before=shown[-guard.BEFORE :])
        looked += len(raw) - released
        released, shown = out.released, shown + out.text
        assert len(raw) - released <= guard.HELD_MAX + 60
    assert looked <= len(words) * (guard.HELD_MAX + 110) / 50


def test_yes_is_a_verdict_where_a_value_was_asked_about() -> None:
    assert seen(Policy(praise=False), "Yes, you may begin.") == "Yes, you may begin."
    assert seen(Policy(praise=False, confirms=True), "Yes, it is. Go on.") == "I have not verified this yet. Go on."


def test_g4_what_is_too_long_and_has_no_blank_is_looked_at_in_pieces() -> None:
    text = "3" + "+x" * guard.HELD_MAX + " and so on."
    shown, withheld = stream(SEVEN, [text])
    assert (shown[-1], withheld) == (text, [])
