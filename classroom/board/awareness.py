"""Who points where: volatile, never in the log. The server says who somebody is, and takes her away when she goes."""

from __future__ import annotations

import colorsys
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from classroom.board import limits
from classroom.board.messages import Awareness
from classroom.board.updates import Malformed
from classroom.people.models import User

GONE = "null"
BRACKETS_MAX = 64


@dataclass(slots=True)
class Known:
    """The last state of one Yjs client. ``socket`` is "" for somebody at another process."""

    clock: int
    state: str
    socket: str
    at: float


class States:
    """The states of one document, as this process knows them."""

    def __init__(self) -> None:
        self._known: dict[int, Known] = {}

    def take(
        self, socket: str, user: User, states: list[Awareness], now: float, *, writes: bool = False
    ) -> list[Awareness]:
        """What one of our sockets says of itself, stamped; what it says of others is left out. Raises Malformed."""
        told = []
        for one in states:
            known = self._known.get(one.client)
            if known is not None and (known.socket != socket or one.clock < known.clock):
                continue
            told += [gone for client in self._own(socket) if client != one.client for gone in self._drop(client)]
            stamped = Awareness(one.client, one.clock, stamp(one.state, user, writes=writes))
            if stamped.state == GONE:
                self._known.pop(one.client, None)
            else:
                self._known[one.client] = Known(one.clock, stamped.state, socket, now)
            told.append(stamped)
        return told

    def hear(self, states: list[Awareness], now: float) -> list[Awareness]:
        """What another process tells; gives back what is news here."""
        news = []
        for one in states:
            known = self._known.get(one.client)
            if known is not None and (known.socket or one.clock < known.clock):
                continue
            news.append(one)
            if one.state == GONE:
                self._known.pop(one.client, None)
            else:
                self._known[one.client] = Known(one.clock, one.state, "", now)
        return news

    def leave(self, socket: str) -> list[Awareness]:
        """The socket has gone: what to tell."""
        return [gone for client in self._own(socket) for gone in self._drop(client)]

    def expire(self, now: float) -> None:
        """Forget whom no process renews."""
        old = [client for client, one in self._known.items() if now - one.at > limits.AWARENESS_KEPT_S]
        for client in old:
            del self._known[client]

    def all(self, *, ours_only: bool = False) -> list[Awareness]:
        known = self._known.items()
        return [Awareness(client, one.clock, one.state) for client, one in known if one.socket or not ours_only]

    def _own(self, socket: str) -> list[int]:
        return [client for client, one in self._known.items() if one.socket == socket]

    def _drop(self, client: int) -> list[Awareness]:
        known = self._known.pop(client)
        return [Awareness(client, known.clock + 1, GONE)]


def stamp(state: str, user: User, *, writes: bool = False) -> str:
    """The state with who this is, whatever it said itself, and with what she is drawing only if she may write.

    Raises Malformed for what is no JSON object.
    """
    if state.count("[") + state.count("{") > BRACKETS_MAX or len(state) > limits.AWARENESS_BYTES:
        raise Malformed("a state that is too large")
    try:
        fields: Any = json.loads(state)
    except ValueError:
        raise Malformed("a state that is not JSON") from None
    if fields is None:
        return GONE
    if not isinstance(fields, dict):
        raise Malformed("a state that is no object")
    if not writes:
        fields.pop("draft", None)
    fields["user"] = who(user.pk, user.name)
    return json.dumps(fields, separators=(",", ":"))


def who(user_id: UUID, name: str) -> dict[str, str]:
    """A person as others see her: ``color`` and ``colorLight`` are what the code editor's cursors read."""
    colour = colour_of(user_id)
    return {"id": str(user_id), "name": name, "colour": colour, "color": colour, "colorLight": f"{colour}33"}


def colour_of(user_id: UUID) -> str:
    """The same colour everywhere and always: dark enough for white letters."""
    red, green, blue = colorsys.hls_to_rgb(user_id.int % 360 / 360, 0.35, 0.65)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"
