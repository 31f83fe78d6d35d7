"""What is written of rows that were read: what has changed, in one statement for each set of columns."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from classroom.people.models import User
from classroom.rooms.models import Room
from tests.tutor.turns import ask, fresh
from tutor.changes import Changes
from tutor.models import Answer

NAMES = ["state", "raw", "raw_length", "withheld", "finished_at"]
LISTED = [{"start": 0, "end": 2, "why": "value"}]


@pytest.fixture
def two(room: Room, bob: User, alice: User) -> list[Answer]:
    return [ask(bob, room), ask(alice, room)]


def updates(queries: CaptureQueriesContext) -> list[str]:
    return [query["sql"] for query in queries if "UPDATE" in query["sql"]]


def test_nothing_changed_is_nothing_written(two: list[Answer]) -> None:
    changes = Changes(two, NAMES)
    two[0].question = "not one of the names"
    with CaptureQueriesContext(connection) as queries:
        changes.save()
    assert len(queries) == 0
    assert fresh(two[0]).question == "why?"


def test_one_statement_for_rows_in_which_the_same_has_changed(two: list[Answer]) -> None:
    changes = Changes(two, NAMES)
    for number, answer in enumerate(two):
        answer.raw, answer.raw_length = "ab" * (number + 1), 2 * (number + 1)
    with CaptureQueriesContext(connection) as queries:
        changes.save()
    assert len(updates(queries)) == 1
    assert "state" not in updates(queries)[0]
    assert [(fresh(answer).raw, fresh(answer).raw_length) for answer in two] == [("ab", 2), ("abab", 4)]


def test_one_statement_for_each_set_of_columns(two: list[Answer]) -> None:
    changes = Changes(two, NAMES)
    two[0].raw = "a"
    two[1].withheld, two[1].finished_at = LISTED, two[1].asked_at
    with CaptureQueriesContext(connection) as queries:
        changes.save()
    assert len(updates(queries)) == 2
    assert (fresh(two[0]).raw, fresh(two[0]).withheld) == ("a", [])
    assert (fresh(two[1]).withheld, fresh(two[1]).finished_at) == (LISTED, two[1].asked_at)


@pytest.mark.usefixtures("either_database")
def test_every_kind_of_column_comes_back_as_it_was_written(room: Room, bob: User) -> None:
    answer = ask(bob, room)
    with transaction.atomic():
        changes = Changes([answer], [*NAMES, "prompt_tokens", "asked_by"])
        answer.raw, answer.withheld, answer.prompt_tokens = "二\u2028'%s", LISTED, 7
        answer.finished_at = answer.asked_at
        changes.save()
    found = fresh(answer)
    assert (found.raw, found.withheld, found.prompt_tokens) == ("二\u2028'%s", LISTED, 7)
    assert (found.finished_at, found.asked_by_id) == (answer.asked_at, bob.pk)
