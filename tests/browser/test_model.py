"""The real demo model: one of our own problems, one question, three browsers, and what it wrote is the log's every byte."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.rooms import RoomScreen, assert_equal_to_log
from tests.browser.school import Console, Program
from tests.browser.screens import Screen
from tests.demo_model import demo_model_home
from tests.stack import Stack

MODEL_S = 240.0
TOKENS = 60


@pytest.fixture(scope="module")
def model_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("model")
    settings = {"TUTOR_MODEL": "demo", "MAX_ANSWER_TOKENS": str(TOKENS)}
    # The model takes its time to load: everything else is awaited first, with the limit that the stack has for it.
    house = Stack(folder, web=2, engine="batching", settings=settings, without=("inference",))
    (house.data / "models").symlink_to(demo_model_home() / "models")
    with house as stack:
        stack.start("inference")
        stack.wait_ready(timeout_s=MODEL_S)
        yield stack


@pytest.mark.model
def test_three_screens_show_the_words_of_the_real_model(model_house: Stack, screens: Callable[..., Screen]) -> None:
    console = Console(model_house)
    room = Program(model_house, "mia").rooms()["Chickens and rabbits"]
    people = [
        RoomScreen(screens(model_house, web=web).sign_in(name), room).open()
        for name, web in (("mia", 0), ("noah", 1), ("ada", 1))
    ]
    for person in people:
        expect(person.page.get_by_role("region", name="The problem")).to_contain_text("chickens and rabbits")
    people[0].ask("What should I call the two unknowns here?")
    for person in people:
        answer = person.ended(timeout_s=MODEL_S)
        assert answer["answer"].strip()
    assert_equal_to_log(people, console.log_texts(room))
    charlie = Program(model_house, "lin")  # of the class, but not of the group at table one
    assert "Table one" not in charlie.rooms()
    console.close()
