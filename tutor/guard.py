"""What of the raw text the room may see: a pure function, so that a new scribe goes on exactly where the old one fell (G1).

In this version the policy knows thoughts and graphemes; forbidden values come with the vault. The cursor ``released``
counts raw code points that are dealt with; ``pending`` is the raw text behind it. Two things hold text back:

* G2: thoughts (between the model's think markers) are never shown; an open thought holds all that follows it.
* G3: what is shown never ends inside a grapheme cluster, nor inside a marker that may still become one.
"""

from __future__ import annotations

from dataclasses import dataclass

import regex

_CLUSTER = regex.compile(r"\X")


@dataclass(frozen=True, slots=True)
class Policy:
    """``think``: the model's markers, or None. ``opens_in_thought``: its template has written the opening marker already."""

    think: tuple[str, str] | None = ("<think>", "</think>")
    opens_in_thought: bool = False


@dataclass(frozen=True, slots=True)
class Release:
    """``text`` may be shown now; ``released`` is the new cursor, ≥ the old one."""

    text: str
    released: int


def release(policy: Policy, pending: str, released: int, *, done: bool) -> Release:
    """Everything of ``pending`` that may be shown now. ``done``: no more text follows, so nothing needs to wait."""
    spans, decided = _visible(policy, pending, released, done=done)
    text = "".join(pending[start:end] for start, end in spans)
    if done:
        return Release(text, released + len(pending))
    clusters = [match.start() for match in _CLUSTER.finditer(text)]
    if not clusters:
        return Release("", released + decided)
    # The last grapheme waits for what follows it, be it beyond a thought: an accent may come.
    return Release(text[: clusters[-1]], released + _place(spans, clusters[-1]))


def _visible(policy: Policy, pending: str, released: int, *, done: bool) -> tuple[list[tuple[int, int]], int]:
    """Where ``pending`` is no thought, as far as that is certain; and how far it is."""
    spans: list[tuple[int, int]] = []
    if policy.think is None:
        return [(0, len(pending))], len(pending)
    opening, closing = policy.think
    at, thinking = 0, policy.opens_in_thought and released == 0
    while True:
        if thinking:
            end = pending.find(closing, at)
            if end < 0:
                return spans, at  # an open thought stays behind the cursor; with `done` it is dropped for good
            at = end + len(closing)
        start = pending.find(opening, at)
        if start < 0:
            end = len(pending) if done else _before_marker(pending, opening, at)
            return [*spans, (at, end)], end
        spans.append((at, start))
        at, thinking = start, True


def _before_marker(pending: str, opening: str, at: int) -> int:
    """The end of ``pending``, or the place where an opening marker may have begun."""
    for size in range(min(len(opening) - 1, len(pending) - at), 0, -1):
        if pending.endswith(opening[:size], at):
            return len(pending) - size
    return len(pending)


def _place(spans: list[tuple[int, int]], offset: int) -> int:
    """Where in the raw text the visible code point number ``offset`` stands."""
    return [place for start, end in spans for place in range(start, end)][offset]
