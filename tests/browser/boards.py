"""The board of a room as a person at it: hands on the stage, and what the document under it holds."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from typing import Any

from playwright.sync_api import Locator, expect

from tests.browser.rooms import RoomScreen
from tests.browser.screens import eventually

Point = tuple[float, float]
# Every shape on the screen as the page knows it: {id: {kind, x, …}} of the sheets that lie there.
SHAPES = """() => Object.fromEntries(document.querySelector("cs-board").desk.sheets.all.flatMap(
    ({ scene }) => [...scene.shapes].map(([id, shape]) => [id, { ...shape }])))"""


class BoardScreen:
    """One person's open board. Places are pixels from the stage's corner."""

    def __init__(self, room: RoomScreen) -> None:
        self.room, self.page = room, room.page
        self.stage = self.page.locator(".board-svg")
        self.is_touched = self.page.evaluate("navigator.maxTouchPoints") > 0

    def open(self) -> BoardScreen:
        self.room.open(query="?pane=board")
        return self.ready()

    def ready(self) -> BoardScreen:
        expect(self.stage).to_be_visible()
        expect(self.page.locator(".board-line")).to_have_text("Saved")
        return self

    def tool(self, name: str) -> BoardScreen:
        button = self.page.get_by_role("toolbar", name="Tools").get_by_role("button", name=name, exact=True)
        button.tap() if self.is_touched else button.click()
        expect(button).to_have_attribute("aria-pressed", "true")  # a tap's click comes a moment later
        return self

    def at(self, point: Point) -> Point:
        box = self.stage.bounding_box()
        assert box is not None
        return box["x"] + point[0], box["y"] + point[1]

    def drag(self, *points: Point) -> None:
        """By mouse, through all the points."""
        self.press(*points)
        self.page.mouse.up()

    def press(self, *points: Point) -> None:
        """The same, and the button stays down."""
        self.page.mouse.move(*self.at(points[0]))
        self.page.mouse.down()
        for point in points[1:]:
            self.page.mouse.move(*self.at(point), steps=4)

    def click(self, point: Point, *, times: int = 1) -> None:
        self.page.mouse.click(*self.at(point), click_count=times)

    def touch(self, *points: Point) -> None:
        """By one finger, as the browser itself makes such events."""
        self.fingers([points])

    def fingers(self, paths: Iterable[tuple[Point, ...]], *, lift: bool = True) -> None:
        """By several at once: each has its path, all of the same length. They say that they rest before they are lifted:
        a browser takes no tap behind one that is flung."""
        touch, started = "Input.dispatchTouchEvent", time.time() - 2
        devtools = self.page.context.new_cdp_session(self.page)
        moments = [[self.at(point) for point in moment] for moment in zip(*paths, strict=True)]
        for number, moment in enumerate(moments):
            touched = [{"x": x, "y": y, "id": finger} for finger, (x, y) in enumerate(moment)]
            kind = "touchMove" if number else "touchStart"
            devtools.send(touch, {"type": kind, "touchPoints": touched, "timestamp": started + number / 30})
        if lift:
            devtools.send(touch, {"type": "touchEnd", "touchPoints": [], "timestamp": started + 1.5})
        devtools.detach()

    def write(self, point: Point, text: str) -> None:
        self.tool("Text")
        self.touch(point) if self.is_touched else self.click(point)
        field = self.page.get_by_role("textbox", name="Text on the board")
        field.fill(text)
        field.press("Escape")

    def formula(self, latex: str) -> None:
        """Into the window that is open for it."""
        self.page.get_by_label("Formula in LaTeX").fill(latex)
        self.button("Put it on the board").click()
        expect(self.page.locator("[data-shape] path[d]").last).to_be_attached()

    def all(self) -> dict[str, dict[str, Any]]:
        return dict(self.page.evaluate(SHAPES))

    def kinds(self) -> list[str]:
        return sorted(str(shape["kind"]) for shape in self.all().values())

    def one(self, kind: str) -> dict[str, Any]:
        (found,) = [shape for shape in self.all().values() if shape["kind"] == kind]
        return found

    def button(self, name: str) -> Locator:
        return self.page.locator("cs-board").get_by_role("button", name=name, exact=True)

    def has(self, count: int) -> BoardScreen:
        """Waits until so many shapes are here, on the screen or beyond it, and what was done here is in the log."""
        try:
            eventually(lambda: len(self.all()) == count, f"{count} shapes", self.room.screen)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.kinds()}") from error
        return self.ready()


def round_path(centre: Point, radius: float, steps: int = 12) -> list[Point]:
    """Points around a circle: what a hand draws."""
    angles = [2 * math.pi * step / steps for step in range(steps + 1)]
    return [(centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle)) for angle in angles]
