"""The answers of a scribe's batch, read under their locks: one statement, prepared once, whatever is in the batch.

The ORM needs three, with their rooms and problems, and longer to build each of them than the database to answer; all of
that while the write lock of SQLite is held.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from django.db import connection, models

from classroom.rooms.models import Problem, Room
from tutor.models import Answer

# What the scribe neither reads nor writes; whoever asks a held answer for it after all causes a query.
_UNREAD: Final = {"turn", "held_by_staff", "rung", "proofread", "preset", "prompt_version", "place", "enqueued_at"}
_FIELDS: Final = [field for field in Answer._meta.concrete_fields if field.attname not in _UNREAD]
_NAMES: Final = [field.attname for field in _FIELDS]
_FROM: Final = """FROM tutor_answer AS answer JOIN rooms_room AS room ON room.id = answer.room_id
    LEFT JOIN rooms_problem AS problem ON problem.id = answer.problem_id WHERE answer.id"""
_AMONG: Final = {
    "sqlite": "IN (SELECT value FROM json_each(%s)) ORDER BY answer.id",
    "postgresql": "= ANY(%s) ORDER BY answer.id FOR UPDATE OF answer",
}


def answers_hold(ids: Iterable[str]) -> tuple[dict[str, Answer], set[UUID]]:
    """Answers by id, locked in id order, each with its problem's statement; and those of their rooms that are closed.
    Ids of no answer are left out.
    """
    columns = ", ".join(f"answer.{connection.ops.quote_name(str(field.column))}" for field in _FIELDS)
    keys = [UUID(key) for key in ids]
    wanted = json.dumps([key.hex for key in keys]) if connection.vendor == "sqlite" else keys
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns}, room.state, problem.statement {_FROM} {_AMONG[connection.vendor]}", [wanted])
        found = cursor.fetchall()
    read = [(index, one, column) for index, field in enumerate(_FIELDS) for one, column in _reads(field)]
    rows: dict[str, Answer] = {}
    closed: set[UUID] = set()
    for *values, state, statement in found:
        for index, one, column in read:
            values[index] = one(values[index], column, connection)
        answer = Answer.from_db(connection.alias, _NAMES, values)
        if answer.problem_id is not None:
            answer.problem = Problem.from_db(connection.alias, ["id", "statement"], [answer.problem_id, statement])
        rows[str(answer.pk)] = answer
        if state == Room.State.CLOSED:
            closed.add(answer.room_id)
    return rows, closed


def _reads(field: models.Field[Any, Any]) -> list[tuple[Any, Any]]:
    """What makes a value of Python from the database's, as the ORM does it, each with the column that it is told."""
    column = field.get_col("answer")
    ways = [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)]
    return [(way, column) for way in ways]
