"""From nothing to a working room in the browser alone: class, join code, sign-up, group, room, closing, removal."""

from __future__ import annotations

import re
from collections.abc import Callable
from secrets import token_hex

from playwright.sync_api import expect

from tests.browser.rooms import RoomScreen
from tests.browser.school import Console
from tests.browser.screens import Screen
from tests.stack import Stack

OpenScreen = Callable[..., Screen]
WORDS = "river-and-chalk-7"


def class_made(ada: Screen, name: str) -> str:
    """A new class through its form; its join code as the page shows it."""
    page = ada.open("/classes/")
    page.get_by_role("link", name="New class").click()
    page.get_by_label("Name of the class").fill(name)
    page.locator("main").get_by_role("button").first.click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    return page.locator(".code").first.inner_text().strip()


def sign_up(screen: Screen, code: str, name: str) -> str:
    """Through the form; gives the username."""
    username = f"u{token_hex(4)}"
    page = screen.open("/accounts/signup/")
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Username").fill(username)
    page.get_by_label("Join code").fill(code)
    page.get_by_label("Password", exact=True).fill(WORDS)
    page.get_by_label("Password (again)").fill(WORDS)
    page.get_by_role("button", name="Make my account").click()
    return username


def test_a_wrong_join_code_keeps_what_was_typed(open_screen: OpenScreen) -> None:
    screen = open_screen()
    screen.watch.expect("status of 400")
    username = sign_up(screen, "WRONGONE", "Pia 皮娅")
    page = screen.page
    expect(page.get_by_text("No class has this join code.")).to_be_visible()
    expect(page.get_by_label("Your name")).to_have_value("Pia 皮娅")
    expect(page.get_by_label("Username")).to_have_value(username)
    expect(page.get_by_label("Join code")).to_have_value("WRONGONE")
    page.goto("/")
    expect(page).to_have_url(re.compile("/accounts/login/"))


def test_a_wrong_password_says_so_and_nothing_more(open_screen: OpenScreen) -> None:
    screen = open_screen()
    screen.watch.expect("status of 400")
    page = screen.open("/accounts/login/")
    for username in ("mia", "nobody-of-this-name"):
        page.get_by_label("Username").fill(username)
        page.get_by_label("Password", exact=True).fill("wrong")
        page.locator("main").get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_contain_text("not correct")
        expect(page.get_by_label("Username")).to_have_value(username)


def test_a_class_grows_and_works_in_the_browser(house: Stack, open_screen: OpenScreen) -> None:
    ada = open_screen("ada", web=0)
    ada.watch.agrees = True
    title = f"Geometry {token_hex(3)}"
    code = class_made(ada, title)
    student = open_screen(web=1)
    sign_up(student, f"{code[:4].lower()} {code[4:]}", "Pia")
    expect(student.page.locator(".topbar")).to_contain_text("Pia")
    assert student.page.get_by_role("link", name="Fenced").count() == 0

    page = ada.page
    page.reload()
    page.get_by_role("link", name="New group").click()
    page.get_by_label("Name of the group").fill("Circle")
    page.get_by_label("Pia").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The group is saved.")).to_be_visible()
    page.get_by_role("link", name="New room").first.click()
    page.get_by_label("Title").fill("Fenced")
    page.get_by_label("Problem").select_option(index=3)
    page.get_by_label("For whom").select_option(label="Circle")
    page.locator("main").get_by_role("button").first.click()
    expect(page.get_by_text("is open.")).to_be_visible()
    class_url = page.url

    student.open("/").get_by_role("link", name=re.compile("Fenced")).click()
    room_id = re.search(r"/rooms/([0-9a-f-]+)/", student.page.url)
    assert room_id is not None
    pia = RoomScreen(student, room_id[1]).live()
    pia.say("I am in.")

    row = page.get_by_role("listitem").filter(has_text="Fenced")
    row.get_by_role("button", name=re.compile("Close")).click()
    expect(pia.page.get_by_text("This room is closed.")).to_be_visible()
    expect(pia.page.get_by_role("textbox")).to_have_count(0)
    row.get_by_role("button", name=re.compile("Open|Reopen")).click()
    expect(pia.box).to_be_editable()
    pia.say("And it is open again.")

    page.get_by_role("listitem").filter(has_text="Fenced").get_by_role("link", name=re.compile("Edit")).click()
    page.get_by_label("Title").fill("Fenced in")
    page.get_by_label("Problem").select_option(index=5)
    page.get_by_role("button", name="Save").click()
    expect(pia.page.get_by_role("heading", level=1)).to_have_text("Fenced in")
    expect(pia.log.get_by_text("Ada changed the room")).to_be_visible()

    lin = open_screen("lin")  # the outsider: she is in no group of this class, nor in the class
    lin.watch.expect("status of 404")
    for path in (pia.page.url, class_url):
        response = lin.page.goto(path.replace(house.urls[1], house.urls[0]))
        assert response is not None
        assert response.status == 404

    page.goto(class_url)
    page.get_by_role("button", name="Remove Pia").click()
    expect(pia.page.get_by_role("alert").get_by_text("You are not in this room any more.")).to_be_visible()
    expect(pia.page.get_by_role("textbox")).to_have_count(0)


def test_a_teacher_closes_from_inside_the_room(console: Console, open_screen: OpenScreen, house: Stack) -> None:
    room = console.room_new("Closed from inside")
    ada = RoomScreen(open_screen("ada", web=0), room).open()
    mia = RoomScreen(open_screen("mia", web=1), room).open()
    mia.ask("@scripted rate=8 text=" + "word " * 300)
    mia.written()
    ada.screen.watch.agrees = True
    ada.page.get_by_role("button", name="Close room").click()
    expect(mia.page.get_by_text("This room is closed.")).to_be_visible()
    mia.ended("stopped")
    ada.live()
    ada.page.get_by_role("button", name="Reopen").click()
    expect(mia.box).to_be_editable()


def test_a_problem_is_written_previewed_and_used(open_screen: OpenScreen) -> None:
    ada = open_screen("ada")
    page = ada.open("/problems/new/")
    page.get_by_label("Title").fill("Two sums")
    page.get_by_label("Problem", exact=True).fill("Find $a$ with\n\n$$a^2 = 49$$\n\nand **say why**.")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator(".katex-display").first).to_be_visible()
    expect(page.get_by_label("Title")).to_have_value("Two sums")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Two sums", level=1)).to_be_visible()
    expect(page.locator("main strong").get_by_text("say why")).to_be_visible()


def test_colours_are_chosen_and_kept(open_screen: OpenScreen) -> None:
    screen = open_screen("mia", color_scheme="light")
    page = screen.open("/")
    paper = "() => getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.get_by_role("button", name="Change to dark colours").click()
    dark = page.evaluate(paper)
    assert dark != light
    page.goto("/join/")
    assert page.evaluate(paper) == dark
