"""The edge file: socket addresses, and which function serves which verb. Dotted strings, so that rooms never import tutor."""

from __future__ import annotations

from typing import Any

from channels.routing import URLRouter
from django.urls import path

from classroom.board.consumers import BoardConsumer
from classroom.rooms.consumers import RoomConsumer

ACTIONS: dict[str, str] = {
    "message.post": "tutor.actions.message_post",
    "hand.raise": "classroom.rooms.actions.hand_raise",
    "hand.lower": "classroom.rooms.actions.hand_lower",
    "typing.show": "classroom.rooms.actions.typing_show",
    "answer.ask": "tutor.actions.answer_ask",
    "answer.stop": "tutor.actions.answer_stop",
    "answer.pause": "tutor.actions.answer_pause",
    "answer.resume": "tutor.actions.answer_resume",
    "answer.insert": "tutor.actions.answer_insert",
    "step.submit": "tutor.actions.step_submit",
    "code.run": "tutor.actions.code_run",
    "highlight.set": "tutor.actions.highlight_set",
    "hint.request": "tutor.actions.hint_request",
    "teacher.rung": "tutor.actions.rung_move",
    "board.mode": "classroom.board.actions.mode_set",
    "board.grant": "classroom.board.actions.grant_set",
    "board.reveal": "classroom.board.actions.reveal_set",
}

_routes = URLRouter(
    [
        path("ws/rooms/<uuid:room_id>/", RoomConsumer.as_asgi()),
        path("ws/boards/<uuid:document_id>/", BoardConsumer.as_asgi()),
    ]
)


async def websocket_application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Our sockets; any other address is refused in the handshake."""
    try:
        await _routes(scope, receive, send)
    except ValueError as error:
        if "No route found" not in str(error):
            raise
        await receive()
        await send({"type": "websocket.close", "code": 4404})
