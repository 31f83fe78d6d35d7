"""The first visit to a room in a real browser with an empty cache: its requests, and the bytes that came over the wire.

Both are counts: they say the same on a busy machine. The socket is one of the requests, its frames are among the bytes.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Error as BrowserError
from playwright.sync_api import sync_playwright

from tests.bench.figures import Figure
from tests.browser.rooms import RoomScreen
from tests.browser.school import Console
from tests.browser.screens import Screen, chromium_start
from tests.browser.weight import KB, REQUESTS, Visit, watched
from tests.stack import Stack

PERSON = "mia"


def measured(folder: Path) -> Visit | None:
    """In a house of its own with the demo's school; who visits has signed in with another window."""
    try:
        with ExitStack() as opened:
            stack = opened.enter_context(Stack(folder / "page", engine="scripted", without=("inference", "class")))
            console = Console(stack)
            opened.callback(console.close)
            browser = chromium_start(opened.enter_context(sync_playwright()))
            door = Screen(browser, stack.urls[0], stack.urls)
            cookies = door.sign_in(PERSON).context.storage_state()
            screen = Screen(browser, stack.urls[0], stack.urls, storage_state=cookies)
            visit = watched(screen.page)
            RoomScreen(screen, console.places()["room"]).open()
            screen.page.wait_for_load_state("networkidle")
            return visit
    except (AssertionError, TimeoutError, BrowserError) as error:
        print(f"not measured: {error}", file=sys.stderr)
        return None


def figures_of(visit: Visit | None) -> list[Figure]:
    return [
        Figure("page_requests", visit and visit.requests, "<=", REQUESTS, ours=True),
        Figure("page_kb", visit and visit.kb, "<=", KB, ours=True),
    ]


def lines_of(visit: Visit | None) -> list[str]:
    return visit.lines() if visit else []
