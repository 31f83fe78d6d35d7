"""``manage.py load_model [NAME] [--check]``: make a model ready ahead of time, and say what it is and costs."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    help = "Finds, downloads or converts a model; --check loads it and lets it speak."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", help="demo, a folder, a .gguf file or a hub id; without it TUTOR_MODEL")
        parser.add_argument("--check", action="store_true", help="load it and let it speak")
        for word in ("streams", "tokens"):
            parser.add_argument(f"--{word}", type=int, help="for the memory figure of --check")

    def handle(self, *args: Any, **options: Any) -> None:
        # A process of its own: the model side has torch, and Django never does.
        command = [sys.executable, "-m", "inference_worker.load_model"]
        command += [f"--{word}={options[word]}" for word in ("streams", "tokens") if options[word]]
        command += ["--check"] if options["check"] else []
        command += ["--", options["name"]] if options["name"] else []
        code = subprocess.run(command, cwd=settings.BASE_DIR).returncode
        if code < 0:
            raise CommandError(
                f"Its process was killed (signal {-code}): most often the memory is too small for the model."
            )
        if code:
            raise CommandError("The model cannot be used; the line above says why.", returncode=code)
