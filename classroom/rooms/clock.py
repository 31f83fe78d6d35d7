"""What time it is, for processes that may run on machines whose clocks differ: the database's.

Whoever compares a time with one that another process has written asks here, or writes ``Now()``, which the database fills in.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import connection

SAID = {"sqlite": "SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')", "postgresql": "SELECT clock_timestamp()"}


def database_now() -> datetime:
    """The database's time, with its zone. Raises django.db.Error."""
    with connection.cursor() as cursor:
        cursor.execute(SAID[connection.vendor])
        (said,) = cursor.fetchone()
    return said if isinstance(said, datetime) else datetime.fromisoformat(said).replace(tzinfo=UTC)
