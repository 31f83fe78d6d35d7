"""Why a file cannot be used, for the catalogue: the child that reads it knows no Django, so its sentences are marked here.

They are stored as they were said, and a page says them in its reader's language, those with a number in them by their pattern.
"""

from __future__ import annotations

import re
from typing import Final

from django.utils.translation import gettext, gettext_noop

REASONS: Final = (
    gettext_noop("Its file is not there any more. Upload it again."),
    gettext_noop("It takes too long to read."),
    gettext_noop("It is damaged: it cannot be read."),
    gettext_noop("This is not a text file: it has binary content."),
    gettext_noop("This is not a notebook: it is not JSON."),
    gettext_noop("This is not a notebook: it has no cells."),
    gettext_noop("This is not a PDF, whatever its name says."),
    gettext_noop("The PDF is protected by a password. Save it without one and try again."),
    gettext_noop("The file is protected by a password, or is an old .doc. Save it as .docx without one."),
    gettext_noop("This is not a DOCX, whatever its name says, or it is damaged."),
    gettext_noop("This is not a DOCX: it is some other archive."),
    gettext_noop("No text was found in it."),
    gettext_noop("No text was found in it. Is it a scan? Pictures of text cannot be read."),
)

WITH_NUMBERS: Final = (
    gettext_noop("It has more than %(n)s characters of text. Cut it into several documents."),
    gettext_noop("This is not UTF-8 text (byte %(n)s). Save it as UTF-8 and try again."),
    gettext_noop("The notebook nests deeper than %(n)s levels."),
    gettext_noop("The PDF has %(n)s pages; %(most)s at most can be read."),
    gettext_noop("The DOCX unpacks to more than %(n)s MB."),
)
_HOLE: Final = re.compile(r"%\\\((n|most)\\\)s")
_PATTERNS: Final = [(text, re.compile(_HOLE.sub(r"(?P<\1>[\\d,]+)", re.escape(text)))) for text in WITH_NUMBERS]


def reason_said(reason: str) -> str:
    """The stored sentence in the language that is active; as it is if we do not know it."""
    for text, pattern in _PATTERNS:
        if (found := pattern.fullmatch(reason)) is not None:
            return gettext(text) % found.groupdict()
    return gettext(reason) if reason else ""
