"""Django's SQLite backend with another way to wait for a lock; named by ENGINE in the settings.

SQLite's own way sleeps up to 100 ms between two looks, and whoever comes later may be faster: with four threads and a
scribe that write all the time, some waited a second for a lock that was free most of it. Here the threads of a process
stand in line, and the first of them looks every millisecond.

And SQLite sleeps with its connection's mutex in its hands. Python's garbage collector may end any thread's forgotten
cursor in any thread, and needs that mutex for it: if the thread that collected was the one that wrote, she waited for
somebody who waited for her, and nobody wrote for ten seconds. So no statement sleeps inside SQLite.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from sqlite3 import SQLITE_BUSY, SQLITE_BUSY_RECOVERY, Connection, OperationalError
from typing import Any, Final

from django.db.backends.sqlite3 import base

LOOK_S: Final = 0.001
LOCKED: Final = {SQLITE_BUSY, SQLITE_BUSY_RECOVERY}
_line = threading.Lock()


def _is_locked(error: OperationalError) -> bool:
    return getattr(error, "sqlite_errorcode", None) in LOCKED


class Cursor(base.SQLiteCursorWrapper):
    patience_s = 0.0

    def execute(self, query: str, params: Any = None) -> Any:
        """Raises sqlite3.OperationalError, "database is locked", after ``patience_s``."""
        until = time.monotonic() + self.patience_s
        if not query.startswith("BEGIN IMMEDIATE"):  # which passes nobody who was here before
            try:
                return super().execute(query, params)
            except OperationalError as error:
                if not _is_locked(error):
                    raise
        if not _line.acquire(timeout=self.patience_s):
            raise OperationalError("database is locked")
        try:
            return self._first_in_line(query, params, until)
        finally:
            _line.release()

    def _first_in_line(self, query: str, params: Any, until: float) -> Any:
        while True:
            is_last = time.monotonic() > until
            try:
                return super().execute(query, params)
            except OperationalError as error:
                if is_last or not _is_locked(error):
                    raise
            time.sleep(LOOK_S)


class DatabaseWrapper(base.DatabaseWrapper):
    _reads = False

    @contextmanager
    def reading(self) -> Iterator[None]:
        """A transaction that begins in here only reads: it takes no lock, waits for nobody and nobody waits for it."""
        self._reads = True
        try:
            yield
        finally:
            self._reads = False

    def get_new_connection(self, conn_params: dict[str, Any]) -> Connection:
        """``timeout`` of OPTIONS is SQLite's patience for these first statements, and ours from then on."""
        made: Connection = super().get_new_connection(conn_params)
        made.execute("PRAGMA busy_timeout=0")
        return made

    def create_cursor(self, name: str | None = None) -> Cursor:
        cursor: Cursor = self.connection.cursor(factory=Cursor)
        cursor.patience_s = self.settings_dict["OPTIONS"]["timeout"]
        return cursor

    def _start_transaction_under_autocommit(self) -> None:
        mode = "DEFERRED" if self._reads else self.settings_dict["OPTIONS"]["transaction_mode"]
        self.cursor().execute(f"BEGIN {mode}")
