"""What staff type about hints: the rules of a class or room, and what is written about a problem."""

from __future__ import annotations

import re
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from classroom.people.forms import LineField
from tutor.memory import SUMMARY_MAX
from tutor.rules import BUDGET_MAX, Wanted

ANSWERS_MAX, ANSWER_MAX = 20, 400
HINTS_MAX, HINT_MAX = 20, 2_000
SKILLS_MAX = 20
CEILINGS: Final = (
    (0, _("0 · None: only staff open hints")),
    (1, _("1 · A nudge")),
    (2, _("2 · Where to look")),
    (3, _("3 · The idea of the next step")),
    (4, _("4 · A similar example, worked")),
)
WHEN: Final = "%Y-%m-%dT%H:%M"


class RulesForm(forms.Form):
    ceiling = forms.TypedChoiceField(
        label=_("How far asking for hints may go"), choices=CEILINGS, coerce=int, initial=4,
        help_text=_("The solution itself is never reached by asking: you open it in the room, or with the date below."),
    )  # fmt: skip
    budget = forms.IntegerField(
        label=_("Hints for each problem"), required=False, min_value=0, max_value=BUDGET_MAX,
        help_text=_("How many a room may ask for. Nothing: as many as there are."),
    )  # fmt: skip
    attempt_first = forms.BooleanField(label=_("A try comes before each hint"), required=False, initial=True)
    solution_at = forms.DateTimeField(
        label=_("From when on the solution may be told"), required=False, input_formats=[WHEN, "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=WHEN),
        error_messages={"invalid": _("Write a date and a time.")},
    )  # fmt: skip

    @property
    def wanted(self) -> Wanted:
        found = self.cleaned_data
        return {
            "ceiling": found["ceiling"],
            "budget": found["budget"],
            "attempt_first": found["attempt_first"],
            "solution_at": found["solution_at"],
        }


class MemoryForm(forms.Form):
    summary = forms.CharField(
        label=_("Before that, in short"), required=False, max_length=SUMMARY_MAX,
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text=_("Goes along with every question. Below the last level of hints, what gives the answer away is left out."),
    )  # fmt: skip
    seen = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput(attrs={"autocomplete": "off"}))

    def clean_summary(self) -> str:
        return lines(self.cleaned_data["summary"]).strip()


class ReferenceForm(forms.Form):
    answers = forms.CharField(
        label=_("Accepted answers"), required=False, max_length=ANSWERS_MAX * ANSWER_MAX,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=_("One on each line, as x = 7 or 3/4. The tutor keeps them; whether a step is one of them, staff alone see."),
    )  # fmt: skip
    hints = forms.CharField(
        label=_("Hints"), required=False, max_length=HINTS_MAX * HINT_MAX,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("Markdown, an empty line between two. They are given in this order, so begin with what to think of."),
    )  # fmt: skip
    solution = forms.CharField(
        label=_("Solution"), required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("Markdown. Shown when you open it in a room, or from the date of the hint rules on."),
    )  # fmt: skip
    skills = LineField(label=_("Skills"), required=False, max_length=1_000, help_text=_("With commas between them."))

    def clean_answers(self) -> list[str]:
        answers = [line.strip() for line in self.cleaned_data["answers"].splitlines() if line.strip()]
        return bounded(answers, ANSWERS_MAX, ANSWER_MAX)

    def clean_hints(self) -> list[str]:
        hints = [block.strip() for block in re.split(r"\n[ \t]*\n", lines(self.cleaned_data["hints"])) if block.strip()]
        return bounded(hints, HINTS_MAX, HINT_MAX)

    def clean_solution(self) -> str:
        return lines(self.cleaned_data["solution"]).strip()

    def clean_skills(self) -> list[str]:
        return bounded(skills_split(self.cleaned_data["skills"]), SKILLS_MAX, 120)


def reference_initial(wanted: dict[str, Any]) -> dict[str, str]:
    """What is stored, as it is typed."""
    blocks = [re.sub(r"\n\s*\n", "\n", text) for text in wanted["hints"]]
    return {
        "answers": "\n".join(wanted["answers"]),
        "hints": "\n\n".join(blocks),
        "solution": wanted["solution"],
        "skills": ", ".join(wanted["skills"]),
    }


def skills_split(text: str) -> list[str]:
    skills = [skill.strip() for skill in re.split(r"[,，、]", text) if skill.strip()]
    return list(dict.fromkeys(skills))


def lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def bounded(found: list[str], most: int, longest: int) -> list[str]:
    if len(found) > most:
        raise ValidationError(_("There are %(n)s of them; %(most)s fit.") % {"n": len(found), "most": most})
    for number, one in enumerate(found, start=1):
        if len(one) > longest:
            words = _("Number %(number)s has %(n)s characters; %(most)s fit.")
            raise ValidationError(words % {"number": number, "n": len(one), "most": longest})
    return found
