"""The board in a transcript: as it was at any point of the room's log, for those who may read the transcript."""

from __future__ import annotations

import io
from typing import Any

import pypdf
import pytest

from classroom.board.access import document_of
from classroom.board.models import Document, Kind
from classroom.people.models import User
from classroom.review.models import ReadAudit
from classroom.review.selectors import BoardShown, board_shown
from classroom.rooms import journal
from classroom.rooms.models import Room
from tests.board.shapes import fields_of, put
from tests.conftest import ClientFor

pytestmark = pytest.mark.django_db


@pytest.fixture
def drawn(room: Room, bob: User) -> Document:
    """“one” was written before anything was said, “two” after the first message, “three” after the third."""
    board = document_of(room, Kind.BOARD)
    put(board, [fields_of("text", text="one")], author=bob)
    for number in range(1, 5):
        journal.append(
            room.pk, type="message.posted", data={"text": f"message {number}"}, by=journal.person(bob, "student")
        )
        if number in (1, 3):
            put(board, [fields_of("text", text={1: "two", 3: "three"}[number])], author=bob)
    return board


def picture(client: Any, room: Room, seq: object) -> Any:
    return client.get(f"/review/{room.pk}/board.svg?seq={seq}")


def test_q22_the_replay_shows_it_at_any_seq(room: Room, drawn: Document, alice: User, client_for: ClientFor) -> None:
    client = client_for(alice)
    svgs = [picture(client, room, seq).content.decode() for seq in range(5)]
    seen = [[word for word in ("one", "two", "three") if f">{word}<" in svg] for svg in svgs]
    assert seen == [["one"], ["one", "two"], ["one", "two"], ["one", "two", "three"], ["one", "two", "three"]]
    page = picture(client, room, 0)
    assert "sandbox" in page["Content-Security-Policy"]
    assert page["Cache-Control"] == "no-store, private"
    assert ReadAudit.objects.filter(room=room, detail="board at 0").count() == 2
    pdf = client.get(f"/review/{room.pk}/board.pdf?seq=1").content
    assert "two" in pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text()


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [("0", BoardShown(0, None, 1)), ("1", BoardShown(1, 0, 3)), ("2", BoardShown(2, 0, 3)), ("3", BoardShown(3, 1, None)),
     ("", BoardShown(4, 1, None)), ("999", BoardShown(4, 1, None)), ("x", BoardShown(4, 1, None))],
)  # fmt: skip
def test_q22_from_change_to_change(room: Room, drawn: Document, wanted: str, shown: BoardShown) -> None:
    assert board_shown(Room.objects.get(pk=room.pk), [], wanted) == shown


def test_the_page_has_the_board_when_somebody_drew(
    room: Room, alice: User, drawn: Document, client_for: ClientFor
) -> None:
    page = client_for(alice).get(f"/review/{room.pk}/?board=2").content.decode()
    assert f"/review/{room.pk}/board.svg?seq=2&amp;page=1" in page
    assert "figcaption" not in page, "one page needs no title"
    assert "The board at #2" in page
    assert "?page=1&amp;board=3#board" in page


def test_q22_every_page_is_shown_as_it_was(
    room: Room, alice: User, charlie: User, drawn: Document, client_for: ClientFor
) -> None:
    """A page that came later is not there before, and an empty one never."""
    texts = [fields_of("text", text=f"far {page}", page=page) for page in ("second one", "3")]
    put(drawn, texts, author=alice, pages=("1", "empty", "second one", "3"))
    client = client_for(alice)
    page = client.get(f"/review/{room.pk}/").content.decode()
    assert [f"<bdi>Page {title}</bdi>" in page for title in ("1", "empty", "second one", "3")] == [
        True,
        False,
        True,
        True,
    ]
    assert f"/review/{room.pk}/board.svg?seq=4&amp;page=second%20one" in page
    assert "far second one" in picture(client, room, "4&page=second%20one").content.decode()
    assert "far" not in picture(client, room, "4&page=1").content.decode()
    assert picture(client, room, "3&page=3").status_code == 404, "it was not there then"
    assert "far" not in client.get(f"/review/{room.pk}/?board=3").content.decode()
    assert picture(client_for(charlie), room, "4&page=3").status_code in (403, 404)


def test_without_a_drawing_there_is_none(room: Room, alice: User, client_for: ClientFor) -> None:
    assert "board.svg" not in client_for(alice).get(f"/review/{room.pk}/").content.decode()
    assert picture(client_for(alice), room, 0).status_code == 404


@pytest.mark.parametrize("who", ["bob", "charlie", "olga", "tom"])
def test_outsiders_and_students_are_refused(
    request: pytest.FixtureRequest, room: Room, drawn: Document, who: str, client_for: ClientFor
) -> None:
    assert picture(client_for(request.getfixturevalue(who)), room, 0).status_code in (403, 404)
    assert not ReadAudit.objects.exists()


@pytest.mark.parametrize("seq", ["", "-1", "x", "1" * 30])
def test_bad_numbers_are_no_picture(room: Room, drawn: Document, alice: User, client_for: ClientFor, seq: str) -> None:
    assert picture(client_for(alice), room, seq).status_code == 404
    assert client_for(alice).get(f"/review/{room.pk}/board.exe?seq=1").status_code == 404
