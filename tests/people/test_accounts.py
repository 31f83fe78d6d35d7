"""Signing up, in and out in the browser."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from classroom.people import demo
from classroom.people.models import Enrolment, Role, SchoolClass, User
from classroom.rooms.models import Event, Room
from tests.conftest import PASSWORD, ClientFor

NEW = {"username": "mia", "password1": "long-enough-7", "password2": "long-enough-7", "display_name": "Mia M"}


def sign_up(client: Client, code: str, **fields: str):
    return client.post("/accounts/signup/", {**NEW, "join_code": code, **fields})


def test_signing_up_with_a_code_enrols_and_signs_in(room: Room, school_class: SchoolClass, client: Client) -> None:
    answer = sign_up(client, school_class.join_code)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    mia = User.objects.get(username="mia")
    assert (mia.role, mia.name, mia.is_staff, mia.is_superuser) == (Role.STUDENT, "Mia M", False, False)
    assert Enrolment.objects.get(user=mia).school_class == school_class
    assert b"Table one" in client.get("/").content


def test_a_newcomer_is_announced_in_the_open_rooms_she_may_enter(
    room: Room, school_class: SchoolClass, alice: User, client: Client
) -> None:
    Room.objects.create(school_class=school_class, title="Shut", state=Room.State.CLOSED, created_by=alice)
    sign_up(client, school_class.join_code)
    mia = User.objects.get(username="mia")
    (event,) = Event.objects.all()
    assert (event.room, event.type, event.actor) == (room, "member.joined", mia)
    assert event.data == {"user": {"id": str(mia.pk), "name": "Mia M", "role": "student"}}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"join_code": "NOSUCHCD"}, "join_code"),
        ({"join_code": ""}, "join_code"),
        ({"display_name": ""}, "display_name"),
        ({"display_name": "a\u202eb"}, "display_name"),
        ({"username": ""}, "username"),
        ({"password1": "short", "password2": "short"}, "password1"),
        ({"password2": "different-9"}, "password2"),
    ],
)
def test_a_wrong_field_is_named_and_makes_no_account(
    school_class: SchoolClass, client: Client, change: dict[str, str], field: str
) -> None:
    before = User.objects.count()
    answer = sign_up(client, school_class.join_code, **change)
    assert answer.status_code == 200
    assert field in answer.context["form"].errors
    assert User.objects.count() == before


def test_nobody_signs_up_as_more_than_a_student(school_class: SchoolClass, client: Client) -> None:
    sign_up(client, school_class.join_code, role="admin", is_staff="on", is_superuser="on")
    mia = User.objects.get(username="mia")
    assert (mia.role, mia.is_staff, mia.is_superuser) == (Role.STUDENT, False, False)


def test_a_taken_username_is_refused(school_class: SchoolClass, bob: User, client: Client) -> None:
    answer = sign_up(client, school_class.join_code, username="bob")
    assert "username" in answer.context["form"].errors


def test_a_class_shut_in_the_meantime_leaves_an_account_without_class(
    school_class: SchoolClass, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from classroom.people import forms

    def shut_afterwards(form: forms.JoinFields) -> str:
        SchoolClass.objects.update(join_open=False)
        return school_class.join_code

    monkeypatch.setattr(forms.JoinFields, "clean_join_code", shut_afterwards)
    answer = sign_up(client, school_class.join_code)
    assert answer.status_code == 302
    assert not Enrolment.objects.filter(user__username="mia").exists()
    assert b"does not accept new people" in client.get("/").content


def test_signing_in_and_out(bob: User, client: Client) -> None:
    wrong = client.post("/accounts/login/", {"login": "bob", "password": "wrong"})
    assert wrong.status_code == 200
    assert b"form-errors" in wrong.content
    right = client.post("/accounts/login/", {"login": "bob", "password": PASSWORD, "next": "/join/"})
    assert (right.status_code, right["Location"]) == (302, "/join/")
    assert client.get("/accounts/logout/").status_code == 200
    assert client.post("/accounts/logout/").status_code == 302
    assert client.get("/").status_code == 302


def test_no_other_site_is_gone_to_after_signing_in(bob: User, client: Client) -> None:
    answer = client.post("/accounts/login/", {"login": "bob", "password": PASSWORD, "next": "https://evil.example/"})
    assert answer["Location"] == "/"


def test_a_disabled_account_does_not_get_in(charlie: User, client: Client) -> None:
    charlie.is_active = False
    charlie.save()
    client.post("/accounts/login/", {"login": "charlie", "password": PASSWORD})
    assert client.get("/").status_code == 302


@pytest.mark.parametrize(
    "path", ["password/change/", "password/reset/", "password/reset/done/", "email/", "reauthenticate/"]
)
def test_the_other_pages_of_accounts_stand_in_our_frame(bob: User, client_for: ClientFor, path: str) -> None:
    answer = client_for(bob).get(f"/accounts/{path}", follow=True)
    assert answer.status_code == 200
    assert b"Skip to the page" in answer.content


def test_the_inactive_page_stands_in_our_frame(client: Client, db: None) -> None:
    assert b"switched off" in client.get("/accounts/inactive/").content


def test_passwords_are_changed_in_the_browser(bob: User, client_for: ClientFor) -> None:
    client = client_for(bob)
    fields = {"oldpassword": PASSWORD, "password1": "another-long-1", "password2": "another-long-1"}
    assert client.post("/accounts/password/change/", fields).status_code == 302
    bob.refresh_from_db()
    assert bob.check_password("another-long-1")


def test_demo_accounts_are_shown_only_in_the_demo(db: None, client: Client, settings: Settings) -> None:
    assert demo.PASSWORD.encode() not in client.get("/accounts/login/").content
    settings.DEMO = True
    page = client.get("/accounts/login/").content.decode()
    assert page.count(demo.PASSWORD) == len(demo.ACCOUNTS)
    assert "林小雨" in page


def test_forms_need_their_token(bob: User) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/accounts/login/", {"login": "bob", "password": PASSWORD})
    assert answer.status_code == 403
    assert b"Please try again" in answer.content
