"""At what pace an answer was shown, for those who want to see it come again (B1). Read live, for people of the room alone."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from classroom.people.models import User
from classroom.rooms import journal
from classroom.rooms.access import room_for
from classroom.rooms.models import Event
from tutor.models import Answer


@require_safe
def answer_pace(request: HttpRequest, room_id: UUID, answer_id: UUID) -> JsonResponse:
    """{pieces: [[milliseconds since the first, length of the shown text then], …]}."""
    if not isinstance(request.user, User):
        return JsonResponse({"code": "unauthenticated"}, status=401)
    room = room_for(request.user, room_id).room
    answer = Answer.objects.filter(pk=answer_id, room=room).first()
    if answer is None:
        raise Http404("no such answer")
    deltas = Event.objects.filter(
        room=room, type="answer.delta", audience=journal.ALL, seq__gt=answer.asked_seq, data__answer=str(answer_id)
    )
    found = [(event.at, event.data["offset"] + len(event.data["text"])) for event in deltas.order_by("seq")]
    pieces = [[round((at - found[0][0]).total_seconds() * 1000), length] for at, length in found]
    response = JsonResponse({"answer": str(answer_id), "pieces": pieces})
    response["Cache-Control"] = "private, no-store"
    return response
