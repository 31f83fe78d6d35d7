"""Problems of several parts in the browser: all that the import has is kept, and bad input names its field."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from django.test import Client

from classroom.people.models import User
from classroom.rooms.models import Problem, Room
from tests.conftest import ClientFor, person
from tests.pages import Page
from tests.pedagogy.scores import rows
from tutor import authored, vault
from tutor.imports import OWN_PROBLEMS
from tutor.models import Reference
from tutor.part_forms import PartsForm
from tutor.parts import answer_shown, is_structured, parts_read
from tutor.problem_shapes import row_shape

STEPS: list[dict[str, Any]] = [
    {
        "title": "The slope of $$y=2x$$", "body": "Look * here", "kind": "MultipleChoice", "answer_type": "string",
        "answers": ["$$2$$"], "choices": ["$$2$$", "$$3$$ or *more*"], "wrong": ["$$3$$"],
        "hints": [
            {"type": "hint", "title": "Start", "text": "with $$a$$ * 2\nand go on"},
            {"type": "scaffold", "title": "Smaller", "text": "What is $$1+1$$?", "hintAnswer": ["$$2$$", "two"]},
        ],
    },
    {
        "title": "The rest", "body": "", "kind": "TextBox", "answer_type": "arithmetic", "wrong": [],
        "answers": ["$$x=7$$", "$$a$$ and $$b$$"], "hints": [],
    },
]  # fmt: skip


@pytest.fixture
def two(problem: Problem) -> Reference:
    steps = copy.deepcopy(STEPS)
    return Reference.objects.create(problem=problem, steps=steps, skills=["sums", "lines"], solution="So $$x$$ * it.")


@pytest.fixture
def path(two: Reference) -> str:
    return f"/problems/{two.pk}/answers/"


@pytest.fixture
def admin(root: User, client_for: ClientFor) -> Client:
    return client_for(root)


def typed(client: Client, path: str) -> dict[str, str]:
    """What a browser would send if nobody changed anything."""
    form = client.get(path).context["form"]
    assert isinstance(form, PartsForm)
    fields = {}
    for one in [form.whole, *[each for part in form.parts for each in part.forms]]:
        for name in one.fields:
            fields[one.add_prefix(name)] = str(one[name].value() or "")
    return fields


def test_saved_as_it_stands_nothing_of_the_import_is_lost(admin: Client, path: str, two: Reference) -> None:
    before = [hint.text for hint in authored.hints_of(two, [])]
    values, told = vault.forbidden_of(two.pk, 1), authored.solution_of(two)
    answer = admin.post(path, typed(admin, path))
    assert (answer.status_code, answer["Location"]) == (302, path)
    two.refresh_from_db()
    first, second = two.steps
    assert (first["kind"], first["answer_type"], first["wrong"]) == ("MultipleChoice", "string", ["$$3$$"])
    assert first["choices"] == ["$2$", "$3$ or \\*more\\*"]
    assert first["title"] == "The slope of $y=2x$"
    assert first["answers"] == ["$$2$$"]
    assert second["answers"] == ["$$x=7$$", "$$a$$ and $$b$$"]
    assert first["hints"][1] == {
        "type": "scaffold", "title": "Smaller", "text": "What is $1+1$?", "hintAnswer": ["$$2$$", "two"],
    }  # fmt: skip
    assert (two.format, two.skills) == ("markdown", ["sums", "lines"])
    assert [hint.text for hint in authored.hints_of(two, [])] == before, "the room reads what it read before"
    assert (vault.forbidden_of(two.pk, 1), authored.solution_of(two)) == (values, told)
    stored = two.steps
    admin.post(path, typed(admin, path))
    two.refresh_from_db()
    assert two.steps == stored, "and a second time"


@pytest.mark.parametrize("row", [row for row in rows(OWN_PROBLEMS) if len(row["steps"]) > 1], ids=lambda row: row["id"])
def test_every_problem_of_parts_survives_its_page(admin: Client, problem: Problem, row: dict[str, Any]) -> None:
    made = Reference.objects.create(problem=problem, **row_shape(row).private)
    hints, values = authored.hint_texts(made), vault.forbidden_of(problem.pk, 1)
    path = f"/problems/{problem.pk}/answers/"
    assert admin.post(path, typed(admin, path)).status_code == 302
    made.refresh_from_db()
    assert authored.hint_texts(made) == hints
    assert vault.forbidden_of(problem.pk, 1) == values
    assert [len(part) for part in made.steps] == [len(part) for part in row_shape(row).private["steps"]]


def test_an_author_changes_adds_and_takes_away(admin: Client, path: str, two: Reference) -> None:
    fields = typed(admin, path)
    fields |= {
        "part-1-answers": "2\r\n\r\n 4/2 ",
        "part-1-hint-1-title": "",
        "part-1-hint-1-text": "",
        "part-1-hint-3-kind": "scaffold",
        "part-1-hint-3-text": "What is *steep*?\r\n\r\nThink.",
        "part-1-hint-3-answers": "uphill",
        "part-2-hint-1-text": "A first one.",
        "solution": "It is **so**.",
        "skills": "lines, slopes",
    }
    assert admin.post(path, fields).status_code == 302
    two.refresh_from_db()
    assert two.steps[0]["answers"] == ["$$2$$", "4/2"]
    assert [hint["text"] for hint in two.steps[0]["hints"]] == ["What is $1+1$?", "What is *steep*?\n\nThink."]
    assert two.steps[0]["hints"][1]["hintAnswer"] == ["uphill"]
    assert two.steps[1]["hints"] == [{"type": "hint", "title": "", "text": "A first one."}]
    assert (two.solution, two.skills) == ("It is **so**.", ["lines", "slopes"])
    assert "4/2" in vault.forbidden_of(two.pk, 1)


def test_a_preview_of_parts_saves_nothing(admin: Client, path: str, two: Reference) -> None:
    fields = typed(admin, path) | {"part-2-hint-1-text": "A *new* one.", "preview": "1"}
    page = admin.post(path, fields)
    assert page.status_code == 200
    shown = Page(page.content)
    shown.assert_harmless()
    assert "A *new* one." in shown.words
    assert Reference.objects.get().steps == STEPS


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("part-1-answers", "1\n" * 21, "20 fit"),
        ("part-2-answers", "x" * 401, "400 fit"),
        ("part-1-hint-2-text", "h" * 4_001, "4000"),
        ("part-1-hint-2-kind", "riddle", "riddle"),
        ("part-1-hint-2-title", "a\u202eb", "invisible"),
        ("part-1-hint-3-answers", "lonely", "without a question"),
        ("solution", "s" * 20_001, "20000"),
        ("skills", "s," * 3 + "x" * 121, "120 fit"),
        ("seen", "", "required"),
    ],
)
def test_bad_input_names_its_field_and_loses_nothing(
    admin: Client, path: str, field: str, value: str, words: str
) -> None:
    fields = typed(admin, path) | {"part-2-hint-1-text": "typed with care", field: value}
    answer = admin.post(path, fields)
    assert answer.status_code == 400
    named = "part-1-hint-3-text" if words == "without a question" else field
    assert list(answer.context["form"].errors) == [named]
    page = answer.content.decode()
    assert words in page
    assert "typed with care" in page
    if named.startswith("part-1"):
        assert "Look at: Part 1" in page
    assert Reference.objects.get().steps == STEPS


@pytest.mark.parametrize("field", ["part-2-answers", "part-1-hint-1-text", "part-1-hint-2-answers"])
def test_what_was_lost_on_the_way_is_not_taken_for_empty(admin: Client, path: str, field: str) -> None:
    fields = typed(admin, path)
    del fields[field]
    answer = admin.post(path, fields)
    assert (answer.status_code, list(answer.context["form"].errors)) == (400, [field])
    assert Reference.objects.get().steps == STEPS


def test_what_was_changed_meanwhile_is_not_written_over(admin: Client, path: str, two: Reference) -> None:
    fields = typed(admin, path) | {"part-2-hint-1-text": "mine"}
    two.steps[0]["answers"] = ["$$9$$"]
    two.save()
    answer = admin.post(path, fields)
    assert answer.status_code == 409
    assert "mine" in answer.content.decode()
    assert Reference.objects.get().steps[0]["answers"] == ["$$9$$"]
    two.steps = two.steps[:1]
    two.save()
    assert admin.post(path, fields).status_code == 409


def test_the_short_form_stays_for_what_it_can_hold(problem: Problem) -> None:
    plain = {"title": "", "body": "", "answers": ["1"], "hints": [{"type": "hint", "title": "", "text": "t"}]}
    assert not is_structured(None)
    assert not is_structured(Reference(problem=problem, steps=[]))
    assert not is_structured(Reference(problem=problem, steps=[plain]))
    for more in ({"kind": "TextBox"}, {"title": "One"}, {"hints": [{"type": "scaffold", "title": "", "text": "t"}]}):
        assert is_structured(Reference(problem=problem, steps=[plain | more])), more
    assert is_structured(Reference(problem=problem, steps=[plain, plain]))
    assert parts_read(Reference(problem=problem, steps=[{}]))[0].answers == []


@pytest.mark.parametrize(
    ("stored", "shown"),
    [("$$x=7$$", "x=7"), (" Ellipse ", "Ellipse"), ("$$a$$ and $$b$$", "$$a$$ and $$b$$"), (7, "7")],
)
def test_an_answer_is_typed_without_its_dollars(stored: object, shown: str) -> None:
    assert answer_shown(stored) == shown


def test_nobody_but_author_and_admin_writes_parts(
    room: Room, path: str, admin: Client, charlie: User, client_for: ClientFor
) -> None:
    fields = typed(admin, path) | {"part-1-answers": "LEAK"}
    person("hedda", "teacher", "Hedda")
    for who, looks in (("bob", 403), ("tom", 403), ("olga", 403), ("charlie", 403), ("hedda", 200), ("alice", 200)):
        client = client_for(User.objects.get(username=who))
        page = client.get(path)
        assert page.status_code == looks, who
        assert b"<textarea" not in page.content
        assert client.post(path, fields).status_code == 403
    assert Reference.objects.get().steps == STEPS


# ---- a copy of one's own


def test_a_teacher_changes_her_own_copy_of_an_imported_problem(
    two: Reference, alice: User, room: Room, client_for: ClientFor
) -> None:
    Problem.objects.filter(pk=two.pk).update(source="A collection", license="CC BY 4.0", course="Lines")
    client = client_for(alice)
    assert f"/problems/{two.pk}/copy/" in client.get(f"/problems/{two.pk}/").content.decode()
    answer = client.post(f"/problems/{two.pk}/copy/")
    own = Problem.objects.get(created_by=alice)
    assert (answer.status_code, answer["Location"]) == (302, f"/problems/{own.pk}/")
    assert (own.source, own.license, own.course, own.slug) == ("A collection", "CC BY 4.0", "Lines", f"own-{own.pk}")
    assert (own.reference.steps, own.reference.format) == (STEPS, "imported")
    page = client.get(f"/problems/{own.pk}/").content.decode()
    for named in ("A collection", "CC BY 4.0", alice.name):
        assert named in page
    assert f"/problems/{own.pk}/copy/" not in page
    path = f"/problems/{own.pk}/answers/"
    assert client.post(path, typed(client, path) | {"part-2-answers": "x=8"}).status_code == 302
    assert Reference.objects.get(pk=two.pk).steps == STEPS, "the one that was copied stays as it is"
    assert Reference.objects.get(pk=own.pk).steps[1]["answers"] == ["x=8"]


def test_a_problem_without_anything_written_is_copied_too(problem: Problem, alice: User, client_for: ClientFor) -> None:
    client = client_for(alice)
    assert client.get(f"/problems/{problem.pk}/copy/").status_code == 405
    client.post(f"/problems/{problem.pk}/copy/")
    assert not Reference.objects.exists()
    assert Problem.objects.get(created_by=alice).statement == problem.statement


def test_who_may_copy(room: Room, two: Reference, charlie: User, client_for: ClientFor) -> None:
    for who, status in (("bob", 403), ("tom", 403), ("olga", 403), ("charlie", 403), ("alice", 302)):
        assert client_for(User.objects.get(username=who)).post(f"/problems/{two.pk}/copy/").status_code == status, who
    assert Problem.objects.filter(slug__startswith="own-").count() == 1
