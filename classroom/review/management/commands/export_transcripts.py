"""``manage.py export_transcripts [FOLDER]``: rooms as JSON lines, without names unless ``--names`` is given.

With a folder each room gets a file; without one all rooms go to standard output, one behind the other.

Each room's export leaves a receipt that names the account of the operating system which ran the command.
"""

from __future__ import annotations

import os
import pwd
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from classroom.review import services
from classroom.review.export import Export
from classroom.rooms.models import Room


def operator() -> str:
    """Who runs this, as the operating system knows it: names in the environment can be set by anybody."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


class Command(BaseCommand):
    help = "Write transcripts as JSON lines, pseudonymised unless --names is given."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "folder", nargs="?", type=Path, help="one file a room goes here; without it, standard output"
        )
        parser.add_argument("--room", action="append", type=UUID, default=[], help="this room (may be repeated)")
        parser.add_argument("--class", dest="class_id", type=UUID, help="all rooms of this class")
        parser.add_argument("--names", action="store_true", help="keep the names of people")
        parser.add_argument("--deltas", action="store_true", help="every piece of every answer too, for a replay")

    def handle(self, *args: Any, **options: Any) -> None:
        rooms = Room.objects.order_by("created_at", "pk")
        if options["room"]:
            rooms = rooms.filter(pk__in=options["room"])
        if options["class_id"]:
            rooms = rooms.filter(school_class=options["class_id"])
        chosen = list(rooms)
        missing = set(options["room"]) - {room.pk for room in chosen}
        if missing:
            raise CommandError(f"no such room: {', '.join(sorted(map(str, missing)))}")
        folder: Path | None = options["folder"]
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        for number, room in enumerate(chosen, start=1):
            # First the receipt: without it nothing is read.
            self._record(room, names=options["names"])
            export = Export(room, names=options["names"], deltas=options["deltas"], audiences=None)
            if folder is None:
                for piece in export.pieces():
                    self.stdout.write(piece, ending="")
            else:
                self._file_write(export, folder / f"transcript-{room.pk}.jsonl")
                self.stderr.write(f"{number} of {len(chosen)}: {room.pk}")
        self.stderr.write(f"{len(chosen)} transcripts")

    def _record(self, room: Room, *, names: bool) -> None:
        detail = "with names" if names else "pseudonymised"
        actor_name = f"command line: {operator()}"
        services.read_record(room=room, actor=None, actor_name=actor_name, verb=services.COMMAND, detail=detail)

    def _file_write(self, export: Export, path: Path) -> None:
        partial = path.with_suffix(".part")
        with partial.open("w", encoding="utf-8") as file:
            partial.chmod(0o600)
            for piece in export.pieces():
                file.write(piece)
        partial.replace(path)
