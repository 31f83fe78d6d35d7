"""What staff type about problems."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from classroom.people.forms import LineField
from classroom.rooms.code_tests import LONGEST, tests_checked
from classroom.rooms.services import STATEMENT_LIMIT


class ProblemForm(forms.Form):
    title = LineField(label=_("Title"), max_length=200)
    statement = forms.CharField(
        label=_("Problem"),
        max_length=STATEMENT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "true"}),
        help_text=_("Markdown. Formulas stand between dollar signs: $x^2$; a dollar sign itself is written \\$."),
    )
    code_tests = forms.CharField(
        label=_("Tests, if it is answered in code"),
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea(
            attrs={"rows": 6, "spellcheck": "false", "class": "mono", "placeholder": "assert double(2) == 4"}
        ),
        help_text=_(
            "Python: a line with “assert” for each test, or examples (“>>> double(2)” and below it 4). Pupils' browsers"
            " run them behind the room's code, so pupils can read them, and that they pass is no proof."
        ),
    )
    course = LineField(label=_("Course"), max_length=200, required=False)
    lesson = LineField(label=_("Lesson"), max_length=200, required=False)

    def clean_code_tests(self) -> str:
        return tests_checked(self.cleaned_data["code_tests"])


class ProblemSearch(forms.Form):
    q = LineField(label=_("Search"), max_length=200, required=False)
