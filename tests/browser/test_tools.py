"""Tools in real browsers: a calculation, a graph and a figure inside an answer, the same on every screen and after a reload."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.rooms import RoomScreen
from tests.browser.school import Console
from tests.browser.screens import PHONE, Screen, sideways
from tutor.tools.registry import call_text

OpenScreen = Callable[..., Screen]
FIGURE = [
    {"kind": "point", "id": "A", "at": [0, 0]},
    {"kind": "point", "id": "B", "at": [4, 0]},
    {"kind": "point", "id": "C", "at": [0, 3], "label": "顶点 C"},
    {"kind": "polygon", "points": ["A", "B", "C"]},
    {"kind": "segment", "ends": ["B", "C"], "label": "c"},
    {"kind": "angle", "points": ["B", "A", "C"]},
    {"kind": "angle", "points": ["C", "B", "A"], "label": "β"},
    {"kind": "circle", "centre": "A", "through": "C"},
]
SCRIPT = " ".join(
    [
        "@scripted text=We work it out 一步一步.",
        call_text("calculate", {"expression": "1/3 + 1/6"}),
        "Now the graph.",
        call_text("plot", {"functions": ["x^2 - 4", "2x + 1"], "x": [-5, 5]}),
        "And a figure.",
        call_text("draw", {"objects": FIGURE}),
        "One more:",
        call_text("calculate", {"expression": "9^9^9"}),
        "That is all.",
    ]
)


@pytest.fixture
def room(console: Console) -> str:
    return console.room_new("Tools 工具 " + "and a long title " * 5)


def cards(screen: RoomScreen) -> list[str]:
    found: list[str] = screen.page.evaluate(
        "() => [...document.querySelectorAll('.tool-card')].map((one) => one.getAttribute('aria-label'))"
    )
    return found


def test_tools_show_what_they_found(open_screen: OpenScreen, room: str, tmp_path: Path) -> None:
    mia = RoomScreen(open_screen("mia", size=PHONE), room).open()
    ada = RoomScreen(open_screen("ada", web=1), room).open()
    mia.ask(SCRIPT)
    for screen in (mia, ada):
        expect(screen.page.locator('.line[data-state="completed"]')).to_have_count(1, timeout=60_000)
        assert cards(screen) == [
            "Calculated: 1/3 + 1/6 gives 1/2 = 0.5",
            "Plotted: x^2 - 4, 2x + 1 gives Graph of y = x^2 - 4 for x from −5 to 5. Graph of y = 2x + 1 for x from −5 to 5.",
            "Drew a figure of 8 parts gives Point A at (0, 0). Point B at (4, 0). Point C at (0, 3), marked 顶点 C. "
            "Triangle A B C. Segment from B to C, marked c. Angle B A C at A. Angle C B A at B, marked β. "
            "Circle around A through C.",
            "The tutor tried a calculation: This is too large to work out: an exponent is larger than 1000.",
        ]
        expect(screen.page.locator(".answer-text").last).to_contain_text("That is all.")
        expect(screen.log.locator(".answer")).not_to_contain_text("tool_call")
        expect(screen.page.get_by_role("img", name=re.compile("Graph of"))).to_have_count(1)
        screen.page.get_by_text("In words").first.click()
        expect(screen.page.get_by_text("Graph of y = x^2 - 4 for x").last).to_be_visible()
        for scheme in ("light", "dark"):
            screen.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            assert sideways(screen.page) == []
            for place, seen in (("first", ".tool-card"), ("last", "svg.drawing")):
                getattr(screen.page.locator(seen), place).scroll_into_view_if_needed()
                screen.screen.shot(tmp_path / f"tools-{place}-{scheme}-{'360' if screen is mia else '1280'}.png")
    live = mia.page.locator(".answer").inner_html()
    mia.page.reload()
    mia.live()
    expect(mia.page.locator(".tool-card")).to_have_count(4)
    assert mia.page.locator("svg.drawing").evaluate_all("all => all.map((one) => one.outerHTML)") == re.findall(
        r"<svg class=\"drawing\".*?</svg>", live
    )
