"""A model that was ready and answers no more: the worker finds out, says so, leaves the work to others, and comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from classroom.supervisor.ports import listen
from inference_worker import condition
from inference_worker.condition import FAILURES, Condition
from inference_worker.engines import endpoint
from inference_worker.engines.base import EngineOptions, Stats
from inference_worker.engines.endpoint import OpenAIOptions
from inference_worker.engines.pooled import FAILED
from inference_worker.job import WORKER, FinishReason, WorkerState
from inference_worker.places import SPARE
from inference_worker.runtime import UNUSABLE, TicketReturned
from inference_worker.tasks import ticket
from tests.inference_worker.fault_server import FaultServer, answer
from tests.inference_worker.line import SmallScribe, job_put
from tests.inference_worker.odd_engines import Clumsy, Mortal, Mute, Start
from tests.inference_worker.test_runtime import ended, job, state
from tests.services import Valkey, wait_until


@pytest.fixture(autouse=True)
def down(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Sets the engine ``mortal`` down; nobody waits to ask it again."""
    monkeypatch.setattr(condition, "AGAIN_S", 0.0)
    yield Mortal.down
    Mortal.down.clear()


@pytest.fixture
def scribe(valkey: Valkey) -> Iterator[SmallScribe]:
    with SmallScribe(valkey.url) as made:
        yield made


@pytest.fixture
def tell(client: Any, scribe: SmallScribe) -> Callable[..., dict[str, Any]]:
    """Asks a question and gives the reason and message of its end."""
    count = iter(range(1_000))

    def asked(text: str = "Why?") -> dict[str, Any]:
        name = f"a{next(count)}"
        job_put(client, job(text, name))
        ticket()
        done = ended(scribe, name).done
        assert done is not None
        return {
            "reason": done.reason,
            **{key: done.info[key] for key in ("message", "unavailable") if key in done.info},
        }

    return asked


Tell = Callable[..., dict[str, Any]]
GONE = {"reason": "error", "message": UNUSABLE, "unavailable": True}


def says(client: Any, word: str) -> WorkerState:
    """The heartbeat, once it says so."""
    found: WorkerState = wait_until(lambda: (told := state(client)) and told.state == word and told, f"it is {word}")
    return found


def test_a_model_that_fails_on_everything_is_broken_until_it_answers_again(
    valkey: Valkey, client: Any, start: Start, tell: Tell, down: Any
) -> None:
    start(valkey, engine="mortal")
    assert tell() == {"reason": "stop"}
    down.set()
    assert [tell() for _ in range(FAILURES)] == [{"reason": "error", "message": f"{FAILED} (RuntimeError)"}] * FAILURES
    assert tell() == GONE
    told = says(client, "broken")
    assert "3 answers in a row have failed" in told.reason
    assert f"{FAILED} (RuntimeError)" in told.reason
    assert tell() == GONE
    down.clear()
    assert tell() == {"reason": "stop"}
    assert says(client, "ready").reason == ""


def test_its_tickets_go_to_a_worker_that_answers(
    valkey: Valkey, client: Any, start: Start, tell: Tell, down: Any
) -> None:
    made = start(valkey, engine="mortal")
    down.set()
    for _ in range(FAILURES):
        tell()
    client.set(WORKER.format(name="w2"), WorkerState("w2", "ready", "scripted", "demo").to_json(), ex=60)
    job_put(client, job("Why?"))
    with pytest.raises(TicketReturned), made.slot():
        raise AssertionError("it took a slot")
    says(client, "broken")
    down.clear()
    with made.slot():
        says(client, "ready")


def test_questions_that_fail_by_themselves_break_nothing(
    valkey: Valkey, client: Any, start: Start, tell: Tell, caplog: pytest.LogCaptureFixture
) -> None:
    start(valkey)
    assert {tell("@scripted fail")["reason"] for _ in range(3 * FAILURES)} == {"error"}
    assert tell() == {"reason": "stop"}
    says(client, "ready")
    assert "the model cannot be used" not in caplog.text


def test_a_broken_one_is_not_asked_at_every_ticket(
    valkey: Valkey, client: Any, start: Start, tell: Tell, down: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(condition, "AGAIN_S", 60.0)
    start(valkey, engine="mortal")
    down.set()
    for _ in range(FAILURES + 1):
        tell()
    down.clear()
    assert tell() == GONE


def test_the_real_engine_behind_a_fault_of_its_device(
    valkey: Valkey, client: Any, start: Start, tiny: Callable[[str], Path], tmp_path: Path, tell: Tell
) -> None:
    def fault(*_: Any) -> None:
        raise RuntimeError("CUDA error: device-side assert triggered")

    model = EngineOptions(str(tiny("qwen2")), tmp_path, 2, dtype="float32")
    engine: Any = start(valkey, engine="batching", model=model)._engine
    hook = engine.net.register_forward_pre_hook(fault)
    for _ in range(FAILURES):
        assert tell("Cheer!")["message"] == f"{FAILED} (RuntimeError)"
    assert tell("Cheer!") == GONE
    says(client, "broken")
    hook.remove()
    assert tell("Cheer!") == {"reason": "stop"}
    says(client, "ready")


def test_it_comes_back_where_nobody_can_ask(
    valkey: Valkey, client: Any, start: Start, tell: Tell, down: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rooms without a tutor ask nothing, so no ticket comes."""
    monkeypatch.setattr(condition, "MEND_S", 0.05)
    start(valkey, engine="mortal")
    down.set()
    for _ in range(FAILURES):
        tell()
    assert tell() == GONE
    says(client, "broken")
    down.clear()
    assert says(client, "ready").reason == ""


def test_a_model_server_that_comes_late_is_found(
    valkey: Valkey, client: Any, start: Start, tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(condition, "MEND_S", 0.05)
    monkeypatch.setattr(endpoint, "PATIENCE_S", 0.0)
    with listen("127.0.0.1", 0) as probe:
        port = int(probe.getsockname()[1])
    model = OpenAIOptions("m", tmp_path, 4, base_url=f"http://127.0.0.1:{port}/v1")
    made = start(valkey, engine="openai_api", model=model)
    assert "cannot be reached" in says(client, "broken").reason
    assert made.tickets == 4 + SPARE, "there are as many tickets as it will serve"
    with FaultServer([answer("ready"), answer("Good morning.")], port=port):
        says(client, "ready")
        assert tell() == {"reason": "stop"}


# ---- alone


OPTIONS = EngineOptions("demo", Path("nowhere"), slots=2, rate=0)


def doubted() -> tuple[Condition, list[str]]:
    """One that has seen failures, and how often its state has changed since."""
    changes: list[str] = []
    made = Condition(lambda: changes.append(made.state))
    made.ready()
    changes.clear()
    for _ in range(FAILURES):
        made.note("error", "oh")
    return made, changes


def test_few_failures_are_no_doubt_and_a_good_answer_ends_it() -> None:
    made, changes = doubted()
    made.note("stop")
    made.note("error", "oh")
    made.look(Clumsy(OPTIONS))
    assert (made.state, changes) == ("ready", [])


def test_an_engine_that_cannot_even_be_asked_is_broken() -> None:
    made, changes = doubted()
    made.look(Clumsy(OPTIONS))
    assert (made.state, changes) == ("broken", ["broken"])
    assert "division by zero" in made.reason


def test_a_silent_engine_is_broken_and_a_busy_one_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(condition, "ANSWER_S", 0.05)
    made, _ = doubted()
    made.look(Mute(OPTIONS))
    assert (made.state, condition.SILENT in made.reason) == ("broken", True)
    made, busy, tokens = *doubted(), iter(range(100))
    engine = Mute(OPTIONS)
    monkeypatch.setattr(engine, "stats", lambda: Stats(1, 0, next(tokens)))
    made.look(engine)
    assert (made.state, busy) == ("ready", []), "others are being written meanwhile"


def test_whoever_is_preempted_or_stopped_says_nothing_about_the_engine() -> None:
    made, _ = doubted()
    reasons: tuple[FinishReason, ...] = ("cancelled", "preempted", "deadline")
    for reason in reasons:
        made.note(reason)
    made.look(Clumsy(OPTIONS))
    assert made.state == "broken", "the doubt is still there"
