"""The rows that a scribe's batch works on: as the ORM reads them, in one statement, on both databases."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from classroom.people.models import User
from classroom.rooms.models import Problem, Room
from tests.tutor.turns import ask, fresh
from tutor.holding import answers_hold
from tutor.models import Answer

pytestmark = pytest.mark.usefixtures("either_database")


def test_an_answer_is_held_as_the_orm_reads_it(room: Room, bob: User, alice: User) -> None:
    problem = Problem.objects.create(slug="p", title="P", statement="What is 二 + 2?", created_by=alice)
    other = Room.objects.create(school_class=room.school_class, title="T", created_by=alice, problem=problem)
    Room.objects.filter(pk=room.pk).update(problem=None)
    plain, about = ask(bob, room), ask(alice, other, "why is that so?")
    about.forbidden, about.about, about.withheld = ["4"], {"text": "二"}, [{"start": 0, "end": 1, "why": "value"}]
    about.save()
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        rows, closed = answers_hold([str(plain.pk), str(about.pk), str(uuid4())])
        assert len(queries) == 1
        assert list(rows) == sorted(rows), "locked in id order"
        for answer in (plain, about):
            held, read = rows[str(answer.pk)], fresh(answer)
            names = [field.attname for field in Answer._meta.concrete_fields]
            assert [getattr(held, name) for name in names] == [getattr(read, name) for name in names]
        assert rows[str(about.pk)].problem == problem
        assert rows[str(plain.pk)].problem is None
        before = len(queries)
        assert rows[str(about.pk)].problem.statement == problem.statement
        assert len(queries) == before, "what the guard needs is at hand"
    assert closed == set()


def test_a_closed_room_is_named(room: Room, bob: User) -> None:
    answer = ask(bob, room)
    Room.objects.filter(pk=room.pk).update(state=Room.State.CLOSED)
    with transaction.atomic():
        assert answers_hold([str(answer.pk)])[1] == {room.pk}


def test_nothing_to_hold_is_nothing() -> None:
    with transaction.atomic():
        assert answers_hold([]) == ({}, set())
