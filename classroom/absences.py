"""Libraries that others load only because they are installed, and that no process here uses: 30 MB of each process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from classroom.env import ENV

# structlog would take the first two, REST framework requests (and PostgreSQL's driver), simplejwt jinja2, redis and jwt
# cryptography, which HS256 does not need.
UNUSED: Final = ("rich", "twisted", "requests", "jinja2", "cryptography")
DRIVER: Final = () if ENV.DATABASE_URL.startswith("postgres") else ("psycopg",)


@contextmanager
def absent(names: tuple[str, ...] = (*UNUSED, *DRIVER)) -> Iterator[None]:
    """What is imported meanwhile finds none of ``names``, as if they were not installed. What is loaded already stays, and
    whoever names one afterwards gets it.
    """
    hidden = [name for name in names if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # how Python is told that there is no such module
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)
