"""The list of rooms, the room's page and what staff do to a room, in the browser's way."""

from __future__ import annotations

import pytest
from django.test import Client

from classroom.people import services as people
from classroom.people.models import Enrolment, SchoolClass, User
from classroom.rooms.models import Event, Problem, Room
from tests.conftest import ClientFor


@pytest.fixture
def teacher(room: Room, alice: User, client_for: ClientFor) -> Client:
    return client_for(alice)


# ---- one's own rooms


def test_a_student_sees_her_rooms_and_no_others(
    room: Room, other_class: SchoolClass, alice: User, bob: User, charlie: User, client_for: ClientFor
) -> None:
    theirs = people.group_create(school_class=room.school_class, name="Others")
    Room.objects.create(school_class=room.school_class, title="For others", group=theirs, created_by=alice)
    page = client_for(bob).get("/").content.decode()
    assert "Table one" in page
    assert "For others" not in page
    outside = client_for(charlie).get("/").content.decode()
    assert "Table one" not in outside
    assert "No open room" in outside


def test_closed_rooms_stand_apart(room: Room, bob: User, client_for: ClientFor) -> None:
    Room.objects.update(state=Room.State.CLOSED)
    page = client_for(bob).get("/").content.decode()
    assert "Closed rooms" in page
    assert "Table one" in page


def test_somebody_without_a_class_is_told_how_to_get_one(charlie: User, alice: User, client_for: ClientFor) -> None:
    assert b"Join a class" in client_for(charlie).get("/").content
    assert b"New class" in client_for(alice).get("/").content


def test_the_list_of_rooms_costs_the_same_for_many(
    room: Room, alice: User, teacher: Client, django_assert_max_num_queries
) -> None:
    for number in range(30):
        Room.objects.create(school_class=room.school_class, title=f"Room {number}", created_by=alice)
    with django_assert_max_num_queries(10):
        assert teacher.get("/").content.count(b'class="card"') == 31


# ---- joining another class


def test_a_student_joins_another_class(room: Room, charlie: User, client_for: ClientFor) -> None:
    client = client_for(charlie)
    answer = client.post("/join/", {"join_code": room.school_class.join_code.lower()}, follow=True)
    assert "Welcome to Year 9." in answer.content.decode()
    assert Event.objects.get(room=room).type == "member.joined"
    assert client.get(f"/rooms/{room.pk}/").status_code == 200


@pytest.mark.parametrize("code", ["", "NOSUCHCD", "x" * 17, "<script>"])
def test_a_wrong_code_is_named(room: Room, charlie: User, client_for: ClientFor, code: str) -> None:
    answer = client_for(charlie).post("/join/", {"join_code": code})
    assert answer.status_code == 400
    assert "join_code" in answer.context["form"].errors
    assert Enrolment.objects.filter(user=charlie, school_class=room.school_class).count() == 0


def test_a_removed_student_is_told_whom_to_ask(room: Room, bob: User, client_for: ClientFor) -> None:
    people.enrolment_remove(school_class=room.school_class, user_id=bob.pk)
    answer = client_for(bob).post("/join/", {"join_code": room.school_class.join_code})
    assert b"ask its teacher" in answer.content


# ---- the room


def test_the_room_page_knows_who_looks(room: Room, alice: User, bob: User, client_for: ClientFor) -> None:
    answer = client_for(bob).get(f"/rooms/{room.pk}/")
    assert answer.context["room"] == room
    assert answer.context["staff"] is False
    assert answer.context["you"] == {"id": str(bob.pk), "name": "Bob Baker", "role": "student"}
    assert client_for(alice).get(f"/rooms/{room.pk}/").context["staff"] is True


def test_the_room_page_has_the_strictest_policy(room: Room, teacher: Client) -> None:
    strict = teacher.get(f"/rooms/{room.pk}/")["Content-Security-Policy"]
    assert "require-trusted-types-for 'script'" in strict
    assert "trusted-types lit-html" in strict
    for policy in (strict, teacher.get("/")["Content-Security-Policy"]):
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


def test_a_student_of_another_group_does_not_find_the_room(room: Room, bob: User, client_for: ClientFor) -> None:
    room.group = people.group_create(school_class=room.school_class, name="Others")
    room.save()
    assert client_for(bob).get(f"/rooms/{room.pk}/").status_code == 404


# ---- making and changing rooms


def test_a_teacher_opens_a_room(teacher: Client, room: Room, problem: Problem, bob: User) -> None:
    group = people.group_create(school_class=room.school_class, name="Group one", members=[bob])
    form = {"title": "  Table   two ", "problem": str(problem.pk), "group": str(group.pk)}
    answer = teacher.post(f"/classes/{room.school_class_id}/rooms/new/", form)
    assert answer["Location"] == f"/classes/{room.school_class_id}/"
    made = Room.objects.get(title="Table two")
    assert (made.problem, made.group, made.state) == (problem, group, Room.State.OPEN)


def test_the_form_offers_problems_by_course_and_takes_one_from_the_address(
    teacher: Client, room: Room, problem: Problem
) -> None:
    Problem.objects.create(slug="b", title="Angles", statement="?", course="Geometry")
    page = teacher.get(f"/classes/{room.school_class_id}/rooms/new/?problem={problem.pk}").content.decode()
    assert '<optgroup label="Geometry">' in page
    assert f'<option value="{problem.pk}" selected>' in page


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 121}, "title"),
        ({"title": "T", "problem": "9b2d7f7e-0000-4000-8000-000000000000"}, "problem"),
        ({"title": "T", "problem": "not-a-uuid"}, "problem"),
        ({"title": "T", "group": "9b2d7f7e-0000-4000-8000-000000000000"}, "group"),
    ],
)
def test_a_wrong_room_is_refused_by_field(teacher: Client, room: Room, form: dict[str, str], field: str) -> None:
    for address in (f"/classes/{room.school_class_id}/rooms/new/", f"/rooms/{room.pk}/edit/"):
        answer = teacher.post(address, form)
        assert answer.status_code == 400
        assert field in answer.context["form"].errors
    assert Room.objects.count() == 1


def test_a_group_of_another_class_cannot_be_chosen(teacher: Client, room: Room, other_class: SchoolClass) -> None:
    foreign = people.group_create(school_class=other_class, name="Theirs")
    answer = teacher.post(f"/rooms/{room.pk}/edit/", {"title": "T", "group": str(foreign.pk)})
    assert "group" in answer.context["form"].errors


def test_an_edit_is_saved_and_told(teacher: Client, room: Room) -> None:
    teacher.post(f"/rooms/{room.pk}/edit/", {"title": "Table uno", "problem": "", "group": ""})
    room.refresh_from_db()
    assert (room.title, room.problem) == ("Table uno", None)
    assert Event.objects.get(room=room).type == "room.changed"


def test_closing_and_reopening_by_button(teacher: Client, room: Room) -> None:
    answer = teacher.post(f"/rooms/{room.pk}/close/")
    assert answer["Location"] == f"/classes/{room.school_class_id}/"
    room.refresh_from_db()
    assert room.state == Room.State.CLOSED
    assert teacher.post(f"/rooms/{room.pk}/reopen/", {"back": "room"})["Location"] == f"/rooms/{room.pk}/"
    assert [event.type for event in Event.objects.order_by("seq")] == ["room.closed", "room.reopened"]


def test_no_page_leads_to_another_site(teacher: Client, room: Room) -> None:
    answer = teacher.post(f"/rooms/{room.pk}/reopen/", {"back": "https://evil.example/"})
    assert answer["Location"].startswith("/classes/")


def test_staff_choose_what_the_tutor_replies_in(
    client_for: ClientFor, alice: User, bob: User, charlie: User, room: Room
) -> None:
    address, fields = f"/rooms/{room.pk}/edit/", {"title": "Table one", "problem": "", "group": ""}
    for user, status in ((charlie, 404), (bob, 403), (alice, 302)):
        assert client_for(user).post(address, {**fields, "language": "zh-hans"}).status_code == status
        room.refresh_from_db()
        assert room.language == ("zh-hans" if user == alice else "")
    assert client_for(alice).post(address, {**fields, "language": "tlh"}).status_code == 400
    assert client_for(alice).post(address, {**fields, "language": ""}).status_code == 302
    room.refresh_from_db()
    assert room.language == ""
