"""What an author types about a problem of several parts: a small form for each part and for each of its hints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.forms.utils import ErrorDict
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from classroom.people.forms import LineField
from tutor.forms import ANSWER_MAX, ANSWERS_MAX, HINT_MAX, SKILLS_MAX, bounded, lines, skills_split
from tutor.models import Reference
from tutor.parts import Hint, Part, parts_initial, parts_read

SPARE: Final = 1  # empty hints at the end of each part, for new ones
ALONE: Final = _("There are answers without a question: write it, or take the answers out too.")
MISSING: Final = _("This did not arrive: send the page again.")


class Whole(forms.Form):
    """What belongs to all parts."""

    solution = forms.CharField(
        label=_("Solution"), required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("Markdown. Shown when you open it in a room, or from the date of the hint rules on."),
    )  # fmt: skip
    skills = LineField(label=_("Skills"), required=False, max_length=1_000, help_text=_("With commas between them."))
    seen = forms.CharField(max_length=40, widget=forms.HiddenInput(attrs={"autocomplete": "off"}))

    def clean_solution(self) -> str:
        return lines(self.cleaned_data["solution"]).strip()

    def clean_skills(self) -> list[str]:
        return bounded(skills_split(self.cleaned_data["skills"]), SKILLS_MAX, 120)


class _Complete(forms.Form):
    """A form of which every field must have been sent: one that is missing was lost on the way, and is not empty."""

    def clean(self) -> dict[str, Any]:
        for name in self.fields:
            if self.add_prefix(name) not in self.data:
                self.add_error(name, MISSING)
        return self.cleaned_data


class PartForm(_Complete):
    answers = forms.CharField(
        label=_("Accepted answers"), required=False, max_length=ANSWERS_MAX * ANSWER_MAX,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}), help_text=_("One on each line."),
    )  # fmt: skip

    def clean_answers(self) -> list[str]:
        return bounded(_each(self.cleaned_data["answers"]), ANSWERS_MAX, ANSWER_MAX)


class HintForm(_Complete):
    kind = forms.ChoiceField(
        label=_("Kind"), choices=(("hint", _("A hint")), ("scaffold", _("A smaller question on the way")))
    )
    title = LineField(label=_("Title"), required=False, max_length=400)
    text = forms.CharField(
        label=_("Text"), required=False, max_length=2 * HINT_MAX, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Markdown. A hint without title and text goes away."),
    )  # fmt: skip
    answers = forms.CharField(
        label=_("Answers to its question"), required=False, max_length=ANSWERS_MAX * ANSWER_MAX,
        widget=forms.Textarea(attrs={"rows": 1, "spellcheck": "false"}), help_text=_("One on each line; not shown."),
    )  # fmt: skip

    def clean_text(self) -> str:
        return lines(self.cleaned_data["text"]).strip()

    def clean_answers(self) -> list[str]:
        return bounded(_each(self.cleaned_data["answers"]), ANSWERS_MAX, ANSWER_MAX)

    def clean(self) -> dict[str, Any]:
        found = super().clean()
        if not found.get("title") and not found.get("text") and found.get("answers"):
            self.add_error("text", ALONE)
        return found

    def typed(self) -> Hint | None:
        found = self.cleaned_data
        if not found["title"] and not found["text"]:
            return None
        return Hint(found["kind"], found["title"], found["text"], found["answers"])


def _each(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


class PartFields:
    """One part on the page: what it is about, its answers, its hints and places for new ones."""

    def __init__(self, number: int, part: Part, data: Mapping[str, Any] | None) -> None:
        self.number, self.title, self.choices = number, part.title, part.choices
        self.form = PartForm(data, prefix=f"part-{number}", initial={"answers": "\n".join(part.answers)})
        places: list[Hint | None] = [*part.hints, *[None] * SPARE]
        self.hints = [
            HintForm(data, prefix=f"part-{number}-hint-{place}", initial=_hint_initial(hint))
            for place, hint in enumerate(places, start=1)
        ]

    @property
    def forms(self) -> list[forms.Form]:
        return [self.form, *self.hints]

    @property
    def has_errors(self) -> bool:
        return any(form.errors for form in self.forms)

    @property
    def typed(self) -> Part:
        hints = [hint for form in self.hints if (hint := form.typed()) is not None]
        return Part(self.title, self.choices, self.form.cleaned_data["answers"], hints)


def _hint_initial(hint: Hint | None) -> dict[str, str]:
    if hint is None:
        return {"kind": "hint"}
    return {"kind": hint.kind, "title": hint.title, "text": hint.text, "answers": "\n".join(hint.answers)}


class PartsForm:
    """The whole page, as one form. Its fields are named ``part-2-answers`` and ``part-2-hint-1-text``."""

    def __init__(self, reference: Reference, data: Mapping[str, Any] | None = None) -> None:
        self.is_bound = data is not None
        self.whole = Whole(data, initial=parts_initial(reference))
        self.parts = [PartFields(number, part, data) for number, part in enumerate(parts_read(reference), start=1)]

    @property
    def _forms(self) -> list[forms.Form]:
        return [self.whole, *[form for part in self.parts for form in part.forms]]

    def is_valid(self) -> bool:
        return self.is_bound and not self.errors

    @property
    def errors(self) -> dict[str, Any]:
        """By the names that the fields have on the page."""
        found: dict[str, Any] = ErrorDict()
        for form in self._forms:
            found |= {form.add_prefix(name) if name in form.fields else name: of for name, of in form.errors.items()}
        return found

    @property
    def wrong(self) -> list[str]:
        """Where something is wrong, for the head of the page."""
        return [_now("Part %(n)s") % {"n": part.number} for part in self.parts if part.has_errors]

    def non_field_errors(self) -> Any:
        return self.whole.non_field_errors()

    def add_error(self, error: str) -> None:
        self.whole.add_error(None, error)

    @property
    def typed(self) -> list[Part]:
        return [part.typed for part in self.parts]

    @property
    def cleaned_data(self) -> dict[str, Any]:
        return self.whole.cleaned_data
