"""A question in other words (rule A12): it ends the earlier one, takes its place, and is nobody else's to ask."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.http import Http404
from django.utils import timezone
from pytest_django import Settings

from classroom.people.models import User
from classroom.rooms.models import Room
from tests.tutor.test_passages import last, refused, send, written
from tests.tutor.turns import ask, done, fresh, started, text, types
from tutor.answers import room_advance
from tutor.intake import batch_store
from tutor.models import Answer, Shard

pytestmark = pytest.mark.django_db(transaction=True)
State = Answer.State


@pytest.fixture(autouse=True)
def shard(redis_url: str) -> Shard:
    return Shard.objects.create(pk=0, epoch=1)


def edited(user: User, room: Room, old: Answer, words: str = "I mean this", ref: str = "") -> Answer:
    send(user, room, "answer.ask", ref, text=words, supersedes=str(old.pk))
    return Answer.objects.get(pk=last(room, "answer.asked")["data"]["answer"])


def test_a12_the_new_question_takes_the_old_ones_place(room: Room, bob: User, alice: User) -> None:
    running, old, behind = ask(alice, room), ask(bob, room), ask(alice, room, "me too")
    new = edited(bob, room, old)
    assert (fresh(old).state, fresh(old).reason) == (State.STOPPED, "superseded")
    stopped = last(room, "answer.stopped")
    assert (stopped["data"]["reason"], stopped["by"]["name"]) == ("superseded", "Bob Baker")
    assert last(room, "answer.asked")["data"]["supersedes"] == str(old.pk)
    assert new.place == 1
    batch_store(0, 1, "1-0", [started(running), text(running, 0, "So."), done(running, "So.")])
    assert room_advance(room.pk) == new.pk, "and not who was behind"
    assert fresh(behind).enqueued_at is None


def test_a12_one_that_has_the_turn_gives_it_on(room: Room, bob: User) -> None:
    old = ask(bob, room)
    batch_store(0, 1, "1-0", [started(old)])
    assert fresh(edited(bob, room, old)).enqueued_at is not None
    assert [kind for kind in types(room) if kind != "answer.started"] == [
        "answer.asked",
        "answer.stopped",
        "answer.asked",
    ]


def test_a12_the_same_frame_does_it_once(room: Room, bob: User) -> None:
    old, ref = ask(bob, room), str(uuid4())
    first = edited(bob, room, old, ref=ref)
    assert edited(bob, room, old, ref=ref) == first
    assert types(room).count("answer.asked") == 2


def test_a12_what_shows_already_can_be_edited_for_a_moment_only(room: Room, bob: User, settings: Settings) -> None:
    old = written(room, bob, ended=False)
    assert fresh(edited(bob, room, old)).state == State.QUEUED
    late = written(room, bob, ended=False)
    settings.SUPERSEDE_S = 0.0
    assert refused(bob, room, "answer.ask", text="?", supersedes=str(late.pk)) == ("not_running", "data.supersedes")
    silent = ask(bob, room)
    Answer.objects.filter(pk=silent.pk).update(asked_at=timezone.now() - timedelta(hours=1))
    assert edited(bob, room, silent).turn == silent.asked_seq


def test_a12_only_ones_own_and_only_what_has_not_ended(room: Room, bob: User, alice: User) -> None:
    theirs, ended = ask(alice, room), written(room, bob)
    hint = ask(bob, room)
    Answer.objects.filter(pk=hint.pk).update(preset="hint")
    for old, error in ((theirs, "bad_field"), (hint, "bad_field"), (ended, "not_running")):
        assert refused(bob, room, "answer.ask", text="?", supersedes=str(old.pk)) == (error, "data.supersedes")


def test_charlie_may_not_put_anybodys_question_in_other_words(room: Room, bob: User, charlie: User) -> None:
    old = ask(bob, room)
    with pytest.raises(Http404):
        send(charlie, room, "answer.ask", text="?", supersedes=str(old.pk))
    assert fresh(old).state == State.QUEUED
