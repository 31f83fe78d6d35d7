"""Script injection through every text that a page shows: the page keeps its elements, and the payload stays words.

A page with a payload must have exactly the elements and attributes of the same page with harmless words in its place.
Charlie, outside, gets no page at all (test_pages_roles); Bob sends the payloads, the staff read them.
"""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from classroom.people.models import Group, SchoolClass, User
from classroom.review.models import ReadAudit
from classroom.rooms.models import Event, Problem, Room
from tests.conftest import ClientFor
from tests.pages import Page
from tutor.models import Answer

PAYLOADS: list[str] = json.loads((Path(__file__).parents[1] / "payloads.json").read_text(encoding="utf-8"))
# Names and titles are short: these fit whole into the shortest column.
SHORT = [payload for payload in PAYLOADS if len(payload) <= 80][:110]
HARMLESS = "harmless"


@pytest.fixture
def house(room: Room, bob: User, alice: User) -> Room:
    Group.objects.create(school_class=room.school_class, name="g").members.add(bob)
    Room.objects.update(group=Group.objects.get())
    Problem.objects.update(created_by=alice)
    return room


def write_everywhere(text: str) -> None:
    """Put the text into every column that pages show, as a browser's form may have sent it, cut to its length."""
    User.objects.filter(username="bob").update(display_name=text[:80])
    SchoolClass.objects.filter(name__isnull=False, join_open=True).update(name=text[:120])
    Group.objects.update(name=text[:80])
    Room.objects.update(title=text[:120])
    Problem.objects.update(
        title=text[:200], statement=text, course=text[:200], lesson=text[:200], source=text[:400], license=text[:120]
    )


PAGES = (
    "/", "/classes/", "/problems/", "/dashboard/", "/review/",
    "/classes/{class}/", "/classes/{class}/groups/new/", "/classes/{class}/groups/{group}/", "/classes/{class}/rooms/new/",
    "/rooms/{room}/", "/rooms/{room}/edit/", "/problems/{problem}/", "/problems/{problem}/edit/", "/review/{room}/",
)  # fmt: skip


def address(pattern: str, room: Room) -> str:
    places = {"class": room.school_class_id, "room": room.pk, "group": room.group_id, "problem": room.problem_id}
    for name, value in places.items():
        pattern = pattern.replace("{" + name + "}", str(value))
    return pattern


def read(client: Client, path: str) -> Page:
    answer = client.get(path)
    assert answer.status_code == 200, path
    page = Page(answer.content)
    page.assert_harmless()
    return page


def test_there_are_enough_payloads() -> None:
    assert len(set(SHORT)) >= 100


@pytest.mark.parametrize("pattern", PAGES)
def test_names_titles_and_problems_stay_words(house: Room, alice: User, client_for: ClientFor, pattern: str) -> None:
    client = client_for(alice)
    house.refresh_from_db()
    path = address(pattern, house)
    write_everywhere(HARMLESS)
    harmless = read(client, path)
    assert HARMLESS in harmless.words + "".join(harmless.values)
    # A third each: every column stands on more than three of these pages, so each meets all of them.
    for payload in SHORT[PAGES.index(pattern) % 3 :: 3]:
        write_everywhere(payload)
        assert read(client, path).elements == harmless.elements, payload


@pytest.mark.parametrize("pattern", ["/", "/classes/{class}/", "/rooms/{room}/"])
def test_students_pages_too(house: Room, bob: User, client_for: ClientFor, pattern: str) -> None:
    client = client_for(bob)
    house.refresh_from_db()
    path = address(pattern, house)
    write_everywhere(HARMLESS)
    harmless = read(client, path).elements
    for payload in SHORT[::2]:
        write_everywhere(payload)
        assert read(client, path).elements == harmless, payload


def _say(room: Room, number: int, text: str) -> None:
    """One message, one question with its answer and one notice that hold the text everywhere they can."""
    by = {"id": str(uuid.uuid4()), "name": text, "role": text}
    answer = Answer.objects.create(
        room=room, asked_seq=number * 3 + 2, question=text, state="completed", shown=text, raw=text, reason=text[:300],
        model=text[:200], engine=text[:40], prompt_version=text[:40], trace=text[:32], preset=text[:20],
        asked_at=timezone.now(),
    )  # fmt: skip
    facts = (
        ("message.posted", {"text": text}),
        ("answer.asked", {"answer": str(answer.pk), "text": text}),
        ("room.changed", {"title": text, "problem": {"id": "x", "title": text, "statement": text}}),
    )
    Event.objects.bulk_create(
        Event(room=room, seq=number * 3 + offset, type=kind, at=timezone.now(), by=by, data=data)
        for offset, (kind, data) in enumerate(facts, start=1)
    )


def _transcript(client: Client, room: Room, texts: list[str]) -> Page:
    """The transcript of a room in which just these texts were said, after two reads under the first text's name."""
    for rows in (Event, Answer, ReadAudit):
        rows.objects.all().delete()
    for number, text in enumerate(texts):
        _say(room, number, text)
    for _ in range(2):
        ReadAudit.objects.create(
            actor_name=texts[0][:200], room=room, room_title=texts[0], verb="view", detail=texts[0][:300]
        )
    return read(client, f"/review/{room.pk}/")


@pytest.mark.parametrize("start", range(0, len(PAYLOADS), 60))
def test_what_was_said_stays_words_in_the_transcript(
    house: Room, root: User, client_for: ClientFor, start: int
) -> None:
    client = client_for(root)
    said = PAYLOADS[start : start + 60]
    harmless = _transcript(client, house, [HARMLESS] * len(said))
    page = _transcript(client, house, said)
    assert page.elements == harmless.elements
    for payload in said:
        assert payload.strip() in page.words or not payload.isprintable(), payload


def test_everything_at_once_in_one_statement(house: Room, alice: User, client_for: ClientFor) -> None:
    client = client_for(alice)
    house.refresh_from_db()
    everything = "\n\n".join(payload for payload in PAYLOADS if "\x00" not in payload)[:20_000]
    for pattern in ("/problems/{problem}/", "/problems/{problem}/edit/", "/rooms/{room}/", "/review/{room}/"):
        path = address(pattern, house)
        write_everywhere(HARMLESS)
        harmless = read(client, path).elements
        Problem.objects.update(statement=everything)
        found = read(client, path).elements
        # The transcript lists the read before this one: one row more.
        assert [one for one in found if one not in harmless] == []
        assert len(found) - len(harmless) in (0, 6)


def test_what_is_searched_for_stays_words(house: Room, alice: User, client_for: ClientFor) -> None:
    client = client_for(alice)
    for path in ("/problems/", "/review/"):
        answer = client.get(path, {"q": HARMLESS})
        harmless = Page(answer.content).elements
        for payload in SHORT[::5]:
            found = Page(client.get(path, {"q": payload}).content)
            found.assert_harmless()
            assert found.elements == harmless, payload


def test_refused_forms_give_payloads_back_as_words(house: Room, alice: User, client_for: ClientFor) -> None:
    client = client_for(alice)
    everything = "\n\n".join(PAYLOADS)
    fields = (
        ("/join/", "join_code", SHORT[::5]),
        (f"/classes/{house.school_class_id}/people/add/", "username", SHORT[::5]),
        ("/problems/new/", "statement", [everything]),
    )
    for path, field, payloads in fields:
        for payload in payloads:
            answer = client.post(path, {field: payload, "preview": "1"})
            assert answer.status_code == 400
            Page(answer.content).assert_harmless()


def test_messages_to_the_reader_stay_words(school_class: SchoolClass, alice: User, client_for: ClientFor) -> None:
    client = client_for(alice)
    for payload in SHORT[::5]:
        answer = client.post("/classes/new/", {"name": payload}, follow=True)
        Page(answer.content).assert_harmless()
