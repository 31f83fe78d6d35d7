"""The filters above the list of transcripts."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from classroom.people.access import Person
from classroom.people.forms import LineField
from classroom.people.models import SchoolClass
from classroom.review.access import classes_reviewed
from classroom.rooms.models import Room


def _date(label: Any) -> forms.DateField:
    return forms.DateField(label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}))


class TranscriptFilter(forms.Form):
    q = LineField(label=_("Search"), max_length=200, required=False)
    school_class = forms.ModelChoiceField(
        SchoolClass.objects.none(), label=_("Class"), required=False, empty_label=_("All classes")
    )
    state = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("Any state")), *Room.State.choices])
    answers = forms.ChoiceField(
        label=_("Tutor"),
        required=False,
        choices=[("", _("With or without")), ("yes", _("Tutor was asked")), ("no", _("Never asked"))],
    )
    since = _date(_("From"))
    until = _date(_("To"))

    def __init__(self, *args: Any, reader: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        school_class = cast("forms.ModelChoiceField[SchoolClass]", self.fields["school_class"])
        school_class.queryset = classes_reviewed(reader)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        since, until = data.get("since"), data.get("until")
        if since and until and since > until:
            self.add_error("until", _("This day lies before the first one."))
        return data
