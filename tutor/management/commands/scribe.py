"""``manage.py scribe``: runs the scribe of one shard and, beside it, reaper, sweep of unchecked steps, study and folding."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from tutor.duty import Duty
from tutor.folding import Folding
from tutor.reaper import Reaper
from tutor.scribe import Scribe
from tutor.study import Study
from tutor.sweep import Sweep

SWITCH_S = 0.001  # Python's own 5 ms are what the scribe would wait, at every statement, behind a duty that works


class Command(BaseCommand):
    requires_system_checks = ()  # they load every page; "manage.py check" and the first start run them
    help = "Writes what the inference workers say into the rooms' logs and tells it to everybody."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--shard", type=int, default=0, help="which output stream to serve")

    def handle(self, *args: Any, **options: Any) -> None:
        scribe = Scribe(options["shard"], name=f"scribe-{os.getpid()}")
        duties: tuple[Duty, ...] = (Reaper(), Sweep(), Study(), Folding())

        def leave(*_: object) -> None:
            scribe.stop()
            for one in duties:
                one.stop()

        signal.signal(signal.SIGTERM, leave)
        signal.signal(signal.SIGINT, leave)
        sys.setswitchinterval(SWITCH_S)
        gc.freeze()  # all is imported: what never becomes garbage need not be looked at again
        beside = [threading.Thread(target=one.run, name=one.name, daemon=True) for one in duties]
        for thread in beside:
            thread.start()
        scribe.run()
        leave()
        for thread in beside:
            thread.join(timeout=5)
