"""What questions and highlights point at, who may do what, and the pace of an answer (rules A11, B1, C1–C3, Y1–Y3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.http import Http404
from django.test import Client
from django.utils import timezone

from classroom.people.models import User
from classroom.rooms import actions, frames, projection
from classroom.rooms.frames import FrameError
from classroom.rooms.models import Event, Room
from tests.conftest import ClientFor, enrol, person
from tests.tutor.turns import ask, done, fresh, log_of, rights, started, text, types
from tutor import dispatch, proofreading, showing, steps
from tutor.controls import controls_save
from tutor.intake import batch_store
from tutor.models import Answer, Controls, Shard, Step

pytestmark = pytest.mark.django_db(transaction=True)
State = Answer.State


@pytest.fixture(autouse=True)
def shard(redis_url: str) -> Shard:
    return Shard.objects.create(pk=0, epoch=1)


def send(user: User, room: Room, verb: str, ref: str = "", **data: Any) -> int | None:
    sent = {"type": verb, "id": ref or str(uuid4()), "data": data}
    seq: int | None = actions.perform(user, room.pk, frames.decode(frames.encode(sent)))["seq"]
    return seq


def refused(user: User, room: Room, verb: str, **data: Any) -> tuple[str, str | None]:
    before = Event.objects.count()
    with pytest.raises(FrameError) as caught:
        send(user, room, verb, **data)
    assert Event.objects.count() == before
    return caught.value.code, caught.value.field


def written(room: Room, user: User, raw: str = "First 2x = 4.\n\nThen x = 2 😀.", *, ended: bool = True) -> Answer:
    answer = ask(user, room)
    more = [done(answer, raw)] if ended else []
    batch_store(0, 1, "1-0", [started(answer), text(answer, 0, raw), *more])
    return fresh(answer)


def last(room: Room, kind: str) -> dict[str, Any]:
    return [frame for frame in log_of(room) if frame["type"] == kind][-1]


# ---- A11: asking about something


def test_a11_the_passage_is_read_from_the_log_and_goes_along(room: Room, bob: User, alice: User) -> None:
    answer = written(room, bob)
    send(alice, room, "answer.ask", text="Why?", about={"answer": str(answer.pk), "start": 15, "end": 27})
    asked = last(room, "answer.asked")
    about = {
        "seq": answer.asked_seq,
        "step": None,
        "answer": str(answer.pk),
        "start": 15,
        "end": 27,
        "text": "Then x = 2 😀",
    }
    assert (asked["data"]["about"], asked["by"]["name"]) == (about, "Alice Archer")
    row = Answer.objects.get(pk=asked["data"]["answer"])
    assert dispatch.job_for(row).messages[-1]["content"] == "About this passage:\n> Then x = 2 😀\n\nWhy?"
    assert (row.question, row.about) == ("Why?", about)
    (_, item) = projection.state_read(rights(bob, room), 99)["items"]
    assert item["about"] == about


def test_a11_a_step_can_be_asked_about(room: Room, bob: User, alice: User) -> None:
    event = steps.step_submit(rights(bob, room), "x = 5", after=None, ref=str(uuid4()), trace="t")
    send(alice, room, "answer.ask", text="Why?", about={"step": event.data["step"]})
    asked = last(room, "answer.asked")["data"]["about"]
    assert (asked["seq"], asked["step"], asked["text"], asked["answer"]) == (
        event.seq,
        event.data["step"],
        "x = 5",
        None,
    )


def test_a11_what_is_not_there_or_elsewhere_looks_the_same(room: Room, bob: User, alice: User) -> None:
    elsewhere = Room.objects.create(school_class=room.school_class, title="Table two", created_by=alice)
    foreign = written(elsewhere, alice)
    step = steps.step_submit(rights(alice, elsewhere), "x = 5", after=None, ref=str(uuid4()), trace="t").data["step"]
    for one in (str(foreign.pk), str(uuid4())):
        about = {"answer": one, "start": 0, "end": 4}
        assert refused(bob, room, "answer.ask", text="?", about=about) == ("bad_field", "data.about.answer")
    for one in (step, str(uuid4())):
        assert refused(bob, room, "answer.ask", text="?", about={"step": one}) == ("bad_field", "data.about.step")


@pytest.mark.parametrize(
    ("start", "end", "code", "field"),
    [
        (0, 29, "bad_field", "data.about.end"),
        (5, 5, "bad_field", "data.about.start"),
        (9, 5, "bad_field", "data.about.start"),
        (13, 15, "bad_field", "data.about.start"),
    ],
)
def test_a11_a_place_that_is_none_is_named(room: Room, bob: User, start: int, end: int, code: str, field: str) -> None:
    answer = written(room, bob)
    about = {"answer": str(answer.pk), "start": start, "end": end}
    assert refused(bob, room, "answer.ask", text="?", about=about) == (code, field)


def test_a11_a_passage_is_bounded_and_counts_for_the_context(room: Room, bob: User) -> None:
    answer = written(room, bob, "word " * 500)
    about = {"answer": str(answer.pk), "start": 0, "end": 2_100}
    assert refused(bob, room, "answer.ask", text="?", about=about) == ("too_long", "data.about.end")


def test_a11_what_was_never_shown_cannot_be_quoted(room: Room, bob: User) -> None:
    answer = ask(bob, room)
    Answer.objects.update(forbidden=["$$x=7$$"])
    raw = "<think>x = 7</think>So x = 7. Good luck."
    batch_store(0, 1, "1-0", [started(answer), text(answer, 0, raw), done(answer, raw)])
    shown = fresh(answer).shown
    send(bob, room, "answer.ask", text="?", about={"answer": str(answer.pk), "start": 0, "end": len(shown)})
    assert "7" not in last(room, "answer.asked")["data"]["about"]["text"]


def test_g6_asked_about_a_step_its_own_verdict_counts(room: Room, bob: User) -> None:
    good, bad = (
        steps.step_submit(rights(bob, room), line, after=None, ref=str(uuid4()), trace="t").data["step"]
        for line in ("1 + 1 = 2", "1 + 1 = 3")
    )
    at = timezone.now() - timedelta(seconds=1)
    Step.objects.filter(pk=good).update(verdict="verified", checked_at=at)
    Step.objects.filter(pk=bad).update(verdict="refuted", checked_at=at)
    allowed = []
    for about in ({"step": good}, {"step": bad}):
        send(bob, room, "answer.ask", text="Is this right?", about=about)
        policy = showing.policy_of(Answer.objects.latest("asked_seq"))
        allowed.append((policy.praise, policy.confirms))
    assert allowed == [(True, True), (False, True)]
    answer = written(room, bob)
    send(bob, room, "answer.ask", text="Right?", about={"answer": str(answer.pk), "start": 0, "end": 5})
    assert not showing.policy_of(Answer.objects.latest("asked_seq")).praise


# ---- Y1–Y3: key steps


def marks(room: Room, user: User) -> list[tuple[int, int, str | None]]:
    items = projection.state_read(rights(user, room), 999)["items"]
    found = next(item for item in items if item["kind"] == "answer")["highlights"]
    return [(one["start"], one["end"], one["by"] and one["by"]["name"]) for one in found]


def test_y1_people_highlight_and_take_back(room: Room, bob: User, alice: User) -> None:
    place = {"answer": str(written(room, bob).pk), "start": 6, "end": 12}
    ref = str(uuid4())
    seq = send(bob, room, "highlight.set", ref, **place, on=True)
    assert send(bob, room, "highlight.set", ref, **place, on=True) == seq, "the same frame, the same event"
    assert marks(room, alice) == [(6, 12, "Bob Baker")]
    assert send(alice, room, "highlight.set", **place, on=True) is None, "it is highlighted already"
    send(alice, room, "highlight.set", **place, on=False)
    assert send(bob, room, "highlight.set", **place, on=False) is None
    assert marks(room, bob) == []
    assert types(room).count("highlight.changed") == 2


def test_y3_only_what_is_shown_here_and_not_without_end(room: Room, bob: User, alice: User) -> None:
    answer = written(room, bob, "word " * 20)
    place = {"answer": str(answer.pk), "start": 0, "end": 101, "on": True}
    assert refused(bob, room, "highlight.set", **place) == ("bad_field", "data.end")
    elsewhere = Room.objects.create(school_class=room.school_class, title="Table two", created_by=alice)
    foreign = {**place, "answer": str(written(elsewhere, alice).pk), "end": 3}
    assert refused(bob, room, "highlight.set", **foreign) == ("bad_field", "data.answer")
    for end in range(1, 41):
        send(bob, room, "highlight.set", **{**place, "end": end})
    assert refused(bob, room, "highlight.set", **{**place, "end": 50})[0] == "busy"


def test_y2_the_tutor_proposes_its_verified_equations_and_people_decide(room: Room, bob: User) -> None:
    answer = written(room, bob, "We have\n\n$$2x = 4$$\n\nso\n\n$$x = 2$$\n\nand 1 + 1 = 2 in passing.\n\n$$x = 3$$")
    proofreading.answer_proofread(answer.pk)
    steps.pool().close()
    place = answer.shown.index("$$x = 2$$")
    assert marks(room, bob) == [(place, place + 9, None)]
    where = {"answer": str(answer.pk), "start": place, "end": place + 9}
    send(bob, room, "highlight.set", **where, on=True)
    assert marks(room, bob) == [(place, place + 9, "Bob Baker")]
    Answer.objects.update(proofread=0)
    send(bob, room, "highlight.set", **where, on=False)
    assert marks(room, bob) == []
    assert types(room).count("highlight.proposed") == 1


# ---- C1–C3: who may do what


@pytest.mark.parametrize(
    ("verb", "action", "more"),
    [
        ("answer.stop", "stop", {}),
        ("answer.pause", "pause", {}),
        ("answer.resume", "pause", {}),
        ("answer.insert", "insert", {"text": "shorter"}),
        ("highlight.set", "highlight", {"start": 0, "end": 5, "on": True}),
        ("answer.ask", "about", {"start": 0, "end": 5}),
    ],
)
def test_c1_the_rooms_rule_is_read_for_each_frame(
    room: Room, bob: User, verb: str, action: str, more: dict[str, Any]
) -> None:
    answer = written(room, bob, ended=False)
    Answer.objects.filter(pk=answer.pk).update(state=State.PAUSED if verb == "answer.resume" else State.RUNNING)
    data: dict[str, Any] = {"answer": str(answer.pk), **more}
    if verb == "answer.ask":
        data = {"text": "why?", "about": data}
    Controls.objects.create(room=room, **{f"may_{action}": "asker"})
    dana = person("dana", "student")
    enrol(dana, room.school_class, "student")
    assert refused(dana, room, verb, **data)[0] == "forbidden"
    Controls.objects.update(**{f"may_{action}": "staff"})
    assert refused(bob, room, verb, **data)[0] == "forbidden", "his own question, but staff alone may"
    Controls.objects.update(**{f"may_{action}": "asker"})
    assert send(bob, room, verb, **data)


def test_c1_staff_always_may_and_without_a_rule_everybody(room: Room, bob: User, alice: User) -> None:
    answer = written(room, bob, ended=False)
    Controls.objects.create(room=room, may_stop="staff", may_pause="staff")
    assert send(alice, room, "answer.pause", answer=str(answer.pk))
    Controls.objects.all().delete()
    assert send(alice, room, "answer.resume", answer=str(answer.pk))
    assert send(alice, room, "answer.stop", answer=str(answer.pk))


def test_c2_staff_set_it_and_the_room_hears_it(room: Room, alice: User, bob: User, client_for: ClientFor) -> None:
    path, wanted = f"/rooms/{room.pk}/controls/", dict.fromkeys(projection.CONTROLS, "everybody")
    page: Client = client_for(alice)
    assert path in page.get(f"/rooms/{room.pk}/edit/").content.decode()
    assert page.get(path).status_code == 200
    for _ in range(2):
        assert page.post(path, {**wanted, "stop": "staff"})["Location"] == f"/rooms/{room.pk}/edit/"
    assert types(room) == ["controls.changed"], "what stays as it was is not told"
    assert projection.state_read(rights(bob, room), 1)["controls"] == {**wanted, "stop": "staff"}
    assert page.post(path, {**wanted, "stop": "nobody"}).status_code == 400
    assert '<option value="staff" selected>' in page.get(path).content.decode()


def test_c2_who_may_not_set_it(room: Room, bob: User, olga: User, charlie: User, client_for: ClientFor) -> None:
    path = f"/rooms/{room.pk}/controls/"
    for user, status in ((bob, 403), (olga, 403), (charlie, 404)):
        for answer in (client_for(user).get(path), client_for(user).post(path, {"stop": "staff"})):
            assert answer.status_code == status
    assert not Controls.objects.exists()


def test_c3_it_holds_however_old_it_is(room: Room, bob: User, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "ITEMS_KEPT", 3)
    controls_save(by=alice, room=room, wanted={**projection.CONTROLS, "stop": "asker"})
    for number in range(5):
        send(bob, room, "message.post", text=f"line {number}")
    state = projection.state_read(rights(bob, room), 99)
    assert (state["truncated"], state["controls"]["stop"]) == (True, "asker")
    assert {item["kind"] for item in state["items"]} == {"message"}


# ---- B1: at its own pace


def test_b1_the_pace_of_an_answer(room: Room, bob: User, client_for: ClientFor) -> None:
    answer = ask(bob, room)
    batch_store(0, 1, "1-0", [started(answer), text(answer, 0, "First this. ")])
    batch_store(0, 1, "1-0", [text(answer, 12, "Then that."), done(answer, "First this. Then that.")])
    first, second = Event.objects.filter(type="answer.delta").order_by("seq")
    Event.objects.filter(pk=second.pk).update(at=first.at + timedelta(milliseconds=1500))
    got = client_for(bob).get(f"/api/rooms/{room.pk}/answers/{answer.pk}/pace/")
    assert got.json() == {"answer": str(answer.pk), "pieces": [[0, 11], [1500, 22]]}
    assert got["Cache-Control"] == "private, no-store"


def test_b1_it_is_for_people_of_the_room_alone(
    room: Room, bob: User, alice: User, charlie: User, client_for: ClientFor
) -> None:
    answer = written(room, bob)
    path = f"/api/rooms/{room.pk}/answers/{answer.pk}/pace/"
    assert client_for(charlie).get(path).status_code == 404
    assert Client().get(path).status_code == 401
    assert client_for(bob).post(path).status_code == 405
    elsewhere = Room.objects.create(school_class=room.school_class, title="Table two", created_by=alice)
    assert client_for(bob).get(f"/api/rooms/{elsewhere.pk}/answers/{answer.pk}/pace/").status_code == 404


def test_charlie_may_do_nothing_of_it(room: Room, bob: User, charlie: User) -> None:
    answer = written(room, bob, ended=False)
    place = {"answer": str(answer.pk), "start": 0, "end": 5}
    for verb, data in (
        ("highlight.set", {**place, "on": True}),
        ("answer.ask", {"text": "?", "about": place}),
        ("answer.ask", {"text": "?", "supersedes": str(answer.pk)}),
    ):
        with pytest.raises(Http404):
            send(charlie, room, verb, **data)
    assert "highlight.changed" not in types(room)
