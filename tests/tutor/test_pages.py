"""Staff's pages about hints (rules N4, N7, N8): rules of a class and a room, and what is written about a problem."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from classroom.people.models import SchoolClass, User
from classroom.rooms.models import Event, Problem, Room
from tests.conftest import ClientFor, enrol, person
from tests.pages import Page
from tests.tutor.test_hints import hint
from tests.tutor.turns import types
from tutor import rungs, vault
from tutor.models import HintRules, Reference
from tutor.rungs import Rules

RULES = {"ceiling": "2", "budget": "3", "attempt_first": "on", "solution_at": "2026-12-01T08:30"}
WHEN = datetime(2026, 12, 1, 8, 30, tzinfo=UTC)
WRITTEN = {
    "answers": "x = 7\r\n\r\n $7$ \r\n",
    "hints": "What is *unknown*?\r\n\r\n \r\nTake $7$ apples.\r\n\r\nLook at $2x$.\nThen divide.",
    "solution": "So **$x=7$**.",
    "skills": "equations,  fractions， equations",
}


@pytest.fixture
def alice_at(room: Room, alice: User, client_for: ClientFor) -> Client:
    return client_for(alice)


@pytest.fixture
def own(alice: User) -> Problem:
    return Problem.objects.create(slug="own-1", title="Mine", statement="$2x=14$", created_by=alice)


def saved() -> list[dict[str, Any]]:
    return list(
        HintRules.objects.values(
            "school_class__name", "room__title", "ceiling", "budget", "attempt_first", "solution_at"
        )
    )


# ---- rules


def test_n8_a_teacher_sets_the_rules_of_a_class(alice_at: Client, room: Room) -> None:
    path = f"/classes/{room.school_class_id}/hints/"
    assert path in alice_at.get(f"/classes/{room.school_class_id}/").content.decode()
    answer = alice_at.post(path, RULES)
    assert (answer.status_code, answer["Location"]) == (302, f"/classes/{room.school_class_id}/")
    assert rungs.rules_for(room) == Rules(2, 3, True, WHEN)
    assert types(room) == ["rules.changed"]
    page = alice_at.get(path).content.decode()
    assert 'value="2026-12-01T08:30"' in page
    assert '<option value="2" selected>' in page
    alice_at.post(path, {"ceiling": "0"})
    assert rungs.rules_for(room) == Rules(0, None, False, None), "an empty field is no bound, an empty box is no"


def test_n8_a_room_has_its_own_until_it_follows_its_class_again(alice_at: Client, room: Room) -> None:
    path = f"/rooms/{room.pk}/hints/"
    assert path in alice_at.get(f"/rooms/{room.pk}/edit/").content.decode()
    alice_at.post(f"/classes/{room.school_class_id}/hints/", {"ceiling": "3"})
    page = alice_at.get(path).content.decode()
    assert '<option value="3" selected>' in page
    assert "follows the rules of" in page
    alice_at.post(path, {"ceiling": "1"})
    assert rungs.rules_for(room).ceiling == 1
    assert "has rules of its own" in alice_at.get(path).content.decode()
    alice_at.post(path, {"drop": "1", "ceiling": "2"})
    assert rungs.rules_for(room).ceiling == 3
    assert types(room) == ["rules.changed"] * 3


@pytest.mark.parametrize(
    ("field", "value"),
    [("ceiling", "5"), ("ceiling", ""), ("ceiling", "-1"), ("budget", "51"), ("budget", "-1"), ("budget", "many"),
     ("budget", "1e9"), ("solution_at", "tomorrow"), ("solution_at", "2026-13-01T08:00")],
)  # fmt: skip
def test_n8_what_cannot_be_is_refused_by_its_field(alice_at: Client, room: Room, field: str, value: str) -> None:
    for path in (f"/classes/{room.school_class_id}/hints/", f"/rooms/{room.pk}/hints/"):
        answer = alice_at.post(path, {**RULES, field: value})
        assert answer.status_code == 400
        assert list(answer.context["form"].errors) == [field]
        assert f'id="id_{field}"' in answer.content.decode()
    assert saved() == []
    assert not Event.objects.exists()


def test_rules_need_the_csrf_token(room: Room, alice: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    assert strict.post(f"/rooms/{room.pk}/hints/", RULES).status_code == 403
    assert saved() == []


@pytest.mark.parametrize(
    ("who", "of_class", "of_room"), [("tom", 403, 302), ("olga", 403, 403), ("bob", 403, 403), ("charlie", 404, 404)]
)
def test_who_may_set_rules(
    room: Room, charlie: User, client_for: ClientFor, who: str, of_class: int, of_room: int
) -> None:
    client = client_for(User.objects.get(username=who))
    assert client.post(f"/classes/{room.school_class_id}/hints/", RULES).status_code == of_class
    assert client.post(f"/rooms/{room.pk}/hints/", RULES).status_code == of_room
    assert len(saved()) == (of_room == 302)


def test_n8_rules_written_in_the_admin_are_told_too(room: Room, root: User, client_for: ClientFor) -> None:
    User.objects.filter(pk=root.pk).update(is_staff=True, is_superuser=True)
    admin = client_for(User.objects.get(pk=root.pk))
    answer = admin.post("/admin/tutor/hintrules/add/", {"room": str(room.pk), "ceiling": "1", "attempt_first": "on"})
    assert answer.status_code == 302, answer.context["errors"]
    assert rungs.rules_for(room).ceiling == 1
    made = HintRules.objects.get()
    admin.post("/admin/tutor/hintrules/", {"action": "delete_selected", "_selected_action": [made.pk], "post": "yes"})
    assert rungs.rules_for(room) == Rules()
    assert types(room) == ["rules.changed"] * 2


# ---- what is written about a problem


def test_a_teacher_writes_answers_hints_and_solution(alice_at: Client, own: Problem) -> None:
    path = f"/problems/{own.pk}/answers/"
    assert path in alice_at.get(f"/problems/{own.pk}/").content.decode()
    assert alice_at.post(path, WRITTEN).status_code == 302
    made = Reference.objects.get(problem=own)
    assert [one["text"] for one in made.steps[0]["hints"]] == [
        "What is *unknown*?",
        "Take $7$ apples.",
        "Look at $2x$.\nThen divide.",
    ]
    assert (made.steps[0]["answers"], made.skills) == (["x = 7", "$7$"], ["equations", "fractions"])
    assert (made.solution, made.format) == ("So **$x=7$**.", "markdown")
    assert vault.forbidden_of(own.pk, 1) == ["x = 7", "$7$"]
    page = Page(alice_at.get(path).content)
    page.assert_harmless()
    assert "shows the answer: never given" in page.words
    typed = alice_at.get(path).context["form"].initial
    assert alice_at.post(path, typed).status_code == 302, "what is shown can be saved as it is"
    again = Reference.objects.get(problem=own)
    assert (again.steps[0]["hints"], again.solution) == (made.steps[0]["hints"], made.solution)


def test_a_preview_saves_nothing(alice_at: Client, own: Problem) -> None:
    page = alice_at.post(f"/problems/{own.pk}/answers/", {**WRITTEN, "preview": "1"})
    assert page.status_code == 200
    words = Page(page.content).words
    for shown in ("What is *unknown*?", "level 1", "So **$x=7$**.", "x = 7", "fractions"):
        assert shown in words
    assert not Reference.objects.exists()


def test_n7_what_a_teacher_has_written_is_what_the_room_gets(
    alice_at: Client, room: Room, bob: User, own: Problem
) -> None:
    alice_at.post(f"/problems/{own.pk}/answers/", WRITTEN)
    Room.objects.filter(pk=room.pk).update(problem=own)
    here = Room.objects.get(pk=room.pk)
    assert [hint(bob, here)["text"] for _ in range(2)] == ["What is *unknown*?", "Look at $2x$.\nThen divide."]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("answers", "1\n" * 21, "20 fit"), ("answers", "x" * 401, "400 fit"), ("hints", "h\n\n" * 21, "20 fit"),
        ("hints", "h" * 2_001, "2000 fit"), ("solution", "s" * 20_001, "20000"), ("skills", "s," * 3 + "x" * 121, "120 fit"),
    ],
)  # fmt: skip
def test_what_is_too_much_is_refused_by_its_field(
    alice_at: Client, own: Problem, field: str, value: str, words: str
) -> None:
    answer = alice_at.post(f"/problems/{own.pk}/answers/", {**WRITTEN, field: value})
    assert (answer.status_code, list(answer.context["form"].errors)) == (400, [field])
    assert words in str(answer.context["form"].errors)
    assert not Reference.objects.exists()


def test_nobody_else_reads_or_writes_it(
    room: Room, own: Problem, charlie: User, other_class: SchoolClass, client_for: ClientFor
) -> None:
    Reference.objects.create(problem=own, solution="SECRET")
    hedda = person("hedda", "teacher", "Hedda")
    enrol(hedda, other_class, "teacher")
    for who, looks in (("bob", 403), ("tom", 403), ("olga", 403), ("charlie", 403), ("hedda", 200)):
        client = client_for(User.objects.get(username=who))
        assert client.get(f"/problems/{own.pk}/answers/").status_code == looks
        assert client.post(f"/problems/{own.pk}/answers/", WRITTEN).status_code == 403
    assert Reference.objects.get().solution == "SECRET"
