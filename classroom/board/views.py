"""The boards' addresses over HTTP: formulas, pictures and files. Refusals are the wire's error frame, with the field that is
wrong, in the reader's language."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from classroom.board.access import board_for
from classroom.board.export import TYPES, board_exported
from classroom.board.formulas import formula_drawn, latex_of
from classroom.board.images import picture_add, writing_rights
from classroom.board.models import Kind, Picture
from classroom.board.raster import BYTES_MAX
from classroom.board.replica import UpdateRefused
from classroom.people.models import User
from classroom.rooms import frames
from classroom.rooms.frames import FrameError
from classroom.rooms.transports import STATUS


class FormulasView(APIView):
    """``POST /api/boards/<document>/formulas/`` {latex} → {w, h, paths: [{d, transform}]}; for whoever reads the board."""

    def post(self, request: Request, document_id: UUID) -> Response:
        rights = board_for(cast(User, request.user), document_id)
        try:
            drawn = formula_drawn(latex_of(request.data), spender=rights.room)
        except FrameError as error:
            return refusal(error)
        return Response(drawn, headers={"Cache-Control": "private, max-age=86400"})


class ImagesView(APIView):
    """``POST /api/boards/<document>/images/``, multipart ``image`` → {image, w, h}; for whoever writes on the board."""

    parser_classes = [MultiPartParser]

    def post(self, request: Request, document_id: UUID) -> Response:
        rights = writing_rights(board_for(cast(User, request.user), document_id))
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


def _sent(request: Request) -> bytes:
    """The file of the form. Raises FrameError that names ``image``."""
    file = request.FILES.get("image")
    if file is None or isinstance(file, list):
        raise FrameError("bad_field", _("Send one picture as `image`."), field="image")
    if (file.size or 0) > BYTES_MAX:
        raise FrameError("too_big", _("A picture has 2 MB at most."), field="image")
    return cast(bytes, file.read())


class ExportView(APIView):
    """``GET /api/boards/<document>/export.<svg|png|pdf>?page=<id>``: a page, or (PDF without ``page``) all of them."""

    def get(self, request: Request, document_id: UUID, kind: str) -> HttpResponse | Response:
        rights = board_for(cast(User, request.user), document_id)
        if rights.document.kind == Kind.CODE or kind not in TYPES:
            raise Http404("no drawing")
        try:
            data = board_exported(rights, kind, request.query_params.get("page"))
        except FrameError as error:
            return refusal(error)
        headers = {
            "Content-Disposition": f'attachment; filename="board-{str(document_id)[:8]}.{kind}"',
            "Cache-Control": "private, no-store",
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
        }
        return HttpResponse(data, content_type=TYPES[kind], headers=headers)


def refusal(error: FrameError) -> Response:
    return Response(
        frames.error_frame(error, None), status=STATUS.get(error.code, 400), headers={"Cache-Control": "no-store"}
    )
