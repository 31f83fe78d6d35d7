"""Search in a class's documents (rules D4, D7): both databases, its scope, its stages and their scores."""

from __future__ import annotations

from uuid import UUID

import pytest
from pydantic import ValidationError
from pytest_django import Settings

from classroom.env import Env
from classroom.people.models import Enrolment, Role, SchoolClass, User
from classroom.rooms.models import Room
from tests.tutor.documents.conftest import Put
from tutor.documents import fulltext, ranking, search, shelf, vectors
from tutor.documents.models import Document, Passage
from tutor.documents.ranking import Candidate
from tutor.documents.search import open_documents, passages_find, passages_search

BOOK = """# Triangles

The hypotenuse is the longest side of a right triangle. By the theorem of Pythagoras its square is the sum of the squares.

# Circles

A tangent touches the circle in one point and is perpendicular to the radius.

# 勾股定理

直角三角形两条直角边的平方和等于斜边的平方。
"""


def titles(class_id: UUID, text: str) -> list[str]:
    return [found.anchor for found in passages_find(class_id, text)]


def test_d4_words_find_their_passage_on_both_databases(either_database: str, room: Room, put: Put) -> None:
    document = put("book.md", BOOK)
    (found,) = passages_find(room.school_class_id, "Which side is the hypotenuse?")
    assert (found.document, found.title, found.n, found.anchor) == (document.pk, "book", 1, "Triangles")
    assert found.text.startswith("The hypotenuse")
    assert 0.3 <= found.score <= 1
    assert titles(room.school_class_id, "tangents of circles")[0] == "Circles", "endings are the database's matter"
    assert titles(room.school_class_id, "斜边的平方是什么") == ["勾股定理"]
    assert titles(room.school_class_id, "volcano") == []
    assert titles(room.school_class_id, "") == []
    shelf.document_delete(document)
    assert fulltext.matches(room.school_class_id, ["hypotenuse"], 9) == [], "the index goes with the passages"


def test_d4_the_index_follows_changed_words(either_database: str, room: Room, put: Put) -> None:
    put("book.md", BOOK)
    Passage.objects.filter(n=1).update(words="volcano")
    assert len(fulltext.matches(room.school_class_id, ["volcano"], 9)) == 1
    assert fulltext.matches(room.school_class_id, ["hypotenuse"], 9) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "text", ['" OR 1=1 --', "hypotenuse*) OR (x", "NEAR(a b)", "a:b ^c", "' | 'x' & !y", "\\", "%", "words: hypotenuse"]
)
def test_d7_a_question_is_never_read_as_a_query(room: Room, other_class: SchoolClass, put: Put, text: str) -> None:
    put("book.md", BOOK)
    passages_search(room.school_class_id, text)
    assert passages_find(other_class.pk, text) == []


@pytest.mark.django_db
def test_d7_only_the_rooms_own_class_is_searched(
    room: Room, school_class: SchoolClass, other_class: SchoolClass, alice: User, put: Put
) -> None:
    """Charlie's class has a document, Bob's has none: nobody finds the other's, whatever is written."""
    Enrolment.objects.create(user=alice, school_class=other_class, role=Role.TEACHER)
    put("secret.md", "# Charlie\n\nThe hypotenuse of Charlie's class.", other_class)
    assert not open_documents(school_class.pk)
    assert open_documents(other_class.pk)
    assert (
        passages_find(school_class.pk, f"hypotenuse class {other_class.pk} school_class_id={other_class.pk.hex}") == []
    )
    assert len(passages_find(other_class.pk, "hypotenuse")) == 1


@pytest.mark.django_db
def test_d7_hidden_and_unread_documents_are_never_found(room: Room, put: Put) -> None:
    document = put("book.md", BOOK, hidden=True)
    assert not open_documents(room.school_class_id)
    assert passages_find(room.school_class_id, "hypotenuse") == []
    shelf.document_hide(document, hidden=False)
    assert passages_find(room.school_class_id, "hypotenuse") != []
    Document.objects.update(state="reading")
    assert passages_find(room.school_class_id, "hypotenuse") == []


@pytest.mark.django_db
def test_d7_what_is_hidden_while_it_is_ranked_is_left_out(
    room: Room, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("book.md", BOOK)
    matches = fulltext.matches

    def meanwhile(*args: object) -> list[tuple[int, float]]:
        found = matches(*args)  # type: ignore[arg-type]  # as they come
        Document.objects.update(is_hidden=True)
        return found

    monkeypatch.setattr(fulltext, "matches", meanwhile)
    assert passages_find(room.school_class_id, "hypotenuse") == []


@pytest.mark.django_db
def test_d4_stages_are_settings_and_their_scores_are_kept(room: Room, put: Put, settings: Settings) -> None:
    put("book.md", BOOK)
    class_id = room.school_class_id
    result = passages_search(class_id, "hypotenuse of a right triangle, touching")
    assert set(result.stages) == {"fulltext", "vectors", "rerank"}
    assert result.stages["fulltext"]["found"] >= 1
    first = result.candidates[0]
    assert (first["fulltext_rank"], first["cosine"], first["kept"], first["anchor"]) == (1, None, True, "Triangles")
    assert first["score"] == first["coverage"] > 0.3
    settings.DOCUMENT_STAGES = frozenset({"fulltext"})
    plain = passages_search(class_id, "hypotenuse")
    assert [stage for stage, said in plain.stages.items() if said["found"]] == ["fulltext", "rerank"]
    settings.DOCUMENT_STAGES = frozenset({"rerank"})
    assert not open_documents(class_id)
    assert passages_find(class_id, "hypotenuse") == []


@pytest.mark.django_db
def test_d4_the_threshold_decides_what_is_used(room: Room, put: Put, settings: Settings) -> None:
    put("book.md", BOOK)
    settings.DOCUMENT_THRESHOLD = 1.0
    result = passages_search(room.school_class_id, "hypotenuse with cheese")
    assert result.found == []
    assert result.candidates[0]["kept"] is False, "reviewers see what was near"
    settings.DOCUMENT_THRESHOLD = 0.0
    assert passages_find(room.school_class_id, "hypotenuse circle", limit=1)[0].score > 0


# ---- fusion and re-ranking, pure


def test_fusion_adds_what_both_searches_say() -> None:
    found = ranking.fused([(1, 9.0), (2, 5.0)], [(2, 0.9), (3, 0.8)])
    assert [one.passage for one in found] == [2, 1, 3]
    assert found[0].fused == pytest.approx(1 / 62 + 1 / 61)
    assert (found[1].cosine, found[2].fulltext) == (None, None)
    assert ranking.fused([], []) == []


def test_reranking_asks_for_nearness_and_for_the_questions_words() -> None:
    candidates = [Candidate(1, cosine=0.5), Candidate(2, cosine=0.5), Candidate(3, cosine=None)]
    texts = {1: "about circles", 2: "tangents of circles", 3: "tangent circle"}
    ranked = ranking.reranked(candidates, "tangent circle", texts, rerank=True)
    assert [one.passage for one in ranked] == [2, 1, 3]
    assert ranked[0].coverage == 1.0
    assert ranked[0].score == pytest.approx(ranking.NEARNESS * 0.5 + 1 - ranking.NEARNESS)
    kept = ranking.reranked([Candidate(1), Candidate(2)], "tangent", texts, rerank=False)
    assert [(one.passage, one.score) for one in kept] == [(1, 0.0), (2, 1.0)]
    assert ranking.reranked([Candidate(1)], "", {}, rerank=True)[0].score == 0


def test_pairs_that_are_not_there_count_half() -> None:
    """Else no question in Chinese covered anything: every second pair crosses two words."""
    texts = {1: "概率是有利结果的数目除以所有可能结果的数目。", 2: "圆的切线"}
    first, second = ranking.reranked([Candidate(1), Candidate(2)], "硬币的概率是多少", texts, rerank=True)
    assert (first.passage, second.score) == (1, 0)
    assert first.score > 0.25


# ---- without a model


@pytest.mark.django_db
def test_d4_a_model_that_is_not_there_leaves_words_alone(
    room: Room, put: Put, settings: Settings, tmp_path: object
) -> None:
    settings.DOCUMENT_MODEL = str(tmp_path)
    document = put("book.md", BOOK)
    assert (document.state, document.embedder) == ("ready", "")
    assert titles(room.school_class_id, "hypotenuse") == ["Triangles"]
    vectors.embedder().close()


@pytest.mark.django_db
def test_d4_a_vector_that_is_late_leaves_words_alone(
    room: Room, put: Put, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("book.md", BOOK)
    settings.DOCUMENT_MODEL = "/models/other"
    Document.objects.update(embedder=vectors.embedder_name())
    monkeypatch.setattr(vectors.Embedder, "embed", _late)
    result = passages_search(room.school_class_id, "hypotenuse")
    assert result.stages["vectors"] == {"late": "still loading", "ms": result.stages["vectors"]["ms"], "found": 0}
    assert [found.anchor for found in result.found] == ["Triangles"]


def _late(*_: object) -> list[bytes]:
    raise vectors.NoVectors("still loading")


def test_vectors_of_another_length_are_not_compared() -> None:
    query = b"\0\0\x80\x3f" * 2  # (1, 1)
    assert vectors.nearest(query, [(1, query * 2)], 5) == []
    near = vectors.nearest(query, [(1, b"\0" * 8), (2, query), (3, b"\0\0\x80\x3f\0\0\0\0")], 2)
    assert near == [(2, 2.0), (3, 1.0)]
    assert search.STAGES == ("fulltext", "vectors", "rerank")


@pytest.mark.parametrize(
    ("text", "good"),
    [("", True), ("fulltext", True), ("vectors,rerank", True), ("fulltxt", False), ("rerank;vectors", False)],
)
def test_a_stage_that_is_not_there_is_named(text: str, good: bool) -> None:
    if good:
        made = Env(DOCUMENT_STAGES=text).model_dump()
        assert made["DOCUMENT_STAGES"] == text
        return
    with pytest.raises(ValidationError, match="DOCUMENT_STAGES"):
        Env(DOCUMENT_STAGES=text)
