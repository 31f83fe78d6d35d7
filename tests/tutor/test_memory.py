"""What the tutor remembers (rules M1–M5): the last turns word for word, the oldest in short, nothing that the guard keeps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from classroom.people.models import User
from classroom.rooms import journal
from classroom.rooms.models import Event, Problem, Room
from inference_worker.job import BACKGROUND
from tests.conftest import ClientFor
from tests.tutor.study import beat, done, started, store, write
from tests.tutor.turns import ask, fresh, rights, types
from tutor import dispatch, memory, prompt, summaries, writings
from tutor.models import Answer, Memory, Reference, Writing
from tutor.study import Study


@pytest.fixture
def client(redis_url: str) -> Iterator[Any]:
    with redis.Redis.from_url(redis_url, decode_responses=True) as link:
        yield link


def turn(room: Room, who: User, number: int, *, shown: str = "", question: str = "") -> Answer:
    answer = ask(who, room, question or f"question {number}?")
    Answer.objects.filter(pk=answer.pk).update(
        shown=shown or f"answer {number}.", raw=f"<think>secret</think>answer {number}.", state="completed"
    )
    return fresh(answer)


def turns(room: Room, who: User, count: int, **how: Any) -> list[Answer]:
    return [turn(room, who, number, **how) for number in range(1, count + 1)]


def said(answer: Answer) -> list[str]:
    return [message["content"] for message in dispatch.job_for(answer).messages[1:]]


def remember(room: Room, summary: str, upto: int, by: str = "model") -> Memory:
    return Memory.objects.create(room=room, summary=summary, upto=upto, by=by)


# ---- M1: word for word


def test_m1_the_last_ten_turns_go_along_word_for_word(room: Room, bob: User) -> None:
    turns(room, bob, 12)
    spoken = said(ask(bob, room, "now?"))
    assert spoken[:2] == ["question 3?", "answer 3."]
    assert len(spoken) == 2 * 10 + 1
    assert "secret" not in str(spoken)


@pytest.mark.parametrize("kept", [1, 3])
def test_m1_how_many_is_a_setting(settings: Settings, room: Room, bob: User, kept: int) -> None:
    settings.MEMORY_TURNS = kept
    turns(room, bob, 4)
    assert len(said(ask(bob, room, "now?"))) == 2 * kept + 1


def test_m1_what_is_told_in_short_is_not_told_word_for_word(room: Room, bob: User) -> None:
    made = turns(room, bob, 4)
    remember(room, "- They set up the equation.", made[1].asked_seq)
    assert said(ask(bob, room, "now?")) == [
        "Before that, in short:\n- They set up the equation.", "I keep that in mind.",
        "question 3?", "answer 3.", "question 4?", "answer 4.", "now?",
    ]  # fmt: skip


def test_m1_an_earlier_question_hears_nothing_of_later_ones(room: Room, bob: User) -> None:
    early = ask(bob, room, "early?")
    later = turn(room, bob, 2)
    remember(room, "- From the future.", later.asked_seq)
    assert said(early) == ["early?"]


# ---- M2: over the budget


def test_m2_a_budget_bounds_the_prompt_and_leaves_out_the_oldest(
    client: Any, settings: Settings, room: Room, bob: User
) -> None:
    turns(room, bob, 6, shown="y" * 1_900)
    last = ask(bob, room, "now?")
    assert len(said(last)) == 13
    settings.CONTEXT_TOKENS = 1_000
    assert [dispatch.prompt_room(context) for context in (0, 900, 1_200, 9_000)] == [1_000, 450, 688, 1_000]
    kept = dispatch.job_for(last).messages
    assert prompt.tokens_about(kept) <= 1_000
    assert kept[-1]["content"] == "now?"
    assert kept[-3]["content"] == "question 6?"
    settings.CONTEXT_TOKENS = 0
    assert [dispatch.prompt_room(context) for context in (0, 900)] == [0, 450]
    beat(client, context=900)
    assert prompt.tokens_about(dispatch.job_for(last).messages) <= 450


def test_m2_what_was_left_out_wants_to_be_told_in_short(client: Any, settings: Settings, room: Room, bob: User) -> None:
    turns(room, bob, 3)
    dispatch.answer_dispatch(ask(bob, room, "now?").pk)
    assert not Memory.objects.exists(), "everything fits"
    settings.MEMORY_TURNS = 2
    dispatch.answer_dispatch(ask(bob, room, "and now?").pk)
    assert Memory.objects.get().due


def test_m2_the_oldest_five_are_told_by_the_model(client: Any, room: Room, bob: User, alice: User) -> None:
    made = turns(room, bob, 11)
    memory.memory_want(room.pk)
    memory.memory_want(room.pk)
    beat(client)
    Study().tick()
    Study().tick()
    writing = Writing.objects.get()
    assert (writing.preset, writing.upto) == ("hint", made[4].asked_seq)
    assert writings.job_of(writing).class_key == BACKGROUND
    system, user = writing.messages
    assert system["content"] == prompt.SUMMARY_SYSTEM
    assert user["content"].startswith("Student: question 1?\nTutor: answer 1.\n\nStudent: question 2?")
    assert "question 5" in user["content"]
    assert "question 6" not in user["content"]
    write(writing, "<think>hm</think>\n- They asked five things.\n")
    Study().tick()
    kept = Memory.objects.get()
    assert (kept.summary, kept.upto, kept.by, kept.due) == (
        "- They asked five things.",
        made[4].asked_seq,
        "model",
        False,
    )
    event = Event.objects.get(type="memory.changed")
    assert (event.audience, event.by) == (journal.STAFF, None)
    assert event.data == {"text": "- They asked five things.", "upto": made[4].asked_seq, "how": "model"}
    spoken = said(ask(alice, room, "now?"))
    assert spoken[:3] == ["Before that, in short:\n- They asked five things.", "I keep that in mind.", "question 6?"]


def test_m2_what_is_told_next_comes_behind_it(client: Any, settings: Settings, room: Room, bob: User) -> None:
    settings.MEMORY_SUMMARISED = 2
    made = turns(room, bob, 4)
    remember(room, "- Alice: mind the signs.", 0, by="staff")
    memory.memory_want(room.pk)
    beat(client)
    Study().tick()
    write(Writing.objects.get(), "- Two more.")
    Study().tick()
    assert Memory.objects.get().summary == "- Alice: mind the signs.\n- Two more.", "her words stay as they are"
    assert Memory.objects.get().upto == made[1].asked_seq


def test_m2_the_last_turn_is_never_told_in_short(client: Any, room: Room, bob: User) -> None:
    turns(room, bob, 1)
    memory.memory_want(room.pk)
    beat(client)
    Study().tick()
    assert not Writing.objects.exists()
    assert not Memory.objects.get().due


def test_m2_a_closed_room_has_nothing_told(client: Any, room: Room, bob: User) -> None:
    turns(room, bob, 3)
    memory.memory_want(room.pk)
    Room.objects.update(state="closed")
    beat(client)
    Study().tick()
    assert not Writing.objects.exists()


# ---- M3: nothing that the guard keeps


def accept(problem: Problem, *answers: str) -> None:
    Reference.objects.create(problem=problem, steps=[{"answers": list(answers)}], solution="All in all 424242.")


def test_m3_a_summary_is_made_from_what_was_shown(client: Any, room: Room, bob: User) -> None:
    """Neither what the guard withheld nor thoughts, reference or vault stand in what a model is asked to tell in short."""
    assert room.problem is not None
    accept(room.problem, "$$313131$$")
    for number in (1, 2):
        answer = turn(room, bob, number, shown="It is […].")
        Answer.objects.filter(pk=answer.pk).update(raw="<think>313131</think>It is 313131.", withheld=[[6, 12]])
    memory.memory_want(room.pk)
    beat(client)
    Study().tick()
    asked = str(Writing.objects.get().messages)
    assert "It is […]." in asked
    assert "313131" not in asked
    assert "424242" not in asked


@pytest.mark.parametrize("how", ["model", "staff"])
def test_m3_a_value_that_a_summary_says_all_the_same_is_taken_out_of_the_prompt(
    room: Room, bob: User, how: str
) -> None:
    assert room.problem is not None
    accept(room.problem, "$$x=313131$$")
    made = turn(room, bob, 1)
    remember(room, "- They set up the equation.\n- So it is 313131.\n- What is open: the sign.", made.asked_seq, by=how)
    asked = ask(bob, room, "now?")
    assert asked.forbidden == ["$$x=313131$$"]
    (earlier, *_) = said(asked)
    assert "313131" not in earlier
    assert earlier.startswith("Before that, in short:\n- They set up the equation.")
    assert "What is open: the sign." in earlier


def test_m3_on_the_last_rung_it_may_be_said(room: Room, bob: User) -> None:
    made = turn(room, bob, 1)
    remember(room, "So it is 313131.", made.asked_seq)
    asked = ask(bob, room, "now?")
    assert asked.forbidden == []
    assert "313131" in said(asked)[0]


def test_m3_thoughts_of_a_summary_are_not_told(client: Any, room: Room, bob: User) -> None:
    made = turn(room, bob, 1)
    remember(room, "a <think>b</think> c", made.asked_seq)
    assert "b" not in memory.summary_told(ask(bob, room, "now?"), "a <think>b</think> c")


# ---- M4: never in the way


def test_m4_without_a_worker_a_plain_list_serves(client: Any, settings: Settings, room: Room, bob: User) -> None:
    settings.MEMORY_SUMMARISED = 2
    turn(room, bob, 1, question="Why?\n\nWhy  not?", shown="Because " * 60)
    turn(room, bob, 2)
    turn(room, bob, 3)
    memory.memory_want(room.pk)
    Study().tick()
    kept = Memory.objects.get()
    first, second = kept.summary.splitlines()
    assert first.startswith("- Asked: Why? Why not? Answered: Because Because")
    assert first.endswith("Because …")
    assert len(first) < 2 * memory.LINE_MAX + 30
    assert second == "- Asked: question 2? Answered: answer 2."
    assert (kept.by, Event.objects.get(type="memory.changed").data["how"]) == ("list", "list")


@pytest.mark.parametrize("raw", [None, "", "<think>and it never ends", " \n "])
def test_m4_a_model_that_fails_or_says_nothing_is_made_up_for(
    client: Any, settings: Settings, room: Room, bob: User, raw: str | None
) -> None:
    settings.MEMORY_SUMMARISED = 1
    turns(room, bob, 2)
    memory.memory_want(room.pk)
    beat(client)
    Study().tick()
    writing = Writing.objects.get()
    if raw is None:
        store(started(writing), done(writing, "", "error", message="out of memory"))
    else:
        write(writing, raw)
    Study().tick()
    assert Memory.objects.get().summary == "- Asked: question 1? Answered: answer 1."


def test_m4_a_worker_that_goes_away_is_not_waited_for_for_ever(
    client: Any, settings: Settings, room: Room, bob: User
) -> None:
    settings.MEMORY_SUMMARISED = 1
    turns(room, bob, 2)
    memory.memory_want(room.pk)
    beat(client)
    Study().tick()
    client.flushall()
    Study().tick()
    assert Memory.objects.get().summary == "", "it may come back"
    long_ago = timezone.now() - timedelta(seconds=settings.QUEUE_TIMEOUT_S + 1)
    Writing.objects.update(asked_at=long_ago)
    beat(client)
    Study().tick()
    assert Memory.objects.get().summary == "", "with a worker its turn comes"
    client.flushall()
    Study().tick()
    assert Memory.objects.get().by == "list"
    assert Writing.objects.get().reason == summaries.NOBODY


def test_m4_until_there_is_one_the_oldest_are_left_out(client: Any, settings: Settings, room: Room, bob: User) -> None:
    settings.MEMORY_TURNS = 2
    turns(room, bob, 4)
    memory.memory_want(room.pk)
    beat(client)
    Study().tick()
    assert Writing.objects.filter(state="sent").exists()
    assert said(ask(bob, room, "now?")) == ["question 3?", "answer 3.", "question 4?", "answer 4.", "now?"]


def test_m4_it_grows_no_longer_than_it_may(room: Room, bob: User) -> None:
    lines = "\n".join(f"- line {number} " + "x" * 100 for number in range(40))
    short = memory.shortened(lines)
    assert len(short) <= memory.SUMMARY_MAX
    assert short.startswith("- line ")
    assert short.endswith(lines[-110:])
    assert len(memory.shortened("y" * 9_000)) == memory.SUMMARY_MAX


def test_m4_a_summary_that_does_not_fit_is_left_out_last(
    client: Any, settings: Settings, room: Room, bob: User
) -> None:
    made = turns(room, bob, 2, shown="y" * 1_900)
    remember(room, "z" * 2_000, made[0].asked_seq)
    settings.CONTEXT_TOKENS = 700
    last = ask(bob, room, "now?")
    assert said(last)[0].endswith("zzz")
    assert len(said(last)) == 3, "the turn has gone first"
    settings.CONTEXT_TOKENS = 300
    assert said(last) == ["now?"]


def test_m4_the_same_turns_are_taken_in_once(room: Room, bob: User) -> None:
    made = turns(room, bob, 2)
    memory.memory_want(room.pk)
    assert memory.memory_take(room.pk, made[0].asked_seq, "- one")
    assert not memory.memory_take(room.pk, made[0].asked_seq, "- one again")
    assert not memory.memory_take(None, 1, "")
    assert Memory.objects.get().summary == "- one"


# ---- M5: by hand


def test_m5_staff_read_and_change_it_and_the_log_says_who(
    room: Room, alice: User, bob: User, client_for: ClientFor
) -> None:
    made = turns(room, bob, 2)
    remember(room, "- They <b>guess</b>.", made[0].asked_seq)
    browser = client_for(alice)
    path = f"/rooms/{room.pk}/memory/"
    page = browser.get(path).content.decode()
    assert "- They &lt;b&gt;guess&lt;/b&gt;." in page
    assert "question 2?" in page
    assert "question 1?" not in page
    assert path in browser.get(f"/rooms/{room.pk}/").content.decode()
    assert path in browser.get(f"/rooms/{room.pk}/edit/").content.decode()
    assert browser.post(path, {"summary": " They know the rule.\r\n好 ", "seen": ""}).status_code == 302
    kept = Memory.objects.get()
    assert (kept.summary, kept.by, kept.edited_by, kept.upto) == (
        "They know the rule.\n好",
        "staff",
        alice,
        made[0].asked_seq,
    )
    event = Event.objects.get(type="memory.changed")
    assert (event.actor, event.audience) == (alice, journal.STAFF)
    assert event.data == {"text": "They know the rule.\n好", "upto": made[0].asked_seq, "how": "staff"}
    assert "Last changed by <bdi>Alice Archer</bdi>" in browser.get(path).content.decode()
    assert said(ask(bob, room, "now?"))[0] == "Before that, in short:\nThey know the rule.\n好"


def test_m5_nothing_yet_can_be_written_and_taken_away(room: Room, tom: User, client_for: ClientFor) -> None:
    browser, path = client_for(tom), f"/rooms/{room.pk}/memory/"
    assert "Nothing has been told in short yet." in browser.get(path).content.decode()
    assert not Memory.objects.exists(), "looking makes nothing"
    assert browser.post(path, {"summary": "Mind the signs.", "seen": ""}).status_code == 302
    seen = memory.version_of(Memory.objects.get())
    assert browser.post(path, {"summary": "", "seen": seen}).status_code == 302
    assert Memory.objects.get().summary == ""
    assert types(room) == ["memory.changed"] * 2


def test_m5_of_two_who_change_it_the_second_sees_the_firsts_words(
    room: Room, alice: User, tom: User, client_for: ClientFor
) -> None:
    path = f"/rooms/{room.pk}/memory/"
    memory.memory_edit(rights(alice, room), "Hers.", seen="")
    with pytest.raises(memory.Stale):
        memory.memory_edit(rights(tom, room), "His.", seen="")
    late = client_for(tom).post(path, {"summary": "His.", "seen": ""})
    page = late.content.decode()
    assert late.status_code == 409
    assert "His." in page
    assert "<cs-markdown>Hers.</cs-markdown>" in page
    assert Memory.objects.get().summary == "Hers."
    seen = memory.version_of(Memory.objects.get())
    assert f'value="{seen}"' in page
    assert client_for(tom).post(path, {"summary": "His.", "seen": seen}).status_code == 302


def test_m5_too_long_is_refused_by_its_field(room: Room, alice: User, client_for: ClientFor) -> None:
    answer = client_for(alice).post(f"/rooms/{room.pk}/memory/", {"summary": "x" * 2_401, "seen": ""})
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == ["summary"]
    assert not Memory.objects.exists()


@pytest.mark.parametrize(("who", "status"), [("bob", 403), ("olga", 403), ("charlie", 404)])
def test_m5_students_and_outsiders_see_nothing_of_it(
    request: pytest.FixtureRequest, room: Room, alice: User, client_for: ClientFor, who: str, status: int
) -> None:
    memory.memory_edit(rights(alice, room), "Bob cannot add.", seen="")
    browser: Client = client_for(request.getfixturevalue(who))
    for answer in (
        browser.get(f"/rooms/{room.pk}/memory/"),
        browser.post(f"/rooms/{room.pk}/memory/", {"summary": "x"}),
    ):
        assert answer.status_code == status
        assert b"cannot add" not in answer.content
    if who != "olga":
        feed = browser.get(f"/api/rooms/{room.pk}/events/?after=0&wait=0").content
        assert b"cannot add" not in feed
    assert Memory.objects.get().summary == "Bob cannot add."


def test_summaries_leave_solves_alone(client: Any, room: Room) -> None:
    summaries.memories_tend([])
    assert not Writing.objects.exists()
