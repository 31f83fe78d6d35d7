"""The pictures of the README: taken from the running product, and small enough for a repository.

``pytest tests/browser/test_screenshot.py --update-screenshots`` writes them into ``docs/images``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from classroom.supervisor.child import BASE_DIR
from tests.browser.boards import BoardScreen
from tests.browser.rooms import RoomScreen
from tests.browser.school import Console, Program
from tests.browser.screens import Screen

IMAGES = BASE_DIR / "docs" / "images"
LARGEST = 300_000
ANSWER = r"""Good start: count the **heads** and the **legs** separately. Let $c$ be the chickens and $r$ the rabbits.

1. Every animal has one head: $c + r = 20$.
2. A chicken has 2 legs and a rabbit 4:

$$2c + 4r = 56 \quad\Longrightarrow\quad c + 2r = 28$$

Both lines begin with $c$. What is left when you take the first from the second?
"""
# A lesson of a minute, written into the log by the rooms' own code: the scripted engine would show its stage directions.
LESSON = """
from uuid import UUID, uuid4
from django.db import transaction
from classroom.people.models import User
from classroom.rooms import journal
room, answer, text = UUID({room!r}), str(uuid4()), {text!r}
mia, noah, ada = (User.objects.get(username=name) for name in ("mia", "noah", "ada"))
def tell(kind, actor=None, **data):
    with transaction.atomic():
        journal.append(room, type=kind, data=data, actor=actor)
tell("message.posted", mia, text="I tried $10$ of each. That makes $60$ legs, too many.")
tell("message.posted", noah, text="So there are fewer rabbits. Can we do it *without* guessing?")
tell("answer.asked", noah, answer=answer, text="How can we use the number of legs?")
tell("answer.started", answer=answer, attempt=1, model="demo", engine="batching")
tell("answer.delta", answer=answer, offset=0, text=text, part="text")
result = [str(room), answer]
"""
FINISH = """
import hashlib
from uuid import UUID
from django.db import transaction
from classroom.rooms import journal
room, answer, text = UUID({room!r}), {answer!r}, {text!r}
with transaction.atomic():
    data = dict(answer=answer, text=text, sha256=hashlib.sha256(text.encode()).hexdigest(), length=len(text))
    data |= dict(reason="stop", model="demo", prompt_tokens=1, completion_tokens=1, first_token_ms=1, total_ms=1)
    journal.append(room, type="answer.completed", data=data)
result = None
"""


@pytest.fixture
def images(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """Where the pictures go: into the repository only when that was asked for."""
    folder = IMAGES if request.config.getoption("--update-screenshots") else tmp_path
    yield folder
    for picture in folder.glob("*.png"):
        assert picture.stat().st_size < LARGEST, picture.name


def test_the_pictures_of_the_readme(console: Console, open_screen: Callable[..., Screen], images: Path) -> None:
    room = console.room_new("Table three", "cs-system-3", rung=0)
    ada, noah = (RoomScreen(open_screen(name, web=1), room).open() for name in ("ada", "noah"))
    mia = RoomScreen(open_screen("mia", web=0), room).open()
    for name in ("Ada", "Noah", "Mia"):
        expect(mia.page.locator(".people").get_by_text(name, exact=True)).to_have_count(1)
    _, answer = console.run(LESSON.format(room=room, text=ANSWER))
    console.run(FINISH.format(room=room, answer=answer, text=ANSWER))
    ada.say("Nice question, Noah. Mia, what is left?")
    mia.ended()
    expect(mia.log.get_by_text("what is left?").last).to_be_in_viewport()
    noah.page.get_by_role("button", name="Raise hand").click()
    expect(mia.page.get_by_role("heading", name="Hands up")).to_be_visible()
    mia.box.fill("Then $r = 8$, so")
    mia.screen.shot(images / "room.png")

    board_picture(BoardScreen(mia), BoardScreen(noah), images / "board.png")

    other = console.room_new("Table four", "cs-linear-7", rung=0)
    Program(console.stack, "lin").say(other, "I think the fare is $4 + 2k$.")
    ada.screen.open("/dashboard/")
    expect(ada.page.locator(f'a.tile[data-room="{room}"]')).to_have_attribute("data-tone", "hands")
    expect(ada.page.locator(f'a.tile[data-room="{other}"]')).to_contain_text("I think the fare")
    ada.screen.shot(images / "dashboard.png")


def board_picture(mia: BoardScreen, noah: BoardScreen, path: Path) -> None:
    """A rectangle with heads and legs in it, drawn by two."""
    for board in (mia, noah):
        board.room.page.get_by_role("button", name="Board", exact=True).click()
        board.ready()
    mia.tool("Rectangle").drag((160, 180), (460, 340))
    mia.tool("Line").drag((300, 180), (300, 340))
    mia.write((180, 240), "chickens")
    mia.write((330, 240), "rabbits")
    mia.page.get_by_role("button", name="orange", exact=True).click()
    mia.tool("Highlighter").drag((320, 275), (430, 275))
    noah.tool("Formula").click((180, 400))
    noah.page.get_by_label("Formula in LaTeX").fill(r"2c + 4r = 56 \Rightarrow c + 2r = 28")
    noah.button("Put it on the board").click()
    mia.has(6)
    noah.tool("Arrow").drag((320, 400), (320, 350))
    noah.page.mouse.move(*noah.at((345, 425)))
    mia.has(7)
    mia.tool("Pen")
    expect(mia.page.locator(".board-others .pointer")).to_have_count(1)
    mia.room.screen.shot(path)


def test_the_readme_shows_what_is_there() -> None:
    words = (BASE_DIR / "README.md").read_text()
    for picture in ("docs/images/room.png", "docs/images/board.png", "docs/images/dashboard.png"):
        assert picture in words
        assert (BASE_DIR / picture).read_bytes()[16:24] == (1280).to_bytes(4) + (800).to_bytes(4)
