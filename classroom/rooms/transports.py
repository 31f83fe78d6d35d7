"""The same log without WebSockets: Server-Sent Events, long-poll, and POST of a client frame, all at one address."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from uuid import UUID

from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework.authentication import CSRFCheck
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.authentication import JWTAuthentication

from classroom.people.digests import auth_digest, session_digest
from classroom.people.models import User
from classroom.rooms import access, actions, frames
from classroom.rooms.consumers import hello_frame
from classroom.rooms.frames import FrameError
from classroom.rooms.hub import hub
from classroom.rooms.offload import offload
from classroom.rooms.viewers import QueuedViewer

KEEP_ALIVE_S = 15.0
WAIT_MAX_S = 30.0
SETTLE_S = 0.02  # after the first frame of a poll, how long to wait for those that come with it
STATUS = {"forbidden": 403, "room_closed": 409, "not_running": 409, "busy": 409, "slow_down": 429, "unavailable": 503}


@csrf_exempt  # a Bearer token needs no CSRF proof; for page sessions _user asks for it
async def room_events(request: HttpRequest, room_id: UUID) -> HttpResponseBase:
    """``/api/rooms/<uuid>/events/``: GET is a stream or a poll by its Accept header, POST is a client frame."""
    try:
        user = await offload(_user, request)
    except APIException as error:
        return _problem(error.status_code, "unauthenticated", str(error.detail))
    try:
        rights = await offload(access.room_for, user, room_id)
        if request.method == "POST":
            return await _post(user, room_id, request.body)
        if request.method != "GET":
            return _problem(405, "bad_field", "Use GET or POST.")
        after, epoch = _cursor(request)
        viewer = QueuedViewer(rights, session=session_digest(_session_key(request)), auth=auth_digest(user))
        if "text/event-stream" in request.headers.get("Accept", ""):
            return _stream(viewer, after, epoch)
        return await _poll(viewer, after, epoch, _wait(request))
    except FrameError as error:
        return JsonResponse(frames.error_frame(error, None), status=STATUS.get(error.code, 400))
    except Http404:
        return _problem(404, "not_found", "There is no such room.")
    except Error:
        return _problem(503, "unavailable", "The log cannot be read just now.")


async def _post(user: User, room_id: UUID, body: bytes) -> HttpResponse:
    ref = None
    try:
        frame = frames.decode(body)
        ref = frame.id
        if frame.type in {"join", "ping", "auth.refresh"}:
            raise FrameError("unknown_type", f"`{frame.type}` belongs to sockets.", field="type")
        return JsonResponse(await offload(actions.perform, user, room_id, frame))
    except FrameError as error:
        return JsonResponse(frames.error_frame(error, ref), status=STATUS.get(error.code, 400))


def _stream(viewer: QueuedViewer, after: int | None, epoch: str | None) -> StreamingHttpResponse:
    response = StreamingHttpResponse(_events(viewer, after, epoch), content_type="text/event-stream")
    response["Cache-Control"] = "no-cache"
    response["X-Accel-Buffering"] = "no"
    return response


async def _events(viewer: QueuedViewer, after: int | None, epoch: str | None) -> AsyncIterator[str]:
    viewer.send(hello_frame(viewer.rights))
    yield "retry: 2000\n\n"
    entering = asyncio.create_task(_attach(viewer, after, epoch))  # a long catch-up waits for what we take meanwhile
    try:
        while True:
            try:
                text = await asyncio.wait_for(viewer.take(), KEEP_ALIVE_S)
            except TimeoutError:
                yield ": keep-alive\n\n"
                continue
            if text is None:
                # A moment of its own: what the stream said when it began it has said to everybody.
                again = "" if viewer.retry_ms is None else f"retry: {viewer.retry_ms}\n"
                yield f'{again}event: closed\ndata: {{"code":{viewer.closed}}}\n\n'
                return
            yield sse(text)
    finally:
        entering.cancel()
        hub().detach(viewer)


async def _attach(viewer: QueuedViewer, after: int | None, epoch: str | None) -> None:
    try:
        await hub().attach(viewer, after=after, epoch=epoch)
    except Error:
        viewer.close(frames.Close.RESTART, retry_ms=2_000)  # the status is sent already: the stream says it


def sse(text: str) -> str:
    """One encoded frame as an SSE event: its type, its seq as id, the whole frame as data."""
    kind = text[9 : text.index('"', 9)]  # encode writes {"type":"…" first
    seq = _seq(text)
    return f"event: {kind}\n" + (f"id: {seq}\n" if seq is not None else "") + f"data: {text}\n\n"


def _seq(text: str) -> str | None:
    start = text.index('"seq":') + 6 if '"seq":' in text[:120] else 0
    digits = text[start : start + 20].split(",", 1)[0] if start else ""
    return digits if digits.isdigit() else None


async def _poll(viewer: QueuedViewer, after: int | None, epoch: str | None, wait_s: float) -> HttpResponse:
    """What is missing at once, a page of it at most; if nothing is, whatever comes within ``wait_s``."""
    viewer.paged = True
    until = time.monotonic() + wait_s
    if after is None or epoch != viewer.rights.room.epoch:
        viewer.send(hello_frame(viewer.rights))
    try:
        await hub().attach(viewer, after=after, epoch=epoch)
        texts = viewer.take_nowait()
        while not texts and viewer.closed is None and (left := until - time.monotonic()) > 0:
            try:
                first = await asyncio.wait_for(viewer.take(), left)
            except TimeoutError:
                break
            await asyncio.sleep(SETTLE_S)
            texts = [*([first] if first is not None else []), *viewer.take_nowait()]
    finally:
        hub().detach(viewer)
    body = '{"frames":[' + ",".join(texts) + "]" + (f',"closed":{viewer.closed}' if viewer.closed else "") + "}"
    return HttpResponse(body, content_type="application/json", headers={"Cache-Control": "no-store"})


def _cursor(request: HttpRequest) -> tuple[int | None, str | None]:
    """Where to go on: ``Last-Event-ID`` (a reconnecting EventSource) before ``?after=``."""
    text = request.headers.get("Last-Event-ID") or request.GET.get("after") or ""
    if text and not (text.isascii() and text.isdigit() and len(text) < 19):
        raise FrameError("bad_field", "`after` must be a number.", field="after")
    return (int(text) if text else None), (request.GET.get("epoch") or None)


def _wait(request: HttpRequest) -> float:
    text = request.GET.get("wait", "25")
    if not (text.isascii() and text.isdigit() and len(text) < 4):
        raise FrameError("bad_field", "`wait` must be a number of seconds.", field="wait")
    return min(float(text), WAIT_MAX_S)


def _session_key(request: HttpRequest) -> str | None:
    return None if request.headers.get("Authorization") else request.session.session_key


def _user(request: HttpRequest) -> User:
    """Bearer token or page session (then with CSRF proof for POST). Raises APIException."""
    found = JWTAuthentication().authenticate(Request(request))
    if found is not None and isinstance(found[0], User):
        return found[0]
    if not isinstance(request.user, User) or not request.user.is_active:
        raise _Unauthenticated
    if request.method == "POST":
        check = CSRFCheck(_view)
        check.process_request(request)
        reason = check.process_view(request, _view, (), {})
        if reason:
            raise _Forgery
    return request.user


def _view(_request: HttpRequest) -> HttpResponse:
    """Nobody calls it: the check of the token only asks a view for its attributes."""
    return HttpResponse()


class _Unauthenticated(APIException):
    status_code = 401
    default_detail = "Sign in first."


class _Forgery(APIException):
    status_code = 403
    default_detail = "The page's CSRF token is missing or old."


def _problem(status: int, code: str, message: str) -> JsonResponse:
    return JsonResponse(frames.error_frame(FrameError(code, message), None), status=status)


class RoomsView(APIView):
    """``GET /api/rooms/`` → the rooms that this person may enter."""

    def get(self, request: Request) -> Response:
        if not isinstance(request.user, User):
            raise _Unauthenticated
        rooms = access.rooms_of(request.user)[:500]
        return Response(
            [{"id": str(r.pk), "title": r.title, "state": r.state, "class": r.school_class.name} for r in rooms]
        )
