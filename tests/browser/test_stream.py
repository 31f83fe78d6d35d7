"""A hand on the tutor's text, in three browsers: marks, key steps, questions about a passage and in other words, playing it
back, and who may do what. Everybody sees the same, and each press is one event."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.rooms import RoomScreen
from tests.browser.school import Console
from tests.browser.screens import PHONE, Screen, sideways

OpenScreen = Callable[..., Screen]
TEXT = (
    "First we look at the equation.\n\n$$2x = 8$$\n\nso\n\n$$x = 4$$\n\nAnd in passing 7*8 = 54, 顺便说一句。\n\n"
    "- a list\n- with $1+1=2$ in it"
)
KINDS = ("highlight.changed", "highlight.proposed", "controls.changed", "lines.checked", "answer.stopped")


@pytest.fixture
def room(console: Console) -> str:
    return console.room_new("A hand on the stream 动手 " + "with a long title " * 4)


def counted(console: Console, room: str) -> dict[str, int]:
    """How many events of each kind the log has."""
    found = f"Event.objects.filter(room={room!r}).values_list('type', flat=True)"
    kinds: list[Any] = console.run(f"from classroom.rooms.models import Event\nresult = list({found})")
    return {kind: kinds.count(kind) for kind in KINDS}


def looked_over(screen: RoomScreen, name: str, folder: Path) -> None:
    for scheme in ("light", "dark"):
        screen.page.emulate_media(color_scheme=scheme, reduced_motion="no-preference")
        assert sideways(screen.page) == []
        screen.screen.shot(folder / f"{name}-{scheme}.png")


def test_a_hand_on_the_tutors_text(open_screen: OpenScreen, console: Console, room: str, tmp_path: Path) -> None:
    mia = RoomScreen(open_screen("mia", size=PHONE), room).open()
    noah = RoomScreen(open_screen("noah", web=1), room).open()
    ada = RoomScreen(open_screen("ada"), room).open()
    everybody = (mia, noah, ada)

    # Maths in a message, and the tutor's own lines.
    mia.say("I have this, 我觉得\n3 + 4 = 8")
    for screen in everybody:
        expect(screen.page.locator(".message .line-mark")).to_have_text("✗Not right: 7 ≠ 8")
    noah.ask(f"@scripted rate=0 text={TEXT}")
    for screen in everybody:
        screen.ended()
        expect(screen.page.locator(".answer .line-why")).to_have_text(
            "The tutor's line does not hold: 7·8 = 56, not 54"
        )
        expect(screen.page.locator(".answer .line-mark[data-verdict=verified]")).to_have_count(2)
        expect(screen.page.locator(".key-note")).to_contain_text("proposed by the tutor")
    assert counted(console, room)["highlight.proposed"] == 1

    # Key steps: kept by one, another made by another, taken back by a third.
    mia.page.get_by_role("button", name="Keep this key step").click()
    for screen in everybody:
        expect(screen.page.locator(".key-note bdi")).to_have_text("Mia")
    noah.page.locator(".answer-text p").first.get_by_role("button", name="Highlight this passage").click()
    for screen in everybody:
        expect(screen.page.locator(".key-note bdi")).to_have_text(["Noah", "Mia"])
    looked_over(mia, "stream-360", tmp_path)
    looked_over(noah, "stream-1280", tmp_path)
    ada.page.get_by_role("button", name="No key step").first.click()
    for screen in everybody:
        expect(screen.page.locator(".key-note bdi")).to_have_text(["Mia"])
    assert counted(console, room)["highlight.changed"] == 3

    # A question about a passage; one that waits is asked in other words.
    noah.page.locator(".answer-text p").nth(2).get_by_role("button", name="Ask about this passage").click()
    expect(noah.page.locator(".composer-into")).to_contain_text("About And in passing")
    noah.box.fill("@scripted rate=4 text=" + "slow words " * 200)
    noah.box.press("Enter")
    for screen in everybody:
        expect(screen.page.locator(".about-quote")).to_contain_text("And in passing")
    mia.ask("Is this ritgh?")
    mia.page.get_by_role("button", name="Edit this question").click()
    expect(mia.box).to_have_value("Is this ritgh?")
    looked_over(mia, "edit-360", tmp_path)
    mia.box.fill("Is this right?\n@scripted rate=0 text=Look.")
    mia.box.press("Enter")
    for screen in everybody:
        expect(screen.log).to_contain_text("Mia put a question in other words")
        expect(screen.log).not_to_contain_text("ritgh")
    assert counted(console, room)["answer.stopped"] == 1

    # Who may do what: the buttons go and come at once.
    ada.screen.open(f"/rooms/{room}/controls/")
    ada.page.get_by_label("Stop an answer").select_option("staff")
    ada.page.get_by_label("Highlight key steps").select_option("staff")
    for scheme in ("light", "dark"):
        ada.page.emulate_media(color_scheme=scheme)
        ada.screen.shot(tmp_path / f"controls-1280-{scheme}.png")
    ada.page.get_by_role("button", name="Save").click()
    expect(noah.log).to_contain_text("changed who may stop")
    expect(noah.stop_button).to_have_count(0)
    expect(mia.page.get_by_role("button", name="Highlight this passage")).to_have_count(0)
    teacher = RoomScreen(ada.screen, room).open()
    teacher.stop_button.first.click()
    expect(noah.log).to_contain_text("Stopped by Ada")

    # Played back, on one's own page alone.
    slow = noah.page.locator(".question").nth(1)
    whole = slow.locator(".answer-text").inner_text()
    slow.get_by_role("button", name="Play back").click()
    bar = noah.page.get_by_role("group", name="Playing back")
    bar.get_by_role("button", name="×4").click()
    expect(bar.get_by_role("button", name="×4")).to_have_attribute("aria-pressed", "true")
    bar.get_by_role("button", name="Show all").click()
    expect(slow.locator(".answer-text")).to_have_text(whole)
    assert counted(console, room)["controls.changed"] == 1
    looked_over(noah, "end-1280", tmp_path)
    expect(teacher.page.get_by_role("article", name=re.compile("Question by Noah")).first).to_contain_text("a list")
    expect(teacher.page.get_by_role("group", name="Playing back")).to_have_count(0)
