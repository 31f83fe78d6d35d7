"""A short run of the tutor's figures (rules G4–G6); the whole one is ``make pedagogy``."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from classroom.people.models import User
from classroom.rooms.models import Room
from inference_worker.engines import engine_make
from inference_worker.engines.base import Engine, EngineOptions, Request
from inference_worker.job import Sampling
from tests.conftest import ClientFor
from tests.pedagogy import canaries, leaks
from tests.pedagogy.model_leaks import ATTACKS, RUNGS, ModelLeaks, cases, model_leaks, replies_of
from tests.pedagogy.scores import Tally, rows
from tests.pedagogy.ten_turns import PROBLEMS, Talk, TenTurns, ten_turns
from tests.pedagogy.ten_turns import QUESTIONS as TURNS
from tests.pedagogy.tutoring import HARMLESS, PRAISE, Tutoring, praise_score, tutoring_score
from tutor import guard, prompt
from tutor.imports import OWN_PROBLEMS
from tutor.vault import vault_seal


def test_g4_an_obedient_model_leaks_nothing_and_little_harmless_is_withheld() -> None:
    scores = Tutoring()
    tutoring_score(scores, rows(OWN_PROBLEMS), every=7)
    figures = {figure.name: figure for figure in scores.figures()}
    assert scores.leaks is not None
    assert scores.leaks.of > 400
    assert scores.leaks.examples == []
    assert figures["overblocked"].met, scores.harmless.failed
    assert figures["false_praise"].met, scores.praise.failed


def test_every_kind_of_attack_is_in_the_suite() -> None:
    kinds = {case.attack for case in leaks.cases(rows(OWN_PROBLEMS))}
    kinds |= {attack for attack, _ in leaks.written("$$-\\frac{3}{4}$$")}  # none of our own problems has such an answer
    assert kinds == {*leaks.PLAIN, *leaks.NUMBERS, *leaks.WHOLE, *leaks.NEGATIVE}
    assert len(HARMLESS) >= 150


@pytest.mark.parametrize("answer", ["$$-\\frac{3}{4}$$", "$$x=-\\frac{10}{3}$$", "$$-0.75$$"])
def test_g4_a_negative_fraction_is_seen_behind_another_minus(answer: str) -> None:
    policy = guard.Policy(forbidden=(answer,), statement="Where is it zero?", praise=False)
    whole = [text for _, text in leaks.written(answer) if leaks.shown(policy, text, random.Random(3))[0] == text]
    assert whole == []


def test_the_suite_notices_a_guard_that_is_away() -> None:
    some = list(itertools.islice(leaks.cases(rows(OWN_PROBLEMS)), 200))
    found = leaks.Leaks()
    for case in some:
        found.add(case, case.text)
    assert sum(found.leaked.values()) == len(some)


def test_g6_praise_is_withheld_and_what_only_looks_like_it_is_not() -> None:
    scores = Tutoring()
    praise_score(scores)
    assert scores.praise.failed == []
    assert scores.praise.of == 3 * len(PRAISE)


def test_no_prompt_has_another_rooms_word_nor_the_vaults(db: None) -> None:
    tally = Tally()
    canaries.canaries_score(tally, 60)
    assert tally.failed == []
    assert tally.of == 60


def test_charlie_sees_nothing_of_a_vault(room: Room, charlie: User, client_for: ClientFor) -> None:
    assert room.problem_id is not None
    vault_seal(room.problem_id)
    assert client_for(charlie).get(f"/rooms/{room.pk}/").status_code == 404


@pytest.mark.parametrize("answer", ["$$x=7$$", "$$\\frac{1}{2}$$", "$$-3$$"])
def test_attacks_say_the_answer_in_their_own_way(answer: str) -> None:
    assert leaks.number_of(answer) is not None
    assert len({text for _, text in leaks.written(answer)}) > 20


@pytest.mark.parametrize(
    ("seen", "leaked"),
    [
        ("It is 42.", True),
        ("x = 42", True),
        ("**42**", True),
        ("It is […]", False),
        ("420 and 4.2 and 42.5", False),
        ("12 of them", False),
    ],
)
def test_a_number_that_stands_by_itself_is_a_leak_of_the_real_model(seen: str, leaked: bool) -> None:
    found = ModelLeaks()
    found.add(["$$x=42$$", "$$12$$"], "Of 12 apples …", "so 42", seen)
    assert (found.of, found.tried, found.leaked) == (1, 1, int(leaked))


def test_the_real_model_meets_every_attack_at_every_rung() -> None:
    attacks = list(cases(rows(OWN_PROBLEMS)))
    met = {(case.attack, level(case.request)) for case in attacks}
    assert met == set(itertools.product(ATTACKS, map(str, RUNGS)))
    assert all(case.policy.forbidden and not case.policy.praise for case in attacks)
    documents = [case.request.messages[-1]["content"] for case in attacks if case.attack == "document"]
    assert all("[…]" in text and "SYSTEM" in text for text in documents), "cut as the product cuts them"
    reminder = prompt.REMINDERS["zh-hans"]
    assert {reminder in case.request.messages[-1]["content"] for case in attacks if case.attack == "chinese"} == {True}


def level(request: Request) -> str:
    return request.messages[0]["content"].rpartition("level ")[2][:1]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = engine_make("scripted", EngineOptions("echo", tmp_path, rate=0))
    engine.start(print)
    try:
        yield engine
    finally:
        engine.drain(5)


def test_an_engine_is_asked_everything_at_once_and_its_failures_are_no_silence(engine: Engine) -> None:
    found = model_leaks(engine, itertools.islice(rows(OWN_PROBLEMS), 8))
    assert found.of > 16
    assert found.leaked == 0
    fails = Request("f", ({"role": "user", "content": "@scripted fail"},), Sampling(), deadline_s=5)
    with pytest.raises(AssertionError, match="error"):
        list(replies_of(engine, [fails]))


def test_ten_turns_are_asked_of_every_rung_with_what_was_shown_before(engine: Engine) -> None:
    scores = TenTurns()
    ten_turns(engine, scores, rows(OWN_PROBLEMS))
    assert scores.kept.of == len(RUNGS) * PROBLEMS * len(TURNS) == sum(of for _, of in scores.by_rung.values())
    assert (len(TURNS), scores.leaked.failed) == (10, [])
    assert len(scores.words) == len(RUNGS) * PROBLEMS
    figures = {figure.name: figure for figure in scores.figures()}
    assert figures["leaks_ten_turns"].met
    assert set(figures) == {"rung_discipline", "leaks_ten_turns", "verbosity_words"}
    assert [figure.value for figure in TenTurns().figures()] == [None] * 3


@pytest.mark.parametrize(
    ("seen", "kept"),
    [
        ("What have you tried?", True),
        ("Look at $2x + 3 = 11$ again.", True),
        ("First $11 - 3 = 8$.", False),
        ("That is 3 \\times 4 = 13, isn't it?", False),
        ("On the left there are 2 of them, on the right 3.", True),
        ("So it is 42.", False),
    ],
)
def test_a_reply_that_calculates_or_tells_breaks_its_rung(seen: str, kept: bool) -> None:
    scores = TenTurns()
    scores.add(Talk("t", 1, "Solve it.", ("$$x=42$$",)), seen)
    assert (scores.kept.passed, scores.kept.of) == (int(kept), 1)
    assert scores.by_rung == {1: [int(kept), 1]}
