"""One line of text stays one line, and a sign-up names the field that is wrong."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from classroom.people.forms import GroupForm, JoinFields, LineField, MemberForm
from classroom.people.models import SchoolClass, User


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Ada   Lovelace ", "Ada Lovelace"),
        ("two\nlines", "two lines"),
        ("tab\there", "tab here"),
        ("Cafe\u0301", "Café"),
        ("林小雨", "林小雨"),
        ("عليّ", "عليّ"),
        ("👩‍🏫 Ms K", "👩‍🏫 Ms K"),
        ("\u200fשרה", "\u200fשרה"),
        ("<b>bold</b>", "<b>bold</b>"),
    ],
)
def test_a_line_is_tidied_and_otherwise_kept(typed: str, kept: str) -> None:
    assert LineField().clean(typed) == kept


@pytest.mark.parametrize("typed", ["a\u202eb", "a\u2066b", "a\x07b", "a\x1bb", "a\x00b"])
def test_invisible_controls_are_refused(typed: str) -> None:
    with pytest.raises(ValidationError):
        LineField().clean(typed)


@pytest.mark.parametrize("typed", ["", "   ", "\n\t"])
def test_nothing_is_not_a_name(typed: str) -> None:
    with pytest.raises(ValidationError):
        LineField().clean(typed)


def test_sign_up_asks_for_code_and_name(school_class: SchoolClass) -> None:
    form = JoinFields({"display_name": "Mia", "join_code": school_class.join_code.lower()})
    assert form.is_valid()
    assert form.cleaned_data["join_code"] == school_class.join_code
    wrong = JoinFields({"display_name": "", "join_code": "NOSUCHCD"})
    assert set(wrong.errors) == {"display_name", "join_code"}


def test_a_shut_class_is_named_at_the_code(school_class: SchoolClass) -> None:
    SchoolClass.objects.update(join_open=False)
    form = JoinFields({"display_name": "Mia", "join_code": school_class.join_code})
    assert form.errors["join_code"] == ["This class does not accept new people at the moment."]


def test_groups_offer_the_students_of_their_class(
    school_class: SchoolClass, bob: User, charlie: User, tom: User
) -> None:
    form = GroupForm({"name": "A", "members": [str(bob.pk)]}, school_class=school_class)
    assert form.is_valid()
    for stranger in (charlie, tom):
        outside = GroupForm({"name": "A", "members": [str(stranger.pk)]}, school_class=school_class)
        assert "members" in outside.errors


def test_nobody_is_offered_the_role_of_an_admin() -> None:
    assert "role" in MemberForm({"username": "x", "role": "admin"}).errors
