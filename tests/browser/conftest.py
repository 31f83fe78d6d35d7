"""One house and one Chromium for all browser tests; every screen that a test opens is looked over when it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.school import Console
from tests.browser.screens import PATIENCE_MS, Screen, chromium_start
from tests.stack import Stack

HERE = Path(__file__).parent
expect.set_options(timeout=PATIENCE_MS)
OpenScreen = Callable[..., Screen]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.stack)


# Playwright keeps an event loop running in this thread while it lives: it ends with this package, before others begin.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = chromium_start(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Two web processes, a scribe, and the scripted engine in the inference worker."""
    with Stack(tmp_path_factory.mktemp("house"), web=2, engine="scripted") as stack:
        yield stack


@pytest.fixture(scope="package")
def console(house: Stack) -> Iterator[Console]:
    opened = Console(house)
    yield opened
    opened.close()


@pytest.fixture(scope="package")
def signed_in(chromium: Browser, house: Stack) -> Callable[[str], Any]:
    """The cookies of a demo account, which has gone through the form once."""
    known: dict[str, Any] = {}

    def cookies(username: str) -> Any:
        if username not in known:
            screen = Screen(chromium, house.urls[0], house.urls)
            known[username] = screen.sign_in(username).context.storage_state()
            screen.close()
        return known[username]

    return cookies


@pytest.fixture
def screens(chromium: Browser) -> Iterator[Callable[..., Screen]]:
    """``screens(stack, web=0, **context options)``. Afterwards no screen may have seen anything unexpected."""
    opened: list[Screen] = []

    def screen_open(stack: Stack, *, web: int = 0, **options: Any) -> Screen:
        opened.append(Screen(chromium, stack.urls[web], stack.urls, **options))
        return opened[-1]

    yield screen_open
    faults = [fault for screen in opened for fault in screen.watch.faults]
    for screen in opened:
        screen.close()
    assert not faults, "\n".join(faults)


@pytest.fixture
def open_screen(house: Stack, screens: OpenScreen, signed_in: Callable[[str], Any]) -> OpenScreen:
    """``open_screen(username or None, web=0, …)``: a screen on the shared house, signed in already when a name is given."""

    def screen_open(username: str | None = None, **options: Any) -> Screen:
        return screens(house, storage_state=signed_in(username) if username else None, **options)

    return screen_open
