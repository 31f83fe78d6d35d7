"""The teacher's wall: the page and its stream."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from classroom.dashboard.access import require_looking
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
def dashboard_events(request: PageRequest) -> StreamingHttpResponse:
    require_looking(request.user)
    spectator = Spectator(request.user.pk, request.session.session_key or "")
    return StreamingHttpResponse(
        wall_stream(spectator),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )
