"""Another database under the same tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dj_database_url
from django.db import connections
from django.db.utils import DEFAULT_DB_ALIAS


@contextmanager
def connected_to(url: str) -> Iterator[None]:
    """Everything inside, in every thread, speaks to the database of this URL as to the default one."""
    before = connections.settings[DEFAULT_DB_ALIAS]
    mine = connections[DEFAULT_DB_ALIAS]
    configured = {DEFAULT_DB_ALIAS: {**dj_database_url.parse(url, conn_max_age=0)}}
    connections.settings[DEFAULT_DB_ALIAS] = connections.configure_settings(configured)[DEFAULT_DB_ALIAS]
    del connections[DEFAULT_DB_ALIAS]
    try:
        yield
        connections[DEFAULT_DB_ALIAS].close()
    finally:
        connections.settings[DEFAULT_DB_ALIAS] = before
        connections[DEFAULT_DB_ALIAS] = mine
