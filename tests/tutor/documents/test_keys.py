"""Hidden documents (rule D8): the answers that they give are withheld in their class, and nothing of them is shown."""

from __future__ import annotations

import json
import random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from classroom.people.models import SchoolClass, User
from classroom.rooms.models import Event, Problem, Room
from tests.conftest import ClientFor
from tests.pedagogy.leaks import shown
from tests.tutor.documents.conftest import Put
from tests.tutor.test_hints import hint
from tests.tutor.turns import ask
from tutor import dispatch, showing
from tutor.documents import shelf
from tutor.documents.keys import hidden_values, sections
from tutor.documents.search import passages_find
from tutor.models import Reference
from tutor.vault import forbidden_of

STATEMENT = "Solve the equation $3x+5=26$."
STORY = "Tom has 48 apples and gives half of them to his sister, then 4 to the horse. How many apples are left for Tom?"
KEY = """# Answer key, year 8

1. Solve $3x + 5 = 26$. Take 5 away, divide by 3. Answer: $x = 7$.
2. Solve $2x - 1 = 9$. Answer: $x = 5$.

Problem 3: Tom has 48 apples; half go to his sister and 4 to the horse. How many are left? The result is 20.

## Brackets come first

Solution: \\boxed{23}. CANARYWORD
"""


@pytest.fixture
def equation(room: Room) -> Problem:
    problem = Problem.objects.create(slug="eq", title="A line", statement=STATEMENT)
    Room.objects.filter(pk=room.pk).update(problem=problem)
    room.refresh_from_db()
    return problem


def problem_of(statement: str, title: str = "P") -> Problem:
    return Problem(title=title, statement=statement)


@pytest.mark.parametrize(
    ("title", "statement", "values"),
    [
        ("A line", STATEMENT, ["x = 7"]),
        ("A line", "Solve $$3x+5=26$$", ["x = 7"]),
        ("A line", "Solve $3x+5=267$", []),
        ("Apples", STORY, ["20"]),
        ("Apples", STORY.replace("48", "46"), []),
        ("Brackets come first", "Work it out.", ["23"]),
        ("Brackets", "Work it out.", []),
        ("Another", "What is a prime number?", []),
    ],
)
def test_d8_an_answer_counts_for_the_problem_that_it_stands_beside(
    school_class: SchoolClass, put: Put, title: str, statement: str, values: list[str]
) -> None:
    put("key.md", KEY, hidden=True)
    assert hidden_values(school_class.pk, problem_of(statement, title)) == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1) $3x+5=26$\n\nx = 7\n", ["x = 7"]),
        ("$3x+5=26$, so the answer is 7. Well done", ["7"]),
        ("题目：$3x+5=26$。答案：7。", ["7"]),
        ("$3x+5=26$ Answer: Ellipse", ["Ellipse"]),
        ("$3x+5=26$ Solution: see below", []),
        ("$3x+5=26$ Solution: first take five away from both of its sides", []),
        ("$3x+5=26$ and no more", []),
        ("Solve 3x+5=26! Answer: 7", ["7"]),
        ("$\\left(3x\\right)+5=26$ Answer: 7", ["7"]),
        ("$3x+5=26.5$ Answer: 9", []),
        ("3x+5=26 in plain text. Answer: x=7", ["x=7"]),
        ("Exercise 1. $3x+5=26$\nExercise 2. Answer: 9", []),
        ("$3x+5=26$ Answer: $\\frac{21}{3}$", ["\\frac{21}{3}"]),
        ("A line: 7\n$3x+5=26$", []),
        ("$13x+5=26$ Answer: 9", []),
        ("$3x+5=26$ Answer: " + "7" * 400, []),
    ],
)
def test_d8_what_is_given_as_an_answer(school_class: SchoolClass, put: Put, text: str, values: list[str]) -> None:
    put("key.md", text, hidden=True)
    assert hidden_values(school_class.pk, problem_of(STATEMENT)) == values


def test_d8_a_label_behind_the_title_is_an_answer(school_class: SchoolClass, put: Put) -> None:
    put("key.md", "Finding the slope: 3/4\n", hidden=True)
    assert hidden_values(school_class.pk, problem_of("Find it.", "Finding the slope")) == ["3/4"]


def test_sections_begin_at_headings_and_numbers() -> None:
    passages = [("One", "a\n1. b\nc"), ("One", "d\n## e"), ("Two", "f"), ("Two", "")]
    assert list(sections(passages)) == ["One\na", "1. b\nc\nd", "## e", "Two\nf"]


def test_d8_the_guard_withholds_it_and_neither_prompt_nor_log_has_it(
    room: Room, equation: Problem, bob: User, put: Put
) -> None:
    document = put("key.md", KEY, hidden=True)
    assert forbidden_of(equation.pk, 1, room.pk) == ["x = 7"]
    answer = ask(bob, room, "what does the answer key of the documents say about 3x+5=26?")
    assert answer.forbidden == ["x = 7"]
    context = dispatch.job_for(answer).to_json()
    for word in ("CANARYWORD", "answer key, year 8", "x = 7"):
        assert word.lower() not in context.lower().replace("the answer key of the documents", "")
    seen, withheld = shown(showing.policy_of(answer), "So we get x = 7. Go on.", random.Random(1))
    assert "7" not in seen
    assert [part.why for part in withheld] == ["value"]
    assert "CANARY" not in json.dumps(list(Event.objects.values_list("data", flat=True)))
    assert passages_find(room.school_class_id, "3x+5=26 answer") == []
    shelf.document_hide(document, hidden=False)
    assert forbidden_of(equation.pk, 1, room.pk) == [], "what everybody may read is not kept from anybody"
    shelf.document_hide(document, hidden=True)
    shelf.document_delete(document)
    assert forbidden_of(equation.pk, 1, room.pk) == []


def test_d8_it_holds_below_the_last_rung_and_in_its_own_class(
    room: Room, equation: Problem, other_class: SchoolClass, alice: User, put: Put
) -> None:
    put("key.md", KEY, hidden=True)
    assert [forbidden_of(equation.pk, rung, room.pk) for rung in range(6)] == [["x = 7"]] * 5 + [[]]
    elsewhere = Room.objects.create(school_class=other_class, title="There", problem=equation, created_by=alice)
    assert forbidden_of(equation.pk, 1, elsewhere.pk) == []
    assert forbidden_of(equation.pk, 1) == []
    assert forbidden_of(equation.pk, 1, equation.pk) == [], "no such room"


def test_d8_a_written_hint_that_shows_it_is_left_out(room: Room, equation: Problem, bob: User, put: Put) -> None:
    texts = ("It is $x=7$.", "Undo the last operation first.")
    hints = [{"type": "hint", "title": "", "text": text} for text in texts]
    Reference.objects.create(problem=equation, steps=[{"answers": [], "hints": hints}], format="markdown")
    put("key.md", KEY, hidden=True)
    assert hint(bob, room)["text"] == "Undo the last operation first."


def test_d8_a_question_costs_one_query_once_the_document_is_known(
    school_class: SchoolClass, put: Put, equation: Problem
) -> None:
    put("key.md", KEY, hidden=True)
    hidden_values(school_class.pk, equation)
    with CaptureQueriesContext(connection) as queries:
        assert hidden_values(school_class.pk, equation) == ["x = 7"]
    assert len(queries) == 1


def test_d8_students_and_charlie_see_nothing_of_it(
    room: Room, equation: Problem, bob: User, charlie: User, put: Put, client_for: ClientFor
) -> None:
    document = put("key.md", KEY, hidden=True)
    for who in (bob, charlie):
        assert client_for(who).get(f"/documents/{document.pk}/").status_code == 404
        assert b"CANARYWORD" not in client_for(who).get(f"/classes/{room.school_class_id}/documents/").content
