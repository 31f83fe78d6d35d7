"""Pages for those who review transcripts. Opening one leaves a receipt, and so does each export."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from classroom.board.export import TYPES, board_at, pages_at
from classroom.people.access import PageRequest
from classroom.people.models import Role
from classroom.review import selectors, services
from classroom.review.access import require_reviewer, transcript_opened
from classroom.review.export import Export
from classroom.review.forms import TranscriptFilter
from classroom.rooms.frames import FrameError

ROOMS_A_PAGE = 25
LINES_A_PAGE = 200


@login_required
@require_safe
def review(request: PageRequest) -> HttpResponse:
    require_reviewer(request.user)
    form = TranscriptFilter(request.GET or None, reader=request.user)
    filters = form.cleaned_data if form.is_valid() else {}
    page = Paginator(selectors.transcripts(request.user, filters), ROOMS_A_PAGE).get_page(request.GET.get("page"))
    numbers = page.paginator.get_elided_page_range(page.number)
    context = {"form": form, "page": page, "numbers": numbers, "filtered": any(filters.values())}
    return render(request, "review/list.html", context, status=400 if form.errors else 200)


@login_required
@require_safe
@cache_control(no_store=True, private=True)
def review_room(request: PageRequest, room_id: UUID) -> HttpResponse:
    number = request.GET.get("page", "1")
    rights = transcript_opened(request.user, room_id, verb=services.VIEW, detail=f"page {number}"[:300])
    page = Paginator(selectors.lines_readable(rights), LINES_A_PAGE).get_page(number)
    is_admin = rights.role == Role.ADMIN
    lines = selectors.transcript_lines(rights, page.object_list)
    board = selectors.board_shown(rights.room, lines, request.GET.get("board", ""))
    context = {
        "board": board,
        "board_pages": pages_at(rights.room, board.seq) if board else [],
        "room": rights.room,
        "page": page,
        "numbers": page.paginator.get_elided_page_range(page.number),
        "lines": lines,
        "is_admin": is_admin,
        "reads": selectors.reads_of(rights.room) if is_admin else None,
    }
    return render(request, "review/transcript.html", context)


@login_required
@require_safe
@cache_control(no_store=True, private=True)
def review_board(request: PageRequest, room_id: UUID, kind: str) -> HttpResponse:
    """The room's common board as it was at ``?seq=`` of its log (SVG: ``page``, else the first; PDF: all)."""
    number = request.GET.get("seq", "")
    if kind not in ("svg", "pdf") or not (number.isascii() and number.isdigit() and len(number) < 19):
        raise Http404("no such picture")
    rights = transcript_opened(request.user, room_id, verb=services.VIEW, detail=f"board at {number}")
    try:
        data = board_at(rights.room, int(number), kind, request.GET.get("page") or None)
    except FrameError:
        raise Http404("no such picture") from None
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"}
    return HttpResponse(data, content_type=TYPES[kind], headers=headers)


@login_required
@require_safe
@cache_control(no_store=True, private=True)
def review_export(request: PageRequest, room_id: UUID) -> StreamingHttpResponse:
    names = request.GET.get("names") == "1"
    deltas = request.GET.get("deltas") == "1"
    detail = "with names" if names else "pseudonymised"
    rights = transcript_opened(request.user, room_id, verb=services.EXPORT, detail=detail, names=names)
    audiences = None if rights.role == Role.ADMIN else ("all", "staff")
    export = Export(rights.room, names=names, deltas=deltas, audiences=audiences)
    return StreamingHttpResponse(
        export.stream(),
        content_type="application/jsonl; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="transcript-{room_id}.jsonl"',
            "X-Accel-Buffering": "no",
        },
    )
