"""Vectors compared by PostgreSQL itself (rule D4): the same passages as by the class worker, and the same scope (D7)."""

from __future__ import annotations

import random
from array import array
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings
from structlog.testing import capture_logs

from classroom.people.models import Enrolment, Role, SchoolClass, User
from classroom.rooms.models import Room
from tests.databases import connected_to
from tests.services import Postgres
from tests.tutor.documents.conftest import Put
from tutor.documents import near, shelf, vectors
from tutor.documents.models import Document, Passage
from tutor.documents.search import Search, passages_search

BOOK = """# Triangles

The hypotenuse is the longest side of a right triangle.

# Circles

A tangent touches the circle in one point and is perpendicular to the radius.

# Chance

A fair coin shows heads in one half of many throws.
"""
QUESTIONS = ("How long is the side opposite the right angle?", "line that meets a round shape once", "flipping coins")
MODEL = "a model"
LENGTH = 384


@pytest.fixture
def pgvector(postgres_url: str, transactional_db: None, settings: Settings) -> Iterator[None]:
    """A PostgreSQL whose tables are prepared as ``migrate`` does it under the setting. The column goes with the test."""
    with connected_to(postgres_url):
        settings.DOCUMENT_VECTORS = near.PGVECTOR
        call_command("migrate", verbosity=0)
        yield
        call_command("flush", verbosity=0, interactive=False)
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE tutor_passage DROP COLUMN near")
            cursor.execute("DROP EXTENSION vector")
    settings.DOCUMENT_VECTORS = "exact"  # what else is flushed is SQLite
    near.is_ready.cache_clear()


def drawn(chance: random.Random, length: int = LENGTH) -> bytes:
    """A vector of length 1."""
    numbers = [chance.gauss(0, 1) for _ in range(length)]
    size = sum(number * number for number in numbers) ** 0.5
    return array("f", (number / size for number in numbers)).tobytes()


def filled(document: Document, chance: random.Random, count: int, name: str = MODEL) -> list[tuple[int, bytes]]:
    """The document with so many passages more, of any vectors."""
    made = [
        Passage(document=document, n=n, anchor="", text="-", words="-", vector=drawn(chance))
        for n in range(50, 50 + count)
    ]
    Passage.objects.bulk_create(made)
    Document.objects.filter(pk=document.pk).update(embedder=name)
    return [(one.pk, bytes(one.vector or b"")) for one in made]


def test_d4_the_database_finds_the_passages_that_the_worker_finds(
    pgvector: None, room: Room, put: Put, settings: Settings, model: None
) -> None:
    settings.DOCUMENT_MODEL, settings.DOCUMENT_THRESHOLD = "packaged", 0.1
    put("book.md", BOOK)
    found: dict[str, list[Search]] = {}
    for who in ("exact", near.PGVECTOR):
        settings.DOCUMENT_VECTORS = who
        found[who] = [passages_search(room.school_class_id, question) for question in QUESTIONS]
    assert [one.stages["vectors"].get("by") for one in found[near.PGVECTOR]] == [near.PGVECTOR] * 3
    assert [one.found[0].anchor for one in found["exact"]] == ["Triangles", "Circles", "Chance"]
    for exact, database in zip(found["exact"], found[near.PGVECTOR], strict=True):
        assert [one.passage for one in exact.found] == [one.passage for one in database.found]
        for a, b in zip(exact.candidates, database.candidates, strict=True):
            assert b == {**a, **{name: pytest.approx(a[name], abs=1e-4) for name in ("cosine", "score", "fused")}}


def test_d4_the_nearest_of_many_are_the_same(pgvector: None, room: Room, put: Put) -> None:
    """What was read before the setting was is filled in by the first question."""
    chance = random.Random(5)
    pairs = filled(put("a.txt", "One."), chance, 250) + filled(put("b.txt", "Two."), chance, 30)
    filled(put("of another model.txt", "Three."), chance, 20, "another model")
    for _ in range(5):
        query = drawn(chance)
        exact = vectors.nearest(query, pairs, 30)
        database = near.nearest(room.school_class_id, MODEL, query, 30)
        assert [key for key, _ in database] == [key for key, _ in exact]
        assert [cosine for _, cosine in database] == pytest.approx([cosine for _, cosine in exact], abs=1e-5)
    assert near.nearest(room.school_class_id, MODEL, drawn(chance, 3), 30) == [], "of another length: never compared"


def test_d7_only_the_rooms_own_visible_documents_are_compared(
    pgvector: None, room: Room, other_class: SchoolClass, alice: User, put: Put
) -> None:
    """Charlie's class has one too: neither finds the other's; what is hidden or deleted is found by nobody."""
    Enrolment.objects.create(user=alice, school_class=other_class, role=Role.TEACHER)
    chance, class_id = random.Random(6), room.school_class_id
    own, others = put("a.txt", "One."), put("b.txt", "Two.", other_class)
    mine, theirs = filled(own, chance, 2), filled(others, chance, 2)
    for place, pairs in ((class_id, mine), (other_class.pk, theirs)):
        assert {key for key, _ in near.nearest(place, MODEL, pairs[0][1], 9)} == {key for key, _ in pairs}
    shelf.document_hide(own, hidden=True)
    assert near.nearest(class_id, MODEL, mine[0][1], 9) == []
    shelf.document_hide(own, hidden=False)
    shelf.document_delete(own)
    assert near.nearest(class_id, MODEL, mine[0][1], 9) == []


def test_a_database_that_cannot_is_named_with_the_remedy(db: None, settings: Settings) -> None:
    settings.DOCUMENT_VECTORS = near.PGVECTOR
    with pytest.raises(CommandError, match="DOCUMENT_VECTORS=pgvector wants PostgreSQL"):
        call_command("migrate", verbosity=0)
    near.is_ready.cache_clear()
    with capture_logs() as said:
        assert not near.by_database(), "the worker compares them then, as ever"
    assert [line["event"] for line in said] == ["pgvector_not_prepared"]
    near.is_ready.cache_clear()


def test_a_user_who_may_not_make_the_extension_is_told_who_may(
    postgres: Postgres, postgres_url: str, transactional_db: None, settings: Settings
) -> None:
    with connected_to(postgres_url), connection.cursor() as cursor:
        settings.DOCUMENT_VECTORS = near.PGVECTOR
        cursor.execute("CREATE ROLE guest")
        cursor.execute("SET ROLE guest")
        with pytest.raises(CommandError, match=r"superuser says once CREATE EXTENSION vector"):
            near.vectors_prepare()
        cursor.execute("RESET ROLE")
        cursor.execute("DROP ROLE guest")
        settings.DOCUMENT_VECTORS = "exact"
    near.is_ready.cache_clear()
