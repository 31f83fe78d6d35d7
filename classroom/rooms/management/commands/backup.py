"""``manage.py backup FILE``: everything that the database holds, as it is at one moment. Nobody has to stop for it.

The file is gzipped JSON lines: first {"chalkstream", "migrations"}, then one row of a table each, as Django serialises it.
It is the same on SQLite and PostgreSQL, and can be restored on either. It holds password hashes and everything that was
said: keep it as safe as the database.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.apps import apps
from django.core import serializers
from django.core.management.base import BaseCommand, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

FORMAT: Final = 1
# On PostgreSQL a plain transaction would see what others commit meanwhile; on SQLite Django's would keep writers out.
SNAPSHOT: Final = {"sqlite": "BEGIN DEFERRED", "postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"}


class Exact(DjangoJSONEncoder):
    """Django's own cuts a time to milliseconds."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if isinstance(o, datetime) else super().default(o)


class Command(BaseCommand):
    help = "Write everything that the database holds into FILE, as it is at this moment."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="where to write it; only its owner may read it")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        fresh = path.with_name(f"{path.name}.part")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as raw, gzip.open(raw, "wt", encoding="utf-8") as file, one_moment():
            file.write(json.dumps({"chalkstream": FORMAT, "migrations": migrations()}) + "\n")
            serializers.serialize("jsonl", _rows(), stream=file, cls=Exact)
        fresh.replace(path)
        self.stdout.write(self.style.SUCCESS(f"written to {path}"))


def migrations() -> list[str]:
    """What the tables look like, so that a file never fills tables of another shape."""
    return sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations())


@contextmanager
def one_moment() -> Iterator[None]:
    """Everything read inside is as it was at its beginning, while others go on writing."""
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute(SNAPSHOT[connection.vendor])
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def _rows() -> Iterator[Any]:
    for model in apps.get_models():
        yield from model._base_manager.order_by("pk").iterator(chunk_size=500)
