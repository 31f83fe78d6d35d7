"""One house for each database, for all tests that need nothing but the whole of it.

Of its two web processes one is Daphne and one uvicorn, with the databases changing sides.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from tests.stack import Stack

SERVERS: Final = {"sqlite": ("daphne", "uvicorn"), "postgres": ("uvicorn", "daphne")}
# That something was told in short is for staff alone; the main job's tests want one log for everybody, and ask fewer.
MEMORY_TURNS: Final = 40


@pytest.fixture(scope="package", params=SERVERS)
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder, servers = tmp_path_factory.mktemp(request.param), SERVERS[request.param]
    settings = {"MEMORY_TURNS": str(MEMORY_TURNS), "LOG_FORMAT": "json"}
    with Stack(folder, web=2, database=request.param, servers=servers, settings=settings) as made:
        yield made


@pytest.fixture(autouse=True)
def _sockets_closed(request: pytest.FixtureRequest) -> Iterator[None]:
    """A socket that a test forgot would be somebody in the room for the next one."""
    stack = request.getfixturevalue("stack") if "stack" in request.fixturenames else None
    yield
    if stack is not None:
        stack.sockets_close()
