"""What each verb does, through the one door that sockets and POST share."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.http import Http404

from classroom.people.models import Enrolment, User
from classroom.rooms import actions, broadcast, frames, journal, wiring
from classroom.rooms.frames import ClientFrame, FrameError
from classroom.rooms.models import Event, Room
from classroom.routing import ACTIONS
from tests.rooms import wire
from tutor.models import Answer

WRITING: dict[str, dict[str, Any]] = {
    "message.post": {"text": "hello"},
    "answer.ask": {"text": "why?"},
    "answer.stop": {"answer": str(uuid4())},
    "answer.pause": {"answer": str(uuid4())},
    "answer.resume": {"answer": str(uuid4())},
    "answer.insert": {"answer": str(uuid4()), "text": "why?"},
    "step.submit": {"text": "2x = 4"},
    "code.run": {"sha256": "0" * 64, "ok": True, "output": "hello\n"},
    "highlight.set": {"answer": str(uuid4()), "start": 0, "end": 4, "on": True},
    "hint.request": {},
    "teacher.rung": {"rung": 5},
    "hand.raise": {},
    "hand.lower": {},
    "typing.show": {},
    "board.mode": {"mode": "view"},
    "board.grant": {"person": str(uuid4()), "write": True},
    "board.reveal": {"document": str(uuid4()), "on": True},
}


def frame(verb: str, **data: Any) -> ClientFrame:
    return frames.decode(frames.encode({"type": verb, "id": str(uuid4()), "data": data}))


def refusal(user: User, room: Room, asked: ClientFrame) -> FrameError:
    with pytest.raises(FrameError) as caught:
        actions.perform(user, room.pk, asked)
    return caught.value


def logged(room: Room) -> list[dict[str, Any]]:
    return [wire.checked(event.frame()) for event in journal.read(room.pk, after=0)]


def test_every_verb_of_the_wire_has_its_action() -> None:
    assert ACTIONS.keys() == frames.VERBS.keys() - {"join", "ping", "auth.refresh"}
    assert all(callable(wiring.action(verb)) for verb in ACTIONS)
    assert ACTIONS.keys() == WRITING.keys()


@pytest.mark.parametrize("verb", WRITING)
def test_charlie_may_do_nothing(verb: str, room: Room, charlie: User) -> None:
    with pytest.raises(Http404):
        actions.perform(charlie, room.pk, frame(verb, **WRITING[verb]))
    assert not Event.objects.exists()


@pytest.mark.parametrize("verb", WRITING)
def test_an_observer_may_look_and_not_write(verb: str, room: Room, olga: User) -> None:
    assert refusal(olga, room, frame(verb, **WRITING[verb])).code == "forbidden"
    assert not Event.objects.exists()


@pytest.mark.parametrize("verb", WRITING)
def test_nobody_writes_in_a_closed_room(verb: str, room: Room, bob: User, alice: User) -> None:
    Room.objects.filter(pk=room.pk).update(state=Room.State.CLOSED)
    for user in (bob, alice):
        assert refusal(user, room, frame(verb, **WRITING[verb])).code == "room_closed"
    assert not Event.objects.exists()


def test_rights_are_read_again_for_every_frame(room: Room, bob: User) -> None:
    actions.perform(bob, room.pk, frame("message.post", text="one"))
    Enrolment.objects.filter(user=bob).update(removed_at="2026-01-01T00:00:00Z")
    with pytest.raises(Http404):
        actions.perform(bob, room.pk, frame("message.post", text="two"))


def test_a_message_is_logged_and_acked_with_its_seq(room: Room, bob: User) -> None:
    asked = frame("message.post", text="  hello\nthere ")
    assert actions.perform(bob, room.pk, asked) == {"type": "ack", "ref": asked.id, "seq": 1}
    [event] = logged(room)
    assert (event["type"], event["seq"], event["ref"]) == ("message.posted", 1, asked.id)
    assert event["data"] == {"text": "hello\nthere"}
    assert event["by"] == {"id": str(bob.pk), "name": "Bob Baker", "role": "student"}
    assert len(event["trace"]) == 32


def test_f7_the_same_frame_twice_is_one_event_and_the_same_ack(room: Room, bob: User) -> None:
    for asked in (frame("message.post", text="hello"), frame("hand.raise"), frame("answer.ask", text="why?")):
        first = actions.perform(bob, room.pk, asked)
        assert actions.perform(bob, room.pk, asked) == first
        assert Event.objects.filter(ref=asked.id).count() == 1
    assert Answer.objects.count() == 1


def test_asking_logs_the_question_and_makes_an_answer(room: Room, bob: User) -> None:
    actions.perform(bob, room.pk, frame("answer.ask", text="why?"))
    [event] = logged(room)
    answer = Answer.objects.get(pk=event["data"]["answer"])
    assert (event["type"], event["data"]["text"]) == ("answer.asked", "why?")
    assert (answer.state, answer.question, answer.asked_by, answer.trace) == ("queued", "why?", bob, event["trace"])


def test_stopping_needs_an_answer_of_this_room(room: Room, alice: User, bob: User) -> None:
    other = Room.objects.create(school_class=room.school_class, title="Table two", created_by=alice)
    actions.perform(bob, room.pk, frame("answer.ask", text="why?"))
    answer = Answer.objects.get()
    foreign = refusal(bob, other, frame("answer.stop", answer=str(answer.pk)))
    assert (foreign.code, foreign.field) == ("not_running", "data.answer")
    assert refusal(bob, room, frame("answer.stop", answer="x")).code == "bad_field"
    assert actions.perform(bob, room.pk, frame("answer.stop", answer=str(answer.pk)))["seq"] == 2
    assert logged(room)[-1]["type"] == "answer.stopped"


def test_a_hand_goes_up_and_comes_down(room: Room, bob: User) -> None:
    actions.perform(bob, room.pk, frame("hand.raise"))
    actions.perform(bob, room.pk, frame("hand.lower"))
    actions.perform(bob, room.pk, frame("hand.lower", user=str(bob.pk)))
    assert [event["type"] for event in logged(room)] == ["hand.raised", "hand.lowered", "hand.lowered"]
    assert logged(room)[1]["data"]["user"]["id"] == str(bob.pk)


def test_staff_lower_anybodys_hand_and_students_only_their_own(room: Room, alice: User, bob: User) -> None:
    actions.perform(alice, room.pk, frame("hand.lower", user=str(bob.pk)))
    [event] = logged(room)
    assert event["data"]["user"] == {"id": str(bob.pk), "name": "Bob Baker", "role": "student"}
    assert event["by"]["id"] == str(alice.pk)
    wrong = refusal(bob, room, frame("hand.lower", user=str(alice.pk)))
    assert (wrong.code, wrong.field) == ("forbidden", "data.user")


@pytest.mark.parametrize("whose", ["charlie", "nobody", "no-id"])
def test_only_hands_of_this_room_can_be_lowered(whose: str, room: Room, alice: User, charlie: User) -> None:
    user = {"charlie": str(charlie.pk), "nobody": str(uuid4()), "no-id": "x"}[whose]
    wrong = refusal(alice, room, frame("hand.lower", user=user))
    assert (wrong.code, wrong.field) == ("bad_field", "data.user")
    assert "Charlie" not in wrong.message


def test_typing_is_shown_and_never_logged(room: Room, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[UUID | str, dict[str, Any]]] = []
    monkeypatch.setattr(broadcast, "ephemeral_tell", lambda *said: told.append(said))
    asked = frame("typing.show")
    assert actions.perform(bob, room.pk, asked) == {"type": "ack", "ref": asked.id, "seq": None}
    [(told_room, shown)] = told
    assert told_room == room.pk
    assert wire.checked(shown)["by"]["id"] == str(bob.pk)
    assert (shown["seq"], shown["ref"]) == (None, asked.id)
    assert not Event.objects.exists()
