"""Transcripts in the browser: found, read, with private text for admins alone. The table of roles is in tests/rooms."""

from __future__ import annotations

import pytest
from django.test import Client

from classroom.people.models import User
from classroom.review import views
from classroom.review.models import ReadAudit
from classroom.rooms.models import Room
from tests.conftest import ClientFor
from tests.review.conftest import Say
from tutor.models import Answer
from tutor.tools.drawing import Drawing


@pytest.fixture
def teacher(talk: Room, alice: User, client_for: ClientFor) -> Client:
    return client_for(alice)


def test_the_list_is_searched_and_filtered(teacher: Client, talk: Room) -> None:
    assert b"Table one" in teacher.get("/review/").content
    assert b"Table one" in teacher.get("/review/?q=hello&state=open&answers=yes").content
    nothing = teacher.get("/review/?q=nowhere").content
    assert b"No transcript fits" in nothing
    assert f"/review/{talk.pk}/".encode() not in nothing
    assert not ReadAudit.objects.exists()


@pytest.mark.parametrize(
    "query", ["since=yesterday", "state=ajar", "school_class=1", "since=2026-03-02&until=2026-03-01", "q=a%E2%80%AEb"]
)
def test_a_wrong_filter_is_named(teacher: Client, query: str) -> None:
    answer = teacher.get(f"/review/?{query}")
    assert answer.status_code == 400
    assert answer.context["form"].errors


def test_long_lists_come_in_pages(teacher: Client, talk: Room, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "ROOMS_A_PAGE", 2)
    for number in range(4):
        Room.objects.create(school_class=talk.school_class, title=f"Room {number}", created_by=alice)
    first = teacher.get("/review/?state=open").content.decode()
    assert 'href="?state=open&amp;page=2"' in first
    assert len(teacher.get("/review/?page=3").context["page"].object_list) == 1


def test_a_transcript_shows_everything_and_is_written_down(teacher: Client, talk: Room, alice: User) -> None:
    answer = teacher.get(f"/review/{talk.pk}/")
    page = answer.content.decode()
    for words in (
        "Hello, I am Bob", "Why, asks Bob Baker?", "Because, Bob.", "raised a hand", "closed the room", "tiny-model", "seed-1",
        "31 in, 7 out", "trace-1", "250 ms", "700 ms", "1500 ms", "What is $1+1$?",
    ):  # fmt: skip
        assert words in page, words
    assert "no-store" in answer["Cache-Control"]
    read = ReadAudit.objects.get()
    assert (read.verb, read.detail, read.actor) == ("view", "page 1", alice)


def test_private_text_and_readers_are_for_admins(
    teacher: Client, talk: Room, root: User, client_for: ClientFor
) -> None:
    page = teacher.get(f"/review/{talk.pk}/").content.decode()
    for hidden in ("PRIVATE THOUGHT", "Who read this", "names=1"):
        assert hidden not in page
    page = client_for(root).get(f"/review/{talk.pk}/").content.decode()
    assert "&lt;think&gt;PRIVATE THOUGHT&lt;/think&gt;Because." in page
    assert "Who read this" in page
    assert "Alice Archer" in page[page.index("Who read this") :]
    assert "?names=1" in page


def test_g5_withheld_text_is_for_admins(
    teacher: Client, talk: Room, root: User, charlie: User, client_for: ClientFor
) -> None:
    raw = "<think>PRIVATE THOUGHT</think>So x = SEVENTEEN."
    Answer.objects.filter(room=talk).update(raw=raw, withheld=[{"start": 33, "end": len(raw), "why": "value"}])
    page = client_for(root).get(f"/review/{talk.pk}/").content.decode()
    assert "Withheld by the guard" in page
    assert "<dt>value</dt>" in page
    assert "SEVENTEEN" not in teacher.get(f"/review/{talk.pk}/").content.decode()
    assert client_for(charlie).get(f"/review/{talk.pk}/").status_code == 404


def test_long_transcripts_come_in_pages(
    teacher: Client, talk: Room, alice: User, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "LINES_A_PAGE", 5)
    for number in range(5):
        say(talk, "message.posted", alice, "teacher", text=f"line {number}")
    first = teacher.get(f"/review/{talk.pk}/").content.decode()
    assert "line 4" not in first
    assert "line 4" in teacher.get(f"/review/{talk.pk}/?page=3").content.decode()
    assert ReadAudit.objects.filter(detail="page 3").exists()


def test_an_empty_room_reads_as_empty(room: Room, alice: User, client_for: ClientFor) -> None:
    assert b"Nothing has been said" in client_for(alice).get(f"/review/{room.pk}/").content


def test_charlie_finds_no_transcript(talk: Room, charlie: User, client_for: ClientFor) -> None:
    client = client_for(charlie)
    assert client.get("/review/").status_code == 403
    assert client.get(f"/review/{talk.pk}/").status_code == 404
    assert not ReadAudit.objects.exists()


def test_a_transcript_shows_what_tools_found(
    talk: Room, answer: Answer, say: Say, alice: User, charlie: User, client_for: ClientFor
) -> None:
    """In words, and a drawing as it was; hostile labels are letters in it."""
    drawn = Drawing((0, 1, 0, 1))
    drawn.text((0.5, 0.5), "<script>alert(1)</script>", "n")
    say(talk, "answer.tool_called", answer=str(answer.pk), call=1, tool="calculate", asked="Calculated: 3*7", offset=0)
    say(talk, "answer.tool_returned", answer=str(answer.pk), call=1, outcome="done", text="21", tex="21", drawing=None)
    say(
        talk, "answer.tool_returned", answer=str(answer.pk), call=2, outcome="done", text="A <b>figure</b>.", tex="",
        drawing=drawn.data(),
    )  # fmt: skip
    url = f"/review/{talk.pk}/"
    page = client_for(alice).get(url).content.decode()
    assert "the tutor called a tool. Calculated: 3*7" in page
    assert "the tool: 21" in page
    assert page.count('<svg xmlns="http://www.w3.org/2000/svg" class="drawing" role="img"') == 1
    assert "<title>A &lt;b&gt;figure&lt;/b&gt;.</title>" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;</text>" in page
    assert "<script>alert" not in page
    assert client_for(charlie).get(url).status_code == 404
