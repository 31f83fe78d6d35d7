"""Why a file cannot be used, for the catalogue: the child that reads it knows no Django, so its sentences are marked here.

They are stored as they were said, and a page says them in its reader's language; what has a number in it stays English.
"""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop

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
