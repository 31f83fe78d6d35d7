"""Who may do what with which document: loaded and authorised in one call, from live state, never from an id alone.

Unknown and foreign look the same: Http404. The table of PROTOCOL.md, Q5–Q8, is here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import Http404
from django.utils.translation import gettext_lazy as _

from classroom.board.models import Board, Document, Grant, Kind, Mode
from classroom.board.replica import UpdateRefused
from classroom.people.models import User
from classroom.rooms import access
from classroom.rooms.access import RoomRights
from classroom.rooms.models import Room

SHARED = (Kind.BOARD, Kind.TEACHER, Kind.CODE)


@dataclass(frozen=True, slots=True)
class BoardRights:
    """One person at one document, at this moment. ``grant``: her own right to write, None where the mode decides."""

    room: RoomRights
    document: Document
    mode: str
    grant: bool | None

    @property
    def user(self) -> User:
        return self.room.user

    @property
    def may_read(self) -> bool:
        mine = self.document.owner_id == self.room.user.pk
        return self.document.kind != Kind.LAYER or self.room.staff or mine or self.document.revealed

    @property
    def may_write(self) -> bool:
        """Q6: staff everywhere; students as the mode says, unless they have a right of their own."""
        if not self.room.may_write or self.room.room.state != Room.State.OPEN:
            return False
        if self.room.staff:
            return True
        if self.mode == Mode.LOCKED or self.document.kind == Kind.TEACHER or self.grant is False:
            return False
        if self.document.kind == Kind.LAYER:
            return self.document.owner_id == self.room.user.pk and self.mode in (Mode.OPEN, Mode.ISOLATED)
        return self.mode == Mode.OPEN or self.grant is True

    def write_require(self) -> None:
        """Raises UpdateRefused."""
        if self.room.room.state != Room.State.OPEN:
            raise UpdateRefused("room_closed", _("This room is closed."))
        if not self.may_write:
            raise UpdateRefused("forbidden", _("You may look at this board, but not write on it."))


def mode_of(room: Room) -> str:
    return Board.objects.filter(room=room).values_list("mode", flat=True).first() or Mode.OPEN


def board_for(user: User | UUID, document_id: UUID) -> BoardRights:
    """The document and what this person may do with it. Raises Http404 for one that is not there or not hers to read."""
    user_id = user.pk if isinstance(user, User) else user
    rights = rights_of([(user_id, document_id)]).get((user_id, document_id))
    if rights is None:
        raise Http404("no such board")
    return rights


def rights_of(pairs: Iterable[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], BoardRights]:
    """Rights of many (user, document) pairs in seven queries; pairs that may not even read are missing."""
    wanted = set(pairs)
    documents = Document.objects.in_bulk({document_id for _, document_id in wanted})
    rooms = {document.room_id for document in documents.values()}
    modes = dict(Board.objects.filter(room__in=rooms).values_list("room", "mode"))
    grants = {
        (person, room): write
        for person, room, write in Grant.objects.filter(room__in=rooms).values_list("person", "room", "write")
    }
    here = {pair: documents[pair[1]].room_id for pair in wanted if pair[1] in documents}
    in_room = access.rights_of({(user_id, room_id) for (user_id, _), room_id in here.items()})
    found = {}
    for (user_id, document_id), room_id in here.items():
        mine = in_room.get((user_id, room_id))
        if mine is None:
            continue
        rights = BoardRights(
            mine, documents[document_id], modes.get(room_id, Mode.OPEN), grants.get((user_id, room_id))
        )
        if rights.may_read:
            found[user_id, document_id] = rights
    return found


def documents_for(rights: RoomRights) -> list[BoardRights]:
    """The documents of the room that this person may read; those that she needs are made on first use (Q5)."""
    room, mode = rights.room, mode_of(rights.room)
    for kind in SHARED:
        _document_make(room, kind, None)
    if mode == Mode.ISOLATED and rights.may_write and not rights.staff:
        _document_make(room, Kind.LAYER, rights.user)
    grant = Grant.objects.filter(room=room, person=rights.user).values_list("write", flat=True).first()
    order = {kind: at for at, kind in enumerate(Kind.values)}
    rows = Document.objects.filter(room=room).select_related("owner")
    if not rights.staff:
        rows = rows.filter(~Q(kind=Kind.LAYER) | Q(owner=rights.user) | Q(revealed=True))
    found = [BoardRights(rights, document, mode, grant) for document in rows]
    return sorted(
        found, key=lambda one: (order[one.document.kind], one.document.owner.name if one.document.owner else "")
    )


def _document_make(room: Room, kind: str, owner: User | None) -> Document:
    try:
        with transaction.atomic():
            return Document.objects.get_or_create(room=room, kind=kind, owner=owner)[0]
    except IntegrityError:  # somebody else was first
        return Document.objects.get(room=room, kind=kind, owner=owner)


def document_of(room: Room, kind: str) -> Document:
    """The common board, the teacher's layer or the shared code of a room, made on first use."""
    return Document.objects.filter(room=room, kind=kind, owner=None).first() or _document_make(room, kind, None)


def document_shown(rights: BoardRights) -> dict[str, Any]:
    """How a document stands in the list of ``GET /api/rooms/<uuid>/boards/``."""
    document = rights.document
    owner = {"id": str(document.owner.pk), "name": document.owner.name} if document.owner else None
    return {
        "id": str(document.pk),
        "kind": document.kind,
        "owner": owner,
        "may_write": rights.may_write,
        "revealed": document.revealed,
    }
