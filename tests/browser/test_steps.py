"""Steps in real browsers, checked by the real class worker: two people see the same verdict, wide and narrow."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.boards import BoardScreen
from tests.browser.rooms import RoomScreen
from tests.browser.school import Console
from tests.browser.screens import PHONE, Screen, sideways

OpenScreen = Callable[..., Screen]
LINES = (
    ("2x + 3 = 7", "Cannot tell"),
    ("2x = 4", "Verified"),
    ("x = 5", "Not right"),
    ("2x + + ) 3", "Cannot tell"),
    ("\\frac{x^2-9}{x-3}", "Cannot tell"),
    ("= x + 3", "Verified"),
)


@pytest.fixture
def room(console: Console) -> str:
    return console.room_new("Steps")


def submit(screen: RoomScreen, text: str) -> None:
    screen.choose("Step")
    screen.box.fill(text)
    expect(screen.page.get_by_role("button", name="Check the step")).to_be_enabled()
    screen.box.press("Enter")
    expect(screen.box).to_have_value("")


def test_two_people_see_each_step_and_its_verdict(open_screen: OpenScreen, room: str, tmp_path: Path) -> None:
    mia = RoomScreen(open_screen("mia", size=PHONE), room).open()
    ada = RoomScreen(open_screen("ada", web=1), room).open()
    for number, (text, badge) in enumerate(LINES):
        submit(mia, text)
        for screen in (mia, ada):
            expect(screen.page.locator(".step .badge").nth(number)).to_have_text(badge)
    spoken = ada.page.get_by_role("status").filter(has_text="The step")
    expect(spoken).to_contain_text("verified")
    refuted = ada.page.get_by_role("article", name=re.compile("Step by Mia")).nth(2)
    expect(refuted).to_contain_text("x = 5 gives 10 ≠ 4 in the line before")
    expect(refuted.locator("math")).to_have_count(1)
    expect(ada.page.get_by_role("article", name=re.compile("Step by Mia")).nth(3)).to_contain_text("character 8")
    for screen in (mia, ada):
        for scheme in ("light", "dark"):
            screen.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            assert sideways(screen.page) == []
            width = screen.page.viewport_size or {}
            screen.screen.shot(tmp_path / f"steps-{width.get('width')}-{scheme}.png")


def test_a_solution_is_written_line_by_line_beside_the_chat(open_screen: OpenScreen, room: str, tmp_path: Path) -> None:
    mia = RoomScreen(open_screen("mia", size=PHONE), room).open()
    ada = RoomScreen(open_screen("ada", web=1), room).open()
    for screen in (mia, ada):
        screen.page.get_by_role("button", name="Solution", exact=True).click()
    for text, badge in LINES[:3]:
        line = mia.page.get_by_label("Your next line of maths")
        line.fill(text)
        line.press("Enter")
        for screen in (mia, ada):
            expect(screen.page.locator(".solution-line .badge").last).to_have_text(badge)
    lines = ada.page.get_by_role("region", name="Solution 1").get_by_role("listitem")
    expect(lines).to_have_count(3)
    expect(lines.nth(2)).to_contain_text("x = 5 gives 10 ≠ 4 in the line before")
    lines.nth(1).get_by_role("button", name="Go on from this line").click()
    ada.page.get_by_role("textbox", name="Your next line of maths").nth(-1).fill("x = 2")
    ada.page.get_by_role("button", name="Check", exact=True).click()
    expect(mia.page.locator(".solution-line").nth(3)).to_contain_text("follows line 2")
    expect(mia.page.locator(".solution-line .badge").nth(3)).to_have_text("Verified")
    # Both ways: from a line to what was said in the chat, and from there to the line.
    mia.page.get_by_role("button", name=re.compile("^Line 2: .*Show it in the chat")).click()
    said = mia.page.get_by_role("article", name=re.compile("Step by Mia")).nth(1)
    expect(said).to_be_in_viewport()
    said.get_by_role("button", name="Show it in the solution").click()
    expect(mia.page.locator(".solution-line.pointed-at")).to_contain_text("2")
    for screen in (mia, ada):
        for scheme in ("light", "dark"):
            screen.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            assert sideways(screen.page) == []
            width = screen.page.viewport_size or {}
            screen.screen.shot(tmp_path / f"solution-{width.get('width')}-{scheme}.png")


# An answer that points at a shape of the board and at a step, as the scribe writes one.
POINTED = """
from uuid import UUID, uuid4
from django.db import transaction
from classroom.people.models import User
from classroom.rooms import journal
from tutor.pointing import shape_named, step_named
room, answer, shape, step = UUID({room!r}), str(uuid4()), {shape!r}, {step!r}
text = f"看 {{shape_named(shape)}}：it says the same as {{step_named(step)}}, and [shape 3] says nothing."
about = dict(seq=1, step=None, answer=None, start=None, end=None, text="1. blue formula", document=str(uuid4()), shapes=[shape])
with transaction.atomic():
    ada = User.objects.get(username="ada")
    for kind, actor, data in (
        ("answer.asked", ada, dict(text="What is this?", about=about)), ("answer.started", None, dict(attempt=1, model="demo", engine="batching")),
        ("answer.delta", None, dict(offset=0, text=text, part="text")),
    ):
        journal.append(room, type=kind, data=dict(answer=answer, **data), actor=actor)
result = None
"""  # noqa: E501  (one program, read by another process)


def test_a15_a_line_goes_to_the_board_and_back_and_the_tutor_points_at_it(
    open_screen: OpenScreen, console: Console, tmp_path: Path
) -> None:
    room = console.room_new("Links 链接")
    ada = RoomScreen(open_screen("ada"), room).open()
    submit(ada, "2x = 4")
    ada.page.get_by_role("button", name="Show it in the solution").click()
    line = ada.page.locator(".solution-line")
    line.get_by_role("button", name="Put it on the board, or show it there").click()
    board = BoardScreen(ada).ready().has(1)
    (shape,) = board.all().values()
    assert (shape["kind"], shape["latex"]) == ("formula", "2x = 4")
    board.button("To the line of the solution").click()
    expect(ada.page.locator(".solution-line.pointed-at")).to_have_attribute("data-line", shape["step"])
    console.run(POINTED.format(room=room, shape=shape["id"], step=shape["step"]))
    answer = ada.log.locator(".answer-text")
    expect(answer).to_have_text("看 this shape：it says the same as this step, and [shape 3] says nothing.")
    for width, height in ((1280, 800), (360, 740)):
        ada.page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            ada.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            ada.screen.shot(tmp_path / f"links-{width}-{scheme}.png")
    ada.page.set_viewport_size({"width": 1280, "height": 800})
    answer.get_by_role("button", name="this shape").click()
    expect(ada.page.locator(f'.board-svg [data-shape="{shape["id"]}"]')).to_be_in_viewport()
    ada.screen.shot(tmp_path / "links-board.png")
    answer.get_by_role("button", name="this step").click()
    expect(line).to_be_in_viewport()


TESTED = """
from classroom.rooms.models import Problem, Room
problem = Problem.objects.create(slug="own-double", title="Double", statement="Write `double(x)`.",
    code_tests=">>> double(4)\\n8\\n>>> double('a')\\n'aa'")
Room.objects.filter(pk={room!r}).update(problem=problem)
result = None
"""
CODE = """double = lambda x: 2 * x
print('double', double(21))
import js, pyodide_js
print(hasattr(js, 'fetch'), hasattr(js, 'postMessage'))
try: pyodide_js.constructor.constructor('return fetch')()
except Exception as e: print('EvalError' in str(e))
"""
# What runs has neither our scripts' functions nor a way to make code of text.
PRINTED = "double 42\nFalse False\nTrue\n"


def test_z2_code_is_written_together_and_run_in_one_browser(
    open_screen: OpenScreen, console: Console, tmp_path: Path
) -> None:
    """Two web processes; Mia writes and runs, Ada reads the code with Mia's name at her caret, and the same output."""
    room = console.room_new("Code")
    console.run(TESTED.format(room=room))
    mia = RoomScreen(open_screen("mia"), room).open(query="?pane=code")
    ada = RoomScreen(open_screen("ada", web=1, size=PHONE), room).open(query="?pane=code")
    editor = mia.page.get_by_role("textbox", name=re.compile("shared code"))
    expect(mia.page.get_by_role("button", name="Run", exact=True)).to_be_enabled()
    editor.click()
    for line in CODE.splitlines():
        mia.page.keyboard.insert_text(line)
        mia.page.keyboard.press("Enter")
        mia.page.keyboard.press("Home")
    expect(ada.page.locator(".cm-content")).to_contain_text("print('double', double(21))")
    expect(ada.page.locator(".cs-caret-name")).to_have_text("Mia")
    mia.page.get_by_role("button", name="Run", exact=True).click()
    for screen in (mia, ada):
        below = screen.page.get_by_role("region", name="Output")
        expect(below.locator(".run-output").first).to_have_text(PRINTED, timeout=90_000)
        expect(below).to_contain_text("2 of 2 tests passed")
        expect(below).to_contain_text("no proof")
    for screen in (mia, ada):
        for scheme in ("light", "dark"):
            screen.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            assert sideways(screen.page) == []
            width = screen.page.viewport_size or {}
            screen.screen.shot(tmp_path / f"code-{width.get('width')}-{scheme}.png")


def test_the_kept_mode_is_there_after_a_reload(open_screen: OpenScreen, room: str) -> None:
    mia = RoomScreen(open_screen("mia"), room).open()
    mia.choose("Step")
    mia.page.reload()
    mia.live()
    expect(mia.page.get_by_role("radio", name="Step")).to_be_checked()
    submit(mia, "1 + 1 = 2")
    expect(mia.page.locator(".step .badge")).to_have_text("Verified")
