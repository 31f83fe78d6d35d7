"""The teacher's wall while two students work in a room, on another web process."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.rooms import RoomScreen
from tests.browser.school import Console, Program
from tests.browser.screens import Screen, sideways
from tests.stack import Stack

OpenScreen = Callable[..., Screen]


@pytest.fixture
def room(console: Console, request: pytest.FixtureRequest) -> str:
    return console.room_new(request.node.name[:60])


def tile_of(ada: Screen, room: str) -> Locator:
    return ada.page.locator(f'a.tile[data-room="{room}"]')


def test_a_tile_is_live(house: Stack, console: Console, open_screen: OpenScreen) -> None:
    ada = open_screen("ada", web=0)
    ada.open("/dashboard/")
    expect(ada.page.locator(".wall-bar").get_by_text("Live")).to_be_visible()
    room = console.room_new("A room that is new")
    tile = tile_of(ada, room)
    expect(tile).to_contain_text("Nobody here", timeout=15_000)
    mia = RoomScreen(open_screen("mia", web=1), room).open()
    noah = RoomScreen(open_screen("noah", web=1), room).open()
    expect(tile).not_to_contain_text("Nobody here", timeout=15_000)
    expect(tile.locator(".avatar")).to_have_count(2, timeout=15_000)
    mia.say("Is it $x = 4$ **now**?")
    expect(tile).to_contain_text("Is it")
    expect(tile).to_contain_text("Mia")
    noah.page.get_by_role("button", name="Raise hand").click()
    expect(tile).to_have_attribute("data-tone", "hands")
    expect(tile.locator(".tile-hands")).to_contain_text("Noah")
    mia.ask("@scripted rate=8 text=" + "word " * 300)
    expect(tile).to_contain_text(re.compile("answer", re.I))
    mia.written()
    mia.stop_button.click()
    ada.page.get_by_label("only hands up").check()
    expect(tile).to_be_visible()
    expect(ada.page.locator('a.tile:not([data-tone="hands"])')).to_have_count(0)
    assert not sideways(ada.page)
    tile.click()
    inside = RoomScreen(ada, room).live()
    inside.page.get_by_role("button", name="Lower the hand of Noah").click()
    expect(noah.page.get_by_role("button", name="Raise hand")).to_be_visible()


def test_a_wall_survives_its_web_process(house: Stack, open_screen: OpenScreen, room: str) -> None:
    ada = open_screen("ada", web=1)
    ada.watch.expect("net::ERR_")
    ada.open("/dashboard/")
    tile = tile_of(ada, room)
    expect(tile).to_be_visible()
    try:
        house.kill("web2")
        expect(ada.page.get_by_text("Reconnecting…")).to_be_visible()
        Program(house, "mia", web=0).say(room, "said meanwhile")
    finally:
        house.start("web2")
        house.wait_ready()
    expect(tile).to_contain_text("said meanwhile", timeout=20_000)


def test_charlie_sees_no_wall(open_screen: OpenScreen) -> None:
    mia = open_screen("mia")
    mia.watch.expect("status of 403")
    mia.open("/")
    expect(mia.page.get_by_role("link", name="Dashboard")).to_have_count(0)
    for path in ("/dashboard/", "/dashboard/events/"):
        assert mia.fetch(path)[0] == 403
