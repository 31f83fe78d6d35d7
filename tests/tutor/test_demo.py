"""The demo: made once, told to programs, and never made where its public passwords would be a hole."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django.fixtures import Settings

from classroom.people import demo
from classroom.people.models import Enrolment, Group, Role, SchoolClass, User
from classroom.rooms.models import Problem, Room
from tests.conftest import ClientFor


@pytest.fixture
def seeded(db: None, settings: Settings) -> str:
    settings.DEMO = True
    out = StringIO()
    call_command("seed_demo", stdout=out, no_color=True)
    return out.getvalue()


def test_without_the_setting_nothing_is_made(db: None) -> None:
    with pytest.raises(CommandError, match="DEMO"):
        call_command("seed_demo")
    assert not User.objects.exists()
    with pytest.raises(CommandError, match="seed_demo"):
        call_command("demo_info")


def test_everybody_is_there_and_gets_in(seeded: str) -> None:
    school_class = SchoolClass.objects.get()
    assert school_class.name == "Year 9 Maths"
    assert school_class.join_code in seeded
    for account in demo.ACCOUNTS:
        user = User.objects.get(username=account.username)
        assert (user.role, user.name) == (account.role, account.display_name)
        assert user.is_superuser == (account.role == Role.ADMIN)
        assert account.username in seeded
    client = Client()
    client.post("/accounts/login/", {"login": "lin", "password": demo.PASSWORD})
    assert "林小雨" in client.get("/").content.decode()


def test_the_class_has_groups_and_rooms_with_problems(seeded: str) -> None:
    roles = dict(Enrolment.objects.values_list("user__username", "role"))
    assert roles == {
        "ada": "teacher", "tom": "assistant", "olga": "observer", "mia": "student", "noah": "student", "lin": "student",
    }  # fmt: skip
    assert Room.objects.filter(problem__isnull=False).count() == Room.objects.count() == 3
    assert {room.group.name for room in Room.objects.all() if room.group} == set(
        Group.objects.values_list("name", flat=True)
    )
    assert Problem.objects.count() >= 40


def test_a_second_time_changes_nothing(seeded: str, settings: Settings) -> None:
    kinds = (User, Enrolment, SchoolClass, Group, Room, Problem)
    before = [list(kind.objects.order_by("pk").values()) for kind in kinds]
    call_command("seed_demo", stdout=StringIO())
    assert [list(kind.objects.order_by("pk").values()) for kind in kinds] == before


def test_programs_learn_room_and_accounts_students_first(seeded: str) -> None:
    out = StringIO()
    call_command("demo_info", stdout=out)
    told = json.loads(out.getvalue())
    assert told["room"] == str(Room.objects.get(group=None).pk)
    assert [role for _, _, role in told["users"]] == [
        "student", "student", "student", "teacher", "assistant", "observer", "admin",
    ]  # fmt: skip
    assert {password for _, password, _ in told["users"]} == {demo.PASSWORD}


def test_a_closed_room_is_not_told(seeded: str) -> None:
    Room.objects.update(state=Room.State.CLOSED)
    with pytest.raises(CommandError):
        call_command("demo_info")


def test_an_outsider_finds_nothing_of_the_demo(seeded: str, charlie: User, client_for: ClientFor) -> None:
    for room in Room.objects.all():
        assert client_for(charlie).get(f"/rooms/{room.pk}/").status_code == 404
