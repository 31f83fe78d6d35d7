"""Django's SQLite backend with another way to wait for the write lock; named by ENGINE in the settings.

SQLite's own way sleeps up to 100 ms between two looks, and whoever comes later may be faster: with four threads and a
scribe that write all the time, some waited a second for a lock that was free most of it. Here the threads of a process
stand in line, and the first of them looks every millisecond.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from sqlite3 import SQLITE_BUSY
from typing import Final

from django.db.backends.sqlite3 import base
from django.db.utils import OperationalError

LOOK_S: Final = 0.001
_line = threading.Lock()


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

    def _start_transaction_under_autocommit(self) -> None:
        """BEGIN as Django does it. Raises OperationalError, "database is locked", after the ``timeout`` of OPTIONS."""
        if self._reads:
            self.cursor().execute("BEGIN DEFERRED")
            return
        until = time.monotonic() + self.settings_dict["OPTIONS"]["timeout"]
        if not _line.acquire(timeout=self.settings_dict["OPTIONS"]["timeout"]):
            raise OperationalError("database is locked")
        try:
            self.connection.execute("PRAGMA busy_timeout=0")
            while not self._begun(time.monotonic() > until):
                time.sleep(LOOK_S)
        finally:
            _line.release()
            self.connection.execute(f"PRAGMA busy_timeout={int(self.settings_dict['OPTIONS']['timeout'] * 1000)}")

    def _begun(self, is_last: bool) -> bool:
        """Whether the lock is ours. Raises when it is not and this was the last look."""
        try:
            self.cursor().execute(f"BEGIN {self.settings_dict['OPTIONS']['transaction_mode']}")
        except OperationalError as error:
            if is_last or getattr(error.__cause__, "sqlite_errorcode", None) != SQLITE_BUSY:
                raise
            return False
        return True
