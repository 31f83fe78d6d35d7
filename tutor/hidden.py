"""What a model writes for the house and not for the room: its thoughts, and calls of tools with the words around them. Pure.

A call stands between ``<tool_call>`` and ``</tool_call>``, as Qwen's and Hermes' templates have it, so that models which
were taught to call anything call like this; a ``<tool_response>`` is ours to write, and hidden when a model makes one up.
A call inside a thought is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import regex

CALL_MAX: Final = 6_000  # characters of one call; what is longer is cut there and refused
_TAG: Final = regex.compile(r"<\s{0,3}(/?)\s{0,3}(tool_call|tool_response)\s{0,3}>", regex.IGNORECASE)
_TAG_MAX: Final = len("</tool_response>") + 9


@dataclass(frozen=True, slots=True)
class Marks:
    """What hides text: the model's think markers, and whether tools are offered. ``opens_in_thought``: it begins in one."""

    think: tuple[str, str] | None = None
    tools: bool = False
    opens_in_thought: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A call in a text: its ``body``, and where it ends: behind its closing mark, or where it was cut."""

    body: str
    end: int
    closed: bool = True


@dataclass(frozen=True, slots=True)
class Parts:
    """``visible``: stretches that are for the room. ``decided``: how far that is certain. ``call``: the first one."""

    visible: tuple[tuple[int, int], ...]
    decided: int
    call: Call | None = None


@dataclass(frozen=True, slots=True)
class _Mark:
    start: int
    end: int
    kind: str  # thought, call, answer, or stray for a closing mark that closes nothing


def parts_of(marks: Marks, text: str, *, done: bool) -> Parts:
    """Text that nothing precedes, or that follows a ``decided`` place. ``done``: no more follows."""
    spans: list[tuple[int, int]] = []
    call: Call | None = None
    at = 0
    mark: _Mark | None = _Mark(0, 0, "thought") if marks.opens_in_thought else _opening(marks, text, at)
    while mark is not None:
        spans.append((at, mark.start))
        end = _closing(marks, text, mark)
        if mark.kind == "call" and call is None:
            call = _call(text, mark, end, done=done)
        if end is None:
            return Parts(_filled(spans), mark.start, call)  # what is open stays behind; with `done` it is dropped
        at = end
        mark = _opening(marks, text, at)
    end = len(text) if done else _before_mark(marks, text, at)
    return Parts(_filled([*spans, (at, end)]), end, call)


def _filled(spans: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    return tuple((start, end) for start, end in spans if start < end)


def _opening(marks: Marks, text: str, at: int) -> _Mark | None:
    """The first mark from ``at`` on."""
    found = []
    if marks.think and (start := text.find(marks.think[0], at)) >= 0:
        found.append(_Mark(start, start + len(marks.think[0]), "thought"))
    if marks.tools and (tag := _TAG.search(text, at)):
        kind = "stray" if tag[1] else "call" if tag[2].lower() == "tool_call" else "answer"
        found.append(_Mark(tag.start(), tag.end(), kind))
    return min(found, key=lambda mark: mark.start, default=None)


def _closing(marks: Marks, text: str, mark: _Mark) -> int | None:
    """Behind the end of what ``mark`` opens; None while it is open."""
    if mark.kind == "stray":
        return mark.end
    if mark.kind == "thought":
        closing = marks.think[1] if marks.think else ""
        end = text.find(closing, mark.end)
        return end + len(closing) if end >= 0 else None
    return next((tag.end() for tag in _TAG.finditer(text, mark.end) if tag[1]), None)


def _call(text: str, mark: _Mark, end: int | None, *, done: bool) -> Call | None:
    """A call that has come whole, that nothing more follows, or that is too long."""
    longest = mark.end + CALL_MAX
    if end is not None and end <= longest:
        return Call(text[mark.end : text.rindex("<", mark.end, end)], end)
    if end is not None or len(text) > longest:
        return Call(text[mark.end : longest], longest, closed=False)
    return Call(text[mark.end :], len(text)) if done else None


def _before_mark(marks: Marks, text: str, at: int) -> int:
    """The end of ``text``, or the place where a mark may have begun."""
    end = len(text)
    if marks.think:
        opening = marks.think[0]
        sizes = range(min(len(opening) - 1, end - at), 0, -1)
        end -= next((size for size in sizes if text.endswith(opening[:size], at)), 0)
    last = text.rfind("<", max(at, len(text) - _TAG_MAX))
    if marks.tools and last >= 0 and _TAG.fullmatch(text, last, partial=True):
        end = min(end, last)
    return end
