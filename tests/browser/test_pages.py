"""Every page of the product, wide and narrow, in light and dark: nothing breaks, nothing stands out, nothing is unreadable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Response, expect

from classroom.supervisor.child import BASE_DIR
from tests.browser.school import Console, Program
from tests.browser.screens import DESKTOP, PHONE, Screen, sideways
from tests.stack import Stack

AXE = BASE_DIR / "static" / "node_modules" / "axe-core" / "axe.min.js"
MISSING = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True, slots=True)
class Place:
    name: str
    who: str  # "" : nobody is signed in
    path: str
    status: int = 200


PLACES = (
    Place("login", "", "/accounts/login/"),
    Place("signup", "", "/accounts/signup/"),
    Place("home", "mia", "/"),
    Place("home-teacher", "ada", "/"),
    Place("join", "mia", "/join/"),
    Place("classes", "ada", "/classes/"),
    Place("class-new", "ada", "/classes/new/"),
    Place("class", "ada", "/classes/{class}/"),
    Place("class-assistant", "tom", "/classes/{class}/"),
    Place("class-student", "mia", "/classes/{class}/"),
    Place("group-new", "ada", "/classes/{class}/groups/new/"),
    Place("group", "ada", "/classes/{class}/groups/{group}/"),
    Place("room-new", "ada", "/classes/{class}/rooms/new/"),
    Place("room-edit", "ada", "/rooms/{room}/edit/"),
    Place("room", "mia", "/rooms/{room}/"),
    Place("room-teacher", "ada", "/rooms/{room}/"),
    Place("room-observer", "olga", "/rooms/{room}/"),
    Place("problems", "ada", "/problems/"),
    Place("problem", "ada", "/problems/{problem}/"),
    Place("problem-new", "ada", "/problems/new/"),
    Place("problem-edit", "admin", "/problems/{problem}/edit/"),
    Place("problem-answers", "ada", "/problems/{problem}/answers/"),
    Place("problem-answers-author", "admin", "/problems/{problem}/answers/"),
    Place("class-rules", "ada", "/classes/{class}/hints/"),
    Place("room-rules", "tom", "/rooms/{room}/hints/"),
    Place("room-memory", "ada", "/rooms/{room}/memory/"),
    Place("class-documents", "ada", "/classes/{class}/documents/"),
    Place("class-documents-student", "mia", "/classes/{class}/documents/"),
    Place("dashboard", "ada", "/dashboard/"),
    Place("review", "ada", "/review/"),
    Place("transcript", "ada", "/review/{room}/"),
    Place("transcript-admin", "admin", "/review/{room}/"),
    Place("password", "mia", "/accounts/password/change/"),
    Place("logout", "mia", "/accounts/logout/"),
    Place("forbidden", "mia", "/dashboard/", 403),
    Place("missing", "mia", f"/rooms/{MISSING}/", 404),
    Place("missing-signed-out", "", "/no-such-page/", 404),
)
LOOKS = (
    ("desktop", DESKTOP, "light"),
    ("desktop", DESKTOP, "dark"),
    ("phone", PHONE, "light"),
    ("phone", PHONE, "dark"),
)
# Two frames after a change of size or colours, the page stands as it will be seen.
SETTLED = """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() =>
    Promise.all(document.getAnimations().map((moving) => moving.finished)).then(() => done(null)))))"""
AXE_RUN = """async () => {
    const found = await axe.run(document, {resultTypes: ["violations"]});
    return found.violations.filter((one) => ["serious", "critical"].includes(one.impact)).map((one) =>
        one.id + ": " + one.nodes.slice(0, 4).map((node) => node.target.join(" ") + " — " + node.any.concat(node.all)
            .map((check) => check.message).join("; ")).join(" | "));
}"""


class Tour:
    """Everybody's screen, and the addresses of the demo's places."""

    def __init__(self, browser: Browser, stack: Stack, ids: dict[str, Any], signed_in: Callable[[str], Any]) -> None:
        self._browser, self._stack, self._ids, self._signed_in = browser, stack, ids, signed_in
        self.screens: dict[str, Screen] = {}

    def visit(self, place: Place) -> tuple[Screen, Response]:
        if place.who not in self.screens:
            cookies = self._signed_in(place.who) if place.who else None
            self.screens[place.who] = Screen(
                self._browser, self._stack.urls[0], self._stack.urls, storage_state=cookies
            )
        screen = self.screens[place.who]
        screen.watch.found.clear()
        screen.watch.requests.clear()
        if place.status >= 400:
            screen.watch.expect(f"the server responded with a status of {place.status}")
        self.look(screen, DESKTOP, "light")
        response = screen.page.goto(place.path.format(**self._ids))
        assert response is not None
        return screen, response

    @staticmethod
    def look(screen: Screen, size: tuple[int, int], scheme: Any) -> None:
        screen.page.set_viewport_size({"width": size[0], "height": size[1]})
        screen.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        screen.page.evaluate(SETTLED)

    def close(self) -> None:
        for screen in self.screens.values():
            screen.close()


@pytest.fixture(scope="module")
def ids(house: Stack, console: Console) -> dict[str, Any]:
    """The demo's places, with something said in the room."""
    found = console.places()
    mia, ada = Program(house, "mia"), Program(house, "ada")
    mia.say(found["room"], "Is it $2r + 4k = 56$? I am **not** sure.")
    ada.say(found["room"], "Count the legs of one rabbit first.")
    mia.verb(found["room"], "hand.raise")
    assert mia.ask(found["room"], "How do I begin?")["state"] == "completed"
    return found


@pytest.fixture(scope="module")
def tour(chromium: Browser, house: Stack, ids: dict[str, Any], signed_in: Callable[[str], Any]) -> Iterator[Tour]:
    made = Tour(chromium, house, ids, signed_in)
    yield made
    made.close()


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_it_shows_a_page_without_a_fault(tour: Tour, place: Place) -> None:
    screen, response = tour.visit(place)
    page = screen.page
    assert response.status == place.status
    assert page.locator("h1").count() == 1
    assert page.locator("h1").inner_text().strip()
    assert page.title().split(" · ")[0].strip()
    assert page.locator("html").get_attribute("lang") == "en"
    page.wait_for_load_state("load")
    for name, size, scheme in LOOKS:
        tour.look(screen, size, scheme)
        assert not sideways(page), f"{name} {scheme}"
    scripts = [url for url in screen.watch.requests if url.endswith(".js")]
    assert scripts
    assert len(scripts) == len(set(scripts)), "a script was fetched twice"
    assert not screen.watch.faults, "\n".join(screen.watch.faults)
    # axe comes in through the debugger, which no policy binds; it looks when everything else has been judged.
    page.evaluate(AXE.read_text())
    found = {}
    for name, size, scheme in (LOOKS[0], LOOKS[3]):
        tour.look(screen, size, scheme)
        found[f"{name} {scheme}"] = page.evaluate(AXE_RUN)
    assert not any(found.values()), found


def test_pages_and_scripts_speak_the_readers_language(
    chromium: Browser, house: Stack, ids: dict[str, Any], signed_in: Callable[[str], Any]
) -> None:
    screen = Screen(chromium, house.urls[0], house.urls, storage_state=signed_in("ada"), locale="zh-CN")
    try:
        page = screen.page
        for path, words in (
            ("/classes/{class}/", "班级码"),
            ("/dashboard/", "个开放房间"),
            ("/rooms/{room}/edit/", "导师回答所用语言"),
            ("/rooms/{room}/", "问导师"),
        ):
            Tour.look(screen, DESKTOP, "light")
            page.goto(path.format(**ids))
            assert page.locator("html").get_attribute("lang") == "zh-hans"
            expect(page.get_by_text(words).first).to_be_visible()
            for _name, size, scheme in (LOOKS[0], LOOKS[3]):
                Tour.look(screen, size, scheme)
                assert not sideways(page), path
        Tour.look(screen, DESKTOP, "light")
        page.locator("details[data-menu] > summary").click()
        page.get_by_role("button", name="English").click()
        expect(page.get_by_role("button", name="Ask the tutor")).to_be_visible()
        assert page.locator("html").get_attribute("lang") == "en"
        assert not screen.watch.faults, "\n".join(screen.watch.faults)
    finally:
        screen.close()
