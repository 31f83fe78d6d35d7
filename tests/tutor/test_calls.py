"""Calls of tools in an answer (rules K1–K7): found in its text, run once, and answered in a new attempt of the same text."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any, Final, TypeVar
from uuid import uuid4

import pytest
import redis
from django.http import Http404
from django.utils import timezone
from pytest_django import Settings

from classroom.board.access import document_of
from classroom.board.log import document_load
from classroom.board.models import Kind, Update
from classroom.board.scene import scene_read
from classroom.people.models import SchoolClass, User
from classroom.rooms import projection
from classroom.rooms.access import room_for
from classroom.rooms.models import Event, Problem, Room
from inference_worker.job import CONTROL, JOB, WORKER, Control, Job, WorkerState
from tests.tutor.turns import ask, done, fresh, log_of, rights, shown, started, text, types
from tutor import calls, dispatch, hands, prompt
from tutor.answers import answer_stop, attempt_mint
from tutor.checker.child import computed
from tutor.documents.models import Document, Passage
from tutor.documents.words import terms
from tutor.intake import batch_store
from tutor.models import Answer, Reference, Shard
from tutor.reaper import Reaper
from tutor.sweep import Sweep
from tutor.tools import registry

State = Answer.State
pytestmark = pytest.mark.django_db
R = TypeVar("R")
Commits = Callable[..., AbstractContextManager[Any]]


class InProcess:
    """The child's own functions without a child."""

    @staticmethod
    def compute(request: dict[str, Any]) -> dict[str, Any]:
        return computed(request)


@pytest.fixture(autouse=True)
def shard(db: None, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Commits) -> Shard:
    """One transaction around each test; what is due after a commit is done behind each step, as below."""
    monkeypatch.setattr(calls, "pool", lambda: InProcess)
    monkeypatch.setattr(House, "commits", django_capture_on_commit_callbacks, raising=False)
    return Shard.objects.create(pk=0, epoch=1)


class House:
    commits: Commits


def after(do: Callable[..., R], *args: Any, **more: Any) -> R:
    """What ``do`` gives, and then all that it wanted done after its commit."""
    with House.commits(execute=True):
        return do(*args, **more)


@pytest.fixture
def client(redis_url: str) -> Any:
    with redis.Redis.from_url(redis_url, decode_responses=True) as made:
        yield made


@pytest.fixture
def answer(room: Room, bob: User, settings: Settings, client: Any) -> Answer:
    """Asked with all tools at hand, and taken by a worker."""
    settings.TUTOR_TOOLS = "all"
    made = after(ask, bob, room, "@scripted")
    store(started(made))
    return fresh(made)


def store(*outputs: Any) -> Any:
    return after(batch_store, 0, 1, "1-0", outputs)


def run(answer: Answer) -> bool:
    return after(calls.call_run, answer.pk)


def call(name: str = "calculate", **given: Any) -> str:
    return registry.call_text(name, given or {"expression": "3*7"})


SUM: Final = call(expression="3*7")


def events(room: Room, kind: str) -> list[dict[str, Any]]:
    return [frame["data"] for frame in log_of(room) if frame["type"] == kind]


def write(answer: Answer, words: str) -> Answer:
    """The next words of the model, and the row after them."""
    row = fresh(answer)
    store(text(row, row.raw_length, words))
    return fresh(answer)


# ---- a call and what comes of it


def test_k1_a_call_ends_the_part_and_the_result_begins_the_next(room: Room, answer: Answer, client: Any) -> None:
    row = write(answer, f"Let us see. {SUM} and what the model wrote on")
    assert (row.state, row.attempt, row.forgiven, row.shown) == (State.RUNNING, 2, 1, "Let us see. \n\n")
    assert row.raw == f"Let us see. {SUM}\n\n"
    called = {"answer": str(row.pk), "call": 1, "tool": "calculate", "asked": "Calculated: 3*7", "offset": 14}
    assert events(room, "answer.tool_called") == [called]
    assert not client.exists(JOB.format(answer=row.pk, attempt=2)), "the model waits for the tool"
    assert run(row) is True
    found = {"outcome": "done", "text": "21", "tex": "21", "drawing": None}
    assert events(room, "answer.tool_returned") == [{"answer": str(row.pk), "call": 1, **found}]
    job = Job.from_json(client.get(JOB.format(answer=row.pk, attempt=2)))
    assert (job.prefix, job.prefix[job.cut :]) == (row.raw, "")
    assert [message["content"] for message in job.messages[-2:]] == [
        f"Let us see. {SUM}",
        '<tool_response>\n{"result": "21"}\n</tool_response>',
    ]
    row = fresh(row)
    store(started(row), text(row, row.raw_length, "It is 21."), done(row, f"{row.raw}It is 21."))
    assert fresh(row).state == State.COMPLETED
    assert shown(room, row) == fresh(row).shown == "Let us see. \n\nIt is 21."
    called_and_on = ["answer.tool_called", "answer.tool_returned", "answer.started", "answer.delta", "answer.completed"]
    assert types(room)[-5:] == called_and_on


def test_k1_the_worker_of_the_ended_part_is_stopped_and_may_forget_it(answer: Answer, client: Any) -> None:
    with client.pubsub() as ears:
        ears.subscribe(CONTROL)
        ears.get_message(timeout=5)
        row = fresh(answer)
        result = store(text(row, 0, SUM), text(row, len(SUM), " more"), done(row, f"{SUM} more"))
        said = [Control.from_json(message["data"]) for message in iter(lambda: ears.get_message(timeout=0.3), None)]
    assert said == [Control("stop", str(answer.pk), attempt=1)]
    assert [(word.attempt, word.done) for word in result.persisted if word.done] == [(1, True)]
    assert fresh(answer).raw == SUM


@pytest.mark.parametrize("size", [5, 1_000])
def test_k2_a_call_is_found_however_the_text_was_cut(room: Room, answer: Answer, client: Any, size: int) -> None:
    words = f"<think>I could write {SUM}</think>So: {SUM}"
    for at in range(0, len(words), size):
        store(text(answer, at, words[at : at + size]))
    assert fresh(answer).raw == f"{words}\n\n"
    assert shown(room, answer) == "So: \n\n"
    assert len(events(room, "answer.tool_called")) == 1


def test_k2_a_call_whose_end_the_model_left_out(room: Room, answer: Answer, client: Any) -> None:
    words = SUM.removesuffix("</tool_call>")
    store(text(answer, 0, words), done(answer, words))
    assert (fresh(answer).state, fresh(answer).attempt) == (State.RUNNING, 2)
    assert events(room, "answer.tool_called")[0]["asked"] == "Calculated: 3*7"


@pytest.mark.parametrize("reason", ["length", "deadline", "cancelled"])
def test_k2_half_a_call_is_none(room: Room, answer: Answer, client: Any, reason: str) -> None:
    store(text(answer, 0, "Hm. <tool_call>{"), done(answer, "Hm. <tool_call>{", reason))
    assert fresh(answer).state in {State.COMPLETED, State.STOPPED}
    assert fresh(answer).shown == "Hm. "
    assert events(room, "answer.tool_called") == []


def test_without_tools_nothing_is_a_call(room: Room, bob: User, client: Any) -> None:
    made = after(ask, bob, room)
    store(started(made), text(made, 0, SUM), done(made, SUM))
    assert fresh(made).shown == SUM


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("{}", "The call is not JSON"),
        ("calculate 3*7", "The call is not JSON"),
        ("[" * 5_000, "The call is not JSON"),
        ('{"name": "calculate", "arguments": {"expression": NaN}}', "The call is not JSON"),
        ('{"name": "shell", "arguments": {}}', "There is no such tool."),
        ('{"name": "calculate", "arguments": {"expression": "1", "class_id": "x"}}', "`class_id`: Extra inputs"),
        ('{"name": "calculate", "arguments": {"expression": "1"}, "room": "x"}', "The call is not JSON"),
        ('{"name": "calculate", "arguments": {"expression": "9^9^9"}}', "This is too large"),
        ('{"name": "calculate", "arguments": {"expression": "__import__(1)"}}', "I can't read this as maths"),
        ("x" * 7_000, "The call is longer than"),
    ],
)
def test_k3_a_bad_call_gets_a_reason_and_the_answer_goes_on(
    room: Room, answer: Answer, client: Any, body: str, why: str
) -> None:
    row = write(answer, f"<tool_call>{body}</tool_call>")
    assert run(row) is True
    (found,) = events(room, "answer.tool_returned")
    assert found["outcome"] == "failed"
    assert found["text"].startswith(why)
    job = Job.from_json(client.get(JOB.format(answer=row.pk, attempt=2)))
    assert json.loads(job.messages[-1]["content"].split("\n")[1]) == {"error": found["text"]}
    row = fresh(row)
    store(started(row), text(row, row.raw_length, "Well."), done(row, f"{row.raw}Well."))
    assert (fresh(row).state, fresh(row).shown) == (State.COMPLETED, "Well.")


def test_k3_calls_are_counted(room: Room, answer: Answer, client: Any, settings: Settings) -> None:
    settings.TUTOR_CALLS_MAX = 2
    for _ in range(3):
        row = write(answer, SUM)
        run(row)
    outcomes = [found["outcome"] for found in events(room, "answer.tool_returned")]
    assert outcomes == ["done", "done", "failed"]
    assert events(room, "answer.tool_returned")[-1]["text"] == calls.ENOUGH
    row = write(answer, f"{SUM} on")
    assert (row.attempt, row.shown) == (4, " o"), "hidden, and nothing comes of it"


# ---- what must not be said


@pytest.fixture
def sealed(problem: Problem) -> None:
    """The problem's answer is 21; 3 stands in its statement."""
    problem.statement = "What is $3 \\cdot 7$ times 1?"
    problem.save()
    Reference.objects.create(problem=problem, steps=[{"answers": ["21"], "hints": []}])


@pytest.mark.parametrize(
    "given",
    [
        {"expression": "3*7"},
        {"expression": "42/2"},
        {"expression": "-21"},
        {"expression": "sqrt(441)"},
        {"expression": "20.9999999"},
        {"expression": "x = 3*7", "do": "solve"},
        {"expression": "x^2 = 441", "do": "solve"},
        {"expression": "2*21"},
        {"expression": "21 + x", "do": "simplify"},
    ],
)
def test_k4_a_result_that_gives_the_answer_away_reaches_nobody(
    sealed: None, room: Room, answer: Answer, client: Any, given: dict[str, Any]
) -> None:
    row = write(answer, call(**given))
    assert row.forbidden == ["21"]
    assert run(row) is True
    (found,) = events(room, "answer.tool_returned")
    assert (found["outcome"], found["text"], found["tex"]) == ("withheld", calls.WITHHELD, "")
    told = Job.from_json(client.get(JOB.format(answer=row.pk, attempt=2))).messages[-1]["content"]
    assert "21" not in told
    (called,) = events(room, "answer.tool_called")
    assert "21" not in called["asked"]


@pytest.mark.parametrize("rung", [0, 1, 2, 3, 4])
def test_k4_also_of_a_value_that_the_statement_has(room: Room, answer: Answer, client: Any, rung: int) -> None:
    Answer.objects.update(forbidden=["3"], rung=rung)
    row = write(answer, call(expression="1+2"))
    run(row)
    assert events(room, "answer.tool_returned")[0]["outcome"] == "withheld"


def test_k4_on_the_last_rung_all_is_told(room: Room, answer: Answer, client: Any) -> None:
    Answer.objects.update(forbidden=[], rung=prompt.LAST)
    row = write(answer, SUM)
    run(row)
    assert events(room, "answer.tool_returned")[0]["text"] == "21"


POINT: Final = {"kind": "point", "id": "A", "at": [0, 0]}


@pytest.mark.parametrize(
    "objects",
    [
        [{**POINT, "at": [21, 4]}],
        [{**POINT, "label": "x = 21"}],
        [{**POINT, "label": "twenty-one"}],
        [POINT, {"kind": "circle", "centre": "A", "radius": 21}],
        [POINT, {"kind": "text", "at": [1, 1], "text": "MjE="}, {"kind": "text", "at": [1, 2], "text": "base64"}],
        [POINT, {"kind": "graph", "function": "x/21"}],
        [{**POINT, "label": "2"}, {"kind": "text", "at": [5, 5], "text": "then 1"}],
    ],
)
def test_k4_labels_and_places_are_read_too(
    sealed: None, room: Room, answer: Answer, client: Any, objects: list[dict[str, Any]]
) -> None:
    row = write(answer, call("draw", objects=objects))
    run(row)
    (found,) = events(room, "answer.tool_returned")
    assert (found["outcome"], found["drawing"]) == ("withheld", None), found["text"]


def test_k4_a_reason_repeats_nothing_that_is_forbidden(sealed: None, room: Room, answer: Answer, client: Any) -> None:
    row = write(
        answer, '<tool_call>{"name": "calculate", "arguments": {"expression": "1", "the answer is 21": 1}}</tool_call>'
    )
    run(row)
    assert events(room, "answer.tool_returned")[0]["text"] == calls.UNFIT


def test_k4_a_drawing_praises_nothing_that_is_not_verified(room: Room, answer: Answer, client: Any) -> None:
    row = write(answer, call("draw", objects=[{**POINT, "label": "Your answer is correct!"}]))
    run(row)
    assert events(room, "answer.tool_returned")[0]["outcome"] == "withheld"


def test_k8_a_drawing_is_on_the_board_when_the_room_hears_of_it(room: Room, answer: Answer, client: Any) -> None:
    row = write(answer, call("draw", objects=[{**POINT, "label": "top"}]))
    run(row)
    (found,) = events(room, "answer.tool_returned")
    shapes = scene_read(document_load(document_of(room, Kind.BOARD)))
    assert found["board"] == [shape.id for shape in shapes]
    assert [(shape.by, shape.text) for shape in shapes if shape.text] == [("tutor", "top")]
    assert [shape.alt for shape in shapes if shape.alt] == [found["text"].replace("\n", " ")]
    at = Event.objects.get(room=room, type="answer.tool_returned").seq
    assert len(scene_read(document_load(document_of(room, Kind.BOARD), room_seq=at))) == len(shapes)


def test_k8_what_is_withheld_is_not_on_the_board_either(sealed: None, room: Room, answer: Answer, client: Any) -> None:
    row = write(answer, call("draw", objects=[{**POINT, "label": "21"}]))
    run(row)
    assert "board" not in events(room, "answer.tool_returned")[0]
    assert Update.objects.count() == 0


def test_k4_text_and_cards_are_read_together(sealed: None, room: Room, answer: Answer, client: Any) -> None:
    """A 2 on a card and a 1 in the text behind it are a 21."""
    row = write(answer, call(expression="1+1"))
    run(row)
    row = fresh(row)
    store(started(row), text(row, row.raw_length, "then 1."), done(row, f"{row.raw}then 1."))
    assert fresh(row).shown == "then […]" or "1" not in fresh(row).shown


# ---- whatever happens meanwhile


def test_k5_what_nobody_runs_the_sweep_does(room: Room, answer: Answer, client: Any) -> None:
    row = write(answer, SUM)
    assert Sweep().tick() == 0
    Answer.objects.update(call_due_at=timezone.now() - timedelta(seconds=10))
    stopped = Sweep()
    stopped.stop()
    assert stopped.tick() == 0
    assert after(Sweep().tick) == 1
    assert fresh(row).call_due_at is None
    assert Sweep().tick() == 0
    assert run(row) is False, "once"
    assert len(events(room, "answer.tool_returned")) == 1


def test_k5_who_runs_it_holds_it_for_a_while(answer: Answer, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    row = write(answer, SUM)

    def twice(found: Answer) -> dict[str, Any]:
        assert run(row) is False
        return calls._found("done", "21")

    monkeypatch.setattr(calls, "_outcome", twice)
    assert run(row) is True


def test_k5_no_worker_begins_before_the_tool_has_answered(answer: Answer, client: Any) -> None:
    row = write(answer, SUM)
    Answer.objects.update(progress_at=timezone.now() - timedelta(seconds=60))
    Reaper().tick()
    assert attempt_mint(row.pk, 2, forgiven=True) is False
    assert not client.exists(JOB.format(answer=row.pk, attempt=2))


def test_k6_a_paused_answer_shows_no_result_until_it_goes_on(
    room: Room, answer: Answer, alice: User, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = write(answer, SUM)
    real = calls._outcome

    def meanwhile(found: Answer) -> dict[str, Any]:
        after(hands.answer_pause, rights(alice, room), row.pk, ref=str(uuid4()), trace="")
        return real(found)

    monkeypatch.setattr(calls, "_outcome", meanwhile)
    assert run(row) is False
    monkeypatch.setattr(calls, "_outcome", real)
    assert run(row) is False
    assert types(room)[-1] == "answer.paused"
    after(hands.answer_resume, rights(alice, room), row.pk, ref=str(uuid4()), trace="")
    assert not client.exists(JOB.format(answer=row.pk, attempt=2))
    assert run(row) is True
    assert types(room)[-2:] == ["answer.resumed", "answer.tool_returned"]


def test_k6_a_word_put_in_ends_the_wait(room: Room, answer: Answer, alice: User, client: Any) -> None:
    row = write(answer, SUM)
    after(hands.answer_insert, rights(alice, room), row.pk, "why?", ref=str(uuid4()), trace="")
    assert run(row) is False
    job = Job.from_json(client.get(JOB.format(answer=row.pk, attempt=3)))
    assert [message["content"] for message in job.messages[-2:]] == [SUM, "why?"]


def test_k6_also_while_the_tool_is_at_work(
    room: Room, answer: Answer, alice: User, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = write(answer, SUM)

    def meanwhile(found: Answer) -> dict[str, Any]:
        after(hands.answer_insert, rights(alice, room), row.pk, "why?", ref=str(uuid4()), trace="")
        return calls._found("done", "21")

    monkeypatch.setattr(calls, "_outcome", meanwhile)
    assert run(row) is False
    assert events(room, "answer.tool_returned") == []


def test_k6_a_stopped_answer_gets_no_result(room: Room, answer: Answer, bob: User, client: Any) -> None:
    row = write(answer, SUM)
    after(answer_stop, rights(bob, room), row.pk, ref=str(uuid4()), trace="")
    assert run(row) is False
    Answer.objects.update(call_due_at=timezone.now() - timedelta(seconds=60))
    assert calls.calls_waiting(timedelta()) == []


def test_k3_what_takes_too_long_is_told(
    room: Room, answer: Answer, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "TOOL_S", -1.0)
    row = write(answer, call("plot", functions=["x"]))
    run(row)
    assert events(room, "answer.tool_returned")[0]["text"] == calls.LATE


def test_without_redis_the_row_waits_for_the_sweep(room: Room, answer: Answer) -> None:
    """No fixture of Redis here: ringing fails, nothing is lost."""
    row = write(answer, SUM)
    assert row.call_due_at is not None
    assert run(row) is True


# ---- who is offered what


def test_k7_models_that_call_well_are_offered_tools(room: Room, bob: User, client: Any) -> None:
    def beat(name: str, *, tools: bool, state: Any = "ready") -> None:
        client.set(WORKER.format(name=name), WorkerState(name, state, "batching", "m", tools=tools).to_json(), ex=60)

    def offered() -> list[str]:
        return fresh(after(ask, bob, room)).tools

    assert offered() == []
    beat("one", tools=True)
    made = after(ask, bob, room)
    Answer.objects.exclude(pk=made.pk).update(state=State.STOPPED)
    dispatch.answer_dispatch(made.pk)
    assert fresh(made).tools == ["calculate", "plot", "draw"]
    job = Job.from_json(client.get(JOB.format(answer=made.pk, attempt=1)))
    assert "<tool_call>" in job.messages[0]["content"]
    beat("two", tools=False, state="broken")
    dispatch.answer_dispatch(made.pk)
    assert fresh(made).tools
    beat("two", tools=False)
    dispatch.answer_dispatch(made.pk)
    assert fresh(made).tools == []


def test_k7_a_setting_names_them(room: Room, bob: User, client: Any, settings: Settings) -> None:
    settings.TUTOR_TOOLS = "calculate, plot"
    assert fresh(after(ask, bob, room)).tools == ["calculate", "plot"]
    Answer.objects.update(state=State.STOPPED)
    settings.TUTOR_TOOLS = "none"
    assert fresh(after(ask, bob, room)).tools == []


def test_k7_what_was_not_offered_cannot_be_called(room: Room, answer: Answer, client: Any) -> None:
    Answer.objects.update(tools=["plot"])
    row = write(answer, SUM)
    run(row)
    assert events(room, "answer.tool_returned")[0]["text"] == "There is no such tool. There are: plot."


def test_p2_a_snapshot_has_the_cards(room: Room, answer: Answer, bob: User, client: Any) -> None:
    row = write(answer, f"See {SUM}")
    run(row)
    log = log_of(room)
    state = projection.state_read(room_for(bob, room.pk), log[-1]["seq"])
    item = next(one for one in state["items"] if one.get("answer") == str(row.pk))
    assert [(one["asked"], one["text"], one["offset"]) for one in item["tools"]] == [("Calculated: 3*7", "21", 6)]


def test_charlie_sees_no_card(room: Room, answer: Answer, charlie: User) -> None:
    with pytest.raises(Http404):
        room_for(charlie, room.pk)


# ---- the documents of the class


@pytest.fixture
def shelf(room: Room, other_class: SchoolClass, alice: User) -> None:
    """Each class has a document of its own; the room's has a passage with the sealed value, and a hidden document."""

    def put(school_class: SchoolClass, title: str, *texts: str, hidden: bool = False) -> None:
        document = Document.objects.create(
            school_class=school_class, title=title, kind="text", size=1, uploaded_by=alice, is_hidden=hidden,
            sha256=hashlib.sha256(title.encode()).hexdigest(), state=Document.State.READY, uploaded_at=timezone.now(),
        )  # fmt: skip
        for number, words in enumerate(texts, 1):
            Passage.objects.create(
                document=document, n=number, anchor=f"Part {number}", text=words, words=" ".join(terms(words))
            )

    put(room.school_class, "Handbook", "A rhombus has four equal sides.", "This rhombus has area 21.")
    put(room.school_class, "Key", "The rhombus: sealed key.", hidden=True)
    put(other_class, "Theirs", "A rhombus of the other class, FOREIGN.")


def test_k7_what_is_looked_up_is_the_rooms_own(
    shelf: None, sealed: None, room: Room, bob: User, settings: Settings, client: Any
) -> None:
    settings.TUTOR_TOOLS, settings.DOCUMENT_THRESHOLD = "all", 0.0
    settings.DOCUMENT_STAGES = frozenset({"fulltext"})
    made = after(ask, bob, room, "@scripted")
    Answer.objects.update(tools=dispatch._tools(made))
    assert fresh(made).tools == ["calculate", "plot", "draw", "look_up"]
    store(started(made))
    row = write(made, call("look_up", text="rhombus"))
    assert run(row) is True
    (found,) = events(room, "answer.tool_returned")
    assert found["outcome"] == "done"
    assert "four equal sides" in found["text"]
    for never in ("FOREIGN", "sealed key", "21"):
        assert never not in found["text"]
        assert never not in Job.from_json(client.get(JOB.format(answer=row.pk, attempt=2))).messages[-1]["content"]


def test_k4_a_model_that_prints_its_whole_prompt_shows_no_call_and_no_answer(
    room: Room, answer: Answer, client: Any
) -> None:
    """Each example that it repeats is a call; the answer of one is the answer of this problem."""
    Answer.objects.update(forbidden=["7"])
    for _ in range(12):
        row = fresh(answer)
        job = dispatch.job_for(row)
        before = row.attempt
        row = write(row, "\n\n".join(message["content"] for message in job.messages))
        if row.attempt == before:
            break
        run(row)
    told = json.dumps([frame["data"] for frame in log_of(room) if frame["type"] != "answer.asked"])
    outcomes = [found["outcome"] for found in events(room, "answer.tool_returned")]
    assert outcomes == ["withheld", "withheld", "withheld", "withheld", "failed"]
    for never in ("tool_call>", "x = 7", '"text": "7"'):
        assert never not in told
