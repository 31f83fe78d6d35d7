"""What costs seconds of a core and is always the same is made once for a whole test run, and copied: a new DATA_DIR with
tables and demo school, and the tables of a PostgreSQL."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services import Postgres

KEPT = ("chalkstream.sqlite3", "secrets")
SAID = "said.txt"


def prepared(data: Path, kind: str, prepare: Callable[[], str]) -> str:
    """Fill the empty folder ``data`` as ``prepare`` would, and give back what that printed.

    ``kind`` names what is prepared: folders of one kind are the same. Outside a test run (chaos, bench) it is always done anew.
    """
    home = os.environ.get("CHALKSTREAM_TEST_HOME")
    if home is None:
        return prepare()
    pattern = Path(home, f"prepared-{kind}")
    with _alone(pattern):
        if not (pattern / SAID).exists():
            said = prepare()
            _copy(data, pattern)
            (pattern / SAID).write_text(said)
            return said
    _copy(pattern, data)
    return (pattern / SAID).read_text()


def tables_made(server: Postgres, migrate: Callable[[str], None]) -> str:
    """The URL of a new database in ``server`` that has our tables: as ``migrate`` made them, or as another process did."""
    url, pattern = server.database(), Path(os.environ["CHALKSTREAM_TEST_HOME"], "prepared-tables")
    with _alone(pattern):
        dump = pattern / "tables.sql"
        if not dump.exists():
            migrate(url)
            dump.write_text(server.run("pg_dump", "--no-owner", url))
            return url
    server.run("psql", "--quiet", "--no-psqlrc", "-v", "ON_ERROR_STOP=1", url, given=dump.read_text())
    return url


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Other test processes want the same at the same time."""
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _copy(source: Path, target: Path) -> None:
    for name in KEPT:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name)
        else:
            shutil.copy2(source / name, target / name)
