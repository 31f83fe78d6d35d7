"""Hints in real browsers: two people on two web processes see the same ladder, staff move it, and teachers set its rules."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.rooms import RoomScreen
from tests.browser.school import Console
from tests.browser.screens import PHONE, Screen, sideways

OpenScreen = Callable[..., Screen]
TRY = "7x - 3 = 4x + 12"


@pytest.fixture
def room(console: Console) -> str:
    return console.room_new("Hints 一起想 " + "and a long title " * 5, rung=0)


def words(page: Page) -> str:
    return page.locator(".hint-words").inner_text()


def looked_over(screen: RoomScreen, name: str, folder: Path) -> None:
    for scheme in ("light", "dark"):
        screen.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        assert sideways(screen.page) == []
        screen.screen.shot(folder / f"{name}-{scheme}.png")


def test_a_room_climbs_its_ladder(open_screen: OpenScreen, room: str, tmp_path: Path) -> None:
    mia = RoomScreen(open_screen("mia", size=PHONE), room).open()
    ada = RoomScreen(open_screen("ada", web=1), room).open()
    button = mia.page.get_by_role("button", name="Hint")
    expect(mia.page.locator(".hint-words")).to_have_text("Hint 1 of 4 · Show a try first")
    button.focus()
    mia.page.keyboard.press("Enter")
    for screen in (mia, ada):
        expect(screen.page.get_by_role("article", name=re.compile("What have you tried"))).to_have_count(1)
    button.click()
    expect(mia.page.locator(".composer-fault")).to_contain_text("Show a try first")
    mia.say(TRY)
    expect(mia.page.locator(".hint-words")).to_have_text("Hint 1 of 4")
    button.click()
    for screen in (mia, ada):
        expect(screen.page.get_by_role("article", name=re.compile("Hint, A nudge"))).to_have_count(1)
    expect(mia.page.locator(".hint-words")).to_have_text("Hint 2 of 4 · Show a try first")
    expect(ada.page.locator(".hint-words")).to_have_text("Hint 2 of 4")
    looked_over(mia, "nudge-360", tmp_path)
    level = ada.page.get_by_role("combobox", name=re.compile("How far the tutor may go"))
    expect(level).to_have_value("1")
    level.select_option("4")
    expect(mia.log).to_contain_text("set the hints to “A similar example”")
    expect(mia.page.locator(".hint-words")).to_have_text("Hint 4 of 4")
    button.click()
    for screen in (mia, ada):
        screen.ended()
        expect(screen.page.locator(".answer-head").last).to_contain_text("A similar example")
    expect(mia.page.locator(".hint-words")).to_have_text("No hints left: ask your teacher.")
    expect(button).to_be_disabled()
    looked_over(mia, "hints-360", tmp_path)
    looked_over(ada, "hints-1280", tmp_path)
    mia.page.reload()
    mia.live()
    expect(mia.page.locator(".hint-line")).to_have_count(2)
    expect(mia.page.locator(".hint-words")).to_have_text("No hints left: ask your teacher.")


def test_a_teacher_sets_the_rules_and_an_open_room_has_them(open_screen: OpenScreen, room: str, tmp_path: Path) -> None:
    mia = RoomScreen(open_screen("mia"), room).open()
    ada = open_screen("ada", size=PHONE)
    ada.open(f"/rooms/{room}/edit/")
    ada.page.get_by_role("link", name="Rules for hints").click()
    ada.page.get_by_label("How far asking for hints may go").select_option("2")
    ada.page.get_by_label("Hints for each problem").fill("3")
    ada.page.get_by_label("A try comes before each hint").uncheck()
    ada.page.get_by_label("From when on the solution may be told").fill("2090-12-01T08:30")
    ada.shot(tmp_path / "rules-360.png")
    ada.page.get_by_role("button", name="Save").click()
    expect(mia.page.locator(".hint-words")).to_contain_text("Hint 1 of 2 · 3 left · Solution from")
    expect(mia.log).to_contain_text("changed the rules for hints")
    teacher = RoomScreen(ada, room).open()
    teacher.page.get_by_role("button", name="Hint").click()
    expect(teacher.page.get_by_role("article", name=re.compile("Hint, A nudge"))).to_have_count(1)
    looked_over(teacher, "teacher-360", tmp_path)
    looked_over(mia, "nudge-1280", tmp_path)


def test_a_free_room_has_no_hints(open_screen: OpenScreen, console: Console) -> None:
    free = console.room_new("Free talk")
    console.run(f"from classroom.rooms.models import Room\nRoom.objects.filter(pk={free!r}).update(problem=None)")
    mia = RoomScreen(open_screen("mia"), free).open()
    expect(mia.box).to_be_visible()
    expect(mia.page.get_by_role("button", name="Hint")).to_have_count(0)
