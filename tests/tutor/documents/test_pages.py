"""The pages of documents (rules D1, D7): who sees the list and a document, who changes it, and what a refusal says."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from classroom.people.models import Enrolment, SchoolClass, User
from tests.conftest import ClientFor
from tests.tutor.documents import files
from tests.tutor.documents.conftest import Put, upload_of
from tutor.documents import pages
from tutor.documents.models import Document

pytestmark = pytest.mark.django_db
BOOK = "# Circles & <b>lines</b>\n\nA circle <script>alert(1)</script> is round.\n\n# Lines\n\nA line is $straight$."


@pytest.fixture(autouse=True)
def _own_home(settings: Settings, tmp_path: Path, own_broker: None) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def at(school_class: SchoolClass) -> str:
    return f"/classes/{school_class.pk}/documents/"


def test_d1_a_teacher_uploads_several_files_and_sees_each_state(
    at: str, alice: User, client_for: ClientFor, put: Put
) -> None:
    client = client_for(alice)
    sent = {"uploads": [upload_of("one.md", b"# One"), upload_of("二 – 讲义.txt", "圆".encode())]}
    answer = client.post(at, sent)
    assert (answer.status_code, answer["Location"]) == (302, at)
    assert sorted(Document.objects.values_list("title", "state")) == [("one", "waiting"), ("二 – 讲义", "waiting")]
    page = client.get(at).content.decode()
    assert "waiting to be read" in page
    assert "Look again" in page
    put("scan.pdf", files.pdf(""))
    page = client.get(at).content.decode()
    assert "cannot be used" in page
    assert "Is it a scan?" in page
    assert "of 200.0 MB are used" in page


def test_d1_good_files_stay_though_others_are_refused(at: str, alice: User, client_for: ClientFor) -> None:
    sent = {"uploads": [upload_of("good.md", b"# Good"), upload_of("bad.exe", b"MZ"), upload_of("empty.txt", b"")]}
    answer = client_for(alice).post(at, sent)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "“bad.exe” cannot be used" in page
    assert "“empty.txt” is empty." in page
    assert list(Document.objects.values_list("title", flat=True)) == ["good"]
    assert "Uploaded: good." in page


def test_d1_a_form_without_files_or_with_too_many(
    at: str, alice: User, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_for(alice)
    assert "Choose a file first." in client.post(at, {}).content.decode()
    assert "Choose a file first." in client.post(at, {"uploads": "text"}).content.decode()
    monkeypatch.setattr(pages, "FILES_MAX", 1)
    answer = client.post(at, {"uploads": [upload_of("a.md", b"# A"), upload_of("b.md", b"# B")]})
    assert "These are 2 files; 1 at a time, please." in answer.content.decode()
    assert not Document.objects.exists()


def test_d1_hide_show_and_delete(at: str, alice: User, bob: User, client_for: ClientFor, put: Put) -> None:
    document, client = put("book.md", BOOK), client_for(alice)
    assert client.post(f"{at}{document.pk}/hide/", {"hidden": "1"}).status_code == 302
    assert Document.objects.get().is_hidden
    page = client.get(at).content.decode()
    assert "hidden: it is quoted to nobody" in page
    assert ">Show<" in page
    assert "book" not in client_for(bob).get(at).content.decode()
    client.post(f"{at}{document.pk}/hide/", {"hidden": "0"})
    assert not Document.objects.get().is_hidden
    client.post(f"{at}{document.pk}/delete/")
    assert not Document.objects.exists()
    assert client.post(f"{at}{document.pk}/delete/").status_code == 404
    assert client.get(f"{at}{document.pk}/delete/").status_code == 405


def test_d7_a_source_opens_with_its_passage_marked(bob: User, client_for: ClientFor, put: Put) -> None:
    document, client = put("book.md", BOOK), client_for(bob)
    page = client.get(f"/documents/{document.pk}/?passage=2").content.decode()
    assert '<section class="passage marked" id="passage-2" aria-label="The passage that was used">' in page
    assert 'The tutor used the marked passage: <a href="#passage-2" dir="auto">Lines</a>' in page
    assert page.count("marked") == 2
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "Circles &amp; &lt;b&gt;lines" in page
    for odd in ("", "?passage=99", "?passage=x", "?passage=%00"):
        answer = client.get(f"/documents/{document.pk}/{odd}")
        assert answer.status_code == 200
        assert "The tutor used" not in answer.content.decode()


def test_d7_pages_of_a_pdf_are_named(bob: User, client_for: ClientFor, put: Put) -> None:
    document = put("sheet.pdf", files.pdf("First page.", "Second <page>."))
    page = client_for(bob).get(f"/documents/{document.pk}/?passage=2").content.decode()
    assert "Page 1</h2>" in page
    assert '<a href="#passage-2" dir="auto">Page 2</a>' in page
    assert "Second &lt;page&gt;." in page
    assert "PDF, " in client_for(bob).get(f"/classes/{document.school_class_id}/documents/").content.decode()


# ---- who may


def roles(alice: User, tom: User, olga: User, bob: User, charlie: User, root: User) -> dict[str, User]:
    return {"alice": alice, "tom": tom, "olga": olga, "bob": bob, "charlie": charlie, "root": root}


@pytest.fixture
def people(alice: User, tom: User, olga: User, bob: User, charlie: User, root: User) -> dict[str, User]:
    return roles(alice, tom, olga, bob, charlie, root)


@pytest.mark.parametrize(
    ("name", "look", "change", "hidden"),
    [("alice", 200, 302, 200), ("root", 200, 302, 200), ("tom", 200, 403, 200), ("olga", 200, 403, 404),
     ("bob", 200, 403, 404), ("charlie", 404, 404, 404)],
)  # fmt: skip
def test_d7_who_may_see_and_who_may_change(
    name: str, look: int, change: int, hidden: int, at: str, people: dict[str, User], client_for: ClientFor, put: Put
) -> None:
    document, client = put("book.md", BOOK), client_for(people[name])
    assert client.get(at).status_code == look
    assert client.get(f"/documents/{document.pk}/").status_code == look
    assert client.post(at, {"uploads": [upload_of(f"{name}.md", b"# " + name.encode())]}).status_code == change
    assert client.post(f"{at}{document.pk}/hide/", {"hidden": "1"}).status_code == change
    Document.objects.update(is_hidden=True)
    assert client.get(f"/documents/{document.pk}/").status_code == hidden
    Document.objects.update(is_hidden=False, state="reading")
    assert client.get(f"/documents/{document.pk}/").status_code == 404
    assert client.post(f"{at}{document.pk}/delete/").status_code == change
    page = client_for(people["alice"]).get(at[: -len("documents/")]).content.decode()
    assert at in page


def test_d7_rights_are_those_of_now(bob: User, client_for: ClientFor, put: Put, at: str) -> None:
    document, client = put("book.md", BOOK), client_for(bob)
    assert client.get(f"/documents/{document.pk}/").status_code == 200
    Enrolment.objects.filter(user=bob).delete()
    assert client.get(f"/documents/{document.pk}/").status_code == 404
    assert client.get(at).status_code == 404
    assert Client().get(at)["Location"].startswith("/accounts/login/")


def test_d7_another_class_is_no_way_in(alice: User, other_class: SchoolClass, client_for: ClientFor, put: Put) -> None:
    """A teacher of two classes reaches a document by its own class alone."""
    document = put("book.md", BOOK)
    Enrolment.objects.create(user=alice, school_class=other_class, role="teacher")
    client = client_for(alice)
    assert client.post(f"/classes/{other_class.pk}/documents/{document.pk}/delete/").status_code == 404
    assert client.get("/documents/00000000-0000-4000-8000-000000000000/").status_code == 404
    assert Document.objects.exists()


def test_staff_of_the_house_see_the_records(root: User, alice: User, client_for: ClientFor, put: Put) -> None:
    put("book.md", BOOK)
    User.objects.filter(pk=root.pk).update(is_staff=True, is_superuser=True)
    client = client_for(root)
    assert "book" in client.get("/admin/tutor/document/").content.decode()
    assert client.get("/admin/tutor/retrieval/").status_code == 200
    assert client_for(alice).get("/admin/tutor/retrieval/").status_code == 302
