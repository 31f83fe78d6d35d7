"""What a model writes for the house alone (rules G2, K2): thoughts and calls, however the text was cut or spoilt."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tutor.test_guard import cut, stream
from tutor.guard import Policy
from tutor.hidden import CALL_MAX, Call, Marks, Parts, parts_of

TOOLS = Policy(tools=True)
BARE = Policy(think=None, tools=True)
MARKS = Marks(("<think>", "</think>"), tools=True)
PIECES = st.sampled_from(
    ["a", " ", "\n", "{", "<", ">", "/", "<tool", "_call>", "<tool_call>", "</tool_call>", "<tool_response>", "二"]
    + [
        "e\u0301",
        "</tool_response>",
        "< TOOL_CALL >",
        "</Tool_Call>",
        "<think>",
        "</think>",
        "<tool_calls>",
        "< /",
        "tool_call>",
    ]
)
RAW = st.lists(PIECES, max_size=25).map("".join)
OPEN = r"<\s{0,3}tool_(?:call|response)\s{0,3}>"
CLOSE = r"<\s{0,3}/\s{0,3}tool_(?:call|response)\s{0,3}>"


def whole(text: str, *, thinks: bool) -> str:
    """What may be seen in the end, said in another way."""
    parts = [rf"{OPEN}.*?(?:{CLOSE}|\Z)", CLOSE]
    if thinks:
        parts.append(r"<think>.*?(?:</think>|\Z)")
    return re.sub("|".join(parts), "", text, flags=re.DOTALL | re.IGNORECASE)


@given(RAW, st.lists(st.integers(0, 200), max_size=12))
def test_k2_no_call_is_shown_however_the_text_was_cut(raw: str, places: list[int]) -> None:
    for policy, thinks in ((TOOLS, True), (BARE, False)):
        wanted = whole(raw, thinks=thinks)
        states = stream(policy, cut(raw, places))
        assert states[-1] == wanted
        assert all(wanted.startswith(state) for state in states)


@given(RAW)
def test_k2_one_code_point_at_a_time(raw: str) -> None:
    assert stream(TOOLS, list(raw))[-1] == whole(raw, thinks=True)


def test_without_tools_the_words_are_words() -> None:
    assert stream(Policy(), ["Write <tool_call> here."])[-1] == "Write <tool_call> here."


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("Hm <tool_call>{}</tool_call> and", Call("{}", 28)),
        ("<TOOL_CALL>\n{}\n< /tool_call >", Call("\n{}\n", 29)),
        ("<tool_call>{", None),
        ("<tool_response>21</tool_response>", None),
        ("<think><tool_call>{}</tool_call>", None),
        ("<think><tool_call>{}</tool_call></think><tool_call>1</tool_call>", Call("1", 64)),
        ("</tool_call><tool_call>1</tool_call><tool_call>2</tool_call>", Call("1", 36)),
        ("no call", None),
    ],
)
def test_the_first_call_is_found(text: str, call: Call | None) -> None:
    assert parts_of(MARKS, text, done=False).call == call


def test_a_call_that_nothing_follows_is_whole() -> None:
    """Many a model stops behind the JSON."""
    parts = parts_of(MARKS, "So: <tool_call>{}", done=True)
    assert parts == Parts(((0, 4),), 4, Call("{}", 17))


@pytest.mark.parametrize("ending", ["", "</tool_call>"])
def test_a_call_that_does_not_end_is_cut(ending: str) -> None:
    text = "<tool_call>" + "x" * (CALL_MAX + 5) + ending
    call = parts_of(MARKS, text, done=False).call
    assert call == Call("x" * CALL_MAX, 11 + CALL_MAX, closed=False)


def test_a_text_may_begin_in_a_thought() -> None:
    marks = Marks(("<think>", "</think>"), tools=True, opens_in_thought=True)
    parts = parts_of(marks, "<tool_call>1</tool_call></think>So<tool_call>2</tool_call>", done=False)
    assert (parts.visible, parts.call) == (((32, 34),), Call("2", 58))
