"""A class in the browser: people, groups, join code. Charlie is outside; the table of roles is in test_pages_roles."""

from __future__ import annotations

import pytest
from django.test import Client

from classroom.people.models import Enrolment, Group, Role, SchoolClass, User
from classroom.rooms.models import Event, Room
from tests.conftest import ClientFor


@pytest.fixture
def teacher(school_class: SchoolClass, alice: User, client_for: ClientFor) -> Client:
    return client_for(alice)


def post(client: Client, school_class: SchoolClass, path: str, **form: object):
    return client.post(f"/classes/{school_class.pk}/{path}", form, follow=True)


def test_a_teacher_makes_a_class_and_reads_its_code(teacher: Client, alice: User) -> None:
    answer = teacher.post("/classes/new/", {"name": "Year 10"}, follow=True)
    made = SchoolClass.objects.get(name="Year 10")
    assert answer.redirect_chain == [(f"/classes/{made.pk}/", 302)]
    assert made.join_code in answer.content.decode()
    assert b"Year 10" in teacher.get("/classes/").content


def test_a_class_without_a_name_is_refused(teacher: Client) -> None:
    answer = teacher.post("/classes/new/", {"name": " "})
    assert answer.status_code == 400
    assert "name" in answer.context["form"].errors


def test_students_see_their_class_but_no_code_and_no_people(
    room: Room, school_class: SchoolClass, bob: User, client_for: ClientFor
) -> None:
    page = client_for(bob).get(f"/classes/{school_class.pk}/").content.decode()
    assert "Table one" in page
    for hidden in (school_class.join_code, "Olga Onlooker", "New room", "Remove"):
        assert hidden not in page


def test_observers_look_and_find_no_button(
    room: Room, school_class: SchoolClass, olga: User, client_for: ClientFor
) -> None:
    page = client_for(olga).get(f"/classes/{school_class.pk}/").content.decode()
    assert "Bob Baker" in page
    assert school_class.join_code not in page
    main = page[page.index('<main id="main"') :]
    assert "<form" not in main


def test_assistants_run_rooms_and_groups_but_not_people(
    school_class: SchoolClass, tom: User, client_for: ClientFor
) -> None:
    page = client_for(tom).get(f"/classes/{school_class.pk}/").content.decode()
    assert "New room" in page
    assert "New group" in page
    assert school_class.join_code not in page
    assert "/remove/" not in page


def test_renaming(teacher: Client, school_class: SchoolClass) -> None:
    assert b"new name" in post(teacher, school_class, "rename/", name="Year 9 b").content
    answer = post(teacher, school_class, "rename/", name="")
    assert answer.status_code == 400
    assert "name" in answer.context["class_form"].errors
    school_class.refresh_from_db()
    assert school_class.name == "Year 9 b"


def test_the_join_code_is_shut_opened_and_renewed(teacher: Client, school_class: SchoolClass) -> None:
    old = school_class.join_code
    assert b"not accepted" in post(teacher, school_class, "code/open/", open="0").content
    post(teacher, school_class, "code/open/", open="1")
    page = post(teacher, school_class, "code/renew/").content.decode()
    school_class.refresh_from_db()
    assert school_class.join_open
    assert old not in page
    assert school_class.join_code in page


def test_adding_by_username(teacher: Client, room: Room, school_class: SchoolClass, charlie: User) -> None:
    post(teacher, school_class, "people/add/", username="charlie", role="student")
    assert Enrolment.objects.get(user=charlie, school_class=school_class).role == Role.STUDENT
    assert Event.objects.get(room=room).data["user"]["name"] == "Charlie Clark"


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"username": "nobody", "role": "student"}, "username"),
        ({"username": "bob", "role": "student"}, "username"),
        ({"username": "charlie", "role": "teacher"}, "role"),
        ({"username": "charlie", "role": "admin"}, "role"),
        ({"username": "charlie", "role": ""}, "role"),
    ],
)
def test_adding_refuses_by_field(
    teacher: Client, school_class: SchoolClass, charlie: User, form: dict[str, str], field: str
) -> None:
    answer = post(teacher, school_class, "people/add/", **form)
    assert answer.status_code == 400
    assert field in answer.context["member_form"].errors
    assert Enrolment.objects.filter(school_class=school_class).count() == 4


def test_removing_and_letting_back_in(
    teacher: Client, room: Room, school_class: SchoolClass, bob: User, client_for: ClientFor
) -> None:
    pupil = client_for(bob)
    assert pupil.get(f"/rooms/{room.pk}/").status_code == 200
    assert b"Let back in" in post(teacher, school_class, f"people/{bob.pk}/remove/").content
    assert pupil.get(f"/rooms/{room.pk}/").status_code == 404
    assert pupil.get(f"/classes/{school_class.pk}/").status_code == 404
    post(teacher, school_class, f"people/{bob.pk}/restore/")
    assert pupil.get(f"/rooms/{room.pk}/").status_code == 200
    assert [event.type for event in Event.objects.order_by("seq")] == ["member.removed", "member.joined"]


def test_the_last_teacher_stays_and_the_page_says_why(teacher: Client, school_class: SchoolClass, alice: User) -> None:
    for path, form in ((f"people/{alice.pk}/remove/", {}), (f"people/{alice.pk}/role/", {"role": "observer"})):
        answer = post(teacher, school_class, path, **form)
        assert answer.status_code == 400
        assert b"at least one teacher" in answer.content


def test_an_outsider_cannot_be_removed_restored_or_promoted(
    teacher: Client, school_class: SchoolClass, charlie: User
) -> None:
    for action, form in (("remove", {}), ("restore", {}), ("role", {"role": "student"})):
        answer = post(teacher, school_class, f"people/{charlie.pk}/{action}/", **form)
        assert answer.status_code == 400
        assert b"not in the class" in answer.content


def test_roles_are_set_within_the_account(teacher: Client, school_class: SchoolClass, tom: User, bob: User) -> None:
    post(teacher, school_class, f"people/{tom.pk}/role/", role="observer")
    assert Enrolment.objects.get(user=tom).role == Role.OBSERVER
    assert b"may not be" in post(teacher, school_class, f"people/{bob.pk}/role/", role="teacher").content
    assert post(teacher, school_class, f"people/{bob.pk}/role/", role="king").status_code == 400
    assert Enrolment.objects.get(user=bob).role == Role.STUDENT


def test_groups_are_made_changed_and_deleted(teacher: Client, school_class: SchoolClass, bob: User) -> None:
    post(teacher, school_class, "groups/new/", name="Group one", members=[str(bob.pk)])
    group = Group.objects.get()
    assert list(group.members.all()) == [bob]
    edit = teacher.get(f"/classes/{school_class.pk}/groups/{group.pk}/").content.decode()
    assert f'value="{bob.pk}" ' in edit
    assert "checked" in edit
    post(teacher, school_class, f"groups/{group.pk}/", name="Group 1", members=[])
    group.refresh_from_db()
    assert (group.name, group.members.count()) == ("Group 1", 0)
    post(teacher, school_class, f"groups/{group.pk}/delete/")
    assert not Group.objects.exists()


def test_groups_refuse_by_field(teacher: Client, school_class: SchoolClass, charlie: User) -> None:
    post(teacher, school_class, "groups/new/", name="A")
    for form, field in (
        ({"name": "A"}, "name"),
        ({"name": ""}, "name"),
        ({"name": "B", "members": [str(charlie.pk)]}, "members"),
    ):
        answer = post(teacher, school_class, "groups/new/", **form)
        assert answer.status_code == 400
        assert field in answer.context["form"].errors
    assert Group.objects.count() == 1


def test_a_group_with_rooms_is_not_deleted(teacher: Client, room: Room, school_class: SchoolClass) -> None:
    post(teacher, school_class, "groups/new/", name="A")
    group = Group.objects.get()
    Room.objects.update(group=group)
    answer = post(teacher, school_class, f"groups/{group.pk}/delete/")
    assert answer.status_code == 400
    assert b"Rooms belong to this group" in answer.content
    assert Group.objects.exists()


def test_a_group_is_found_in_its_own_class_only(
    teacher: Client, school_class: SchoolClass, other_class: SchoolClass
) -> None:
    foreign = Group.objects.create(school_class=other_class, name="Theirs")
    assert teacher.get(f"/classes/{school_class.pk}/groups/{foreign.pk}/").status_code == 404
    assert post(teacher, school_class, f"groups/{foreign.pk}/delete/").status_code == 404
    assert Group.objects.filter(pk=foreign.pk).exists()
