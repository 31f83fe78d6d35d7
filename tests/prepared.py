"""A new DATA_DIR, prepared once for a whole test run and copied: tables and the demo school cost five seconds of a core."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

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
    pattern.mkdir(exist_ok=True)
    with (pattern / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # other test processes want it at the same time
        if not (pattern / SAID).exists():
            said = prepare()
            _copy(data, pattern)
            (pattern / SAID).write_text(said)
            return said
    _copy(pattern, data)
    return (pattern / SAID).read_text()


def _copy(source: Path, target: Path) -> None:
    for name in KEPT:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name)
        else:
            shutil.copy2(source / name, target / name)
