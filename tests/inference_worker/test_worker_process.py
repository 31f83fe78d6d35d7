"""The real Celery worker as a process, with the scripted engine: tickets in, a stream out, and every way to end it."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from classroom.supervisor.keeper import Keeper
from inference_worker.engines.scripted import TEXT
from inference_worker.job import LEFT, TAKEN, Job, Sampling
from inference_worker.runtime import UNUSABLE
from tests.inference_worker.hired import Hire, Worker, ask, ended, gone
from tests.inference_worker.line import SmallScribe, job_put, stop_say
from tests.services import Valkey, wait_until

RECITE = "Recite!"


def test_tickets_in_text_out_and_a_stop_within_a_second(hire: Hire, valkey: Valkey) -> None:
    worker = hire(SCRIPTED_RATE="2000", MAX_ANSWER_TOKENS="4000")
    with SmallScribe(valkey.url) as scribe:
        names = [f"a{number}" for number in range(10)]
        for name in names:
            ask(worker, f"Question {name}?", name)
        for name in names:
            assert ended(scribe, name).raw == TEXT.format(question=f"Question {name}?")
        worker.ticket(20)  # spare ones find nothing
        ask(worker, "@scripted rate=50 loop", "long")
        wait_until(lambda: scribe.row("long").raw, "text has come")
        asked = time.monotonic()
        stop_say(worker.client, "long")
        row = ended(scribe, "long")
        assert time.monotonic() - asked < 1.0, "the promise of the room page"
        assert row.done is not None
        assert row.done.reason == "cancelled"
        ask(worker, "@scripted text=still there", "last")
        assert ended(scribe, "last").raw == "still there"


def test_sigterm_leaves_at_once_and_another_goes_on(hire: Hire, valkey: Valkey) -> None:
    worker = hire(SCRIPTED_RATE="100", MAX_ANSWER_TOKENS="4000")
    with SmallScribe(valkey.url) as scribe:
        ask(worker, f"@scripted rate=100 text={TEXT}")
        wait_until(lambda: len(scribe.row("a").raw) > 60, "text has come")
        assert worker.child is not None
        worker.child.terminate()
        gone(worker, 5.0)
        assert scribe.row("a").done is None, "its end is another worker's"
        assert worker.state() is None, "it says at once that it is gone"
        row = scribe.row("a")
        row.attempt = 2
        second = hire(SCRIPTED_RATE="2000", MAX_ANSWER_TOKENS="4000")
        ask(second, f"@scripted rate=0 text={TEXT}", attempt=2, prefix=row.raw)
        assert ended(scribe).raw == TEXT


def test_sigkill_leaves_nothing_and_a_ticket_that_comes_again_does_no_harm(hire: Hire, valkey: Valkey) -> None:
    worker = hire(MAX_ANSWER_TOKENS="4000")
    with SmallScribe(valkey.url) as scribe:
        ask(worker, "@scripted rate=50 loop")
        wait_until(lambda: scribe.row("a").raw, "text has come")
        assert worker.child is not None
        worker.child.signal(signal.SIGKILL)
        gone(worker, 5.0)
        second = hire(MAX_ANSWER_TOKENS="4000")
        before = len(scribe.said)
        second.ticket(3)  # as the broker does with what was not acked
        ask(second, "@scripted text=another", "b")
        ended(scribe, "b")
        assert {output.answer for output in scribe.said[before:]} == {"b"}, "the killed attempt is not begun again"


def test_a_worker_that_is_killed_before_its_first_word_has_begun_for_nobody(hire: Hire, valkey: Valkey) -> None:
    """Between the taking and the text there is only ``started``, and so the answer is handed on and not waited for."""
    worker = hire()
    with SmallScribe(valkey.url) as scribe:
        ask(worker, "@scripted stall")
        row = scribe.row("a")
        wait_until(lambda: row.started, "it is taken")
        assert worker.child is not None
        worker.child.signal(signal.SIGKILL)
        gone(worker, 5.0)
        assert (row.started, row.raw, row.done) == (1, "", None)
        assert worker.client.exists(TAKEN.format(answer="a", attempt=1))
        row.attempt = 2
        ask(hire(SCRIPTED_RATE="0"), f"@scripted text={TEXT}", attempt=2)
        assert ended(scribe).raw == TEXT
        assert (row.started, row.repeats) == (2, 0)


@pytest.fixture(scope="module")
def recital(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model that knows TEXT by heart, some 250 tokens of it."""
    from tests.inference_worker.tiny import checkpoint_make  # torch takes seconds: only for who needs it

    return checkpoint_make(tmp_path_factory.mktemp("recital") / "qwen2", "qwen2", {RECITE: TEXT})


def recite(worker: Worker, answer: str, *, attempt: int = 1, prefix: str = "") -> None:
    asked = ({"role": "user", "content": RECITE},)
    job_put(worker.client, Job(answer, attempt, asked, Sampling(max_tokens=450, temperature=0), prefix))
    worker.ticket()


def caught_in_the_middle(worker: Worker, scribe: SmallScribe) -> str:
    """An answer of which some is stored and some is not; the worker stands still. On a busy machine not the first one."""
    assert worker.child is not None
    for number in range(20):
        name = f"a{number}"
        recite(worker, name)
        wait_until(lambda name=name: len(scribe.row(name).raw) > 20, "text has come", every_s=0.002)
        worker.child.signal(signal.SIGSTOP)
        time.sleep(0.2)
        if scribe.row(name).done is None:
            return name
        worker.child.signal(signal.SIGCONT)
    raise AssertionError("each was written before anybody could look")


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM], ids=["sigkill", "sigterm"])
def test_what_a_real_model_was_writing_another_worker_writes_to_the_same_end(
    hire: Hire, valkey: Valkey, recital: Path, end: signal.Signals
) -> None:
    settings = {"INFERENCE_ENGINE": "batching", "TUTOR_MODEL": str(recital), "OMP_NUM_THREADS": "1"}
    worker = hire(**settings)
    with SmallScribe(valkey.url) as scribe:
        recite(worker, "undisturbed")
        assert ended(scribe, "undisturbed").raw == TEXT
        name = caught_in_the_middle(worker, scribe)
        assert worker.child is not None
        name_of_worker = scribe.row(name).info["worker"]
        worker.child.signal(end)
        worker.child.signal(signal.SIGCONT)
        gone(worker, 5.0)
        left = worker.client.exists(LEFT.format(name=name_of_worker))
        assert left == (end == signal.SIGTERM), "a restart is no failure, a fall is one"
        row = scribe.row(name)
        assert row.done is None, "its end is another worker's"
        row.attempt = 2  # what still comes of the first is dropped
        prefix, before = row.raw, len(scribe.said)
        assert TEXT.startswith(prefix)
        assert 20 < len(prefix) < len(TEXT)
        recite(hire(**settings), name, attempt=2, prefix=prefix)
        assert ended(scribe, name).raw == TEXT
        rest = [one.text for one in scribe.said[before:] if (one.answer, one.attempt) == (name, 2)]
        assert prefix + "".join(rest) == TEXT, "each word once"


def test_the_worker_outlives_redis(hire: Hire, mortal: Valkey, tmp_path: Path) -> None:
    keeper = Keeper()
    worker = Worker(tmp_path, mortal, keeper, MAX_ANSWER_TOKENS="4000")
    try:
        worker.start()
        with SmallScribe(mortal.url) as scribe:
            ask(worker, f"@scripted rate=100 text={TEXT}")
            wait_until(lambda: len(scribe.row("a").raw) > 60, "text has come")
            mortal.kill()
            mortal.start()
            assert ended(scribe).raw == TEXT
            ask(worker, "@scripted text=again", "b")
            assert ended(scribe, "b").raw == "again"
    finally:
        worker.stop()
        keeper.close()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"INFERENCE_ENGINE": "warp"}, "INFERENCE_ENGINE=warp"),
        ({"INFERENCE_ENGINE": "batching", "TUTOR_MODEL": "./no/such/model"}, "./no/such/model"),
    ],
)
def test_a_model_that_cannot_be_used_is_said_to_who_runs_the_machine_and_not_to_the_room(
    hire: Hire, valkey: Valkey, settings: dict[str, str], words: str
) -> None:
    worker = hire(**settings)
    told = worker.state()
    assert told is not None
    assert told.state == "broken"
    assert words in told.reason
    with SmallScribe(valkey.url) as scribe:
        ask(worker, "Why?")
        row = ended(scribe)
        assert row.done is not None
        assert row.done.reason == "error"
        assert row.done.info == {"message": UNUSABLE, "unavailable": True}
    assert words in worker.log.read_text()


def test_a_broken_worker_gives_its_tickets_to_one_that_is_not(hire: Hire, valkey: Valkey) -> None:
    """One GPU machine has a damaged disk: no question fails while the other one answers."""
    broken = hire(INFERENCE_ENGINE="warp")
    hire(SCRIPTED_RATE="2000", MAX_ANSWER_TOKENS="4000")
    with SmallScribe(valkey.url) as scribe:
        names = [f"a{number}" for number in range(8)]
        for name in names:
            ask(broken, "@scripted text=answered", name)
        for name in names:
            assert ended(scribe, name).raw == "answered"


def test_a_setting_that_is_no_number_ends_the_start_with_its_name(tmp_path: Path, valkey: Valkey) -> None:
    keeper = Keeper()
    worker = Worker(tmp_path, valkey, keeper, SCRIPTED_RATE="fast")
    with pytest.raises(AssertionError, match="ended"):
        worker.start()
    assert "SCRIPTED_RATE" in worker.log.read_text()
    keeper.close()


def test_a_room_goes_on_with_the_worker_that_knows_it(hire: Hire, valkey: Valkey) -> None:
    """Two workers, one room: whoever gets the ticket leaves the job to the one that has the room's text in memory."""
    first = hire()
    with SmallScribe(valkey.url) as scribe:
        served = []
        for number in range(7):
            name = f"a{number}"
            asked = Job(name, 1, ({"role": "user", "content": "@scripted rate=0 text=x"},), room_key="r")
            job_put(first.client, asked)
            first.ticket()
            ended(scribe, name)
            served.append(first.client.get(TAKEN.format(answer=name, attempt=1)))
            if number == 0:
                hire()
    assert served.count(served[0]) >= 6, "on a busy machine one may have waited for more than its second"
