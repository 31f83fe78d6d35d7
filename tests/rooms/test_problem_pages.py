"""The collection of problems: found by words, written by teachers, never shown to students."""

from __future__ import annotations

import pytest
from django.test import Client

from classroom.people.models import SchoolClass, User
from classroom.rooms.models import Event, Problem, Room
from classroom.rooms.problem_pages import PAGE, problems_found
from tests.conftest import ClientFor, person
from tutor.models import Reference

FORM = {"title": "Two sums", "statement": "What is $2+2$?", "course": "Sums", "lesson": "One"}


@pytest.fixture
def teacher(school_class: SchoolClass, alice: User, client_for: ClientFor) -> Client:
    return client_for(alice)


def test_every_word_must_occur_somewhere(problem: Problem) -> None:
    other = Problem.objects.create(
        slug="b", title="Angles", statement="A triangle", course="Geometry", lesson="Sums of angles"
    )
    assert list(problems_found("")) == [problem, other]
    assert list(problems_found("sum triangle")) == [other]
    assert list(problems_found("geometry")) == [other]
    assert list(problems_found("1+1")) == [problem]
    assert list(problems_found("nowhere")) == []
    assert list(problems_found("%")) == []


def test_problems_in_use_are_counted(teacher: Client, room: Room, problem: Problem) -> None:
    assert problems_found("").get(pk=problem.pk).used == 1
    assert b"1 room" in teacher.get("/problems/").content


def test_many_problems_come_in_pages(teacher: Client) -> None:
    Problem.objects.bulk_create(
        Problem(slug=f"p{number:03}", title=f"Problem {number:03}", statement="?") for number in range(PAGE * 2 + 1)
    )
    first = teacher.get("/problems/?q=Problem").content.decode()
    assert first.count("/problems/") > PAGE
    assert 'href="?q=Problem&amp;page=2"' in first
    last = teacher.get("/problems/?q=Problem&page=3").content.decode()
    assert "Problem 060" in last
    for odd in ("0", "-1", "99", "two", ""):
        assert teacher.get("/problems/", {"page": odd}).status_code == 200


def test_an_empty_collection_says_what_to_do(teacher: Client) -> None:
    assert b"import_problems" in teacher.get("/problems/").content
    assert b"No problem has all of these words" in teacher.get("/problems/?q=zebra").content


def test_answers_and_hints_stand_on_no_page(teacher: Client, problem: Problem) -> None:
    secret = {"title": "s", "answers": ["$$SECRET-ANSWER$$"], "hints": [{"text": "SECRET-HINT"}]}
    Reference.objects.create(problem=problem, solution="SECRET-SOLUTION", steps=[secret])
    for address in ("/problems/", f"/problems/{problem.pk}/"):
        assert b"SECRET" not in teacher.get(address).content


def test_a_problem_is_written_and_shown(teacher: Client, alice: User) -> None:
    answer = teacher.post("/problems/new/", FORM, follow=True)
    problem = Problem.objects.get()
    assert answer.redirect_chain == [(f"/problems/{problem.pk}/", 302)]
    assert (problem.title, problem.created_by) == ("Two sums", alice)
    page = answer.content.decode()
    assert "<cs-markdown>What is $2+2$?</cs-markdown>" in page
    assert "Use it in a new room" in page


def test_a_preview_saves_nothing(teacher: Client) -> None:
    answer = teacher.post("/problems/new/", {**FORM, "preview": "1"})
    assert answer.status_code == 200
    assert b"<cs-markdown>What is $2+2$?</cs-markdown>" in answer.content
    assert not Problem.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [("title", ""), ("title", "x" * 201), ("statement", " "), ("statement", "x" * 20_001), ("course", "x" * 201)],
)
def test_a_wrong_problem_is_refused_by_field(teacher: Client, field: str, value: str) -> None:
    answer = teacher.post("/problems/new/", {**FORM, field: value})
    assert answer.status_code == 400
    assert field in answer.context["form"].errors
    assert not Problem.objects.exists()


def test_an_author_changes_her_problem_and_its_rooms_hear_of_it(teacher: Client, room: Room, alice: User) -> None:
    problem = Problem.objects.create(slug="own", title="T", statement="old", created_by=alice)
    Room.objects.update(problem=problem)
    assert b"old" in teacher.get(f"/problems/{problem.pk}/edit/").content
    teacher.post(f"/problems/{problem.pk}/edit/", FORM)
    problem.refresh_from_db()
    assert problem.statement == "What is $2+2$?"
    assert Event.objects.get(room=room).data["problem"]["title"] == "Two sums"


def test_problems_of_others_and_imported_ones_stay_as_they_are(
    teacher: Client, problem: Problem, root: User, client_for: ClientFor
) -> None:
    theirs = Problem.objects.create(slug="t", title="T", statement="?", created_by=person("hedda", "teacher"))
    for one in (problem, theirs):
        assert teacher.post(f"/problems/{one.pk}/edit/", FORM).status_code == 403
        assert b"/edit/" not in teacher.get(f"/problems/{one.pk}/").content
        assert client_for(root).get(f"/problems/{one.pk}/edit/").status_code == 200


def test_students_meet_a_problem_in_their_room_only(
    room: Room, problem: Problem, bob: User, charlie: User, client_for: ClientFor
) -> None:
    for user in (bob, charlie):
        for address in ("/problems/", f"/problems/{problem.pk}/", "/problems/new/"):
            assert client_for(user).get(address).status_code == 403


def test_unknown_problems_are_not_found(teacher: Client) -> None:
    assert teacher.get("/problems/9b2d7f7e-0000-4000-8000-000000000000/").status_code == 404
    assert teacher.get("/problems/not-a-uuid/").status_code == 404
