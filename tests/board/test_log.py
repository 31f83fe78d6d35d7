"""The log (rules Q1, Q2) on both databases: gap-free under several hands, nothing of what was rolled back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import close_old_connections, connection, transaction
from pycrdt import Doc, Map

from classroom.board import access, limits, log
from classroom.board.models import Document, Kind, Snapshot, Update, Writer
from classroom.board.replica import Replica, UpdateRefused
from classroom.board.updates import clocks_read
from classroom.people.models import User
from classroom.rooms.models import Room
from tests.board.peers import drawing, shape

pytestmark = pytest.mark.usefixtures("either_database", "redis_url")


@pytest.fixture(autouse=True)
def _fresh() -> None:
    log._replicas.clear()


def seqs(document: Document) -> list[int]:
    return list(Update.objects.filter(document=document).order_by("seq").values_list("seq", flat=True))


def same(document: Document) -> bool:
    """Whether the head says what the rows say."""
    document.refresh_from_db()
    rows = [bytes(data) for data in Update.objects.filter(document=document).values_list("data", flat=True)]
    return document.last_seq == len(rows) and document.bytes == sum(map(len, rows))


def test_q1_several_hands_leave_no_gap(board: Document, bob: User, dora: User) -> None:
    def hand(number: int) -> int:
        close_old_connections()
        for _ in range(5):
            log.update_append(board, drawing(shape()), author=(bob, dora)[number % 2], origin=str(number))
        connection.close()
        return number

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(hand, range(4))) == [0, 1, 2, 3]
    assert seqs(board) == list(range(1, 21))
    assert same(board)
    assert len(log.document_load(board).get("shapes", type=Map)) == 20
    assert Writer.objects.filter(document=board).count() == 20


def test_q2_a_rollback_leaves_nothing(board: Document, bob: User) -> None:
    log.update_append(board, drawing(shape()), author=bob, origin="x")

    @transaction.atomic
    def drawn_and_given_up() -> None:
        assert log.update_append(board, drawing(shape()), author=None, origin="tutor") == 2
        raise RuntimeError("something later")

    with pytest.raises(RuntimeError, match="later"):
        drawn_and_given_up()
    assert seqs(board) == [1]
    assert log.update_append(board, drawing(shape()), author=bob, origin="x") == 2
    assert len(log.document_load(board).get("shapes", type=Map)) == 2
    assert same(board)


def test_q2_a_batch_keeps_what_is_good(board: Document, bob: User, dora: User) -> None:
    first, second = drawing(shape()), drawing(shape(x=2))
    drafts = [log.Draft(data, bob, "x") for data in (first, drawing(shape(kind="video")), second, b"junk", first)]
    outcomes = log.updates_append(board.pk, drafts)
    kinds = [outcome.code if isinstance(outcome, UpdateRefused) else outcome and outcome.seq for outcome in outcomes]
    assert kinds == [1, "bad_field", 2, "malformed", None]
    assert seqs(board) == [1, 2]
    seq, missing, state = log.document_answer(board.pk, b"\x00")
    copy = Doc[Any]()
    copy.apply_update(missing)
    assert (seq, len(copy.get("shapes", type=Map))) == (2, 2)
    assert clocks_read(copy.get_state()) == clocks_read(state)


def test_whatever_breaks_throws_the_copy_away(board: Document, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    log.update_append(board, drawing(shape()), author=bob, origin="x")
    with monkeypatch.context() as broken:
        broken.setattr(Replica, "_whole", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            log.update_append(board, drawing(shape()), author=bob, origin="x")
    assert board.pk not in log._replicas
    assert len(log.document_load(board).get("shapes", type=Map)) == 1
    assert log.update_append(board, drawing(shape()), author=bob, origin="x") == 2


def test_q1_a_snapshot_only_speeds_joining(board: Document, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SNAPSHOT_ROWS", 3)
    for _ in range(7):
        log.update_append(board, drawing(shape()), author=bob, origin="x")
    assert [one.seq for one in Snapshot.objects.all()] == [6]
    assert seqs(board) == list(range(1, 8))
    log._replicas.clear()
    for upto in (None, 7, 6, 3):
        assert len(log.document_load(board, upto=upto).get("shapes", type=Map)) == (upto or 7)
    assert log.update_append(board, drawing(shape()), author=bob, origin="x") == 8
    Snapshot.objects.all().delete()
    assert len(log.document_load(board).get("shapes", type=Map)) == 8


def test_copies_are_kept_for_a_few(room: Room, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "REPLICAS_KEPT", 1)
    one, other = access.document_of(room, Kind.BOARD), access.document_of(room, Kind.TEACHER)
    for at in range(2):
        for document in (one, other):
            assert log.update_append(document, drawing(shape()), author=bob, origin="x") == at + 1
    assert list(log._replicas) == [other.pk]


def test_an_update_that_says_nothing_new_has_the_last_seq(board: Document, bob: User) -> None:
    data = drawing(shape())
    assert [log.update_append(board, data, author=bob, origin="x") for _ in range(2)] == [1, 1]
    assert log.updates_read(board.pk, after=0)[0].origin == "x"
    assert log.heads([board.pk]) == {board.pk: 1}


def test_a_room_takes_its_boards_along(room: Room, board: Document, bob: User) -> None:
    log.update_append(board, drawing(shape()), author=bob, origin="x")
    Room.objects.filter(pk=room.pk).delete()
    assert not Document.objects.exists()
    assert not Update.objects.exists()
    assert not Writer.objects.exists()
    with pytest.raises(Document.DoesNotExist):
        log.updates_append(board.pk, [log.Draft(drawing(shape()), bob, "x")])


def test_the_outsiders_updates_are_asked_for_under_the_lock(board: Document, charlie: User) -> None:
    from classroom.board.scribble import Allowed

    outcome = log.updates_append(board.pk, [log.Draft(drawing(shape()), charlie, "x")], allow=Allowed())[0]
    assert isinstance(outcome, UpdateRefused)
    assert outcome.code == "forbidden"
    assert seqs(board) == []
