"""A real Valkey for the worker's tests: one for the session, emptied before each test, and one to be killed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import redis

from classroom.supervisor.keeper import Keeper
from inference_worker.engines import ENGINES, endpoint
from inference_worker.engines.base import EngineOptions
from inference_worker.runtime import Holder, Runtime, RuntimeOptions
from tests.inference_worker.fault_server import Serving
from tests.inference_worker.hired import Hire, Worker
from tests.inference_worker.line import client_make
from tests.inference_worker.odd_engines import ODD, Start
from tests.services import Valkey


@pytest.fixture(scope="session")
def _server() -> Iterator[Valkey]:
    # A socket's name has 100 bytes at most; a test's own folder may be deeper.
    with tempfile.TemporaryDirectory(prefix="cs-") as folder, Valkey(Path(folder)) as server:
        yield server


@pytest.fixture
def valkey(_server: Valkey) -> Valkey:
    client_make(_server.url).flushall()
    return _server


@pytest.fixture
def client(valkey: Valkey) -> Iterator[redis.Redis]:
    made: Any = client_make(valkey.url)
    yield made
    made.close()


@pytest.fixture
def mortal() -> Iterator[Valkey]:
    """A server of the test's own: it may be killed, emptied and started again."""
    with tempfile.TemporaryDirectory(prefix="cs-") as folder, Valkey(Path(folder)) as server:
        yield server


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Opens a runtime as ``worker_init`` does, with an engine of ENGINES or an odd one; the last one is this process's."""
    for name, place in ODD.items():
        monkeypatch.setitem(ENGINES, name, place)
    opened: list[Runtime] = []

    def begin(
        server: Valkey,
        *,
        engine: str = "scripted",
        worker: str = "w1",
        model: EngineOptions | None = None,
        max_tokens: int = 4_000,
    ) -> Runtime:
        model = model or EngineOptions("demo", Path("nowhere"), slots=2, rate=0)
        made = Runtime(RuntimeOptions(worker, server.url, engine, model, max_tokens))
        Holder.runtime = made
        made.open()
        opened.append(made)
        return made

    yield begin
    Holder.runtime = None
    for made in opened:
        made.close()


@pytest.fixture
def hire(tmp_path: Path, valkey: Valkey) -> Iterator[Hire]:
    """Starts a worker with these settings, and waits until it has loaded."""
    keeper = Keeper()
    hired: list[Worker] = []

    def begin(**settings: str) -> Worker:
        hired.append(Worker(tmp_path, valkey, keeper, **settings))
        return hired[-1].start().settled()

    yield begin
    for worker in hired:
        worker.stop()
    keeper.close()


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Serving]:
    """OpenAI-compatible servers with faults to order. Retries do not wait long."""
    monkeypatch.setattr(endpoint, "RETRY_S", 0.01)
    monkeypatch.setattr(endpoint, "RETRY_MAX_S", 0.05)
    with ExitStack() as opened:
        yield Serving(opened, tmp_path)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny checkpoint, made on first use: ``llama`` or ``qwen2``. To be read only."""

    @cache
    def made(kind: str) -> Path:
        from tests.inference_worker.tiny import checkpoint_make  # torch takes seconds: only for who needs it

        return checkpoint_make(tmp_path_factory.mktemp("tiny") / kind, kind)

    return made


@pytest.fixture
def fresh(tiny: Callable[[str], Path]) -> Iterator[Callable[..., Any]]:
    """Batching engines of the test's own, which remember nothing of other tests."""
    from tests.inference_worker.test_batching import make  # torch again

    made: list[Any] = []

    def more(**options: Any) -> Any:
        made.append(make(tiny("qwen2"), **options))
        return made[-1]

    yield more
    for engine in made:
        engine.drain(10)
