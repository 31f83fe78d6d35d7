"""The wire: how frames of clients are read (their data is in ``verbs``), and how frames of the server are written.

Rules have ids (F1, F2, …) in ``PROTOCOL.md``; the truth that Python and TypeScript share is ``tests/frames/*.json``.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from django.utils.translation import gettext as _
from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails

from classroom.rooms.verbs import MAX_TEXT as MAX_TEXT
from classroom.rooms.verbs import VERBS as VERBS
from classroom.rooms.verbs import About as About
from classroom.rooms.verbs import Strict

VERSION = 1
SUBPROTOCOL = "classroom.v1"
TICKET_PREFIX = "ticket."
MAX_FRAME_BYTES = 65_536
MAX_DEPTH = 8
HEARTBEAT_S = 25
BAD_FRAMES_ALLOWED = 5  # the fifth bad frame in a row closes with 4400


class Close:
    """Close codes. The page must never reconnect on 4403 and 4404."""

    IDLE = 1000
    RESTART = 1012
    BAD_FRAME = 4400
    EXPIRED = 4401
    REVOKED = 4403
    NOT_FOUND = 4404
    NO_JOIN = 4408
    RESYNC = 4410
    SLOW_DOWN = 4429


class FrameError(Exception):
    """A client frame that cannot be served. ``code`` is for programs, ``message`` for people, ``field`` names the culprit."""

    def __init__(
        self, code: str, message: str, *, field: str | None = None, retry_ms: int | None = None, ref: str | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.field, self.retry_ms, self.ref = code, message, field, retry_ms, ref

    @property
    def malformed(self) -> bool:
        """True if the frame itself was wrong, so that a client which repeats it is broken (F6)."""
        return self.code in {"bad_json", "too_deep", "unknown_type", "bad_field", "too_long", "empty"}


FACTS: frozenset[str] = frozenset(
    {
        "message.posted", "answer.asked", "answer.queued", "answer.status", "answer.source", "answer.started", "answer.delta",
        "answer.paused", "answer.resumed", "answer.inserted", "answer.tool_called", "answer.tool_returned",
        "answer.completed", "answer.stopped", "answer.failed", "step.submitted", "step.checked", "lines.checked", "code.ran",
        "highlight.changed", "highlight.proposed", "controls.changed",
        "hint.requested", "hint.given", "rung.moved", "rules.changed", "memory.changed", "hand.raised", "hand.lowered",
        "board.changed", "board.granted", "board.revealed",
        "member.joined", "member.removed", "room.closed", "room.reopened", "room.changed",
    }
)  # fmt: skip
EPHEMERAL: frozenset[str] = frozenset(
    {"hello", "snapshot", "ack", "error", "pong", "presence.changed", "typing.shown", "tutor.changed", "saving.changed"}
)
HIDDEN = "event.hidden"


@dataclass(frozen=True, slots=True)
class ClientFrame:
    """A client frame whose data has been checked against its verb."""

    type: str
    id: str
    data: Any


class _Envelope(Strict):
    type: str = Field(max_length=64)
    id: str = Field(max_length=36)
    data: dict[str, Any] = Field(default_factory=dict)


def decode(text: str | bytes) -> ClientFrame:
    """Read one client frame. Raises FrameError, which carries the frame's id as ``ref`` wherever it could be read."""
    if len(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")) > MAX_FRAME_BYTES:
        raise FrameError("too_big", f"The frame is larger than {MAX_FRAME_BYTES} bytes.")
    if _depth(text) > MAX_DEPTH:
        raise FrameError("too_deep", f"The frame nests deeper than {MAX_DEPTH} levels.")
    try:
        raw = json.loads(text, parse_constant=_refuse_constant)
    except ValueError:
        raise FrameError("bad_json", "The frame is not JSON.") from None
    if not isinstance(raw, dict):
        raise FrameError("bad_json", "The frame is not a JSON object.")
    ref = raw["id"] if isinstance(raw.get("id"), str) and len(raw["id"]) <= 36 and _sendable(raw["id"]) else None
    try:
        envelope = _Envelope.model_validate(raw)
        UUID(envelope.id)
    except ValidationError as error:
        raise _field_error(error.errors(include_url=False)[0], (), ref) from None
    except ValueError:
        raise FrameError("bad_field", "`id` must be a UUID.", field="id", ref=ref) from None
    model = VERBS.get(envelope.type)
    if model is None:
        raise FrameError("unknown_type", f"There is no verb `{envelope.type}`.", field="type", ref=ref)
    try:
        data = model.model_validate(envelope.data)
    except ValidationError as error:
        raise _field_error(error.errors(include_url=False)[0], ("data",), ref) from None
    return ClientFrame(envelope.type, envelope.id, data)


def text_checked(text: str, *, field: str = "data.text") -> str:
    """The text of a message or question without blank ends. Raises FrameError when nothing is left or it cannot be kept."""
    text = text.strip()
    if not text:
        raise FrameError("empty", _("Write something first."), field=field)
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise FrameError("bad_field", _("The text has a character that cannot be stored."), field=field)
    return text


def encode(frame: dict[str, Any]) -> str:
    """JSON as it goes over the wire: once for all viewers."""
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":"))


def event_frame(
    type: str,
    data: dict[str, Any],
    *,
    seq: int | None = None,
    at: datetime | None = None,
    by: dict[str, Any] | None = None,
    ref: str | None = None,
    trace: str = "",
) -> dict[str, Any]:
    """A server frame in the one envelope (F1). ``seq`` None means ephemeral."""
    when = time_text(at or datetime.now(UTC))
    return {"type": type, "seq": seq, "at": when, "by": by, "ref": ref, "trace": trace, "data": data}


def time_text(at: datetime) -> str:
    """A time as frames write it: UTC with milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def hidden_frame(seq: int) -> dict[str, Any]:
    """What stands at ``seq`` for whoever is outside the event's audience (F4)."""
    return {"type": HIDDEN, "seq": seq, "data": {}}


def ack_frame(ref: str, seq: int | None) -> dict[str, Any]:
    return {"type": "ack", "ref": ref, "seq": seq}


def retry_spread(least: int, most: int) -> int:
    """Milliseconds until somebody comes back, so that not everybody does at once."""
    return least + secrets.randbelow(most - least)


def error_frame(error: FrameError, ref: str | None) -> dict[str, Any]:
    return {
        "type": "error",
        "ref": ref if ref is not None else error.ref,
        "code": error.code,
        "message": error.message,
        "field": error.field,
        "retryable": error.code in {"slow_down", "busy", "unavailable"},
        "retry_ms": error.retry_ms,
    }


_MESSAGES: dict[str, tuple[str, str]] = {
    "missing": ("bad_field", "`{field}` is missing."),
    "extra_forbidden": ("bad_field", "`{field}` is not a field of this frame."),
    "string_too_long": ("too_long", "`{field}` is longer than {max_length} characters."),
}


def _sendable(text: str) -> bool:
    """Half a surrogate pair can stand in JSON, and in no frame of ours."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _field_error(error: ErrorDetails, prefix: tuple[str, ...], ref: str | None) -> FrameError:
    field = ".".join([*prefix, *(str(part) for part in error["loc"])])[:120].encode(errors="replace").decode()
    code, message = _MESSAGES.get(error["type"], ("bad_field", "`{field}`: {msg}."))
    text = message.format(field=field, msg=error["msg"], **error.get("ctx", {}))
    return FrameError(code, text, field=field, ref=ref)


def _refuse_constant(name: str) -> Literal[0]:
    raise ValueError(name)  # NaN and Infinity are not JSON


def _depth(text: str | bytes) -> int:
    """Deepest bracket nesting outside strings: looked at before the parser, which would recurse."""
    characters = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    depth = deepest = 0
    in_string = escaped = False
    for character in characters:
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest
