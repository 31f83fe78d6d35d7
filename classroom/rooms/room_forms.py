"""What staff type about rooms."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from classroom.people.forms import LineField
from classroom.people.models import Group, SchoolClass
from classroom.rooms.models import Problem, Room

NO_PROBLEM = _("No problem: a free conversation")


def _problems_by_course() -> list[tuple[str, Any]]:
    """The choice of problems under their courses: values only, because statements are long and there may be thousands."""
    courses: dict[str, list[tuple[str, str]]] = {}
    for pk, title, course in Problem.objects.values_list("pk", "title", "course").order_by("course", "title"):
        courses.setdefault(course or str(_("Other problems")), []).append((str(pk), title))
    return [("", str(NO_PROBLEM)), *courses.items()]


class RoomForm(forms.Form):
    """Title, problem, group and language of a room; groups are those of its class."""

    title = LineField(label=_("Title"), max_length=120)
    problem = forms.ModelChoiceField(
        Problem.objects.all(), label=_("Problem"), required=False, empty_label=NO_PROBLEM,
        help_text=_("What the room works on. It can be changed later; everybody in the room sees the change."),
    )  # fmt: skip
    group = forms.ModelChoiceField(
        Group.objects.none(), label=_("For whom"), required=False, empty_label=_("The whole class"),
        help_text=_("Students outside the group cannot enter the room."),
    )  # fmt: skip

    language = forms.ChoiceField(
        label=_("The tutor replies in"), required=False, choices=Room.Language.choices,
        help_text=_(
            "The pages themselves are in the language that each person chooses. How well the tutor writes depends on its "
            "model: the demo model was made for English, and its Chinese is poor."
        ),
    )  # fmt: skip

    def __init__(self, *args: Any, school_class: SchoolClass, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        problem, group = self.fields["problem"], self.fields["group"]
        assert isinstance(problem, forms.ModelChoiceField)
        assert isinstance(group, forms.ModelChoiceField)
        problem.choices = _problems_by_course()
        group.queryset = Group.objects.filter(school_class=school_class)
