"""A class with documents in it. Without a model but where a test asks for one: words alone are cheap."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings

from classroom.people.access import class_for
from classroom.people.models import SchoolClass, User
from tutor import class_worker
from tutor.documents import ingest, shelf, vectors
from tutor.documents.models import Document

Put = Callable[..., Document]


@pytest.fixture(autouse=True)
def _words_alone(settings: Settings) -> None:
    settings.DOCUMENT_MODEL = ""
    settings.DOCUMENT_THRESHOLD = 0.3


@pytest.fixture
def own_broker(redis_url: str) -> Iterator[None]:
    """Rings go to the test's own server."""
    class_worker.sender.cache_clear()
    yield
    class_worker.sender.cache_clear()


@pytest.fixture(scope="module")
def model() -> Iterator[None]:
    """The packaged model's child is not left behind."""
    yield
    vectors.embedder().close()


def upload_of(name: str, data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


@pytest.fixture
def put(school_class: SchoolClass, alice: User) -> Put:
    """Upload a file to a class as its teacher, and have it read at once."""

    def act(name: str, data: bytes | str, into: SchoolClass = school_class, *, hidden: bool = False) -> Document:
        raw = data.encode() if isinstance(data, str) else data
        document = shelf.document_upload(class_for(alice, into.pk), alice, upload_of(name, raw))
        ingest.document_read(document.pk)
        if hidden:
            shelf.document_hide(document, hidden=True)
        return Document.objects.get(pk=document.pk)

    return act
