"""What a sample says: its answers, its lines, its values. Pure, with samples as models write them."""

from __future__ import annotations

import pytest

from tutor.solutions import (
    ANSWER_MAX,
    CALCULATIONS_MAX,
    Sample,
    calculations,
    key_steps,
    sample_read,
    spoken,
    values_between,
    vote,
)


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ("<think>It is 7.</think>\n\nSo $x=7$.", "So $x=7$."),
        ("<think>One.</think>A<think>two</think>B", "AB"),
        ("Well, <think>and it never ends 7", "Well,"),
        ("its template opened the thought</think> 7", "7"),
        ("no thought", "no thought"),
    ],
)
def test_thoughts_are_not_spoken(raw: str, told: str) -> None:
    assert spoken(raw) == told


@pytest.mark.parametrize(
    ("raw", "answer"),
    [
        (r"so $\boxed{7}$.", "7"),
        (r"first $\boxed{3}$, no: $\boxed{\frac{14}{2}}$", r"\frac{14}{2}"),
        (r"\boxed{\text{Ellipse}}", "Ellipse"),
        (r"$$\fbox{ x = 7 }$$", "x = 7"),
        (r"\boxed{ $7$. }", "7"),
        ("**Final answer:** $x = 7$.", "x = 7"),
        ("Therefore, the answer is 7.", "7"),
        ("- Answer: **7**", "7"),
        ("答案：7。", "7"),
        ("which results in 13. So, the answer is 13.", "13"),
        ("Multiply by 4. The solution is $x=16$. It fits.", "x=16"),
        ("The answer is 3.5", "3.5"),
        ("**The final answer is 80.**", "80"),
        ("48/2=24\n#### 72", "72"),
        ("9 * 2 = 18\nA: 18\n", "18"),
        ("A: 3\nB: 5\nnone of them", None),
        ("The answer is 5.\nNo.\nThe answer is 7", "7"),
        (r"\boxed{} and the answer is 7", None),
        (r"\boxed{7", None),
        ("I do not know.", None),
        ("<think>" + r"\boxed{7}", None),
        (r"\boxed{" + "1" * (ANSWER_MAX + 1) + "}", None),
        ("", None),
    ],
)
def test_the_final_answer_of_a_sample(raw: str, answer: str | None) -> None:
    read = sample_read(raw, 1)
    assert (read and read.answers) == (None if answer is None else (answer,))


@pytest.mark.parametrize(
    ("raw", "answers"),
    [
        (r"\boxed{1} \boxed{2}", ("1", "2")),
        (r"perhaps \boxed{9}; \boxed{1} and \boxed{2}", ("1", "2")),
        (r"\boxed{1; 2}", ("1", "2")),
        (r"\boxed{(1, 2)}", None),
        (r"\boxed{1; }", None),
        ("Answer: 1\nAnswer: 2", ("1", "2")),
        ("Answer: 1", None),
    ],
)
def test_each_part_has_its_answer(raw: str, answers: tuple[str, ...] | None) -> None:
    read = sample_read(raw, 2)
    assert (read and read.answers) == answers


def test_an_escaped_brace_closes_no_box() -> None:
    read = sample_read(r"\boxed{\{1, 2\}}", 1)
    assert read is not None
    assert read.answers == (r"\{1, 2\}",)


def equal(one: str, other: str) -> bool:
    return one.lower() == other.lower()


def test_most_voices_win_and_the_shortest_of_them_speaks() -> None:
    samples = [Sample((name,), text) for name, text in (("a", "1"), ("B", "22"), ("b", "2"), ("b", "222"))]
    most = vote(samples, equal)
    assert most is not None
    assert (most.answers, most.agreeing, most.texts) == (("B",), 3, ("2", "22", "222"))


def test_of_two_groups_as_large_the_first_wins() -> None:
    most = vote([Sample((name,), name) for name in "abab"], equal)
    assert most is not None
    assert (most.answers, most.agreeing) == (("a",), 2)
    assert vote([], equal) is None


def test_samples_agree_only_if_they_do_in_every_part() -> None:
    most = vote([Sample(("1", "2"), "x"), Sample(("1", "3"), "y"), Sample(("1", "3"), "z")], equal)
    assert most is not None
    assert (most.answers, most.agreeing) == (("1", "3"), 2)


def test_key_steps_are_the_lines_that_calculate() -> None:
    text = "We begin.\n1. $2x = 14$\n- so $x = 7$\n\nIt fits.\n**Step 2.** $\\boxed{7}$\n" + "a = b\n" * 40
    steps = key_steps(text)
    assert steps[:3] == ["$2x = 14$", "so $x = 7$", "$\\boxed{7}$"]
    assert len(steps) == 20


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("48/2 = 24 clips, and 48 + 24 = 72.", ["24", "72"]),
        ("$2x = 14$ so $x = 7$", ["14"]),
        ("It has 48 = 48 clips", []),
        ("a = 1,250 and b = 3/8 and c = 0.25", ["1250", "3/8", "0.25"]),
        (r"x = \frac{3}{8}", [r"\frac{3}{8}"]),
        ("3x + 4y = 25x is not done, nor is y = 25 + z, nor n = 12^2", []),
        ("y = -12", ["-12"]),
        (" ".join(f"a = {number}" for number in range(20, 40)), ["34", "35", "36", "37", "38", "39"]),
    ],
)
def test_values_on_the_way(text: str, values: list[str]) -> None:
    assert values_between(text, "She sold 48 clips.") == values


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("She sold $48/2 = 24$ clips, so 48 + 24 = 72.", ["48/2 = 24", "48 + 24 = 72"]),
        ("$x = 22/4 = 7$", ["22/4 = 7"]),
        (r"$3 \cdot (14-9) + 8 = 23$", ["3 * (14-9) + 8 = 23"]),
        (r"$\frac{1}{2} + 3 = 3.5$", ["((1)/(2)) + 3 = 3.5"]),
        ("1,200 × 2 = 2,400", ["1200 * 2 = 2400"]),
        ("x - 3 + 4 = 9", []),
        ("2y3 + 4 = 9", []),
        ("a 3 + 4 = 9", []),
        ("f(3) + 4 = 9", []),
        ("3 + 4 = 9x and 3 + 4 = 9 + y and 7 = 7", []),
        ("5 - 8 = -3", ["5 - 8 = -3"]),
        (" ".join(f"{n} + 1 = {n + 1};" for n in range(99)), [f"{n} + 1 = {n + 1}" for n in range(CALCULATIONS_MAX)]),
    ],
)
def test_calculations_of_a_solution(text: str, found: list[str]) -> None:
    assert calculations(text) == found
