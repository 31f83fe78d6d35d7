"""The tutor's own lines of maths (rule V8): marked where it is certain, and no mark says what the guard keeps back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.http import Http404
from django.utils import timezone
from pytest_django import Settings

from classroom.celery import app as class_app
from classroom.people.models import User
from classroom.rooms import projection
from classroom.rooms.models import Event, Room
from tests.tutor.turns import ask, done, fresh, log_of, rights, started, text
from tutor import class_worker, proofreading, steps, sweep, tasks
from tutor.answers import answer_stop
from tutor.intake import batch_store
from tutor.models import Answer, Shard

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module", autouse=True)
def _pool_closed() -> Iterator[None]:
    yield
    steps.pool().close()


@pytest.fixture(autouse=True)
def shard(redis_url: str) -> Shard:
    return Shard.objects.create(pk=0, epoch=1)


@pytest.fixture
def answer(room: Room, bob: User) -> Answer:
    return ask(bob, room, "What now?")


def written(answer: Answer, raw: str, *, ended: bool = True) -> list[Event]:
    """The tutor writes this; the events of it."""
    row = fresh(answer)
    outputs: list[Any] = [started(row), text(row, row.raw_length, raw)]
    return batch_store(0, 1, "1-0", [*outputs, done(row, row.raw + raw)] if ended else outputs).events


def marks(room: Room, answer: Answer) -> list[tuple[str, str, str | None]]:
    """(line, verdict, witness) of each mark, the line read from the text that is shown."""
    proofreading.answer_proofread(answer.pk)
    shown = fresh(answer).shown
    return [
        (shown[check["start"] : check["end"]], check["verdict"], check["witness"])
        for frame in log_of(room)
        if frame["type"] == "lines.checked"
        for check in frame["data"]["checks"]
    ]


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("So 7*8 = 54 apples.", [("7*8 = 54", "refuted", "7·8 = 56, not 54")]),
        ("It is $7 \\times 8 = 56$ here.", [("$7 \\times 8 = 56$", "verified", None)]),
        ("$\\frac{6}{2} = 4$", [("$\\frac{6}{2} = 4$", "refuted", "3, not 4")]),
        ("A chain: 2 + 3 = 5 = 10/3.", [("2 + 3 = 5 = 10/3", "refuted", "5 ≠ 10/3")]),
        ("$2(x+1) = 2x + 2$", [("$2(x+1) = 2x + 2$", "verified", None)]),
        ("$$2x = 8$$\nso\n$$x = 5$$", [("$$x = 5$$", "refuted", "x = 5 gives 10 ≠ 8 in the line before")]),
        ("We have $2x = 8$, so $x = 4$.", [("$x = 4$", "verified", None)]),
        # What cannot be certain has no mark.
        ("Take $2x = 8$. In another problem $x = 5$.", []),
        ("$2x = 8$ so $y = 5$", []),
        ("$x^2 = 9$ so $x = 3$", []),
        ("That would be $0 = 5$, which cannot be.", []),
        ("Is 2 + 2 = 5?", []),
        ("Let $f(x) = x^2$ and $x = 3$.", []),
        ("Nothing to see: x is 3.", []),
    ],
)
def test_v8_what_is_marked(room: Room, answer: Answer, raw: str, found: list[Any]) -> None:
    written(answer, raw)
    assert marks(room, answer) == found


def test_v8_a_witness_never_says_what_is_forbidden(room: Room, answer: Answer) -> None:
    Answer.objects.update(forbidden=["$$y=15$$"])
    written(answer, "Take $3x = 12$, so $x = 5$. And 2*3 = 5.")
    assert marks(room, answer) == [("$x = 5$", "refuted", None), ("2*3 = 5", "refuted", "2·3 = 6, not 5")]
    told = str([frame["data"] for frame in log_of(room) if frame["type"] == "lines.checked"])
    assert "15" not in told.replace(fresh(answer).pk.hex, "").replace(str(answer.pk), "")
    Answer.objects.update(forbidden=[], proofread=0)
    assert ("$x = 5$", "refuted", "x = 5 gives 15 ≠ 12 in the line before") in marks(room, answer), "as on rung 5"


def test_v8_a_line_that_is_withheld_has_no_mark(room: Room, answer: Answer) -> None:
    Answer.objects.update(forbidden=["$$x=7$$"])
    written(answer, "So $14/2 = 7$ it is. Or $1 + 1 = 3$.")
    assert marks(room, answer) == [("$1 + 1 = 3$", "refuted", "1 + 1 = 2, not 3")]


def test_v8_paragraphs_are_marked_while_the_tutor_writes(room: Room, answer: Answer) -> None:
    written(answer, "$$2x = 8$$\n\nThen 1 + 1 = 3 and", ended=False)
    assert marks(room, answer) == []
    written(answer, " on.\n\n$$x", ended=False)
    assert [line for line, *_ in marks(room, answer)] == ["1 + 1 = 3"]
    written(answer, " = 5$$")
    assert [line for line, *_ in marks(room, answer)] == ["1 + 1 = 3"], "words stand between the equations"
    assert not proofreading.answer_proofread(answer.pk)
    assert not proofreading.answer_proofread(uuid4())


def test_v8_two_that_both_looked_tell_it_once(room: Room, answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    written(answer, "1 + 1 = 3")
    lines = proofreading.lines_written

    def overtaken(shown: str) -> Any:
        monkeypatch.setattr(proofreading, "lines_written", lines)
        assert proofreading.answer_proofread(answer.pk)
        return lines(shown)

    monkeypatch.setattr(proofreading, "lines_written", overtaken)
    assert not proofreading.answer_proofread(answer.pk)
    assert [frame["type"] for frame in log_of(room)].count("lines.checked") == 1


def test_v8_the_class_worker_is_rung_for_lines_and_ends(redis_url: str, room: Room, answer: Answer) -> None:
    with redis.Redis.from_url(redis_url) as client:
        proofreading.events_ring(written(answer, "no line yet", ended=False))
        assert client.llen("cs-class:class") == 0
        proofreading.events_ring(written(answer, ".\n\n2 + 2 = 4\n", ended=False))
        assert client.llen("cs-class:class") == 1
        proofreading.events_ring(written(answer, "\n\nso"))
        assert client.llen("cs-class:class") == 2
    class_app.loader.import_default_modules()
    assert proofreading.TASK in class_app.tasks
    tasks.answer_proofread(str(answer.pk))
    assert marks(room, answer) == [("2 + 2 = 4", "verified", None)]


def test_v8_without_worker_and_redis_the_sweep_looks(room: Room, answer: Answer, settings: Settings) -> None:
    settings.BROKER_URL = "redis+socket:///nowhere/redis.sock"
    class_worker.sender.cache_clear()
    proofreading.events_ring(written(answer, "2 + 2 = 5"))
    waiting = sweep.Sweep()
    assert waiting.tick() == 0, "a class worker gets a moment first"
    Answer.objects.update(finished_at=timezone.now() - sweep.PATIENCE - timedelta(seconds=1))
    assert waiting.tick() == 1
    assert waiting.tick() == 0
    assert marks(room, answer) == [("2 + 2 = 5", "refuted", "2 + 2 = 4, not 5")]


def test_v8_a_stopped_answer_is_marked_too_and_the_state_has_it(room: Room, bob: User, answer: Answer) -> None:
    written(answer, "First 2 + 2 = 5. And so on", ended=False)
    answer_stop(rights(bob, room), answer.pk, ref=str(uuid4()), trace="t")
    assert len(marks(room, answer)) == 1
    (item,) = projection.state_read(rights(bob, room), 99)["items"]
    assert [check["verdict"] for check in item["checks"]] == ["refuted"]


def test_charlie_sees_no_marks(room: Room, charlie: User, answer: Answer) -> None:
    written(answer, "2 + 2 = 5")
    assert marks(room, answer)
    with pytest.raises(Http404):
        projection.state_read(rights(charlie, room), 99)
