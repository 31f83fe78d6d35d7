"""``manage.py doctor``: every part of the house, whether it is well, and what to do when it is not."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.module_loading import import_string

# By name: the checks look at the tutor too, which this package knows nothing of.
CHECKS = "classroom.health.doctor_parts"


class Command(BaseCommand):
    help = "Names each part (Python, Node, database, Redis, channel layer, scribe, worker, model) and its state."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs: one object with ok and parts")

    def handle(self, *args: Any, **options: Any) -> None:
        logging.disable(logging.CRITICAL)  # what the libraries say of a missing server stands in the table already
        parts = asyncio.run(import_string(CHECKS)())
        ok = all(part.ok for part in parts)
        if options["json"]:
            rows = [asdict(part) for part in parts]
            self.stdout.write(json.dumps({"ok": ok, "parts": rows}, ensure_ascii=False, indent=2))
        else:
            self._table(parts)
        if not ok:
            sys.exit(1)

    def _table(self, parts: list[Any]) -> None:
        wide_name = max(len(part.name) for part in parts)
        wide_state = max(len(part.state) for part in parts)
        for part in parts:
            style = self.style.SUCCESS if part.ok else self.style.ERROR
            mark = "✓" if part.ok else "✗"
            line = f"{mark} {part.name:<{wide_name}}  {part.state:<{wide_state}}"
            self.stdout.write(f"{style(line)}  {part.detail}".rstrip())
            if part.fix and not part.ok:
                self.stdout.write(f"  {'':<{wide_name}}  → {part.fix}")
