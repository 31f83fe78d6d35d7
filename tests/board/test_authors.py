"""A shape is by whoever drew it (rule Q15): nobody draws as the tutor or as another, and undo gives back whose it was."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from pycrdt import Doc, Map, UndoManager

from classroom.board import describing, log
from classroom.board.log import Draft, document_load
from classroom.board.models import Document, Drawn, Snapshot, Update
from classroom.board.replica import UpdateRefused
from classroom.board.scene import TUTOR, scene_read
from classroom.board.scribble import Allowed
from classroom.people.models import User
from tests.board.peers import shape

pytestmark = [pytest.mark.usefixtures("redis_url"), pytest.mark.django_db(transaction=True)]


class Hand:
    """Somebody's own document, and what of it the log has not had yet."""

    def __init__(self, user: User, board: Document) -> None:
        self.user, self.board = user, board
        self.doc: Doc[Any] = Doc()
        self.shapes = self.doc.get("shapes", type=Map)
        self.undoing = UndoManager(scopes=[self.shapes], capture_timeout_millis=0)
        self.fetch()

    def fetch(self) -> None:
        with self.doc.transaction(origin="server"):
            self.doc.apply_update(document_load(self.board).get_update())
        self.undoing.clear()
        self.sent = self.doc.get_state()

    def draw(self, key: str = "", **fields: Any) -> str:
        key = key or str(uuid4())
        self.shapes[key] = Map(shape(self.user, **fields))
        return key

    @property
    def draft(self) -> Draft:
        data, self.sent = self.doc.get_update(self.sent), self.doc.get_state()
        return Draft(data, self.user, "socket")


def send(*hands: Hand) -> list[UpdateRefused | None]:
    """What each has done, in one batch, as sockets write it."""
    outcomes = log.updates_append(hands[0].board.pk, [hand.draft for hand in hands], allow=Allowed())
    return [outcome if isinstance(outcome, UpdateRefused) else None for outcome in outcomes]


def refused(*hands: Hand) -> tuple[str, str | None]:
    before = Update.objects.count()
    *_, outcome = send(*hands)
    assert outcome is not None
    assert Update.objects.count() == before + len(hands) - 1
    return outcome.code, outcome.field


def authors(board: Document) -> dict[str, str]:
    return {one.id: one.by for one in scene_read(document_load(board))}


@pytest.mark.parametrize("whom", ["tutor", "dora"])
def test_q15_nobody_draws_as_somebody_else(board: Document, bob: User, dora: User, whom: str) -> None:
    bobs = Hand(bob, board)
    bobs.draw(by=TUTOR if whom == "tutor" else str(dora.pk), text="believe me", kind="text")
    assert refused(bobs) == ("forbidden", "by")
    assert authors(board) == {}
    again = Hand(bob, board)
    key = again.draw()
    assert send(again) == [None]
    again.shapes[key]["by"] = TUTOR
    assert refused(again) == ("forbidden", "by")
    assert "tutor" not in describing.shape_described(*scene_read(document_load(board)))


def test_q15_what_others_drew_stays_theirs_whatever_is_done_with_it(board: Document, bob: User, dora: User) -> None:
    bobs = Hand(bob, board)
    key = bobs.draw()
    assert send(bobs) == [None]
    doras = Hand(dora, board)
    doras.shapes[key]["x"] = 77
    assert send(doras) == [None]
    doras.shapes[key]["by"] = str(dora.pk)
    assert refused(doras) == ("forbidden", "by")
    anew = Hand(dora, board)
    anew.draw(key)  # another shape in its place
    assert refused(anew) == ("forbidden", "by")
    assert authors(board) == {key: str(bob.pk)}
    page = Hand(dora, board)
    copy = page.draw(page="2")
    assert send(page) == [None], "a copy on another page is by who made it"
    assert authors(board) == {key: str(bob.pk), copy: str(dora.pk)}


@pytest.mark.parametrize("kept", ["copy", "log", "snapshot"])
def test_q15_undo_brings_back_what_was_somebody_elses(
    board: Document, bob: User, dora: User, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the server has the document meanwhile: in memory, from its rows, or from a snapshot that lacks the shape."""
    bobs = Hand(bob, board)
    key, own = bobs.draw(), bobs.draw()
    assert send(bobs) == [None]
    doras = Hand(dora, board)
    del doras.shapes[key]
    assert send(doras) == [None]
    if kept == "snapshot":
        Snapshot.objects.create(document=board, seq=2, data=document_load(board).get_update())
    if kept != "copy":
        log.replica_drop(board.pk)
    assert doras.undoing.undo()
    assert send(doras) == [None]
    assert authors(board) == {key: str(bob.pk), own: str(bob.pk)}
    assert doras.undoing.redo()
    assert send(doras) == [None]
    assert authors(board) == {own: str(bob.pk)}
    assert [(one.shape, one.who) for one in Drawn.objects.all()] == [(UUID(key), str(bob.pk))]
    other = Hand(dora, board)
    other.draw(key, by=TUTOR)
    assert refused(other) == ("forbidden", "by")


def test_q15_what_one_took_away_of_ones_own_needs_no_note(board: Document, bob: User) -> None:
    bobs = Hand(bob, board)
    key = bobs.draw()
    assert send(bobs) == [None]
    del bobs.shapes[key]
    assert send(bobs) == [None]
    assert bobs.undoing.undo()
    assert send(bobs) == [None]
    assert authors(board) == {key: str(bob.pk)}
    assert not Drawn.objects.exists()


def test_q15_a_refusal_in_the_same_batch_forgets_no_author(board: Document, bob: User, dora: User) -> None:
    bobs = Hand(bob, board)
    key = bobs.draw()
    assert send(bobs) == [None]
    doras, liar = Hand(dora, board), Hand(bob, board)
    del doras.shapes[key]
    liar.draw(by=TUTOR)
    assert refused(doras, liar) == ("forbidden", "by")
    log.replica_drop(board.pk)
    assert doras.undoing.undo()
    assert send(doras) == [None]
    assert authors(board) == {key: str(bob.pk)}


def test_q15_edits_made_offline_merge_and_stay_whose_they_are(board: Document, bob: User, dora: User) -> None:
    bobs = Hand(bob, board)
    key = bobs.draw()
    assert send(bobs) == [None]
    offline = Hand(dora, board)
    own = offline.draw()
    offline.shapes[key]["x"] = 5
    del bobs.shapes[key]
    assert send(bobs, offline) == [None, None]
    assert authors(board) == {own: str(dora.pk)}


def test_q15_the_server_itself_draws_for_others_and_an_outsider_draws_nothing(
    board: Document, bob: User, charlie: User
) -> None:
    tutor = Hand(bob, board)
    key = tutor.draw(by=TUTOR)
    log.update_append(board, tutor.draft.data, author=None, origin=TUTOR)
    taken = Hand(bob, board)
    del taken.shapes[key]
    assert send(taken) == [None]
    assert taken.undoing.undo()
    assert send(taken) == [None]
    assert authors(board) == {key: TUTOR}, "a drawing of the tutor that was taken away comes back as the tutor's"
    outsider = Hand(charlie, board)
    outsider.draw()
    assert refused(outsider) == ("forbidden", None)
