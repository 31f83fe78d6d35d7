"""Which parts of a text are lines of maths (V7, V8): prose never is, and places are those of the text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutor.lines import lines_said, lines_written


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2x + 3 = 7", ["2x + 3 = 7"]),
        ("so what?\n  2x = 4;\nright", ["2x = 4"]),
        ("1. 2x = 4\n2) x = 2", ["2x = 4", "x = 2"]),
        ("I think $2x=4$ because", ["2x=4"]),
        ("\\(x<3\\) and \\[y \\ge 2\\]", ["x<3", "y \\ge 2"]),
        ("$$\nx^2 = 9\n$$", ["x^2 = 9"]),
        ("2x+3=7\n2x=4\n= 3", ["2x+3=7", "2x=4", "= 3"]),
        ("5 km = 5000 m", ["5 km = 5000 m"]),
        ("sin x = 1/2", ["sin x = 1/2"]),
        ("xy = 12", ["xy = 12"]),
        ("x = 1 or x = 2", ["x = 1 or x = 2"]),
        ("4x − 7 ≤ 21。", ["4x − 7 ≤ 21"]),
        ("$$\\begin{aligned} 2x &= 4 \\\\ x &= 2 \\end{aligned}$$", ["2x  = 4", "x  = 2"]),
    ],
)
def test_v7_maths_is_found(text: str, found: list[str]) -> None:
    lines = lines_said(text)
    assert [line.text for line in lines] == found
    for line in lines:
        assert line.text.replace(" ", "") in text[line.start : line.end].replace(" ", "").replace("&", "")


PROSE = (
    "hello", "hi = bye", "me = happy", "I <3 u", "you <3", "x = 7?", "is $x=7$?", "$x = 7?$", "so x = 7 then", "1+1=3 haha",
    "it costs $5 and $6 = a lot", "> 2 = 3", "- 3 = 4", "* 2 = 3", "# 2 = 3", "| a = b | c |", "`x = 3`", "```\nx = 3\n```",
    "~~~\n1 = 2", "= 7", "we <= they", "lol = 3", "10:30 = late", "http://a.b/?x=3", "=)", "<3", ">:(", "a -> b", "2 + 2",
    "the answer = 7 apples", "Python >= 3", "你 = 我", "2 = two", "__import__('os') = 1", "x = " + "1+" * 600 + "1",
    "no solution", "$x$", "x = 1 and I = 2 we", "(" * 200 + "1" + ")" * 200 + " = 1", "\0 = 3", "[…] = 3",
)  # fmt: skip


@pytest.mark.parametrize("text", PROSE)
def test_v7_prose_is_not_maths(text: str) -> None:
    assert lines_said(text) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("so 7*8 = 54 apples.", ["7*8 = 54"]),
        ("<<48/2=24>> clips", ["48/2=24"]),
        ("In all (12 + 5 = 17). And (1+2) * 3 = 9.", ["12 + 5 = 17", "(1+2) * 3 = 9"]),
        ("**12 + 5 = 17**", ["12 + 5 = 17"]),
        ("costs $12/4 = $3, 5 x 3 = 15 and 1,200 + 1 = 1,201", ["$12/4 = $3", "5 x 3 = 15", "1,200 + 1 = 1,201"]),
        ("a chain: 2 + 3 = 5 = 10/2.", ["2 + 3 = 5 = 10/2"]),
        ("We have 3 + 4 = 7 + 2 here", ["3 + 4 = 7 + 2"]),
        ("3·4 = 12\nthat is it", ["3·4 = 12"]),
        ("2x + 3 + 4 = 9", ["2x + 3 + 4 = 9"]),
        ("so 2x + 3 + 4 = 9 holds", []),
        ("1 1/2 + 1 = 2 1/2 of it", []),
        ("that is 3 + 4 = 7x", []),
        ("is 2+2 = 5?", []),
        ("it is 2^3 + 1 = 9 then", []),
        ("then 3 + 4 = 7/x so", []),
        ("f(3 + 4 = 7)", []),
        ("he slept 9 hours * 2/3 = 6 hours", []),
        ("she pays $2000x 10/100 = $200", []),
        ("that is 10 x 2 = 20 or 4 + 5 = 9 * 1 apple", ["10 x 2 = 20", "4 + 5 = 9 * 1"]),
        ("$x$ + 3 + 4 = 7", []),
    ],
)
def test_v8_calculations_are_found_in_sentences(text: str, found: list[str]) -> None:
    assert [line.text for line in lines_written(text)] == found


def test_v8_lines_know_what_they_follow_and_where_they_stand() -> None:
    text = (
        "We have $2x=4$, so $x=2$. Another: $y=3$\n\n$$a=b$$\n\n$$\n\\begin{aligned}2x &= 4 \\\\ &= 3\\end{aligned}\n$$"
    )
    lines = lines_written(text)
    assert [(line.text, line.is_linked, line.is_shown) for line in lines] == [
        ("2x=4", False, False),
        ("x=2", True, False),
        ("y=3", False, False),
        ("a=b", True, True),
        ("2x  = 4", True, True),
        ("= 3", True, True),
    ]
    assert text[lines[1].start : lines[1].end] == "$x=2$"
    assert lines_written("所以 $x=2$，因此 $2x=4$。")[1].is_linked is False, "a comma of Chinese prose"
    assert lines_written("$x=2$ 因此 $2x=4$")[1].is_linked


@given(
    st.lists(
        st.sampled_from(["$", "$$", "=", "2", "x", " ", "\n", "<", "(", ")", "`", "\\(", "+", "é", "1+1=2"]),
        max_size=40,
    )
)
def test_v8_places_lie_in_the_text_and_never_overlap(pieces: list[str]) -> None:
    text = "".join(pieces)
    for lines in (lines_said(text), lines_written(text)):
        places = [place for line in lines for place in (line.start, line.end)]
        assert places == sorted(places)
        assert all(0 <= place <= len(text) for place in places)


@pytest.mark.parametrize(
    "text", ["1" * 8_000, "1+" * 4_000, "$" * 8_000, "(1" * 4_000, "1=1\n" * 2_000, "$1=1$ " * 1_300]
)
def test_v7_what_is_long_is_bounded(text: str) -> None:
    begun = time.process_time()
    lines_said(text)
    lines_written(text)
    assert time.process_time() - begun < 2.0
