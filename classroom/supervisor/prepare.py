"""What a DATA_DIR needs before the processes start, in one Django process: ``python -m classroom.supervisor.prepare``.

Every step may be repeated. With DEMO=1 the demo school is sown and its accounts are printed as the last line, as JSON.
"""

from __future__ import annotations

import os
import sys

import django


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "classroom.settings")
    django.setup()
    from django.conf import settings
    from django.core.management import CommandError, call_command
    from django.db import DatabaseError

    try:
        call_command("migrate", interactive=False, verbosity=0)
        call_command("createcachetable", verbosity=0)
        if settings.DEMO:
            call_command("seed_demo", verbosity=0)
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
