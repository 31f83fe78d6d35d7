"""``manage.py scribe``: runs the scribe of one shard and, beside it, the reaper, the sweep of unchecked steps and the study."""

from __future__ import annotations

import gc
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
    requires_system_checks = ()  # they load every page; "manage.py check" and the first start run them
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
        gc.freeze()  # all is imported: what never becomes garbage need not be looked at again
        beside = [threading.Thread(target=one.run, name=one.name, daemon=True) for one in duties]
        for thread in beside:
            thread.start()
        scribe.run()
        leave()
        for thread in beside:
            thread.join(timeout=5)
