"""Finding transcripts by words, days and filters, and reading one. Charlie's searches find nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from classroom.people.models import Role, SchoolClass, User
from classroom.review import selectors
from classroom.review.forms import TranscriptFilter
from classroom.rooms.access import RoomRights, room_for
from classroom.rooms.models import Event, Room
from tests.conftest import enrol, person
from tests.review.conftest import Say
from tutor.models import Answer


def found(user: User, **filters: Any) -> list[str]:
    return [room.title for room in selectors.transcripts(user, filters)]


@pytest.fixture
def quiet(room: Room, alice: User) -> Room:
    """A second room of the class in which nothing happened."""
    return Room.objects.create(school_class=room.school_class, title="Table two", created_by=alice)


@pytest.mark.parametrize(
    "word",
    [
        "Table one",
        "table",
        "year 9",
        "hello",
        "HELLO",
        "x^2",
        "Why",
        "because",
        "Alice",
        "baker",
        "Hello Bob",
        "林",
        "**this**",
    ],
)
def test_words_are_found_in_titles_classes_people_and_what_was_said(talk: Room, alice: User, word: str) -> None:
    assert found(alice, q=word) == ["Table one"]


@pytest.mark.parametrize(
    "word", ["nowhere", "PRIVATE", "hello nowhere", "%", "_____", "Charlie", "message.posted", "sha256"]
)
def test_other_words_are_not_found(talk: Room, alice: User, word: str) -> None:
    assert found(alice, q=word) == []


def test_everything_is_found_without_a_word_latest_first(talk: Room, quiet: Room, alice: User, say: Say) -> None:
    assert found(alice) == ["Table one", "Table two"] or found(alice) == ["Table two", "Table one"]
    say(quiet, "message.posted", alice, text="now")
    assert found(alice) == ["Table two", "Table one"]
    say(talk, "message.posted", alice, text="later")
    assert found(alice) == ["Table one", "Table two"]


def test_filters_by_state_answers_and_class(
    talk: Room, quiet: Room, other_class: SchoolClass, alice: User, root: User
) -> None:
    Room.objects.filter(pk=talk.pk).update(state=Room.State.CLOSED)
    Room.objects.create(school_class=other_class, title="Elsewhere", created_by=alice)
    assert found(alice, state="closed") == ["Table one"]
    assert found(alice, state="open") == ["Table two"]
    assert found(alice, answers="yes") == ["Table one"]
    assert found(alice, answers="no") == ["Table two"]
    assert found(alice, school_class=other_class) == []
    assert found(root, school_class=other_class) == ["Elsewhere"]
    assert set(found(root)) == {"Table one", "Table two", "Elsewhere"}


def test_days_include_their_ends(talk: Room, quiet: Room, alice: User) -> None:
    Event.objects.update(at=datetime(2026, 3, 10, 23, 59, 59, tzinfo=UTC))
    day = date(2026, 3, 10)
    assert found(alice, since=day) == ["Table one"]
    assert found(alice, until=day) == ["Table one"]
    assert found(alice, since=day, until=day) == ["Table one"]
    assert found(alice, since=day + timedelta(days=1)) == []
    assert found(alice, until=day - timedelta(days=1)) == []


@pytest.mark.parametrize("who", ["bob", "tom", "olga", "charlie"])
def test_nobody_else_finds_anything(request: pytest.FixtureRequest, talk: Room, who: str) -> None:
    user = request.getfixturevalue(who)
    assert found(user) == []
    assert found(user, q="Table") == []


def test_counts_stand_beside_each_room(talk: Room, quiet: Room, alice: User, django_assert_num_queries) -> None:
    with django_assert_num_queries(1):
        rooms = {room.title: room for room in selectors.transcripts(alice, {"q": "table", "answers": ""})}
    assert (rooms["Table one"].messages, rooms["Table one"].asked) == (2, 1)
    assert (rooms["Table two"].messages, rooms["Table two"].asked) == (0, 0)
    assert rooms["Table two"].last_at == quiet.created_at


def test_the_form_offers_the_readers_classes_and_checks_days(room: Room, other_class: SchoolClass, alice: User) -> None:
    form = TranscriptFilter({"since": "2026-03-10", "until": "2026-03-09"}, reader=alice)
    assert "until" in form.errors
    assert list(form.fields["school_class"].queryset) == [room.school_class]
    foreign = TranscriptFilter({"school_class": str(other_class.pk)}, reader=alice)
    assert "school_class" in foreign.errors


# ---- one transcript


def lines(user: User, room: Room) -> list[selectors.Line]:
    rights = room_for(user, room.pk)
    return selectors.transcript_lines(rights, selectors.lines_readable(rights))


def test_a_transcript_reads_in_order_with_who_and_when(talk: Room, alice: User) -> None:
    read = lines(alice, talk)
    assert [(line.kind, line.by["name"] if line.by else None) for line in read] == [
        ("answer", "Bob Baker"),
        ("message", "Bob Baker"),
        ("notice", "Bob Baker"),
        ("notice", "Alice Archer"),
        ("message", "Alice Archer"),
        ("notice", "Alice Archer"),
    ]
    assert [line.words for line in read if line.kind == "notice"] == [
        "raised a hand",
        "lowered the hand of Bob Baker",
        "closed the room",
    ]
    assert all(line.event.at for line in read)


def test_an_answer_comes_with_its_life(talk: Room, alice: User, answer: Answer) -> None:
    line = lines(alice, talk)[0]
    assert line.answer == answer
    assert line.words == "Why, asks Bob Baker?"
    assert line.timing == {"waited_ms": 250, "first_ms": 700, "total_ms": 1500}
    assert line.ended_by == ""


def test_who_stopped_an_answer_is_named(room: Room, answer: Answer, alice: User, say: Say) -> None:
    say(room, "answer.stopped", alice, "teacher", answer=str(answer.pk), text="", reason="stopped")
    assert lines(alice, room)[0].ended_by == "Alice Archer"


def test_an_answer_still_running_has_no_end(room: Room, alice: User, bob: User, say: Say) -> None:
    running = Answer(room=room, question="?", state="running", asked_at=datetime.now(UTC), asked_seq=1)
    running.save()
    say(room, "answer.asked", bob, answer=str(running.pk), text="?")
    (line,) = lines(alice, room)
    assert line.timing == {"waited_ms": None, "first_ms": None, "total_ms": None}


def test_a_question_whose_answer_is_gone_still_reads(talk: Room, alice: User) -> None:
    Answer.objects.all().delete()
    line = lines(alice, talk)[0]
    assert (line.answer, line.words) == (None, "Why, asks Bob Baker?")


def test_what_is_for_one_person_alone_is_for_admins(talk: Room, alice: User, root: User, bob: User, say: Say) -> None:
    say(talk, "message.posted", alice, "teacher", audience=f"user:{bob.pk}", text="only for you")
    say(talk, "message.posted", alice, "teacher", audience="staff", text="only for staff")
    assert [line.words for line in lines(alice, talk)][-1:] == ["only for staff"]
    assert [line.words for line in lines(root, talk)][-2:] == ["only for you", "only for staff"]


def test_a_page_of_a_transcript_costs_three_queries(
    talk: Room, alice: User, say: Say, django_assert_max_num_queries
) -> None:
    for number in range(40):
        say(talk, "message.posted", alice, "teacher", text=f"line {number}")
    rights = RoomRights(talk, alice, Role.TEACHER)
    with django_assert_max_num_queries(3):
        assert len(selectors.transcript_lines(rights, selectors.lines_readable(rights))) == 46


def test_people_of_other_classes_do_not_turn_up(talk: Room, other_class: SchoolClass) -> None:
    hedda = person("hedda", Role.TEACHER)
    enrol(hedda, other_class, Role.TEACHER)
    assert found(hedda, q="Bob") == []
