"""The state of a room (rules P1–P3): the same whether it is folded, read, or kept up to date frame by frame."""

from __future__ import annotations

import contextlib
import copy
import hashlib
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.http import Http404
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from classroom.people.models import User
from classroom.rooms import access, actions, catchup, frames, journal, projection, wiring
from classroom.rooms.access import RoomRights
from classroom.rooms.models import Event, Room
from tests.rooms import wire
from tutor.models import Reference


def fold(state: projection.State, sent: list[dict[str, Any]]) -> projection.State:
    for frame in sent:
        state = projection.apply(state, frame)
    return state


def seen_by(rights: RoomRights, after: int = 0) -> list[dict[str, Any]]:
    """The frames as this person gets them."""
    events = Event.objects.filter(room=rights.room, seq__gt=after).order_by("seq")
    return [e.frame() if e.audience in rights.audiences else frames.hidden_frame(e.seq) for e in events]


def start(room: Room) -> projection.State:
    ladder = wiring.ladder_head(room)
    begun = {**ladder, "tried": False} if ladder else None
    return projection.empty(projection.room_head(room), projection.problem_head(room.problem), begun)


def read(user: User, room: Room) -> projection.State:
    rights = access.room_for(user, room.pk)
    state = projection.state_read(rights, journal.head(room.pk)[1])
    wire.State.model_validate(state)
    return state


class Story:
    """A room's log written at random, but never against the rules of the house."""

    def __init__(self, room: Room, people: list[User], draw: Any) -> None:
        self.room, self.people, self.draw = room, people, draw
        self.answers: dict[str, dict[str, Any]] = {}

    def say(self, type: str, data: dict[str, Any], user: User | None = None, audience: str = "all") -> None:
        with transaction.atomic():
            journal.append(self.room.pk, type=type, data=data, actor=user, audience=audience)

    def someone(self) -> User:
        return self.draw(st.sampled_from(self.people))

    def step(self) -> None:
        kinds = [
            "message",
            "whisper",
            "ask",
            "raise",
            "lower",
            "remove",
            "close",
            "rename",
            "hint",
            "rung",
            "mark",
            "control",
        ]
        active = [key for key, answer in self.answers.items() if answer["state"] in ("queued", "running", "paused")]
        kinds += ["answer"] * 4 if active else []
        kind = self.draw(st.sampled_from(kinds))
        if kind == "answer":
            self.answer(self.draw(st.sampled_from(active)))
        else:
            getattr(self, kind)()

    def message(self) -> None:
        self.say("message.posted", {"text": self.draw(st.sampled_from(["a", "林", "👩‍👩‍👧", "x = 7"]))}, self.someone())

    def whisper(self) -> None:
        whose = self.draw(st.sampled_from(["staff", *(journal.only(user.pk) for user in self.people)]))
        self.say("message.posted", {"text": self.draw(st.sampled_from(["psst", "7!"]))}, self.someone(), whose)

    def mark(self) -> None:
        """A check, a highlight or a proposal, of an answer or a message that may be there."""
        keys = [*self.answers, str(uuid4())]
        key, on, kind = (self.draw(st.sampled_from(choice)) for choice in (keys, [True, False], "lhp"))
        check = {"start": 0, "end": 1, "verdict": "verified", "reason": "It holds.", "witness": None}
        if kind == "l":
            message = self.draw(st.sampled_from([None, 1, 2]))
            self.say("lines.checked", {"message": message, "answer": None if message else key, "checks": [check]})
        elif kind == "h":
            place = {"answer": key, "start": self.draw(st.integers(0, 2)), "end": 3, "on": on}
            self.say("highlight.changed", place, self.someone())
        else:
            self.say("highlight.proposed", {"answer": key, "places": [{"start": 1, "end": 3}, {"start": 0, "end": 3}]})

    def control(self) -> None:
        who = self.draw(st.sampled_from(["everybody", "asker", "staff"]))
        self.say("controls.changed", {"controls": {**projection.CONTROLS, "stop": who}}, self.someone())

    def hint(self) -> None:
        self.perform("hint.request", {})

    def rung(self) -> None:
        self.perform("teacher.rung", {"rung": self.draw(st.integers(0, 5))})

    def perform(self, verb: str, data: dict[str, Any]) -> None:
        frame = frames.decode(frames.encode({"type": verb, "id": str(uuid4()), "data": data}))
        with contextlib.suppress(frames.FrameError, Http404):  # closed, no try yet, no right, none left
            actions.perform(self.someone(), self.room.pk, frame)

    def ask(self) -> None:
        key = str(uuid4())
        self.answers[key] = {"state": "queued", "text": ""}
        self.say("answer.asked", {"answer": key, "text": "why?"}, self.someone())
        if self.draw(st.booleans()):
            self.say("answer.queued", {"answer": key, "position": 1, "eta_s": None})

    def answer(self, key: str) -> None:
        answer = self.answers[key]
        if answer["state"] == "queued" or self.draw(st.integers(0, 5)) == 0:
            if self.draw(st.integers(0, 3)) == 0:
                self.end(key)
                return
            answer["state"] = "running"
            self.say("answer.started", {"answer": key, "attempt": 1, "model": "m", "engine": "e"})
        elif self.draw(st.integers(0, 3)) == 0:
            self.end(key)
        elif self.draw(st.integers(0, 3)) == 0:
            self.hand(key)
        else:
            more = self.draw(st.sampled_from(["x", "二 ", "𝔸"]))
            data = {"answer": key, "offset": len(answer["text"]), "text": more, "part": "text"}
            self.say("answer.delta", data)
            answer["text"] += more

    def hand(self, key: str) -> None:
        """Somebody pauses it, lets it go on, or puts a word in."""
        answer, kind = self.answers[key], self.draw(st.sampled_from(["paused", "resumed", "inserted"]))
        answer["state"] = "paused" if kind == "paused" else "running"
        data: dict[str, Any] = {"answer": key}
        if kind == "paused":
            data["length"] = len(answer["text"])
        elif kind == "inserted":
            data |= {"text": "why 二?", "offset": len(answer["text"])}
        self.say(f"answer.{kind}", data, self.someone())

    def end(self, key: str) -> None:
        answer = self.answers[key]
        answer["state"] = self.draw(st.sampled_from(["completed", "stopped", "failed"]))
        text = answer["text"]
        data = {
            "answer": key,
            "text": text,
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
            "length": len(text),
            "reason": "r",
        }
        by = self.someone() if answer["state"] == "stopped" else None
        self.say(f"answer.{answer['state']}", data, by)

    def lift(self, kind: str) -> None:
        user = self.someone()
        self.say(kind, {"user": journal.person(user)} if kind == "hand.lowered" else {}, user)

    def lower(self) -> None:
        self.lift("hand.lowered")

    def remove(self) -> None:
        self.say("member.removed", {"user": journal.person(self.someone())}, self.people[0])

    def close(self) -> None:
        closed = self.room.state == "closed"
        self.room.state = "open" if closed else "closed"
        Room.objects.filter(pk=self.room.pk).update(state=self.room.state)
        self.say("room.reopened" if closed else "room.closed", {}, self.people[0])

    def rename(self) -> None:
        self.room.title = self.draw(st.sampled_from(["One", "Two"]))
        Room.objects.filter(pk=self.room.pk).update(title=self.room.title)
        problem = projection.problem_head(self.room.problem)
        self.say("room.changed", {"title": self.room.title, "problem": problem}, self.people[0])


setattr(Story, "raise", lambda self: self.lift("hand.raised"))


@pytest.mark.parametrize("scenario", wire.folds(), ids=wire.label)
def test_p1_the_fold_is_the_one_that_the_front_end_does(scenario: dict[str, Any]) -> None:
    before = copy.deepcopy(scenario)
    assert fold(scenario["start"], scenario["frames"]) == scenario["end"]
    assert scenario == before, "apply must not change what it was given"
    wire.State.model_validate(scenario["end"])
    for frame in scenario["frames"]:
        wire.checked(frame)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_p2_reading_is_folding_for_everybody(
    room: Room, alice: User, bob: User, tom: User, olga: User, data: st.DataObject
) -> None:
    hints = [{"type": "hint", "title": "", "text": f"hint number {word}"} for word in ("one", "two", "three", "four")]
    parts = [{"title": "", "answers": ["99"], "hints": hints}]
    Reference.objects.update_or_create(problem=room.problem, defaults={"steps": parts})
    fresh = Room.objects.create(school_class=room.school_class, title="Fresh", problem=room.problem, created_by=alice)
    begin = start(fresh)
    story = Story(fresh, [alice, bob, tom], data.draw)
    for _ in range(data.draw(st.integers(0, 15), "before")):
        story.step()
    middle = {user: (journal.head(fresh.pk)[1], read(user, fresh)) for user in (alice, bob, tom, olga)}
    for _ in range(data.draw(st.integers(0, 15), "after")):
        story.step()
    for user, (seq, then) in middle.items():
        rights = access.room_for(user, fresh.pk)
        now = read(user, fresh)
        assert now == fold(begin, seen_by(rights)), "read == fold of everything"
        assert now == fold(then, seen_by(rights, after=seq)), "a snapshot and the frames behind it == read"


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_p3_a_long_room_keeps_its_end(
    room: Room, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch, data: st.DataObject
) -> None:
    monkeypatch.setattr(projection, "ITEMS_KEPT", 4)
    fresh = Room.objects.create(school_class=room.school_class, title="Long", created_by=alice)
    begin = start(fresh)
    story = Story(fresh, [alice, bob], data.draw)
    for _ in range(data.draw(st.integers(0, 25))):
        story.step()
    whole = fold(begin, seen_by(access.room_for(bob, fresh.pk)))
    kept = read(bob, fresh)
    assert kept == {**whole, "items": whole["items"][-4:], "truncated": len(whole["items"]) > 4}


def test_a_whisper_is_in_nobody_elses_state(room: Room, alice: User, bob: User, tom: User) -> None:
    for audience, text in ((journal.STAFF, "staff"), (journal.only(bob.pk), "bob")):
        with transaction.atomic():
            journal.append(room.pk, type="message.posted", data={"text": text}, actor=alice, audience=audience)
    said = {user.username: [item["text"] for item in read(user, room)["items"]] for user in (alice, bob, tom)}
    assert said == {"alice": ["staff"], "bob": ["bob"], "tom": ["staff"]}


def test_the_state_at_an_earlier_head(room: Room, bob: User) -> None:
    for text in ("one", "two"):
        with transaction.atomic():
            journal.append(room.pk, type="message.posted", data={"text": text}, actor=bob)
    rights = access.room_for(bob, room.pk)
    assert [item["text"] for item in projection.state_read(rights, 1)["items"]] == ["one"]


def test_p2_a_snapshot_takes_few_queries(
    room: Room, bob: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with transaction.atomic():
        for number in range(5):
            key = str(uuid4())
            journal.append(room.pk, type="answer.asked", data={"answer": key, "text": "?"}, actor=bob)
            journal.append(
                room.pk, type="answer.delta", data={"answer": key, "offset": 0, "text": str(number), "part": "text"}
            )
    rights = access.room_for(bob, room.pk)
    with django_assert_max_num_queries(9):  # two of them this test's savepoint
        state, _, seq = catchup.snapshot_read(rights)
    assert seq == 10
    assert [item["text"] for item in state["items"]] == ["0", "1", "2", "3", "4"]


def test_heads_of_a_room_without_a_problem(room: Room) -> None:
    assert projection.problem_head(None) is None
    assert projection.room_head(room) == {
        "id": str(room.pk),
        "title": "Table one",
        "state": "open",
        "class": "Year 9",
    }


def test_the_outsider_never_gets_a_state(room: Room, charlie: User) -> None:
    with pytest.raises(Http404):
        read(charlie, room)
