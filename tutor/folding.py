"""SQLite's log of writes is folded into its file beside the writers, and not by whoever commits when it has grown long.

A commit that folds, every eighth of a scribe that serves twenty streams, takes twice as long, and everybody who writes
waits for it. ``wal_autocheckpoint`` of the settings is only the bound where no scribe runs.
"""

from __future__ import annotations

from django.db import connection

from tutor.duty import Duty


class Folding(Duty):
    name = "folding"

    def tick(self) -> tuple[int, int]:
        """(pages in the log, how many of them are in the file); of another database nothing. It waits for nobody, and no
        writer for it.
        """
        if connection.vendor != "sqlite":
            return 0, 0
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
            _, pages, folded = cursor.fetchone()
        return pages, folded
