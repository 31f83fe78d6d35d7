"""From a room to messages: pure, so held to what it shall say, word by word."""

from __future__ import annotations

from tutor import prompt
from tutor.prompt import SYSTEM, Turn, messages


def test_the_whole_prompt_word_by_word() -> None:
    built = messages("What is $1+1$?", [Turn("Why two?", "Because.")], "为什么?")
    assert list(built) == [
        {
            "role": "system",
            "content": (
                "You are a patient mathematics tutor in a room where several students work together on one problem. "
                "Answer the last question in a few short paragraphs. Explain one step at a time, write formulas in "
                "LaTeX between dollar signs, and reply in the language of the question.\n\n"
                "The problem of this room:\nWhat is $1+1$?"
            ),
        },
        {"role": "user", "content": "Why two?"},
        {"role": "assistant", "content": "Because."},
        {"role": "user", "content": "为什么?"},
    ]
    assert prompt.VERSION == "seed-1", "raise the version when the words change"


def test_without_a_problem_nothing_is_said_of_one() -> None:
    assert messages("", [], "why?") == (
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": "why?"},
    )


def test_turns_without_an_answer_are_left_out() -> None:
    built = messages("", [Turn("a", ""), Turn("b", " \n"), Turn("c", "yes")], "d")
    assert [message["content"] for message in built[1:]] == ["c", "yes", "d"]


def test_only_the_last_turns_go_along_in_their_order() -> None:
    built = messages("", [Turn(f"q{n}", f"a{n}") for n in range(15)], "now")
    assert [message["content"] for message in built[1:3]] == ["q5", "a5"]
    assert built[-1] == {"role": "user", "content": "now"}
    assert len(built) == 1 + 2 * prompt.TURNS_KEPT + 1


def test_long_turns_are_cut_and_the_question_is_not() -> None:
    built = messages("", [Turn("q" * 5_000, "a" * 5_000)], "n" * 5_000)
    assert [len(message["content"]) for message in built[1:]] == [prompt.TURN_MAX, prompt.TURN_MAX, 5_000]


def test_roles_take_turns() -> None:
    roles = [message["role"] for message in messages("p", [Turn("q", "a")] * 3, "now")]
    assert roles == ["system", *["user", "assistant"] * 3, "user"]
