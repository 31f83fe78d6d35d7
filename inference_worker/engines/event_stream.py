"""Server-sent events of a chat completion: from bytes to JSON objects, and from those to text. Pure.

The bytes may be cut anywhere, also inside a character. Reasoning that a server sends apart from the answer comes out
between the markers that the rest of the house knows thoughts by.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from inference_worker.job import THINK

OPENS, CLOSES = THINK
EVENT_MAX = 1_000_000  # bytes of one event; a server that sends more without an end is no server of this protocol
_HALF = re.compile("[\ud800-\udfff]")


class BrokenStream(Exception):
    """What came is not this protocol."""


class EventStream:
    """``push`` bytes, get the JSON objects that are complete. ``done`` after the server's own last word."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._held = 0  # bytes of the lines in _data
        self.done = False

    def push(self, data: bytes) -> Iterator[dict[str, Any]]:
        """Raises BrokenStream."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            line = line.rstrip(b"\r")
            if line.startswith(b"data:"):
                self._data.append(line[5:].strip())
                self._held += len(line)
            elif not line and self._data:
                event, self._data, self._held = b"\n".join(self._data), [], 0
                if event == b"[DONE]":
                    self.done = True
                else:
                    yield _object(event)
        if self._held + len(self._rest) > EVENT_MAX:
            raise BrokenStream("an event without an end")


class Deltas:
    """``push`` the objects of one stream, get its text. ``open_thought``: the text goes on inside a thought.

    ``parts``: the server sends thoughts apart, so that the first word of an answer means that the thought is over.
    ``parted``: it has done so here.
    """

    def __init__(self, *, open_thought: bool = False, parts: bool = False) -> None:
        self._open_thought, self._parts = open_thought, parts
        self._thinking = self.parted = False
        self._half = ""
        self.reason: str | None = None  # why the server ended
        self.prompt_tokens = 0
        self.tokens: int | None = None  # as the server counted them, at the end
        self.error: str | None = None

    def push(self, chunk: dict[str, Any]) -> str:
        """Raises BrokenStream."""
        try:
            if chunk.get("error"):
                self.error = str(chunk["error"])
            if usage := chunk.get("usage"):
                self.prompt_tokens = int(usage.get("prompt_tokens") or 0)
                self.tokens = int(usage.get("completion_tokens") or 0)
            text = ""
            for choice in chunk.get("choices") or ():
                self.reason = str(choice.get("finish_reason") or "") or self.reason
                text += self._text(choice.get("delta") or {})
        except (AttributeError, TypeError, ValueError) as error:
            raise BrokenStream(f"not a chunk of a chat completion: {error}") from None
        return self._whole(text)

    def _text(self, delta: dict[str, Any]) -> str:
        thought = delta.get("reasoning_content") or delta.get("reasoning") or ""
        answer = delta.get("content") or ""
        if thought and not self._thinking:
            self._thinking = self.parted = True
            thought = thought if self._open_thought else OPENS + thought
        if answer and (self._thinking or (self._open_thought and self._parts)):
            self._thinking = self._open_thought = False
            answer = answer if CLOSES in answer else CLOSES + answer
        return str(thought + answer)

    def _whole(self, text: str) -> str:
        """Some servers escape an emoji as two halves, and may send each in a chunk of its own."""
        text, self._half = self._half + text, ""
        if not _HALF.search(text):
            return text
        if "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def in_thought(text: str) -> bool:
    """Whether what follows ``text`` belongs to a thought."""
    return text.rfind(OPENS) > text.rfind(CLOSES)


def _object(event: bytes) -> dict[str, Any]:
    try:
        read = json.loads(event)
    except (ValueError, RecursionError) as error:  # not JSON, not UTF-8, or too deep
        raise BrokenStream(f"not JSON: {error}") from None
    if not isinstance(read, dict):
        raise BrokenStream("not a JSON object")
    return read
