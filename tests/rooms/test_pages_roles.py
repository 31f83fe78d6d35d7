"""Every page for every role: one table, and a test that no page is missing from it.

Charlie (a student) and Hedda (a teacher) belong to another class: for them the class, its rooms and transcripts do not exist.
"""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from classroom.people import services as people
from classroom.people.models import Role, SchoolClass, User
from classroom.rooms.models import Problem, Room
from tests.conftest import ClientFor, enrol, person
from tutor.documents.models import Document

CAST = ("alice", "tom", "olga", "bob", "root", "charlie", "hedda")
#                        alice tom  olga bob  root charlie hedda
EVERYBODY =             (200,  200, 200, 200, 200, 200,    200)  # fmt: skip
MEMBERS =               (200,  200, 200, 200, 200, 404,    404)  # fmt: skip
STAFF =                 (200,  200, 403, 403, 200, 404,    404)  # fmt: skip
TEACHER =               (200,  403, 403, 403, 200, 404,    404)  # fmt: skip
STAFF_ACTS =            (302,  302, 403, 403, 302, 404,    404)  # fmt: skip
TEACHER_ACTS =          (302,  403, 403, 403, 302, 404,    404)  # fmt: skip
TEACHER_FORM =          (400,  403, 403, 403, 400, 404,    404)  # fmt: skip
TRANSCRIPT =            (200,  403, 403, 403, 200, 404,    404)  # fmt: skip
NAMES =                 (403,  403, 403, 403, 200, 404,    404)  # fmt: skip
LOOKING =               (200,  200, 200, 403, 200, 403,    200)  # fmt: skip
TEACHERS =              (200,  403, 403, 403, 200, 403,    200)  # fmt: skip
AUTHOR =                (200,  403, 403, 403, 200, 403,    403)  # fmt: skip
# Pictures that this room has none of: who may see one is tried in tests/board and tests/review.
NO_PICTURE =            (404,  404, 404, 404, 404, 404,    404)  # fmt: skip
TEACHERS_ACT =          (302,  403, 403, 403, 302, 403,    302)  # fmt: skip

GET: dict[str, tuple[int, ...]] = {
    "home": EVERYBODY,
    "join": EVERYBODY,
    "classes": EVERYBODY,
    "class_new": TEACHERS,
    "class_page": MEMBERS,
    "group_new": STAFF,
    "group_edit": STAFF,
    "room_new": STAFF,
    "room_page": MEMBERS,
    "room_edit": STAFF,
    "problems": LOOKING,
    "problem_new": TEACHERS,
    "problem_page": LOOKING,
    "problem_edit": AUTHOR,
    "problem_answers": TEACHERS,
    "class_rules": TEACHER,
    "room_rules": STAFF,
    "room_controls": STAFF,
    "room_memory": STAFF,
    "class_documents": MEMBERS,
    "document_page": MEMBERS,
    "dashboard": LOOKING,
    "dashboard_events": LOOKING,
    "review": TEACHERS,
    "review_room": TRANSCRIPT,
    "review_board": NO_PICTURE,
    "dashboard_board": NO_PICTURE,
    "review_export": TRANSCRIPT,
}
POST: dict[str, tuple[int, ...]] = {
    "class_rename": TEACHER_FORM,
    "code_renew": TEACHER_ACTS,
    "code_open": TEACHER_ACTS,
    "member_add": TEACHER_FORM,
    "member_remove": TEACHER_ACTS,
    "member_restore": TEACHER_ACTS,
    "member_role": TEACHER_FORM,
    "group_delete": STAFF_ACTS,
    "room_close": STAFF_ACTS,
    "room_reopen": STAFF_ACTS,
    "problem_solve": TEACHERS_ACT,
    "problem_copy": TEACHERS_ACT,
    "document_hide": TEACHER_ACTS,
    "document_delete": TEACHER_ACTS,
}
# Pages whose GET stands above and whose POST asks for the same right.
POST_TOO = (
    "class_new",
    "group_new",
    "group_edit",
    "room_new",
    "room_edit",
    "problem_new",
    "problem_edit",
    "class_rules",
    "room_rules",
    "room_controls",
)


@pytest.fixture
def house(
    school_class: SchoolClass, room: Room, alice: User, bob: User, root: User, other_class: SchoolClass
) -> dict[str, object]:
    """What stands in addresses."""
    hedda = person("hedda", Role.TEACHER, "Hedda")
    enrol(hedda, other_class, Role.TEACHER)
    group = people.group_create(school_class=school_class, name="Group one", members=[bob])
    own = Problem.objects.create(slug="alices", title="Alice's", statement="$x$", created_by=alice)
    paper = Document.objects.create(
        school_class=school_class,
        title="Paper",
        kind="text",
        sha256="0" * 64,
        size=3,
        state="ready",
        uploaded_at=timezone.now(),
    )
    return {
        "class_id": school_class.pk, "room_id": room.pk, "group_id": group.pk, "user_id": bob.pk, "problem_id": own.pk,
        "document_id": paper.pk, "kind": "svg",
    }  # fmt: skip


def _addresses() -> dict[str, list[str]]:
    """Name → parameters of every page of ours. What speaks JSON has other refusals, and its own tests: tests/board."""
    found: dict[str, list[str]] = {}
    for included in get_resolver().url_patterns:
        module = getattr(getattr(included, "urlconf_module", None), "__name__", "")
        if module.startswith(("classroom.", "tutor.")):
            for pattern in included.url_patterns:
                if pattern.name.startswith("api_"):
                    continue
                found[pattern.name] = list(pattern.pattern.converters)
    return found


def _address(name: str, house: dict[str, object]) -> str:
    return reverse(name, kwargs={key: house[key] for key in _addresses()[name]})


def test_no_page_is_missing_from_the_table() -> None:
    assert set(_addresses()) == set(GET) | set(POST)


@pytest.mark.parametrize("name", GET)
def test_looking(request: pytest.FixtureRequest, house: dict[str, object], client_for: ClientFor, name: str) -> None:
    people = [User.objects.get(username=who) for who in CAST]
    answers = tuple(client_for(user).get(_address(name, house)).status_code for user in people)
    assert dict(zip(CAST, answers, strict=True)) == dict(zip(CAST, GET[name], strict=True))


@pytest.mark.parametrize("name", POST)
def test_acting(house: dict[str, object], client_for: ClientFor, name: str) -> None:
    people = [User.objects.get(username=who) for who in CAST]
    # The group goes with the first who may delete it: those without the right ask first.
    order = sorted(people, key=lambda user: POST[name][CAST.index(user.username)] < 400)
    answers = {user.username: client_for(user).post(_address(name, house)).status_code for user in order}
    wanted = dict(zip(CAST, POST[name], strict=True))
    if name in ("group_delete", "document_delete"):
        who_may = [who for who, status in wanted.items() if status == 302]
        assert sorted(answers[who] for who in who_may) == [302, *[404] * (len(who_may) - 1)]
        wanted |= {who: answers[who] for who in who_may}
    assert answers == wanted


@pytest.mark.parametrize("name", POST_TOO)
def test_forms_refuse_the_same_people(house: dict[str, object], client_for: ClientFor, name: str) -> None:
    for who, status in zip(CAST, GET[name], strict=True):
        answer = client_for(User.objects.get(username=who)).post(_address(name, house), {"title": "", "name": ""})
        assert answer.status_code == (400 if status == 200 else status), who


@pytest.mark.parametrize("name", POST)
def test_acting_is_by_post_alone(house: dict[str, object], root: User, client_for: ClientFor, name: str) -> None:
    assert client_for(root).get(_address(name, house)).status_code == 405


@pytest.mark.parametrize("name", [*GET, *POST])
def test_strangers_sign_in_first(house: dict[str, object], client: Client, name: str) -> None:
    address = _address(name, house)
    answer = client.get(address) if name in GET else client.post(address)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")


def test_names_are_exported_by_admins_alone(house: dict[str, object], client_for: ClientFor) -> None:
    address = _address("review_export", house) + "?names=1"
    for who, status in zip(CAST, NAMES, strict=True):
        assert client_for(User.objects.get(username=who)).get(address).status_code == status, who


@pytest.mark.parametrize("name", ["class_page", "room_page", "review_room"])
def test_a_refusal_says_so_in_our_frame_and_tells_nothing(
    house: dict[str, object], charlie: User, client_for: ClientFor, name: str
) -> None:
    page = client_for(charlie).get(_address(name, house)).content.decode()
    assert "There is nothing here" in page
    assert "Year 9" not in page
    assert "Table one" not in page
