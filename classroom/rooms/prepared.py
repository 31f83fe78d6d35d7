"""Queries whose SQL is built once: Django takes some 0.4 ms for it, each time, and the database a tenth of that to answer.

For what is asked on the way of every frame. The query stays Django's own, in its words and for either database; only the
values that it compares with are filled in anew.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

from django.db import connection, connections
from django.db.models import Field, Model, QuerySet

R = TypeVar("R")
Value = UUID | str | int


@dataclass(frozen=True, slots=True)
class _Made:
    """``places``: of each parameter the number of the value that goes there, or None and what always stands there."""

    sql: str
    places: list[tuple[int | None, Any]]
    read: Callable[[Sequence[Sequence[Any]]], list[Any]]


class Prepared(Generic[R]):
    """``build`` makes the query, of rows of a model or of ``values_list``, from values that it only compares with.

    They are always of the same types and never None: that would be other SQL.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, R]]) -> None:
        self._build = build
        self._made = threading.local()  # Django's readers of rows belong to a connection, and that to a thread

    def __call__(self, *values: Value) -> list[R]:
        """The rows. Raises django.db.Error."""
        made: _Made | None = getattr(self._made, connection.vendor, None)
        if made is None:
            made = _make(self._build, values)
            setattr(self._made, connection.vendor, made)
        given = [always if place is None else _spelled(values[place], always) for place, always in made.places]
        with connection.cursor() as cursor:
            cursor.execute(made.sql, given)
            rows = cursor.fetchall()
        return made.read(rows) if rows else []

    def first(self, *values: Value) -> R | None:
        found = self(*values)
        return found[0] if found else None


def row_insert(row: Model) -> None:
    """As ``row.save(force_insert=True)`` for a row that brings its key, without signals. Raises django.db.Error."""
    statement, (values,) = insertion([row], row._meta.concrete_fields)
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
    row._state.adding, row._state.db = False, connection.alias


def insertion(rows: Sequence[Model], fields: Sequence[Field[Any, Any]]) -> tuple[str, list[list[Any]]]:
    """An INSERT of ``fields``, and for each row of one model what goes into it: the ORM takes three times as long to build
    it as the database to run it.
    """
    database = connections[connection.alias]  # itself: every use of the other one is a look-up
    name = database.ops.quote_name
    columns = ", ".join(name(str(field.column)) for field in fields)
    words = [
        "INSERT INTO ",
        name(rows[0]._meta.db_table),
        " (",
        columns,
        ") VALUES (",
        ", ".join(["%s"] * len(fields)),
        ")",
    ]
    values = [[field.get_db_prep_save(field.pre_save(row, add=True), database) for field in fields] for row in rows]
    return "".join(words), values


def _make(build: Callable[..., Any], values: Sequence[Value]) -> _Made:
    marks = [_mark(value) for value in values]
    query = build(*marks)
    compiler = query.query.get_compiler(connection=connection)
    sql, parameters = compiler.as_sql()
    known = {_plain(mark): place for place, mark in enumerate(marks)}
    places = [(known.get(_plain(one)), one) for one in parameters]
    assert {place for place, _ in places} >= set(range(len(values))), "a value that no parameter of the query is"
    return _Made(sql, places, _reader(query, compiler))


def _mark(value: Value) -> Value:
    """A value that stands nowhere else in the query."""
    if isinstance(value, int):
        return uuid4().int >> 98  # fits into every column of numbers but the smallest
    return uuid4() if isinstance(value, UUID) else uuid4().hex


def _plain(value: Any) -> Any:
    return value.hex if isinstance(value, UUID) else value


def _spelled(value: Value, like: Any) -> Any:
    """``value`` as this database has it: a UUID is text in SQLite."""
    return value.hex if isinstance(value, UUID) and isinstance(like, str) else value


def _reader(query: Any, compiler: Any) -> Callable[[Sequence[Sequence[Any]]], list[Any]]:
    columns = compiler.select[: compiler.col_count]
    converters = compiler.get_converters([column[0] for column in columns])

    def values(rows: Sequence[Sequence[Any]]) -> list[Any]:
        read = compiler.apply_converters(rows, converters) if converters else rows
        return list(map(tuple, read))

    if query._fields is not None:
        names = [*query.query.values_select, *query.query.annotation_select]
        assert names == list(query._fields), "what is computed stands behind the columns, as Django selects it"
        return values
    model: type[Model] = query.model
    names = [column[0].target.attname for column in columns]
    assert names == [field.attname for field in model._meta.concrete_fields], "a query of whole rows of one model"
    return lambda rows: [model.from_db(query.db, names, row) for row in values(rows)]
