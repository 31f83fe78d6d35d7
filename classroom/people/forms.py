"""What people type about people and classes. Guards that need the database's truth are repeated in ``services``."""

from __future__ import annotations

import unicodedata
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from classroom.people import services
from classroom.people.models import CODE_LENGTH, Role, SchoolClass, User

# Bidirectional overrides and isolates turn a line around and let one name look like another.
TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class LineField(forms.CharField):
    """One line of text as people read it: NFC, single spaces, nothing invisible that changes its order."""

    def to_python(self, value: Any) -> str:
        text = unicodedata.normalize("NFC", super().to_python(value) or "")
        text = " ".join(text.split())
        if any(char in TURNING or unicodedata.category(char) in {"Cc", "Cs"} for char in text):
            raise ValidationError(_("This text has invisible control characters: type it again."), code="invisible")
        return text


def code_field(**options: Any) -> LineField:
    attrs = {"autocapitalize": "characters", "autocomplete": "off", "spellcheck": "false"}
    return LineField(
        label=_("Join code"),
        max_length=CODE_LENGTH * 2,
        widget=forms.TextInput(attrs=attrs),
        help_text=_("Eight letters and digits from your teacher."),
        **options,
    )


class JoinForm(forms.Form):
    join_code = code_field()


class JoinFields(forms.Form):
    """What sign-up asks beside allauth's own fields: a name, and a join code, without which nobody gets in."""

    display_name = LineField(label=_("Your name"), max_length=80, help_text=_("As your class knows you."))
    join_code = code_field()
    field_order = ["join_code", "display_name", "username", "password1", "password2"]

    def clean_join_code(self) -> str:
        school_class = services.class_by_code(self.cleaned_data["join_code"])
        return school_class.join_code

    def signup(self, request: HttpRequest, user: User) -> None:
        """Called by allauth when the account exists: name it and enrol it."""
        try:
            services.student_register(
                user=user, display_name=self.cleaned_data["display_name"], code=self.cleaned_data["join_code"]
            )
        except ValidationError as error:
            # The class was closed between the check and the save: the account stands and can join another class.
            messages.warning(request, " ".join(error.messages))


class ClassForm(forms.Form):
    name = LineField(label=_("Name of the class"), max_length=120)


class MemberForm(forms.Form):
    username = LineField(label=_("Username"), max_length=150)
    role = forms.ChoiceField(
        label=_("Role"), choices=[(role.value, role.label) for role in Role if role != Role.ADMIN], initial=Role.STUDENT
    )


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=[(role.value, role.label) for role in Role if role != Role.ADMIN])


class GroupForm(forms.Form):
    """A group's name and its members; the choice of members is the class's students."""

    name = LineField(label=_("Name of the group"), max_length=80)
    members = forms.ModelMultipleChoiceField(
        label=_("Members"), queryset=User.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, school_class: SchoolClass, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        members = cast("forms.ModelMultipleChoiceField[User]", self.fields["members"])
        members.queryset = services.students_of(school_class)
