"""The line of a room breaks in every way that networks and servers know; the person loses nothing and is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.rooms import RoomScreen, assert_equal_to_log
from tests.browser.school import Console, Program
from tests.browser.screens import Screen, eventually
from tests.services import wait_until
from tests.stack import Stack

OpenScreen = Callable[..., Screen]
TEXT = " ".join(f"Step {n}: $x_{{{n}}}$ 写." for n in range(40))
# As behind a proxy that knows no WebSockets: the handshake never succeeds.
NO_SOCKETS = """
window.WebSocket = class {
  constructor() { setTimeout(() => this.onclose?.({ code: 1006, reason: "" }), 5); }
  send() {}
  close() {}
};
"""
BROKEN_NETWORK = (r"net::ERR_", "WebSocket connection to")


@pytest.fixture
def room(console: Console, request: pytest.FixtureRequest) -> str:
    return console.room_new(request.node.name[:60])


@pytest.mark.parametrize("kind", ["sse", "poll"])
def test_a_page_without_sockets_falls_back_by_itself(
    kind: str, house: Stack, console: Console, open_screen: OpenScreen, room: str
) -> None:
    blocked = open_screen("mia", web=0)
    blocked.context.add_init_script(NO_SOCKETS)
    if kind == "poll":
        blocked.watch.expect(*BROKEN_NETWORK)
        blocked.context.route(
            "**/events/**", lambda r: r.abort() if r.request.resource_type == "eventsource" else r.fallback()
        )
    mia = RoomScreen(blocked, room)
    mia.screen.open(f"/rooms/{room}/")
    mia.live(kind)
    noah = RoomScreen(open_screen("noah", web=1), room).open()
    noah.live("socket")
    noah.say("Do you see this?")
    eventually(lambda: [line["text"] for line in mia.shown()] == ["Do you see this?"], "the message", mia.screen)
    mia.say("Yes, I do.")
    mia.ask(f"@scripted rate=40 text={TEXT}")
    noah.written(20)
    mia.written(20)
    for screen in (mia, noah):
        assert screen.ended()["answer"] == TEXT
    mia.ask("@scripted rate=8 text=" + "slow " * 300)
    mia.written(4)
    mia.stop_button.click()
    for screen in (mia, noah):
        screen.ended("stopped")
    assert_equal_to_log([mia, noah], console.log_texts(room))


def test_a_killed_web_process_is_waited_for(house: Stack, console: Console, open_screen: OpenScreen, room: str) -> None:
    mia = RoomScreen(open_screen("mia", web=0), room).open()
    noah = RoomScreen(open_screen("noah", web=1), room).open()
    noah.screen.watch.expect(*BROKEN_NETWORK)
    mia.ask(f"@scripted rate=10 text={TEXT}")
    noah.written(10)
    try:
        house.kill("web2")
        expect(noah.state).not_to_have_attribute("data-phase", "live")
        noah.choose("Chat")
        noah.box.fill("Written while the server was away.")
        expect(noah.page.locator("button.send")).to_be_enabled()
        noah.box.press("Enter")
        expect(noah.page.get_by_text("Not sent yet")).to_be_visible()
        mia.say("Noah, are you there?")
    finally:
        house.start("web2")
        house.wait_ready()
    noah.live()
    expect(noah.box).to_have_value("")
    for screen in (mia, noah):
        assert screen.ended()["answer"] == TEXT
    log = console.log_texts(room)
    assert [event["text"] for event in log].count("Written while the server was away.") == 1
    assert_equal_to_log([mia, noah], log)


def test_chat_goes_on_without_the_tutor(house: Stack, console: Console, open_screen: OpenScreen, room: str) -> None:
    mia = RoomScreen(open_screen("mia", web=0), room).open()
    noah = RoomScreen(open_screen("noah", web=1), room).open()
    try:
        house.stop("inference")
        expect(mia.page.get_by_text("The tutor is unavailable.")).to_be_visible(timeout=40_000)
        mia.say("Then we talk.")
        eventually(lambda: noah.shown(), "the message", noah.screen)
    finally:
        house.start("inference")
        house.wait_ready()
    expect(mia.page.get_by_text("The tutor is unavailable.")).to_have_count(0, timeout=40_000)
    mia.ask("@scripted text=Here I am again.")
    assert noah.ended()["answer"] == "Here I am again."
    assert_equal_to_log([mia, noah], console.log_texts(room))


def test_signing_out_elsewhere_ends_the_room(house: Stack, open_screen: OpenScreen, room: str) -> None:
    screen = open_screen().sign_in("lin")
    lin = RoomScreen(screen, room).open()
    screen.watch.expect("status of 401", "status of 403")
    other = screen.context.new_page()
    other.goto("/accounts/logout/")
    other.locator("main").get_by_role("button", name="Sign out").click()
    expect(lin.state).to_have_attribute("data-phase", "ended", timeout=30_000)
    expect(lin.page.get_by_role("textbox")).to_have_count(0)


def test_charlie_gets_nothing_on_any_line(house: Stack, open_screen: OpenScreen, room: str) -> None:
    """Lin is not of group one: neither a stream nor a poll nor a frame of its room is for her."""
    table = Program(house, "mia").rooms()["Table one"]
    lin = open_screen("lin")
    lin.watch.expect("status of 404")
    lin.open("/")
    for accept in ("text/event-stream", "application/json"):
        status, text = lin.fetch(f"/api/rooms/{table}/events/?wait=0", accept=accept)
        assert status == 404
        assert "Table one" not in text
    wait_until(lambda: Program(house, "lin").rooms().get("Table one") is None, "not in her list")
