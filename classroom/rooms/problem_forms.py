"""What staff type about problems."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from classroom.people.forms import LineField
from classroom.rooms.services import STATEMENT_LIMIT


class ProblemForm(forms.Form):
    title = LineField(label=_("Title"), max_length=200)
    statement = forms.CharField(
        label=_("Problem"),
        max_length=STATEMENT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "true"}),
        help_text=_("Markdown. Formulas stand between dollar signs: $x^2$; a dollar sign itself is written \\$."),
    )
    course = LineField(label=_("Course"), max_length=200, required=False)
    lesson = LineField(label=_("Lesson"), max_length=200, required=False)


class ProblemSearch(forms.Form):
    q = LineField(label=_("Search"), max_length=200, required=False)
