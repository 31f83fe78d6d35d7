"""``manage.py restore FILE --yes``: the database becomes what FILE says; what it held is gone. All of it or nothing.

Every room gets a new epoch: whoever comes with a cursor of the log that is gone gets a snapshot, never a hole or another's
event. Processes may run meanwhile: hubs see the new epochs within a second, and a scribe whose lease is not the restored one
leaves and is started again.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import IO, Any

from django.apps import apps
from django.core import serializers
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.management.color import no_style
from django.core.serializers.base import DeserializationError
from django.db import connection, transaction

from classroom.rooms.management.commands.backup import FORMAT, migrations
from classroom.rooms.models import Room, new_epoch


class Command(BaseCommand):
    help = "Make the database what FILE says (see backup). Everything that it holds now is lost."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="what backup has written")
        parser.add_argument("--yes", action="store_true", help="yes, everything in the database may be lost")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["yes"]:
            raise CommandError("This replaces everything in the database. Say --yes if that is what you want.")
        try:
            with gzip.open(options["file"], "rt", encoding="utf-8") as file:
                _fitting(file.readline())
                with transaction.atomic():
                    rows = _replace(file)
        except (OSError, EOFError, UnicodeDecodeError, DeserializationError) as error:
            raise CommandError(f"{options['file']} cannot be restored: {error}. Nothing has changed.") from error
        self.stdout.write(self.style.SUCCESS(f"{rows} rows restored; every room has a new epoch"))


def _fitting(head: str) -> None:
    try:
        words = json.loads(head)
        known, shape = words["chalkstream"], words["migrations"]
    except (ValueError, TypeError, KeyError):
        raise CommandError("This file was not written by `manage.py backup`.") from None
    if known != FORMAT or shape != migrations():
        raise CommandError("This file is of another version: check that version out, restore it there, then `migrate`.")


def _replace(file: IO[str]) -> int:
    """Foreign keys are checked at the commit: the order of rows does not matter."""
    models = apps.get_models(include_auto_created=True)
    tables = [model._meta.db_table for model in models]
    with connection.cursor() as cursor:
        for statement in connection.ops.sql_flush(no_style(), tables, reset_sequences=False, allow_cascade=True):
            cursor.execute(statement)
    rows = 0
    for row in serializers.deserialize("jsonl", file):
        row.save()
        rows += 1
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)
    for room in Room.objects.all():
        Room.objects.filter(pk=room.pk).update(epoch=new_epoch())
    return rows
