"""The database's password for containers, made on first start: ``python -m classroom.supervisor.credentials FOLDER``.

Two files in a volume that only the database and its clients mount: ``password``, which the database's image reads on its
first start, and ``pgpass``, which libpq reads in every client (PGPASSFILE). So the password is in no file of the
repository, in no environment and in no process list. The other secrets (``classroom.settings``) need no second reader.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

HOST, USER = "db", "chalkstream"


def credentials_make(folder: Path) -> bool:
    """Writes what is missing; False when both were there. A half-done earlier run is finished, not repeated."""
    password_file, client_file = folder / "password", folder / "pgpass"
    if client_file.exists():
        return False
    if not password_file.exists():
        # The database's image runs as another user, and the volume is mounted nowhere else.
        _write(password_file, secrets.token_urlsafe(32), 0o444)
    _write(client_file, f"{HOST}:*:*:{USER}:{password_file.read_text()}\n", 0o600)
    return True


def _write(path: Path, text: str, mode: int) -> None:
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    beside.chmod(mode)
    beside.rename(path)


def main(words: Sequence[str] = sys.argv[1:]) -> int:
    if len(words) != 1:
        print("usage: python -m classroom.supervisor.credentials FOLDER", file=sys.stderr)
        return 2
    made = credentials_make(Path(words[0]))
    print("credentials made" if made else "credentials are there")
    return 0


if __name__ == "__main__":
    sys.exit(main())
