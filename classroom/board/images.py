"""Pictures of a board: uploaded, made anew, kept in the database, and shown to whoever reads the board (Q21)."""

from __future__ import annotations

import hashlib
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from classroom.board.access import BoardRights, board_for
from classroom.board.jail import Refused, child_ask
from classroom.board.models import Document, Kind, Picture
from classroom.board.reasons import reason_said
from classroom.people.models import User
from classroom.rooms.frames import FrameError
from classroom.rooms.limits import Limit, Rate, spend_for

UPLOADING: Final = Limit(Rate(10, 5), Rate(60, 20))
COUNT_MAX: Final = 100  # pictures of one document
ROOM_BYTES_MAX: Final = 100 * 1024 * 1024  # of all documents of a room


def writing_rights(rights: BoardRights) -> BoardRights:
    """At the document that was named, or at her own layer where she may write on that alone."""
    if rights.may_write or rights.room.staff:
        return rights
    own = Document.objects.filter(room=rights.document.room_id, kind=Kind.LAYER, owner=rights.room.user).first()
    layer = board_for(rights.room.user, own.pk) if own else rights
    return layer if layer.may_write else rights


def picture_add(rights: BoardRights, data: bytes) -> Picture:
    """Make the picture anew and keep it; the same picture again is the one that is there. Raises UpdateRefused, FrameError."""
    rights.write_require()
    spend_for(rights.room, "picture", UPLOADING)
    try:
        said, made = child_ask("picture", data)
    except Refused as refused:
        raise FrameError("bad_field", reason_said(str(refused)), field="image") from None
    own = Picture.objects.filter(document=rights.document, sha256=hashlib.sha256(made).hexdigest())
    try:
        with transaction.atomic():
            document = Document.objects.select_for_update().get(pk=rights.document.pk)
            return own.first() or _kept(document, rights.room.user, made, said)
    except IntegrityError:
        return own.get()


def _kept(document: Document, by: User, made: bytes, said: dict[str, object]) -> Picture:
    _room_check(document, len(made))
    digest = hashlib.sha256(made).hexdigest()
    return Picture.objects.create(document=document, by=by, data=made, size=len(made), sha256=digest, **said)


def _room_check(document: Document, more: int) -> None:
    if Picture.objects.filter(document=document).count() >= COUNT_MAX:
        words = _("This board has %(n)s pictures already.") % {"n": COUNT_MAX}
        raise FrameError("too_big", words, field="image")
    used = Picture.objects.filter(document__room=document.room_id).aggregate(total=Sum("size"))["total"] or 0
    if used + more > ROOM_BYTES_MAX:
        raise FrameError("too_big", _("The boards of this room are full of pictures."), field="image")
