"""A supervisor of small shell commands as a process of its own: ``python -m tests.supervisor.shows NAME=COMMAND …``.

Tests send it signals and read what it prints. ``-NAME=COMMAND`` is stopped last, as Redis is.
"""

from __future__ import annotations

import os
import sys

from classroom.supervisor.console import Console
from classroom.supervisor.keeper import Keeper
from classroom.supervisor.supervisor import Slot, Supervisor


def main() -> None:
    keeper = Keeper()
    supervisor = Supervisor(Console(colour=False), keeper, os.environ)
    supervisor.signals_take()
    for word in sys.argv[1:]:
        name, command = word.split("=", 1)
        supervisor.add(Slot(name.lstrip("-"), ["/bin/sh", "-c", command], last=name.startswith("-")))
    try:
        supervisor.run()
    finally:
        killed = supervisor.stop()
        print(f"killed: {', '.join(killed) or 'none'}", flush=True)
        keeper.close()


if __name__ == "__main__":
    main()
