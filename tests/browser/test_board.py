"""The board in real browsers on two web processes: every tool by mouse and by touch, undo that leaves others' work alone,
Lin who comes late, work without a line, and the teacher's modes. No screen may see a refused policy or a stranger."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Error, expect

from classroom.supervisor.child import BASE_DIR
from tests.browser.boards import BoardScreen, round_path
from tests.browser.pages import axe_faults
from tests.browser.rooms import RoomScreen
from tests.browser.school import Console, Program
from tests.browser.screens import PHONE, Screen, eventually, sideways
from tests.stack import Stack

OpenScreen = Callable[..., Screen]
IMAGE = BASE_DIR / "docs" / "images" / "dashboard.png"
LOADED = """async () => {
    const image = new Image();
    image.src = document.querySelector("image[data-shape]").getAttribute("href");
    await image.decode();
    return image.naturalWidth > 0;
}"""
WRITTEN = {"text", "formula", "image", "point"}
KINDS = WRITTEN | {"pen", "highlighter", "line", "arrow", "rectangle", "ellipse", "polygon"}
# The backgrounds of the sheet, of the tools and of the pages' window, and the outline of the pressed tool.
CONTRASTS = """() => {
    const of = (selector) => getComputedStyle(document.querySelector(selector));
    return [...[".board-stage", ".board-tools", ".board-pages"].map((one) => of(one).backgroundColor),
        of(".board-tools [aria-pressed=true]").outlineStyle];
}"""
# What of the board moves by itself although this person asked for less motion.
MOVING = """() => document.querySelector("cs-board").getAnimations({ subtree: true })
    .filter((one) => one.effect.getTiming().duration > 20).map((one) => String(one.effect.target?.className))"""
DRAGGED = (("Line", "line"), ("Arrow", "arrow"), ("Rectangle", "rectangle"), ("Ellipse", "ellipse"))


@pytest.fixture
def room(console: Console) -> str:
    return console.room_new("The board 画板 " + "with a long title " * 4)


def looked_over(board: BoardScreen, name: str, folder: Path) -> None:
    for scheme in ("light", "dark"):
        board.page.emulate_media(color_scheme=scheme)
        assert sideways(board.page) == []
        board.room.screen.shot(folder / f"{name}-{scheme}.png")


def seen_in_high_contrast(board: BoardScreen, folder: Path) -> None:
    """Where the system chooses the colours: the sheet keeps its own, what is around it does not, and what is pressed shows."""
    board.page.emulate_media(forced_colors="active", color_scheme="dark")
    assert board.page.evaluate(CONTRASTS) == ["rgb(255, 255, 255)", "rgb(0, 0, 0)", "rgb(0, 0, 0)", "solid"]
    assert [fault for fault in axe_faults(board.page) if not fault.startswith("color-contrast")] == []
    board.room.screen.shot(folder / "forced.png")
    board.page.emulate_media(forced_colors="none", contrast="more", color_scheme="light")
    assert axe_faults(board.page) == []
    assert board.page.evaluate(MOVING) == []
    board.room.screen.shot(folder / "contrast.png")
    board.page.emulate_media(contrast="no-preference")


def tools_by_mouse(mia: BoardScreen, noah: BoardScreen) -> None:
    """Seen at the other process while it is drawn, before the log has anything of it, and then as it stands there."""
    coming = noah.page.locator(".board-coming path")
    mia.press(*round_path((180, 140), 50))
    expect(coming).to_have_count(1)
    assert noah.all() == {}
    mia.page.mouse.up()
    noah.has(1)
    expect(coming).to_have_count(0)
    mia.tool("Highlighter").drag((120, 220), (300, 220))
    for number, (tool, _) in enumerate(DRAGGED):
        mia.tool(tool).drag((120 + number * 110, 260), (200 + number * 110, 320))
    mia.tool("Polygon")
    for corner in ((360, 120), (460, 120), (410, 180), (361, 121)):
        mia.click(corner)
    mia.tool("Point").click((500, 180))
    mia.write((120, 360), "x = 4, 所以\nthe fare is equal")
    mia.room.screen.watch.expect("400")
    mia.tool("Formula").click((420, 380))
    mia.page.get_by_label("Formula in LaTeX").fill(r"\href{x}{y}")
    expect(mia.page.get_by_role("dialog").get_by_role("status")).not_to_have_text("")
    mia.formula(r"\frac{10 - 4}{2 - 1.4}")
    mia.page.locator(".board-file").set_input_files(IMAGE)
    for board in (mia, noah):
        board.has(11)
        expect(board.page.locator("image[data-shape]")).to_have_count(1)
        eventually(partial(board.page.evaluate, LOADED), "the picture is there", board.room.screen)
    assert noah.kinds() == mia.kinds()
    assert set(mia.kinds()) == KINDS
    assert mia.one("line")["by"] == mia.one("text")["by"] != ""
    mia.button("To the back").click()

    # Moved, scaled and turned: one change each, seen by the other.
    mia.tool("Select and move").drag((285, 260), (285, 220))
    before = mia.one("arrow")
    mia.click((250, 280))
    mia.click((236, 264))
    eventually(lambda: noah.one("arrow") == mia.one("arrow"), "the same arrow", noah.room.screen)
    assert mia.one("arrow")["y"] <= before["y"]
    mia.tool("Laser pointer").press((200, 200), (220, 220))
    expect(noah.page.locator(".board-others .laser")).to_have_count(1)
    mia.page.mouse.up()


def tools_by_touch(noah: BoardScreen, mia: BoardScreen) -> None:
    """On a page of its own, by one finger each; by two fingers it is moved and zoomed, and nothing is drawn."""
    first = mia.all()
    noah.button("New page").tap()
    expect(mia.page.locator(".page-of")).to_have_text("1 of 2")
    mia.stage.focus()
    mia.page.keyboard.press("PageDown")
    expect(mia.page.locator(".page-of")).to_have_text("2 of 2")
    noah.tool("Pen").touch(*round_path((90, 150), 35))
    noah.tool("Highlighter").touch((150, 130), (300, 130))
    for number, (tool, _) in enumerate(DRAGGED):
        noah.tool(tool).touch((30 + number * 80, 220), (60 + number * 80, 240), (90 + number * 80, 270))
    noah.tool("Polygon")
    for corner in ((200, 170), (290, 170), (250, 205), (201, 171)):
        noah.touch(corner)
    noah.tool("Point").touch((150, 190))
    noah.write((40, 320), "面积 = 12")
    noah.tool("Formula").touch((200, 320))
    noah.formula("x^2")
    noah.tool("Rectangle").touch((60, 380), (120, 430))
    noah.has(22).tool("Eraser").touch((40, 400), (70, 400))
    noah.has(21).page.locator(".board-file").set_input_files(IMAGE)
    for board in (noah, mia):
        board.has(22)
        expect(board.page.locator("image[data-shape]")).to_have_count(1)
    touched = {id: shape for id, shape in mia.all().items() if id not in first}
    assert {str(shape["kind"]) for shape in touched.values()} == KINDS
    assert {shape["by"] for shape in touched.values()} != {shape["by"] for shape in first.values()}

    noah.button("To the back").tap()
    noah.tool("Select and move").touch((30, 245), (30, 250), (30, 262))
    noah.tool("Laser pointer").fingers([((200, 300), (210, 310))], lift=False)
    expect(mia.page.locator(".board-others .laser")).to_have_count(1)
    noah.fingers([((210, 310),)])
    expect(mia.page.locator(".board-others .laser")).to_have_count(0)
    zoom = noah.page.locator(".zoom")
    noah.fingers([((100, 200), (60, 200), (40, 200)), ((200, 200), (240, 200), (260, 200))])
    expect(zoom).not_to_have_text("100 %")
    noah.has(22)
    zoom.tap()
    mia.has(22)


def pages_taken_away(noah: BoardScreen, mia: BoardScreen, folder: Path) -> None:
    """Named, removed when that is confirmed, and brought back: nobody stays on a page that is gone."""
    noah.page.locator(".page-of").tap()
    title = noah.page.get_by_role("textbox", name="Title of page 2")
    title.fill("Areas 面积")
    title.press("Enter")
    expect(mia.page.locator(".page-of")).to_have_text("2 of 2Areas 面积")
    noah.button("Remove page 2").tap()
    assert axe_faults(noah.page) == []
    seen_in_high_contrast(noah, folder)
    noah.button("Remove it").tap()
    noah.button("Close the pages").tap()
    for board in (noah, mia):
        expect(board.page.locator(".page-of")).to_have_text("1 of 1")
    noah.button("Undo my last change").tap()
    expect(mia.page.locator(".page-of")).to_have_text("1 of 2")
    assert len(mia.has(22).all()) == len(noah.all())


def test_every_tool_by_mouse_and_by_touch(house: Stack, open_screen: OpenScreen, room: str, tmp_path: Path) -> None:
    mia = BoardScreen(RoomScreen(open_screen("mia"), room)).open()
    noah = BoardScreen(RoomScreen(open_screen("noah", web=1, size=PHONE, has_touch=True), room)).open()
    looked_over(mia, "empty-1280", tmp_path)
    looked_over(noah, "empty-360", tmp_path)

    tools_by_mouse(mia, noah)
    tools_by_touch(noah, mia)
    looked_over(noah, "touched-360", tmp_path)
    pages_taken_away(noah, mia, tmp_path)

    # Undo takes back one's own work alone: the title of the page, where its picture lies, the picture itself.
    mia.button("Undo my last change").click()
    for _ in range(4):
        noah.button("Undo my last change").tap()
    mia.has(21)
    noah.button("Redo").tap()
    mia.has(22)
    looked_over(mia, "drawn-1280", tmp_path)
    looked_over(noah, "drawn-360", tmp_path)

    # Without a line: kept, said, and merged with what the other did meanwhile.
    noah.page.context.set_offline(True)
    noah.room.screen.watch.expect("ERR_INTERNET_DISCONNECTED", "Failed to load resource")
    noah.tool("Pen").touch((40, 300), (90, 330), (140, 300))
    expect(noah.page.locator(".board-line")).to_contain_text("No connection")
    mia.tool("Rectangle").drag((520, 120), (600, 180))
    with pytest.raises(Error, match="ERR_INTERNET_DISCONNECTED"):
        noah.page.reload()
    noah.page.context.set_offline(False)
    noah.open()
    mia.has(24)
    noah.has(24)
    assert noah.kinds() == mia.kinds()

    # Who comes after all others left sees all of it; an outsider sees nothing.
    shapes = mia.all()
    mia.page.goto("about:blank")
    noah.page.goto("about:blank")
    lin = BoardScreen(RoomScreen(open_screen("lin", web=1), room)).open().has(24)
    assert lin.all() == shapes
    table = Program(house, "mia").rooms()["Table one"]
    lin.room.screen.watch.expect("status of 404")
    assert lin.room.screen.fetch(f"/api/rooms/{table}/boards/")[0] == 404


def test_the_teacher_decides_who_draws(open_screen: OpenScreen, room: str, tmp_path: Path) -> None:
    ada = BoardScreen(RoomScreen(open_screen("ada"), room)).open()
    mia = BoardScreen(RoomScreen(open_screen("mia", web=1), room)).open()
    noah = BoardScreen(RoomScreen(open_screen("noah"), room)).open()
    manage = ada.page.locator("[data-name=manage]")
    manage.locator("summary").click()
    pen = mia.page.get_by_role("toolbar", name="Tools").get_by_role("button", name="Pen")

    # Only look: at once, for everybody but her to whom the pen is given.
    manage.get_by_role("radio", name="Only look").check()
    expect(mia.page.locator(".board-mode")).to_have_text("Only the teacher draws just now. You can look.")
    expect(pen).to_have_count(0)
    manage.get_by_label("Mia").select_option(label="may draw")
    expect(mia.page.locator(".board-mode")).to_have_text("The teacher lets you draw.")
    expect(noah.page.get_by_role("toolbar", name="Tools").get_by_role("button", name="Pen")).to_have_count(0)
    mia.tool("Rectangle").drag((200, 200), (300, 260))
    for board in (mia, noah, ada):
        board.has(1)
    looked_over(ada, "manage-1280", tmp_path)
    manage.get_by_label("Mia").select_option(label="as for everybody")

    # Each on their own sheet: seen by the teacher who looks, by the others when it is shown.
    manage.get_by_role("radio", name="Each on their own sheet").check()
    expect(mia.page.locator(".board-mode")).to_contain_text("your own sheet")
    mia.ready().tool("Ellipse").drag((320, 200), (400, 260))
    mia.has(2)
    noah.has(1)
    ada.page.keyboard.press("Escape")
    ada.page.locator("[data-name=sheets] summary").click()
    ada.page.locator("[data-name=sheets]").get_by_role("checkbox", name="Mia's sheet").check()
    ada.has(2)
    manage.locator("summary").click()
    manage.get_by_role("checkbox", name="Mia's sheet").check()
    noah.has(2)

    # The teacher's own layer, which students read.
    ada.page.keyboard.press("Escape")
    ada.page.locator("[data-name=sheets] summary").click()
    ada.page.get_by_role("radio", name="The teacher's layer").check()
    ada.page.keyboard.press("Escape")
    ada.tool("Arrow").drag((200, 320), (300, 280))
    for board in (ada, mia, noah):
        board.has(3)

    # Locked: nobody but staff; what is drawn stands.
    manage.locator("summary").click()
    manage.get_by_role("radio", name="Locked").check()
    expect(mia.page.locator(".board-mode")).to_have_text("The board is locked. You can look.")
    expect(pen).to_have_count(0)
    looked_over(mia, "locked-1280", tmp_path)
    assert mia.kinds() == noah.kinds() == ["arrow", "ellipse", "rectangle"]

    # Following: what one looks at, the other sees.
    ada.page.keyboard.press("Escape")
    mia.page.locator("[data-name=people] summary").click()
    mia.page.get_by_role("listitem").filter(has_text="Ada").get_by_role("button", name="Follow").click()
    expect(mia.page.locator(".board-following")).to_have_text(re.compile("You follow Ada"))
    ada.stage.focus()
    ada.page.keyboard.press("+")
    expect(mia.page.locator(".zoom")).not_to_have_text("100 %")
    assert axe_faults(ada.page) == []
