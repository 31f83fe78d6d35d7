"""Pictures of a board: uploaded, made anew, kept in the database, and shown to whoever reads the board (Q21)."""

from __future__ import annotations

import hashlib
from typing import Final, cast
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from classroom.board.access import BoardRights, board_for
from classroom.board.jail import Refused, child_ask
from classroom.board.models import Document, Kind, Picture
from classroom.board.raster import BYTES_MAX
from classroom.board.replica import UpdateRefused
from classroom.board.replies import reason_said, refusal
from classroom.people.models import User
from classroom.rooms.frames import FrameError
from classroom.rooms.limits import Limit, Rate, spend_for

UPLOADING: Final = Limit(Rate(10, 5), Rate(60, 20))
COUNT_MAX: Final = 100  # pictures of one document
ROOM_BYTES_MAX: Final = 100 * 1024 * 1024  # of all documents of a room


class ImagesView(APIView):
    """``POST /api/boards/<document>/images/``, multipart ``image`` → {image, w, h}; for whoever writes on the board."""

    parser_classes = [MultiPartParser]

    def post(self, request: Request, document_id: UUID) -> Response:
        rights = _writing_rights(board_for(cast(User, request.user), document_id))
        try:
            picture = picture_add(rights, _sent(request))
        except UpdateRefused as refused:
            return refusal(FrameError(refused.code, str(refused), field=refused.field))
        except FrameError as error:
            return refusal(error)
        return Response({"image": str(picture.pk), "w": picture.w, "h": picture.h}, status=201)


class ImageView(APIView):
    """``GET /api/boards/<document>/images/<uuid>/``: a picture of that room, if she may read the board that it was put on."""

    def get(self, request: Request, document_id: UUID, image_id: UUID) -> HttpResponse:
        user = cast(User, request.user)
        room_id = board_for(user, document_id).document.room_id
        picture = Picture.objects.filter(pk=image_id, document__room=room_id).first()
        if picture is None:
            raise Http404("no such picture")
        board_for(user, picture.document_id)  # it is as secret as the board that it was put on
        return HttpResponse(
            bytes(picture.data), content_type=picture.kind, headers={"Cache-Control": "private, max-age=3600"}
        )


def _writing_rights(rights: BoardRights) -> BoardRights:
    """At the document that was named, or at her own layer where she may write on that alone."""
    if rights.may_write or rights.room.staff:
        return rights
    own = Document.objects.filter(room=rights.document.room_id, kind=Kind.LAYER, owner=rights.room.user).first()
    layer = board_for(rights.room.user, own.pk) if own else rights
    return layer if layer.may_write else rights


def _sent(request: Request) -> bytes:
    """The file of the form. Raises FrameError that names ``image``."""
    file = request.FILES.get("image")
    if file is None or isinstance(file, list):
        raise FrameError("bad_field", _("Send one picture as `image`."), field="image")
    if (file.size or 0) > BYTES_MAX:
        raise FrameError("too_big", _("A picture has 2 MB at most."), field="image")
    return cast(bytes, file.read())


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
