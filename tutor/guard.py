"""What of the raw text the room may see: a pure function, so that a new scribe goes on exactly where the old one fell (G1).

The cursor ``released`` counts raw code points that are dealt with; ``pending`` is the raw text behind it, ``before`` the
end of what was shown. Four things hold text back:

* G2: thoughts (between the model's think markers) and calls of tools are never shown; an open one holds all that follows.
* G3: what is shown never ends inside a grapheme cluster, nor inside a marker that may still become one.
* G4, G5: where a value is forbidden, plain words pass one by one; from the first number, number word, formula or strange
  sign on, everything waits for the end of its sentence or line. Is a value said in it, or together with what was shown
  before it, this part is withheld and ``MARKER`` shown in its place.
* G6: where nothing verified is at hand, a sentence that calls somebody's work right is withheld in the same way, and a
  true one of ours stands in its place.

What is held begins and ends at places that the text alone decides, never at the end of a piece that happened to come.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import regex

from tutor import hidden
from tutor.forbidden import praise, search, tokens
from tutor.forbidden.values import Values, values_of

MARKER: Final = "[…]"
BEFORE: Final = 320  # code points of shown text that are read with a new part; older ones cannot complete a value
HELD_MAX: Final = 400  # graphemes that wait for the end of a sentence; then they are looked at without it
_CLUSTER = regex.compile(r"\X")


@dataclass(frozen=True, slots=True)
class Policy:
    """``think``: the model's markers, or None. ``opens_in_thought``: its template has written the opening marker already.
    ``tools``: they were offered, so calls of them are hidden like thoughts.

    ``forbidden``: as sealed when it was asked; ``statement``: the public one, whose own values may be spoken of.
    ``praise``: work may be called right. ``confirms``: “yes” would call it right.
    """

    think: tuple[str, str] | None = ("<think>", "</think>")
    opens_in_thought: bool = False
    tools: bool = False
    forbidden: tuple[str, ...] = ()
    statement: str = ""
    praise: bool = True
    confirms: bool = False

    @property
    def values(self) -> Values:
        return values_of(self.forbidden, self.statement)


@dataclass(frozen=True, slots=True)
class Withheld:
    """A part of the raw text that was not shown, from its first code point to behind its last."""

    start: int
    end: int
    why: str


@dataclass(frozen=True, slots=True)
class Release:
    """``text`` may be shown now; ``released`` is the new cursor, ≥ the old one."""

    text: str
    released: int
    withheld: tuple[Withheld, ...] = ()


def release(policy: Policy, pending: str, released: int, *, done: bool, before: str = "") -> Release:
    """Everything of ``pending`` that may be shown now. ``done``: no more text follows, so nothing needs to wait."""
    marks = hidden.Marks(policy.think, policy.tools, policy.opens_in_thought and released == 0)
    parts = hidden.parts_of(marks, pending, done=done)
    spans, decided = parts.visible, parts.decided
    text = "".join(pending[start:end] for start, end in spans)
    clusters = graphemes(text)
    if clusters and not done:
        # The last grapheme waits for what follows it, be it beyond a thought: an accent may come.
        text = text[: clusters.pop()]
    shown, used = text, len(text)
    kept: list[tuple[int, int, str]] = []
    if not policy.praise or policy.values:
        shown, kept, used = _Reading(policy, text, clusters, before[-BEFORE:], done=done).read()
    places = [place for start, end in spans for place in range(start, end)]
    withheld = tuple(Withheld(released + places[a], released + places[b - 1] + 1, why) for a, b, why in kept)
    if done:
        return Release(shown, released + len(pending), withheld)
    return Release(shown, released + (places[used] if used < len(places) else decided), withheld)


def graphemes(text: str) -> list[int]:
    """Where its grapheme clusters begin. In ASCII only CR LF is one of two signs, and most text is ASCII."""
    if text.isascii() and "\r" not in text:
        return list(range(len(text)))
    return [match.start() for match in _CLUSTER.finditer(text)]


class _Reading:
    """One pass over visible text: which of it passes, which is withheld, and where it must wait."""

    def __init__(self, policy: Policy, text: str, starts: list[int], before: str, *, done: bool) -> None:
        self._values, self._praise, self._confirms = policy.values, policy.praise, policy.confirms
        self._secret = bool(self._values)
        self._text, self._starts, self._done = text, [*starts, len(text)], done
        self._clusters = [text[a:b] for a, b in zip(self._starts, self._starts[1:], strict=False)]
        self._before, self._out = before, ""
        self._kept: list[tuple[int, int, str]] = []

    def read(self) -> tuple[str, list[tuple[int, int, str]], int]:
        """(what is shown, parts that are withheld as offsets of the text with the reason, how far it was read)."""
        at = 0
        while at < len(self._clusters):
            end, complete = self._token(at)
            token = self._text[self._starts[at] : self._starts[end]]
            if not complete and not self._harmless(token):
                break
            if self._passes(token, at, end):
                self._out += token
            else:
                ending = self._ending(at)
                if ending is None:
                    break
                end = ending
                self._decide(at, end)
            at = end
        return self._out, self._kept, self._starts[at]

    def _token(self, at: int) -> tuple[int, bool]:
        """Where the word or sign that begins here ends, and whether it certainly ends there."""
        end = at + 1
        if tokens.in_word(self._clusters[at]):
            while end < len(self._clusters) and tokens.in_word(self._clusters[end]):
                end += 1
        elif not self._secret or self._clusters[at] not in {"-", "."}:
            return end, True  # of these two the next sign says what they are
        return end, end < len(self._clusters) or self._done

    def _harmless(self, token: str) -> bool:
        """Whether a word whose end has not come passes whatever its end is."""
        if self._secret or not token.isascii() or not token.isalpha():
            return False
        return self._inside(token) or token.lower() not in praise.BEGINNINGS

    def _inside(self, token: str) -> bool:
        """Whether the beginning of this word was harmless and is shown already."""
        last = (self._before + self._out)[-1:]
        return not self._secret and token.isascii() and token.isalpha() and last.isascii() and last.isalpha()

    def _passes(self, token: str, at: int, end: int) -> bool:
        if not self._praise and tokens.may_praise(token) and not self._inside(token):
            return False
        if not self._secret:
            return True
        around = (self._before + self._out)[-1:], self._clusters[end] if end < len(self._clusters) else ""
        return tokens.harmless(token, self._values, around)

    def _ending(self, at: int) -> int | None:
        """Where the sentence or line ends that is held from here on; None while that is not known."""
        for place in range(at, len(self._clusters)):
            cluster = self._clusters[place]
            if tokens.ends_line(cluster):
                return place
            if place - at >= HELD_MAX:
                return self._cut(at, place)
            if tokens.ends_sentence(cluster):
                return place + 1
            # “7.” alone may be the head of a list: its text belongs to it.
            if cluster in ".!?;" and not self._text[self._starts[at] : self._starts[place]].isdigit():
                following = self._clusters[place + 1 : place + 2]
                if following and following[0].isspace():
                    return place + 1
        return len(self._clusters) if self._done else None

    def _cut(self, at: int, end: int) -> int:
        """The last blank of what is too long, so that no word is cut in two."""
        for place in range(end, at + HELD_MAX // 2, -1):
            if self._clusters[place].isspace():
                return place
        return end

    def _decide(self, at: int, end: int) -> None:
        start, stop = self._starts[at], self._starts[end]
        part, before = self._text[start:stop], (self._before + self._out)[-BEFORE:]
        why = ""
        if self._secret and search.said(self._values, before, part):
            why = "value"
        elif not self._praise and praise.praises(before, part, confirms=self._confirms):
            why = "praise"
        if why:
            self._kept.append((start, stop, why))
        if why == "praise":
            self._out += praise.instead(before, part)
        else:
            self._out += MARKER if why else part
