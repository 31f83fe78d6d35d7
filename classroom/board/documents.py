"""``GET /api/rooms/<uuid>/boards/``: the documents of a room that this person may read."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from classroom.board.access import document_shown, documents_for, mode_of
from classroom.board.modes import grants_of
from classroom.people.models import User
from classroom.rooms import access


class BoardsView(APIView):
    """→ {mode, documents: [{id, kind, owner, may_write, revealed}], may_manage, grants: [{person, write}]}.

    ``grants`` are for those who may manage, [] for others. 404 for a room that is not hers.
    """

    def get(self, request: Request, room_id: UUID) -> Response:
        rights = access.room_for(cast(User, request.user), room_id)
        documents = [document_shown(one) for one in documents_for(rights)]
        grants = grants_of(rights.room) if rights.staff else []
        shown = {"mode": mode_of(rights.room), "documents": documents, "may_manage": rights.staff, "grants": grants}
        return Response(shown, headers={"Cache-Control": "no-store"})
