"""From a row of a file to a problem: what is shown, what is kept back, and how formulas are written."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from tutor.problem_shapes import Shaped, ShapeError, markdown, row_shape

STEPS: dict[str, Any] = {
    "id": "sum-1",
    "title": "Two sums",
    "body": "Work out both.",
    "course": "Sums",
    "lesson": "One",
    "source": "https://example.org <Sums>",
    "license": "CC BY 4.0",
    "steps": [
        {
            "title": "$$1+1$$",
            "body": "",
            "kind": "TextBox",
            "answer_type": "arithmetic",
            "answers": ["$$ANSWER-ONE$$"],
            "choices": None,
            "hints": [
                {"type": "hint", "title": "HINT-TITLE", "text": "HINT-TEXT"},
                {"type": "scaffold", "title": "t", "text": "SCAFFOLD", "hintAnswer": ["HINT-ANSWER"]},
            ],
            "wrong": ["$$WRONG-ONE$$"],
        },
        {
            "title": "Which is even?",
            "body": "Choose one.",
            "kind": "MultipleChoice",
            "answer_type": "string",
            "answers": ["$$2$$"],
            "choices": ["$$2$$", "$$3$$"],
            "hints": [],
        },
    ],
}
WORDS: dict[str, Any] = {
    "question": "Natalia sold clips to 48 friends for $2 each, and then half as many. How many clips did she sell altogether?",
    "solution": "She sold 48/2 = <<48/2=24>>24 clips later.\nAltogether 48+24 = <<48+24=1072>>1,072 clips.\n#### 1,072",
    "socratic": "How many later? ** She sold 48/2 = <<48/2=24>>24 clips later.\nHow many altogether? ** 1,072\n#### 1,072",
}


def changed(row: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of the row with one place changed; Ellipsis takes it away."""
    row = copy.deepcopy(row)
    *parents, last = path.split(".")
    place: Any = row
    for name in parents:
        place = place[int(name)] if name.isdigit() else place[name]
    if value is ...:
        del place[last]
    else:
        place[int(last) if last.isdigit() else last] = value
    return row


# ---- steps


def test_a_problem_with_steps() -> None:
    shaped = row_shape(STEPS)
    assert shaped.slug == "sum-1"
    assert shaped.public["statement"] == (
        "Work out both.\n\n**1.**\n\n$$1+1$$\n\n**2.** Which is even?\n\nChoose one.\n\n- $2$\n- $3$"
    )
    assert {key: shaped.public[key] for key in ("title", "course", "lesson", "source", "license")} == {
        "title": "Two sums", "course": "Sums", "lesson": "One", "source": "https://example.org <Sums>", "license": "CC BY 4.0",
    }  # fmt: skip
    assert shaped.warnings == []


def test_nothing_that_is_kept_back_is_shown() -> None:
    public = json.dumps(row_shape(STEPS).public)
    for secret in ("ANSWER", "HINT", "SCAFFOLD", "WRONG"):
        assert secret not in public


def test_what_is_kept_back_is_kept_whole() -> None:
    private = row_shape(STEPS).private
    assert private["solution"] == ""
    first, second = private["steps"]
    assert first["answers"] == ["$$ANSWER-ONE$$"]
    assert first["wrong"] == ["$$WRONG-ONE$$"]
    assert [hint["text"] for hint in first["hints"]] == ["HINT-TEXT", "SCAFFOLD"]
    assert first["hints"][1]["hintAnswer"] == ["HINT-ANSWER"]
    assert "hintAnswer" not in first["hints"][0]
    assert second["choices"] == ["$$2$$", "$$3$$"]


def test_one_step_has_no_number() -> None:
    row = changed(STEPS, "steps", STEPS["steps"][:1])
    assert row_shape(row).public["statement"] == "Work out both.\n\n$$1+1$$"


def test_a_problem_without_any_text_shows_its_title() -> None:
    row = changed(changed(STEPS, "steps", [{**STEPS["steps"][0], "title": ""}]), "body", "")
    assert row_shape(row).public["statement"] == "Two sums"


@pytest.mark.parametrize(
    ("title", "lesson", "shown"), [("", "One", "One"), (" \n", "One", "One"), ("", "", "Work out both.")]
)
def test_an_empty_title_is_replaced_and_warned_about(title: str, lesson: str, shown: str) -> None:
    shaped = row_shape(changed(changed(STEPS, "title", title), "lesson", lesson))
    assert shaped.public["title"] == shown
    assert shaped.warnings == [f"title: is empty; “{shown}” serves"]


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("id", ..., "id"),
        ("id", "", "id"),
        ("id", "two words", "id"),
        ("id", "x" * 121, "id"),
        ("id", 7, "id"),
        ("title", None, "title"),
        ("title", "x" * 201, "title"),
        ("body", ..., "body"),
        ("course", 3, "course"),
        ("source", "x" * 401, "source"),
        ("steps", [], "steps"),
        ("steps", "none", "steps"),
        ("steps.0", "a step", "steps.0"),
        ("steps.0.title", ..., "steps.0.title"),
        ("steps.0.kind", "Essay", "steps.0.kind"),
        ("steps.0.answer_type", "poem", "steps.0.answer_type"),
        ("steps.0.answers", [], "steps.0.answers"),
        ("steps.1.answers", [2], "steps.1.answers.0"),
        ("steps.1.choices", "2 or 3", "steps.1.choices"),
        ("steps.0.hints", None, "steps.0.hints"),
        ("steps.0.hints.0.type", "riddle", "steps.0.hints.0.type"),
        ("steps.0.hints.1.text", ..., "steps.0.hints.1.text"),
        ("body", "x" * 20_000, "steps"),
    ],
)
def test_the_field_at_fault_is_named(path: str, value: Any, field: str) -> None:
    with pytest.raises(ShapeError) as caught:
        row_shape(changed(STEPS, path, value))
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}: ")


@pytest.mark.parametrize("row", [None, 3, "text", [], {}, {"title": "no steps"}])
def test_other_shapes_are_refused(row: Any) -> None:
    with pytest.raises(ShapeError, match="row"):
        row_shape(row)


# ---- words


def test_a_word_problem() -> None:
    shaped = row_shape(WORDS)
    assert shaped.public["statement"].startswith("Natalia sold clips to 48 friends for \\$2 each")
    assert shaped.public["title"] == "Natalia sold clips to 48 friends for $2 each, and then half…"
    (step,) = shaped.private["steps"]
    assert step["answers"] == ["$$1072$$"]
    assert [(hint["type"], hint["title"], hint["text"]) for hint in step["hints"]] == [
        ("scaffold", "How many later?", "She sold 48/2 = 24 clips later."),
        ("scaffold", "How many altogether?", "1,072"),
    ]
    assert shaped.private["solution"] == "She sold 48/2 = 24 clips later.\nAltogether 48+24 = 1,072 clips."


def test_the_solution_of_a_word_problem_is_not_shown() -> None:
    public = json.dumps(row_shape(WORDS).public)
    assert "1,072" not in public
    assert "48/2" not in public


def test_a_word_problem_is_known_by_its_question() -> None:
    slug = row_shape(WORDS).slug
    assert slug.startswith("word-")
    assert row_shape({**WORDS, "solution": "#### 3"}).slug == slug
    assert row_shape({**WORDS, "question": WORDS["question"] + "\n"}).slug == slug
    assert row_shape({**WORDS, "question": "Another?"}).slug != slug


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"question": ""}, "question"),
        ({"question": 5}, "question"),
        ({"solution": "no answer line"}, "solution"),
        ({"solution": ""}, "solution"),
        ({"socratic": 1}, "socratic"),
    ],
)
def test_a_wrong_word_problem_names_its_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(ShapeError) as caught:
        row_shape({**WORDS, **change})
    assert caught.value.field == field


def test_a_word_problem_needs_no_sub_questions() -> None:
    shaped: Shaped = row_shape({"question": "1+1?", "solution": "#### 2"})
    assert shaped.private["steps"][0]["hints"] == []


# ---- text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("$$x$$", "$$x$$"),
        ("Find $$x$$ now", "Find $x$ now"),
        ("$$x$$ and $$y$$", "$x$ and $y$"),
        ("$$147$$ tickets", "$147$ tickets"),
        ("from $$2$$3", "from $2$ 3"),
        ("  $$ x^2 $$  ", "$$x^2$$"),
        ("a $$\nx\n$$ b", "a $x$ b"),
        ("$$$$", ""),
        ("costs $3 or $$\\$4$$", "costs \\$3 or $\\$4$"),
        ("$$a$b$$ c", "$a\\$b$ c"),
        ("2*3*4 and a_b_c", "2\\*3\\*4 and a\\_b\\_c"),
        ("`code` [link](x) <b> ~~s~~ |", "\\`code\\` \\[link\\](x) \\<b\\> \\~\\~s\\~\\~ \\|"),
        ("# no heading", "\\# no heading"),
        ("- no list\n+ nor this\n1. nor that", "\\- no list\n\n\\+ nor this\n\n1\\. nor that"),
        ("3.5 stays", "3.5 stays"),
        ("line one\n\n\nline two", "line one\n\nline two"),
        ("a\\b", "a\\\\b"),
        ("", ""),
        ("price: $$x$$\nand - not a list", "price: $x$\n\nand - not a list"),
        ("after $$x$$ - this stays", "after $x$ - this stays"),
    ],
)
def test_text_means_itself_and_formulas_stand_between_dollars(text: str, shown: str) -> None:
    warnings: list[str] = []
    assert markdown(text, "body", warnings) == shown
    assert warnings == []


def test_an_unpaired_mark_is_kept_as_text_and_warned_about() -> None:
    warnings: list[str] = []
    assert markdown("so $$x$$ and $$ then", "steps.0", warnings) == "so $x$ and \\$\\$ then"
    assert warnings == ["steps.0: an unpaired $$ is shown as it stands"]
