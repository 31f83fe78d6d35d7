"""What counts as a try of the students: their own work, which has to come before a hint (N3).

A step always is one, and so is a run of their code.
A line to the room or to the tutor is one if it holds maths or is longer than a few words. That is
easy to meet on purpose: the rule is there so that something of their own is written down, and a stricter one would only
teach people to type what satisfies it. Lines of staff do not count, or a greeting to the class would open the hints.

Pure, and the same as ``isTry`` in ``static/src/ladder.ts``; both are held to ``tests/frames/fold.json``.
"""

from __future__ import annotations

import re
from typing import Any, Final

SAID: Final = frozenset({"message.posted", "answer.asked"})
OWN: Final = frozenset({"step.submitted", "code.ran"})
KINDS: Final = SAID | OWN
WORDS_MIN: Final = 6
SIGNS_MIN: Final = 12  # of scripts that put no blanks between words
_MATHS: Final = re.compile("[0-9\uff10-\uff19=<>+^\u221a\u2264\u2265\u2260\u00d7\u00f7]|\\\\[a-z]")
_WORD: Final = re.compile("[^ \t\r\n]+")
_SIGN: Final = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def is_try(kind: str, by: dict[str, Any] | None, text: str) -> bool:
    """Whether this event is a try. ``by`` as it stands in the event."""
    if kind not in KINDS or by is None or by["role"] != "student":
        return False
    if kind in OWN or _MATHS.search(text):
        return True
    return len(_WORD.findall(text)) >= WORDS_MIN or len(_SIGN.findall(text)) >= SIGNS_MIN
