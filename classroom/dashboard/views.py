"""The teacher's wall: the page and its stream."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from classroom.board.thumbnails import thumbnail_read
from classroom.dashboard.access import require_looking, rooms_looked_at
from classroom.dashboard.selectors import tiles_for
from classroom.dashboard.stream import Spectator, wall_stream
from classroom.people.access import PageRequest


@login_required
@require_safe
def dashboard(request: PageRequest) -> HttpResponse:
    require_looking(request.user)
    return render(request, "dashboard/dashboard.html", {"tiles": tiles_for(request.user)})


@login_required
@require_safe
def dashboard_board(request: PageRequest, room_id: UUID) -> HttpResponse:
    """The picture of a room's board, for whoever has the room on her wall."""
    data = thumbnail_read(room_id) if rooms_looked_at(request.user).filter(pk=room_id).exists() else None
    if data is None:
        raise Http404("no such picture")
    return HttpResponse(data, content_type="image/png", headers={"Cache-Control": "private, max-age=3600"})


@login_required
@require_safe
def dashboard_events(request: PageRequest) -> StreamingHttpResponse:
    require_looking(request.user)
    spectator = Spectator(request.user.pk, request.session.session_key or "")
    return StreamingHttpResponse(
        wall_stream(spectator),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )
