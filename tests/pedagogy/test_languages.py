"""The detector of a reply's language, and that every prompt asks for the right one; ``make pedagogy`` asks the real model."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from classroom.people.models import User
from classroom.rooms.models import Room
from inference_worker.engines import engine_make
from inference_worker.engines.base import EngineOptions
from tests.conftest import ClientFor
from tests.pedagogy import languages
from tests.pedagogy.languages import QUESTIONS, ROOMS, Languages, script_of, told
from tests.pedagogy.scores import rows
from tutor import prompt
from tutor.imports import OWN_PROBLEMS


def test_the_golden_samples_are_told_apart_and_every_prompt_asks_for_the_rooms_language() -> None:
    scores = Languages()
    languages.languages_score(scores)
    assert scores.detected.failed == []
    assert scores.asked.failed == []
    assert scores.asked.of == len(ROOMS) * 4 * 2 * 6
    found = {figure.name: figure for figure in scores.figures()}
    assert found["language_detected"].met
    assert found["language_asked"].met
    assert found["language_match"].line() == "unmeasured language_match"
    assert {sample["language"] for sample in languages.samples()} == {"", "en", "zh-hans"}


def test_a_prompt_that_says_nothing_of_a_language_is_noticed() -> None:
    assert told([{"role": "system", "content": "You are a tutor."}, {"role": "user", "content": "Why is it so?"}]) == ""
    both = " ".join(prompt.REPLIES.values())
    assert told([{"role": "system", "content": both}, {"role": "user", "content": "Why is it so?"}]) == ""


@pytest.mark.parametrize(
    ("room", "question", "reply", "counted"),
    [
        ("", "Why is it so?", "Because both sides stay equal.", (1, 1)),
        ("", "为什么可以这样做呢？", "Because both sides stay equal.", (0, 1)),
        ("zh-hans", "Why is it so?", "因为两边仍然相等。", (1, 1)),
        ("en", "为什么可以这样做呢？", "因为两边仍然相等。", (0, 1)),
        ("en", "Why is it so?", "$x=7$", (0, 0)),
    ],
)
def test_a_reply_counts_by_the_rooms_language_or_else_the_questions(
    room: str, question: str, reply: str, counted: tuple[int, int]
) -> None:
    scores = Languages()
    scores.add_reply(room, question, reply)
    assert (scores.model.passed, scores.model.of) == counted
    assert scores.undecided == (counted == (0, 0))


def test_the_model_is_asked_in_every_room_and_language() -> None:
    asked = list(itertools.islice(languages.requests(rows(OWN_PROBLEMS)), 24))
    assert {(room, script_of(question)) for room, question, _ in asked} == {(a, b) for a in ROOMS for b in QUESTIONS}
    for room, _, request in asked:
        assert told(request.messages) == (room or script_of(request.messages[-1]["content"]))


def test_a_whole_run_with_an_engine_counts_every_reply(tmp_path: Path) -> None:
    engine = engine_make("scripted", EngineOptions("echo", tmp_path, rate=0))
    engine.start(print)
    try:
        scores = Languages()
        languages.replies(engine, itertools.islice(rows(OWN_PROBLEMS), 6), scores)
    finally:
        engine.drain(5)
    assert scores.model.of + scores.undecided == 6
    assert sum(of for _, of in scores.by_room.values()) == scores.model.of


def test_charlie_asks_in_no_language(room: Room, charlie: User, client_for: ClientFor) -> None:
    assert client_for(charlie).get(f"/rooms/{room.pk}/", headers={"accept-language": "zh"}).status_code == 404
