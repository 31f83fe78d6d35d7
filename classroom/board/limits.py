"""How much a board may hold and how fast it may be written to. What goes beyond is refused with a code (PROTOCOL.md, Q)."""

from __future__ import annotations

from typing import Final

MESSAGE_BYTES: Final = 65_536  # of one binary frame from a client, and of one row of the log
AWARENESS_BYTES: Final = 4_096
AWARENESS_S: Final = 0.05  # at most 20 pointers a second from one socket
AWARENESS_KEPT_S: Final = 30.0  # a state that was not renewed for so long is gone, as y-protocols has it
UPDATES_A_SECOND: Final = 60.0
UPDATES_BURST: Final = 120.0
BYTES_A_SECOND: Final = 256 * 1024.0
BYTES_BURST: Final = 1024 * 1024.0
DOCUMENT_BYTES: Final = 64 * 1024 * 1024  # of all rows of one document
SNAPSHOT_ROWS: Final = 200  # a snapshot each so many updates

PAGES: Final = 20
SHAPES_A_PAGE: Final = 2_000
POINT_NUMBERS: Final = 10_000  # numbers in the points of one shape
TEXT: Final = 2_000
LATEX: Final = 500
ALT: Final = 300
TITLE: Final = 120
CODE: Final = 100_000  # characters of the shared code
REACH: Final = 1_000_000.0  # no coordinate is further from the origin
