"""``manage.py import_problems FILE…``: problems from JSON-lines files, in either of the two known shapes."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tutor.imports import ImportRefused, Summary, file_import

WARNINGS_SHOWN = 10


class Command(BaseCommand):
    help = "Import problems from JSON-lines files; a file that has an error anywhere is left out as a whole."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--dry-run", action="store_true", help="check everything, store nothing")
        for name in ("course", "source", "license"):
            parser.add_argument(f"--{name}", default="", help=f"the {name} of problems that name none")

    def handle(self, *args: Any, **options: Any) -> None:
        public = {name: options[name] for name in ("course", "source", "license") if options[name]}
        refused = 0
        for path in options["files"]:
            try:
                summary = file_import(path, public=public, dry_run=options["dry_run"], progress=self._progress(path))
            except ImportRefused as error:
                refused += 1
                for line in error.errors:
                    self.stderr.write(self.style.ERROR(line))
            else:
                self._report(path, summary, dry_run=options["dry_run"])
        if refused:
            raise CommandError(f"{refused} of {len(options['files'])} files were not imported.")

    def _progress(self, path: Path) -> Any:
        """A counter in place on a terminal, nothing in a log file."""

        def show(done: int, total: int) -> None:
            if self.stdout.isatty() and (done % 20 == 0 or done == total):
                self.stdout.write(f"\r{path.name}: {done} of {total}", ending="" if done < total else "\n")
                self.stdout.flush()

        return show

    def _report(self, path: Path, summary: Summary, *, dry_run: bool) -> None:
        for warning in summary.warnings[:WARNINGS_SHOWN]:
            self.stderr.write(self.style.WARNING(warning))
        if len(summary.warnings) > WARNINGS_SHOWN:
            self.stderr.write(f"… and {len(summary.warnings) - WARNINGS_SHOWN} more warnings")
        prefix = "would be imported: " if dry_run else ""
        self.stdout.write(self.style.SUCCESS(f"{path.name}: {prefix}{summary}"))
