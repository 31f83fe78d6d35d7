"""What has changed in rows since they were read, written with one statement for each set of columns.

``bulk_update`` writes every column of every row as a CASE over all rows, and building that took the scribe 20 ms for one
answer and more than half of its time for twenty, all of it while it held the database's write lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Generic, TypeVar

from django.db import connection, connections, models

Row = TypeVar("Row", bound=models.Model)


class Changes(Generic[Row]):
    """``rows`` as they were just read, under their locks; only ``names``, two or more, of them may change. Values that
    are lists must be replaced, not changed in place.
    """

    def __init__(self, rows: Iterable[Row], names: Sequence[str]) -> None:
        self._names = names
        self._values = attrgetter(*names)
        self._before = [(row, self._values(row)) for row in rows]

    def save(self) -> None:
        """Write what has changed, inside the transaction in which the rows were read; nothing if nothing has."""
        changed: dict[tuple[str, ...], list[Row]] = {}
        for row, before in self._before:
            now = self._values(row)
            if now == before:
                continue
            names = tuple(name for name, a, b in zip(self._names, before, now, strict=True) if a != b)
            changed.setdefault(names, []).append(row)
        for names, rows in changed.items():
            _write(names, rows)


def _write(names: Sequence[str], rows: Sequence[models.Model]) -> None:
    meta = rows[0]._meta
    by_name = {name: field for field in meta.concrete_fields for name in (field.name, field.attname)}
    quoted = connection.ops.quote_name
    fields = [*(by_name[name] for name in names), by_name[meta.pk.attname]]
    *columns, key = [f"{quoted(str(field.column))} = %s" for field in fields]
    database = connections[connection.alias]  # itself: every use of the other one is a look-up
    values = [[field.get_db_prep_save(getattr(row, field.attname), database) for field in fields] for row in rows]
    with database.cursor() as cursor:
        cursor.executemany(" ".join(["UPDATE", quoted(meta.db_table), "SET", ", ".join(columns), "WHERE", key]), values)
