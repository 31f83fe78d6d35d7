"""Three people in three browsers on two web processes: one room, one truth, whatever happens to a browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.rooms import RoomScreen, assert_equal_to_log
from tests.browser.school import Console, Program
from tests.browser.screens import PHONE, Screen, eventually, sideways
from tests.services import wait_until
from tests.stack import Stack

OpenScreen = Callable[..., Screen]
LONG = "@scripted rate=40 text=" + " ".join(f"Step {n}: $x_{{{n}}} = {n}$ **is** 写 `so`." for n in range(36))
SLOW = "@scripted rate=8 text=" + " ".join(f"word{n}" for n in range(400))


@pytest.fixture
def room(console: Console, request: pytest.FixtureRequest) -> str:
    return console.room_new(request.node.name[:60])


@pytest.fixture
def enter(open_screen: OpenScreen, room: str) -> Callable[..., RoomScreen]:
    """``enter(username, web=0, …)``: that person in the test's room."""

    def entered(username: str, **options: object) -> RoomScreen:
        return RoomScreen(open_screen(username, **options), room).open()

    return entered


def test_three_browsers_end_with_the_words_of_the_log(
    console: Console, enter: Callable[..., RoomScreen], room: str
) -> None:
    mia, noah, ada = enter("mia", web=0), enter("noah", web=1), enter("ada", web=0)
    for screen in (mia, noah, ada):
        for name in ("Mia", "Noah", "Ada"):
            expect(screen.page.locator(".people").get_by_text(name, exact=True)).to_have_count(1)
    mia.say("Is $2x = 8$? 我不确定 **now** <b>hm</b> $\\text{number of rabbits} = x$")
    noah.say("Line one\nline two & `code`")
    noah.ask(LONG)
    noah.written(40)
    ada.say("I am watching while it writes.")
    for screen in (mia, noah, ada):
        assert screen.ended()["answer"] == LONG.split("text=")[1]
    assert_equal_to_log([mia, noah, ada], console.log_texts(room))
    words = noah.page.locator(".katex .text").first
    assert words.evaluate("node => getComputedStyle(node).display") == "inline", "words in a formula stay in its line"


def test_late_and_reloaded_screens_see_the_prefix_and_then_live(
    console: Console, enter: Callable[..., RoomScreen], room: str
) -> None:
    mia = enter("mia", web=0)
    mia.ask(SLOW)
    prefix = mia.written(20)["answer"]
    noah = enter("noah", web=1)
    late = noah.written()["answer"]
    assert late.startswith(prefix)
    mia.page.reload()
    mia.live()
    again = mia.written()["answer"]
    assert again.startswith(late)
    for screen in (mia, noah):
        assert screen.written(len(again) + 20)["answer"].startswith(again)
        assert screen.last_answer()["state"] == "running"
    mia.stop_button.click()
    for screen in (mia, noah):
        screen.ended("stopped")
    assert_equal_to_log([mia, noah], console.log_texts(room))


def test_stop_ends_the_answer_on_every_screen(console: Console, enter: Callable[..., RoomScreen], room: str) -> None:
    mia, noah = enter("mia", web=0), enter("noah", web=1)
    mia.ask(SLOW)
    noah.written(10)
    noah.stop_button.click()
    shown = mia.ended("stopped")
    assert noah.ended("stopped")["answer"] == shown["answer"]
    assert 0 < len(shown["answer"]) < len(SLOW)
    expect(mia.answer().get_by_text("Stopped by Noah")).to_be_visible()
    expect(mia.stop_button).to_have_count(0)
    assert_equal_to_log([mia, noah], console.log_texts(room))


def test_an_answer_goes_on_when_every_browser_is_closed(
    house: Stack, enter: Callable[..., RoomScreen], open_screen: OpenScreen, room: str
) -> None:
    mia, noah = enter("mia", web=0), enter("noah", web=1)
    mia.ask(LONG)
    before = mia.written(20)["answer"]
    mia.screen.close()
    noah.screen.close()
    program = Program(house, "ada")
    assert program.answers(room)[0]["state"] == "running"
    wait_until(lambda: program.answers(room)[0]["state"] == "completed", "the answer ends with nobody there")
    back = enter("mia", web=1)
    whole = back.ended()["answer"]
    assert whole == LONG.split("text=")[1]
    assert whole.startswith(before)


def test_a_second_question_waits_for_its_turn(enter: Callable[..., RoomScreen]) -> None:
    mia, noah = enter("mia"), enter("noah", web=1)
    mia.ask(LONG)
    mia.written(10)
    noah.ask("@scripted text=My turn.")
    expect(mia.answer(1).get_by_text(re.compile("Waiting"))).to_be_visible()
    for screen in (noah, mia):  # the end reaches one before the other
        assert screen.ended()["answer"] == "My turn."
    assert [line["state"] for line in mia.shown() if "answer" in line] == ["completed", "completed"]


def test_a_failed_answer_says_so_and_the_room_goes_on(enter: Callable[..., RoomScreen]) -> None:
    mia = enter("mia")
    mia.ask("@scripted fail")
    mia.ended("failed")
    expect(mia.answer().get_by_text("No answer")).to_be_visible()
    mia.say("Then we try it ourselves.")
    mia.answer().get_by_role("button", name="Ask again").click()
    expect(mia.box).to_have_value("@scripted fail")


def test_enter_sends_once_and_shift_enter_makes_a_line(
    console: Console, enter: Callable[..., RoomScreen], room: str
) -> None:
    mia = enter("mia")
    mia.choose("Chat")
    mia.box.press_sequentially("one")
    mia.box.press("Shift+Enter")
    mia.box.press_sequentially("two")
    for _ in range(4):
        mia.box.press("Enter", no_wait_after=True)
    expect(mia.box).to_have_value("")
    mia.box.press("Enter")
    mia.say("after")
    assert [event["text"] for event in console.log_texts(room)] == ["one\ntwo", "after"]


def test_the_keyboard_alone_is_enough(enter: Callable[..., RoomScreen], room: str, open_screen: OpenScreen) -> None:
    screen = open_screen()
    page = screen.open(f"/rooms/{room}/")
    _tab_to(screen, "Username")
    page.keyboard.type("noah")
    _tab_to(screen, "Password")
    page.keyboard.type("chalk-and-talk")
    page.keyboard.press("Enter")
    noah = RoomScreen(screen, room).live()
    _tab_to(screen, "Your question to the tutor")
    page.keyboard.type("@scripted rate=8 text=" + "slow " * 200)
    page.keyboard.press("Enter")
    noah.written()
    _tab_to(screen, "Stop this answer", back=True)
    page.keyboard.press("Enter")
    noah.ended("stopped")
    _tab_to(screen, "Raise hand", back=True)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Lower hand")).to_have_count(1)
    _tab_to(screen, "Tutor")
    page.keyboard.press("ArrowRight")
    _tab_to(screen, "Your message to the room", back=True)
    page.keyboard.type("typed")
    page.keyboard.press("Enter")
    eventually(lambda: noah.shown()[-1]["text"] == "typed", "the message", screen)


def test_it_works_at_360_pixels(enter: Callable[..., RoomScreen]) -> None:
    ada, mia = enter("ada", web=1), enter("mia", size=PHONE, has_touch=True)
    mia.say("A " + "very" * 60 + " long word, and $" + "+".join(f"x_{{{n}}}" for n in range(40)) + "$")
    ada.say("| a | b | c | d | e | f |\n|---|---|---|---|---|---|\n" + "| some words in a cell " * 6 + "|")
    mia.ask("@scripted text=```\n" + "wide " * 60 + "\n```\n\n$$" + "+".join(f"y_{{{n}}}" for n in range(60)) + "$$")
    mia.ended()
    assert not sideways(mia.page)
    send = mia.page.get_by_role("button", name="Ask the tutor")
    box = send.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= PHONE[0]
    mia.page.get_by_role("button", name=re.compile("people here")).click()
    expect(mia.page.get_by_role("complementary", name="People").get_by_text("Ada")).to_be_visible()
    mia.page.keyboard.press("Escape")
    assert not sideways(mia.page)


def test_new_lines_are_announced_to_a_reader_further_up(
    enter: Callable[..., RoomScreen], house: Stack, room: str
) -> None:
    noah = Program(house, "noah")
    for number in range(30):
        noah.say(room, f"line {number}\n\nwith more")
    mia = enter("mia")
    pill = mia.page.get_by_role("button", name=re.compile("new"))
    expect(pill).to_have_count(0)
    mia.log.hover()
    mia.page.mouse.wheel(0, -600)
    before = eventually(lambda: mia.log.evaluate("(box) => box.scrollTop") or 1, "scrolled", mia.screen)
    expect(mia.page.get_by_role("button", name="To the newest")).to_be_visible()
    at = mia.log.evaluate("(box) => box.scrollTop")
    noah.say(room, "news")
    expect(mia.page.get_by_role("button", name="1 new")).to_be_visible()
    assert mia.log.evaluate("(box) => box.scrollTop") == at, before
    pill.click()
    expect(mia.log.get_by_text("news", exact=True)).to_be_in_viewport()
    expect(pill).to_have_count(0)


def test_a_text_that_is_too_long_stays_in_the_box(enter: Callable[..., RoomScreen]) -> None:
    mia = enter("mia")
    mia.box.fill("x" * 20_000)
    mia.box.press("Enter")
    expect(mia.page.get_by_role("alert")).to_contain_text("12,000 characters too long")
    expect(mia.box).to_have_value("x" * 20_000)
    assert not mia.shown()


def test_charlie_is_refused(house: Stack, open_screen: OpenScreen, room: str) -> None:
    """Lin is of the class but not of this group's room: she gets what somebody gets for a room that is not there."""
    table = Program(house, "mia").rooms()["Table one"]
    lin = open_screen("lin")
    lin.watch.expect("status of 404")
    for path in (f"/rooms/{table}/", f"/api/rooms/{table}/events/"):
        response = lin.page.goto(path)
        assert response is not None
        assert response.status == 404
    assert "Two taxi fares" not in lin.page.content()


def _tab_to(screen: Screen, name: str, *, back: bool = False) -> None:
    """Presses Tab until the element of this accessible name has the focus."""
    focused = """() => {
        const at = document.activeElement;
        const name = at.getAttribute("aria-label") || at.labels?.[0]?.innerText || at.innerText || "";
        return name.trim().replace(/\\s+/g, " ");
    }"""
    for _ in range(60):
        if screen.page.evaluate(focused).startswith(name):
            return
        screen.page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"Tab never comes to “{name}”")
