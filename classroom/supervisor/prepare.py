"""What a DATA_DIR needs before the processes start, in one Django process: ``python -m classroom.supervisor.prepare``.

Every step may be repeated. With DEMO=1 the demo school is sown and its accounts are printed as the last line, as JSON.
"""

from __future__ import annotations

import io
import os
import sys
from functools import partial

import django

say = partial(print, flush=True)


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "classroom.settings")
    django.setup()
    from django.conf import settings
    from django.core.management import CommandError, call_command
    from django.db import DatabaseError

    from classroom.env import METRICS_DIR
    from classroom.health import database_reach

    try:
        for counts in METRICS_DIR.glob("*.db"):  # of processes that have ended
            counts.unlink(missing_ok=True)
        database_reach()
        say(f"bringing the tables up to date in {settings.DATABASES['default']['NAME']}")
        call_command("migrate", interactive=False, verbosity=0)
        call_command("createcachetable", verbosity=0)
        if settings.DEMO:
            say("sowing the demo school")
            call_command("seed_demo", stdout=io.StringIO())
            call_command("demo_info")
    except (DatabaseError, OSError) as error:
        print(f"The database cannot be prepared: {' '.join(str(error).split())}", file=sys.stderr)
        print("Start it, or set DATABASE_URL (empty: SQLite in DATA_DIR).", file=sys.stderr)
        return 1
    except CommandError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
