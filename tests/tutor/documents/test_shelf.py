"""What a class keeps (rules D1–D3): uploads, their bounds, duplicates and files; and how one becomes passages."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.utils import timezone
from pytest_django import Settings

from classroom.people.access import class_for, class_for_teacher
from classroom.people.models import Enrolment, Role, SchoolClass, User
from tests.tutor.documents import files
from tests.tutor.documents.conftest import Put, upload_of
from tutor import class_worker, tasks
from tutor.documents import ingest, shelf
from tutor.documents.models import Document, Passage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_home(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


def refused(school_class: SchoolClass, by: User, name: str, data: bytes) -> str:
    before = Document.objects.count()
    with pytest.raises(ValidationError) as caught:
        shelf.document_upload(class_for_teacher(by, school_class.pk), by, upload_of(name, data))
    assert Document.objects.count() == before
    assert list(Path(shelf.file_of("ab")).parent.parent.glob("*.part")) == []
    return str(caught.value.messages[0])


# ---- D1: what is taken in


def test_d1_a_file_is_kept_by_its_hash_and_read(put: Put, alice: User) -> None:
    document = put("Circles & lines.md", "# Circles\n\nA circle is round.\n\n# Lines\n\nA line is straight.")
    assert (document.title, document.kind, document.state) == ("Circles & lines", "markdown", "ready")
    assert (document.uploaded_by, document.embedder, document.pages) == (alice, "", None)
    path = shelf.file_of(document.sha256)
    assert path.name == document.sha256
    assert path.stat().st_mode & 0o077 == 0
    rows = list(document.passages.order_by("n").values_list("n", "anchor", "text"))
    assert rows == [(1, "Circles", "A circle is round."), (2, "Lines", "A line is straight.")]
    assert str(document) == "Circles & lines"
    assert str(document.passages.get(n=1)) == f"{document.pk} 1"


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("virus.exe", b"MZ", "“virus.exe” cannot be used: PDF, DOCX"),
        ("noname", b"x", "“noname” cannot be used"),
        ("page.html", b"<script>", "“page.html” cannot be used"),
        ("empty.pdf", b"", "“empty.pdf” is empty."),
        ("big.txt", b"x" * (2**20 + 1), "“big.txt” has 1.0 MB; a file may have 1.0 MB at most."),
    ],
)
def test_d1_what_cannot_be_taken_in_is_refused_by_name(
    school_class: SchoolClass, alice: User, settings: Settings, name: str, data: bytes, why: str
) -> None:
    settings.DOCUMENT_MAX_BYTES = 2**20
    assert refused(school_class, alice, name, data).startswith(why)


def test_d1_a_path_in_a_name_is_no_path(put: Put) -> None:
    assert put("..\\..\\etc/..\\notes.txt", "Some words.").title == "notes"
    with pytest.raises(ValidationError, match="“x” cannot be used"):
        put("../../x", "words")


def test_d1_the_same_file_is_known_again(
    put: Put, school_class: SchoolClass, other_class: SchoolClass, alice: User
) -> None:
    put("one.txt", "The same words.")
    assert refused(school_class, alice, "two.txt", b"The same words.") == "“two.txt” is here already, as “one”."
    Enrolment.objects.create(user=alice, school_class=other_class, role=Role.TEACHER)
    assert put("two.txt", "The same words.", other_class).title == "two", "another class may have it too"


def test_d1_a_refused_file_may_be_tried_again(put: Put) -> None:
    first = put("scan.pdf", files.pdf("", ""))
    assert (first.state, first.reason[:18]) == ("refused", "No text was found ")
    second = put("scan.pdf", files.pdf("", ""))
    assert second.pk != first.pk
    assert Document.objects.count() == 1


def test_d3_the_quota_of_a_class_holds(put: Put, school_class: SchoolClass, alice: User, settings: Settings) -> None:
    settings.DOCUMENT_QUOTA_BYTES = 3_000
    kept = put("one.txt", b"a " * 1_000)
    said = refused(school_class, alice, "two.txt", b"b " * 1_000)
    assert said == "“two.txt” (2 KB) does not fit: 2 KB of the 3 KB of this class are used. Delete something first."
    shelf.document_delete(kept)
    assert put("two.txt", b"b " * 1_000).state == "ready"
    assert shelf.bytes_used(school_class.pk) == 2_000


def test_d3_a_class_has_so_many_documents_at_most(
    put: Put, school_class: SchoolClass, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "COUNT_MAX", 1)
    put("one.txt", "one")
    assert "1 documents at most" in refused(school_class, alice, "two.txt", b"two")


def test_d1_only_teachers_of_the_class(school_class: SchoolClass, bob: User, tom: User, charlie: User) -> None:
    for person in (bob, tom):
        with pytest.raises(PermissionDenied):
            class_for_teacher(person, school_class.pk)
    with pytest.raises(Http404):
        class_for(charlie, school_class.pk)


# ---- files


def test_d3_a_file_goes_with_the_last_document_that_has_it(put: Put, other_class: SchoolClass, alice: User) -> None:
    Enrolment.objects.create(user=alice, school_class=other_class, role=Role.TEACHER)
    one, two = put("one.txt", "shared"), put("two.txt", "shared", other_class)
    shelf.document_delete(one)
    assert shelf.file_of(two.sha256).exists()
    shelf.document_delete(two)
    assert not shelf.file_of(two.sha256).exists()


def test_d3_files_that_nobody_has_are_purged(put: Put) -> None:
    kept = put("one.txt", "one")
    left = shelf.file_of("f" * 64)
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_bytes(b"of a deleted class")
    tasks.files_purge()
    assert left.exists(), "it may be on its way in"
    assert shelf.files_purge(older_s=-1) == 1
    assert not left.exists()
    assert shelf.file_of(kept.sha256).exists()


# ---- D2: reading


def entered(school_class: SchoolClass, alice: User, data: bytes = b"words") -> Document:
    return shelf.document_upload(class_for(alice, school_class.pk), alice, upload_of("a.txt", data))


def test_d2_each_document_is_read_once(school_class: SchoolClass, alice: User) -> None:
    document = entered(school_class, alice)
    assert ingest.document_read(document.pk)
    assert not ingest.document_read(document.pk)
    assert Passage.objects.count() == 1


def test_d2_all_that_waits_is_read_by_one(school_class: SchoolClass, alice: User) -> None:
    """On a ring or by the timer: who reads already goes on, and a second one leaves the threads to those who wait."""
    for words in (b"one", b"two", b"three"):
        entered(school_class, alice, words)
    assert len(ingest.documents_waiting()) == 3
    with ingest._one:
        assert ingest.documents_read() == 0
    tasks.documents_read()
    assert set(Document.objects.values_list("state", flat=True)) == {"ready"}
    assert ingest.documents_read() == 0


def test_d2_what_a_worker_has_left_lying_is_begun_anew(school_class: SchoolClass, alice: User) -> None:
    document = entered(school_class, alice)
    Document.objects.update(state="reading", claimed_at=timezone.now())
    assert not ingest.document_read(document.pk)
    assert ingest.documents_waiting() == []
    Document.objects.update(claimed_at=timezone.now() - ingest.CLAIM - timedelta(seconds=1))
    assert ingest.documents_waiting() == [document.pk]
    assert ingest.documents_read() == 1
    assert Document.objects.get().state == "ready"


def test_d2_a_document_that_is_deleted_while_it_is_read(
    school_class: SchoolClass, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    document, read = entered(school_class, alice), ingest.file_read

    def meanwhile(*args: Any) -> Any:
        found = read(*args)
        shelf.document_delete(document)
        return found

    monkeypatch.setattr(ingest, "file_read", meanwhile)
    assert not ingest.document_read(document.pk)
    assert not Passage.objects.exists()


def test_d2_a_lost_file_is_told(school_class: SchoolClass, alice: User) -> None:
    document = entered(school_class, alice)
    shelf.file_of(document.sha256).unlink()
    ingest.document_read(document.pk)
    assert Document.objects.get().reason == ingest.NO_FILE


def test_d2_what_no_database_keeps_is_left_out(put: Put) -> None:
    text = (
        put("odd.ipynb", b'{"cells": [{"cell_type": "markdown", "source": "a\\ud800b\\u0000c"}]}').passages.get().text
    )
    assert text == "a?bc"


def test_d2_without_redis_nothing_is_lost(school_class: SchoolClass, alice: User, settings: Settings) -> None:
    settings.BROKER_URL = "redis+socket:///nowhere.sock"
    class_worker.sender.cache_clear()
    entered(school_class, alice)
    assert not class_worker.task_ring(ingest.TASK)
    class_worker.sender.cache_clear()


def test_sizes_are_said_as_people_read_them() -> None:
    sizes = [shelf.megabytes(size) for size in (0, 1, 1024, 1025, 2**20)]
    assert sizes == ["0 KB", "1 KB", "1 KB", "2 KB", "1.0 MB"]
