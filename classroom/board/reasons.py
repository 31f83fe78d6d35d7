"""Why the board's jail refuses, for the catalogue: its sentences are written in English where they are made, without Django."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext, gettext_noop

REASONS: Final = (
    gettext_noop("Write a formula."),
    gettext_noop("A formula has 500 characters at most."),
    gettext_noop("A formula is nested 6 deep at most."),
    gettext_noop("The formula is too large to draw."),
    gettext_noop("Write the formula without $ around it."),
    gettext_noop("The formula has a character that nobody sees."),
    gettext_noop("The formula cannot be read: is a brace open, or something left out?"),
    gettext_noop("This is no picture: PNG, JPEG or WebP, please."),
    gettext_noop("The picture is damaged: it cannot be read."),
    gettext_noop("The picture has more than 24 million pixels."),
    gettext_noop("The picture is much longer than it is wide."),
    gettext_noop("This takes too long."),
    gettext_noop("This cannot be drawn."),
)


def reason_said(reason: str) -> str:
    """A sentence of the jail in the language of whoever is asking; one with a name in it stays English."""
    return gettext(reason)
