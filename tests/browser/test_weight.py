"""The room page is light: what a first visit asks for, and how much comes over the wire."""

from __future__ import annotations

import pytest

from tests.browser.conftest import OpenScreen
from tests.browser.rooms import RoomScreen
from tests.browser.school import Console
from tests.browser.weight import KB, REQUESTS, watched


@pytest.mark.parametrize(("person", "place"), [("mia", "table"), ("lin", "room"), ("ada", "room")])
def test_the_first_visit_of_a_room_is_light(open_screen: OpenScreen, console: Console, person: str, place: str) -> None:
    screen = open_screen(person)
    visit = watched(screen.page)
    RoomScreen(screen, console.places()[place]).open()
    screen.page.wait_for_load_state("networkidle")
    told = "\n".join(visit.lines())
    assert 5 < visit.requests <= REQUESTS, told
    assert 50 < visit.kb <= KB, told
    assert any(path.startswith("/ws/rooms/") for path in visit.paths.values()), told


def test_the_second_visit_loads_no_script_again(open_screen: OpenScreen, console: Console) -> None:
    screen, room = open_screen("mia"), console.places()["room"]
    RoomScreen(screen, room).open()
    screen.page.wait_for_load_state("networkidle")
    again = watched(screen.page)
    RoomScreen(screen, room).open()
    screen.page.wait_for_load_state("networkidle")
    assert again.kb < 25, "\n".join(again.lines())
