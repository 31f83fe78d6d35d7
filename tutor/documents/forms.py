"""The form with which files come in: several at once."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        """All files, empty ones too: which file is at fault is said by name, one by one."""
        if not data:
            raise forms.ValidationError(_("Choose a file first."), code="required")
        return list(data)


class UploadForm(forms.Form):
    uploads = FilesField(
        label=_("Files"),
        help_text=_("PDF, DOCX, Jupyter notebooks (.ipynb), Markdown (.md) or text (.txt)."),
        widget=FilesInput(attrs={"accept": ".pdf,.docx,.ipynb,.md,.markdown,.txt"}),
    )
