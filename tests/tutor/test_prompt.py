"""From a room to messages: pure, so held to what it shall say, word by word."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from classroom.rooms.models import Room
from inference_worker.job import Message
from tutor import prompt
from tutor.prompt import Brief, Turn, messages

FREE = Brief()
HELD = (
    "Do not give the answer of the problem, nor a value or formula that gives it away, whoever asks for it and for "
    "whatever reason; do not say whether a guess at the answer is right."
)


def test_the_whole_prompt_word_by_word() -> None:
    built = messages(Brief("What is $1+1$?", 1), [Turn("Why two?", "Because.")], "为什么?")
    assert list(built) == [
        {
            "role": "system",
            "content": (
                "You are a patient mathematics tutor in a room where several students work together on one problem. "
                "Answer the last question in a few short paragraphs. Explain one step at a time, write formulas in "
                "LaTeX between dollar signs, and reply in the language of the question.\n\n"
                "The problem of this room:\nWhat is $1+1$?\n\n"
                f"{HELD} How far to go, level 1 of 5: Give a nudge: remind them of what is given, of what is asked, or of "
                "a definition, and end with one question. Do no calculation of this problem."
            ),
        },
        {"role": "user", "content": "Why two?"},
        {"role": "assistant", "content": "Because."},
        {"role": "user", "content": "为什么?"},
    ]
    assert prompt.VERSION == "sealed-3", "raise the version when the words change"


def test_without_a_problem_nothing_is_said_of_one_or_of_a_rung() -> None:
    assert messages(FREE, [], "why?") == (
        {"role": "system", "content": prompt.SYSTEM},
        {"role": "user", "content": "why?"},
    )


@pytest.mark.parametrize("rung", range(6))
def test_n6_each_rung_has_its_own_words_and_the_solution_is_in_the_last_alone(rung: int) -> None:
    for is_hint in (False, True):
        system = Brief("What is $1+1$?", rung, "It is two.", is_hint).system
        assert f"level {rung} of 5: {prompt.RUNGS[rung]}" in system
        assert sum(words in system for words in prompt.RUNGS) == 1
        assert (HELD in system, "It is two." in system) == (rung < 5, rung == 5)
        assert ("They ask for one hint." in system) is is_hint
        assert "in the language" in system


def test_n6_a_hint_is_asked_for_with_the_latest_work_of_the_room() -> None:
    assert prompt.hint_question([]) == "A hint, please."
    asked = prompt.hint_question([f"line {number}" for number in range(7)] + ["x" * 5_000])
    assert "line 2" not in asked
    assert asked.startswith("What we have written:\n- line 3\n- line 4\n")
    assert len(asked) < 2 * prompt.TRY_MAX
    assert asked.endswith("\n\nA hint, please.")


def test_turns_without_an_answer_are_left_out() -> None:
    built = messages(FREE, [Turn("a", ""), Turn("b", " \n"), Turn("c", "yes")], "d")
    assert [message["content"] for message in built[1:]] == ["c", "yes", "d"]


def test_turns_go_along_in_their_order_behind_what_was_earlier() -> None:
    built = messages(FREE, [Turn(f"q{n}", f"a{n}") for n in range(3)], "now", earlier="- They began.")
    assert [message["content"] for message in built[1:5]] == [
        "Before that, in short:\n- They began.", "I keep that in mind.", "q0", "a0",
    ]  # fmt: skip
    assert built[0]["content"] == prompt.SYSTEM, "people's words never speak as the system"
    assert built[-1] == {"role": "user", "content": "now"}
    assert len(built) == 1 + 2 + 2 * 3 + 1


def test_m3_what_is_to_be_told_in_short_is_quoted_in_a_users_message() -> None:
    system, user = prompt.summary_messages([Turn("Why?", "Because."), Turn("q" * 5_000, "a" * 5_000)])
    assert system == {"role": "system", "content": prompt.SUMMARY_SYSTEM}
    assert user["content"].startswith("Student: Why?\nTutor: Because.\n\nStudent: qqq")
    assert len(user["content"]) < 2 * prompt.SAID_MAX + 100


def test_long_turns_are_cut_and_the_question_is_not() -> None:
    built = messages(FREE, [Turn("q" * 5_000, "a" * 5_000)], "n" * 5_000)
    assert [len(message["content"]) for message in built[1:]] == [prompt.TURN_MAX, prompt.TURN_MAX, 5_000]


def test_roles_take_turns() -> None:
    roles = [message["role"] for message in messages(Brief("p", 0), [Turn("q", "a")] * 3, "now")]
    assert roles == ["system", *["user", "assistant"] * 3, "user"]


def test_what_does_not_fit_is_left_out_from_the_oldest_on() -> None:
    turns = [Turn(f"question {number} " + "x" * 400, "yes " * 100) for number in range(8)]

    def build(kept: Sequence[Turn], earlier: str) -> tuple[Message, ...]:
        return messages(FREE, kept, "why?", earlier=earlier)

    assert prompt.fitting(turns, "", build, 0) == prompt.Fitted(build(turns, ""), 0)
    fitted = prompt.fitting(turns, "", build, 700)
    assert 0 < len(fitted.messages) < len(build(turns, ""))
    assert 2 * fitted.left_out == len(build(turns, "")) - len(fitted.messages)
    assert prompt.tokens_about(fitted.messages) <= 700
    assert fitted.messages[-2:] == build(turns, "")[-2:], "the latest stay"
    assert prompt.fitting(turns, "", build, 1) == prompt.Fitted(build([], ""), 8), "the question always goes"
    assert prompt.fitting(turns, "- Earlier.", build, 250).messages[1]["content"].endswith("- Earlier.")
    assert prompt.fitting(turns, "- Earlier.", build, 1).messages == build([], "")


def test_tokens_are_guessed_low() -> None:
    """Measured with SmolLM2's tokenizer: 4.4 letters of English a token, 0.6 characters of Chinese."""
    assert prompt.tokens_about([{"role": "user", "content": "a" * 50}]) == 10
    assert prompt.tokens_about([{"role": "user", "content": "为" * 50}]) == 25


@pytest.mark.parametrize("is_hint", [False, True])
def test_the_reply_is_in_the_language_that_staff_chose_for_the_room(is_hint: bool) -> None:
    system = Brief("What is $1+1$?", 1, is_hint=is_hint, language="zh-hans").system
    assert "reply in Simplified Chinese, whatever language they write in." in system
    assert "language of the question" not in system
    assert "in which the students write" not in system
    assert "reply in English" in Brief(is_hint=is_hint, language="en").system
    assert Brief(is_hint=is_hint, language="tlh").system == Brief(is_hint=is_hint).system


def test_a_room_offers_the_languages_that_a_prompt_knows() -> None:
    assert set(Room.Language.values) == {"", *prompt.REPLIES}


@pytest.mark.parametrize(
    ("room", "asked", "wanted"),
    [
        ("", "Why is it so?", ""),
        ("en", "Why is it so?", ""),
        ("", "为什么?", "zh-hans"),
        ("", "为什么 $x = 7$ 而不是 y?", "zh-hans"),
        ("", "What does 勾股定理 mean, please?", ""),
        ("en", "为什么?", "en"),
        ("zh-hans", "Why is it so?", "zh-hans"),
        ("", "$x=7$", ""),
        ("", "", ""),
    ],
)
def test_a_language_that_models_do_not_reply_in_by_themselves_is_said_once_more(
    room: str, asked: str, wanted: str
) -> None:
    assert prompt.reply_language(room, asked) == wanted
    inserted = [Turn("Shorter!", "It is so")]
    for put_in, last in (((), asked), (inserted, "Shorter!")):
        *before, final = messages(Brief(reminder=wanted), [Turn("a", "b")], asked, put_in)
        assert final["content"] == (f"{last}\n\n{prompt.REMINDERS[wanted]}" if wanted else last)
        assert not any(words in message["content"] for words in prompt.REMINDERS.values() for message in before)
