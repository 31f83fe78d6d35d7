"""``manage.py scribe``: runs the scribe of one shard and, beside it, the reaper, the sweep of unchecked steps and the study."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from tutor.duty import Duty
from tutor.reaper import Reaper
from tutor.scribe import Scribe
from tutor.study import Study
from tutor.sweep import Sweep


class Command(BaseCommand):
    help = "Writes what the inference workers say into the rooms' logs and tells it to everybody."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--shard", type=int, default=0, help="which output stream to serve")

    def handle(self, *args: Any, **options: Any) -> None:
        scribe = Scribe(options["shard"], name=f"scribe-{os.getpid()}")
        duties: tuple[Duty, ...] = (Reaper(), Sweep(), Study())

        def leave(*_: object) -> None:
            scribe.stop()
            for one in duties:
                one.stop()

        signal.signal(signal.SIGTERM, leave)
        signal.signal(signal.SIGINT, leave)
        beside = [threading.Thread(target=one.run, name=one.name, daemon=True) for one in duties]
        for thread in beside:
            thread.start()
        scribe.run()
        leave()
        for thread in beside:
            thread.join(timeout=5)
