"""People in front of real browsers, and everything that must never happen there, noted as it happens."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request, expect

from classroom.supervisor.bootstrap import BROWSERS
from tests.services import wait_until

PASSWORD = "chalk-and-talk"
DESKTOP = (1280, 800)
PHONE = (360, 740)
PATIENCE_MS = 20_000
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    # A payload that gets through must not reach anybody outside either.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
# Runs before any script of a page: reports what a payload would do, and what the browser's own policy refuses.
WATCHER = """
(() => {
  const report = window.__report;
  for (const name of ["alert", "prompt", "print"]) {
    window[name] = (...words) => { report("script", name + "(" + words.join(",") + ") on " + location.pathname); };
  }
  document.addEventListener("securitypolicyviolation", (event) => {
    const { violatedDirective, blockedURI, sample } = event;
    report("policy", `${violatedDirective} blocked ${blockedURI} on ${location.pathname} ${sample}`);
  });
})();
"""


def chromium_path() -> str:
    """Where the machine's Chromium or Chrome is."""
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    raise AssertionError("no Chromium: install the package `chromium` (or Google Chrome)")


def chromium_start(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=chromium_path(), args=list(ARGUMENTS))


class Watch:
    """What went wrong in one browser context: scripts of strangers, blocked loads, foreign requests, console errors."""

    def __init__(self, origins: Iterable[str]) -> None:
        self._hosts = {urlsplit(origin).netloc for origin in origins}
        self._expected: list[re.Pattern[str]] = []
        self.found: list[str] = []
        self.requests: list[str] = []
        self.agrees = False  # to the questions that our own pages ask

    def attach(self, context: BrowserContext) -> None:
        context.expose_binding("__report", lambda _, kind, text: self._note(kind, text))
        context.add_init_script(WATCHER)
        context.on("console", self._console)
        context.on("weberror", lambda error: self._note("exception", str(error.error)))
        context.on("request", self._request)
        context.on("dialog", self._dialog)
        context.on("page", self._page)

    def expect(self, *patterns: str) -> None:
        """What this test brings about itself."""
        self._expected += [re.compile(pattern) for pattern in patterns]

    @property
    def faults(self) -> list[str]:
        return [text for text in self.found if not any(pattern.search(text) for pattern in self._expected)]

    def _note(self, kind: str, text: str) -> None:
        self.found.append(f"{kind}: {text}"[:600])

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning", "assert"):
            self._note(f"console {message.type}", f"{message.text} ({message.location.get('url', '')})")

    def _request(self, request: Request) -> None:
        self._seen(request.url)

    def _page(self, page: Page) -> None:
        page.on("websocket", lambda socket: self._seen(socket.url))

    def _seen(self, url: str) -> None:
        self.requests.append(url)
        parts = urlsplit(url)
        if parts.scheme in ("data", "blob", "about"):
            return
        if parts.netloc not in self._hosts:
            self._note("foreign request", url)

    def _dialog(self, dialog: Any) -> None:
        if self.agrees and dialog.type == "confirm":
            dialog.accept()
            return
        self._note("dialog", dialog.message)
        dialog.dismiss()


class Screen:
    """One person's browser: a context of its own (cookies, storage) with one page, on one web process."""

    def __init__(self, browser: Browser, url: str, origins: Iterable[str], **options: Any) -> None:
        self.url = url
        self.watch = Watch(origins)
        size = options.pop("size", DESKTOP)
        options.setdefault("reduced_motion", "reduce")
        options.setdefault("locale", "en-GB")
        self.context = browser.new_context(
            base_url=url, viewport={"width": size[0], "height": size[1]}, timezone_id="UTC", **options
        )
        self.context.set_default_timeout(PATIENCE_MS)
        self.watch.attach(self.context)
        self.page = self.context.new_page()

    def close(self) -> None:
        self.context.close()

    def open(self, path: str) -> Page:
        self.page.goto(path)
        return self.page

    def sign_in(self, username: str, password: str = PASSWORD) -> Screen:
        """Through the form, as a person would."""
        page = self.open("/accounts/login/")
        page.get_by_label("Username").fill(username)
        page.get_by_label("Password", exact=True).fill(password)
        page.locator("main").get_by_role("button", name=re.compile("sign in", re.I)).click()
        expect(page).not_to_have_url(re.compile("/accounts/login/"))
        return self

    def fetch(self, path: str, *, method: str = "GET", accept: str = "application/json") -> tuple[int, str]:
        """Status and text of an address, asked for from inside the page with its session."""
        script = """async ([path, method, accept]) => {
            const answer = await fetch(path, {method, headers: {Accept: accept}});
            return [answer.status, await answer.text()];
        }"""
        status, text = self.page.evaluate(script, [path, method, accept])
        return int(status), str(text)

    def shot(self, path: Path, *, full: bool = False) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=path, full_page=full, animations="disabled", caret="hide")


def eventually(condition: Callable[[], Any], what: str, screen: Screen, *, timeout_s: float = 20.0) -> Any:
    """``wait_until`` that lets the browser's events come in meanwhile."""
    return wait_until(partial(_after_events, condition, screen), what, timeout_s=timeout_s)


def _after_events(condition: Callable[[], Any], screen: Screen) -> Any:
    screen.page.wait_for_timeout(20)
    return condition()


def sideways(page: Page) -> list[str]:
    """What stands out of the page's width, as short descriptions; empty when nothing scrolls sideways."""
    script = """() => {
        const width = document.documentElement.clientWidth;
        if (document.documentElement.scrollWidth <= width) return [];
        return [...document.querySelectorAll("body *")].filter((node) => node.getBoundingClientRect().right > width + 1)
            .map((node) => node.tagName.toLowerCase() + "." + node.className).slice(0, 8).concat(["the page is too wide"]);
    }"""
    return list(page.evaluate(script))
