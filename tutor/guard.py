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
    shown: list[str] = []
    at = 0
    thinking = policy.opens_in_thought and released == 0 and policy.think is not None
    while True:
        if thinking and policy.think is not None:
            end = pending.find(policy.think[1], at)
            if end < 0:
                # An open thought stays in front of the cursor; at the end it is dropped for good.
                return Release("".join(shown), released + (len(pending) if done else at))
            at, thinking = end + len(policy.think[1]), False
        start = pending.find(policy.think[0], at) if policy.think else -1
        if start < 0:
            break
        shown.append(pending[at:start])
        at, thinking = start, True
    keep = len(pending) if done else _safe_end(policy, pending, at)
    shown.append(pending[at:keep])
    return Release("".join(shown), released + keep)


def _safe_end(policy: Policy, pending: str, at: int) -> int:
    """Where the text behind ``at`` can be cut: before a possible marker and before the last grapheme."""
    end = len(pending)
    if policy.think:
        opening = policy.think[0]
        for size in range(min(len(opening) - 1, end - at), 0, -1):
            if pending.endswith(opening[:size], at):
                end -= size
                break
    if end < len(pending):
        return end  # the text before a marker is whole: `<` begins a grapheme of its own
    clusters = [match.start() for match in _CLUSTER.finditer(pending, at)]
    return clusters[-1] if clusters else end
