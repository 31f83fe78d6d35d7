"""Stop strings: text is held back while it can still become one. Pure."""

from __future__ import annotations

from collections.abc import Sequence


class StopStrings:
    """``push`` text, get what may be shown. After ``hit`` is true nothing more comes out.

    ``shown``: the text before, which cannot be taken back; a stop may have begun in it.
    """

    def __init__(self, stops: Sequence[str], *, shown: str = "") -> None:
        self._stops = [stop for stop in stops if stop]
        self._shown = shown[len(shown) - self._keep(shown) :]
        self._held = ""
        self.hit = False

    def push(self, text: str) -> str:
        if self.hit:
            return ""
        text, new = self._shown + self._held + text, len(self._shown)
        found = [at for stop in self._stops if (at := text.find(stop)) >= 0]
        end = min(found) if found else len(text) - self._keep(text)
        self.hit = bool(found)
        self._shown, self._held = text[end:new], "" if found else text[max(end, new) :]
        return text[new:end]

    def flush(self) -> str:
        """What was held back, at the end."""
        held, self._held = self._held, ""
        return held

    def _keep(self, text: str) -> int:
        """How much of the end of ``text`` may be the beginning of a stop."""
        return max((_overlap(text, stop) for stop in self._stops), default=0)


def _overlap(text: str, stop: str) -> int:
    """How much of the end of ``text`` is a beginning of ``stop``."""
    longest = min(len(text), len(stop) - 1)
    return next((size for size in range(longest, 0, -1) if text.endswith(stop[:size])), 0)
