"""Our engine at the bench: many streams, a room's second turn, a small room beside a large one, prompts that arrive."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from statistics import median
from typing import Any

from inference_worker.engines import engine_make
from inference_worker.engines.base import Chunk, EngineOptions, Handle
from inference_worker.job import Message
from tests.bench.inference_work import SECOND, Sitting, Watch, engine_sit, listen, percentile, request

SLOTS = 32
BESIDE = 12  # streams that are being answered meanwhile
LARGE, SMALL, FEW_SLOTS = 28, 4, 8
LATER_S = 0.5
ENDLESS = 4_000


class Ours:
    def __init__(self, model: str, dtype: str) -> None:
        self._options: dict[str, Any] = {"model": model, "data_dir": Path("nowhere"), "dtype": dtype, "device": "cpu"}
        self._engine = self._make(slots=SLOTS)
        self._asked = 1_000  # questions so far: none is asked twice, or it would not be read again

    def _make(self, **more: Any) -> Any:
        engine: Any = engine_make("batching", EngineOptions(**self._options, **more))
        engine.start(lambda _: None)
        self._ends = engine.speech.eos
        engine.speech.eos = frozenset()  # nobody ends early
        engine_sit(engine, "ours", [request(99, 2)], time.process_time)  # the shared prompt has been read before
        return engine

    def sit(self, streams: int, tokens: int) -> Sitting:
        first, self._asked = self._asked, self._asked + streams
        asked = [request(number, tokens) for number in range(first, first + streams)]
        return engine_sit(self._engine, "ours", asked, time.process_time)

    def sit_unread(self, streams: int, tokens: int) -> Sitting:
        """The same with an engine that remembers no prompt."""
        engine = self._make(slots=SLOTS, reuse=False)
        try:
            return engine_sit(engine, "ours_unread", [request(n, tokens) for n in range(streams)], time.process_time)
        finally:
            engine.drain(10)

    def alone(self, tasks: int, tokens: int) -> Sitting:
        """What the Celery worker is compared with: everybody may end as the model wants."""
        self._engine.speech.eos = self._ends
        try:
            return self.sit(tasks, tokens)
        finally:
            self._engine.speech.eos = frozenset()

    def second_turn(self, trials: int, *, reuse: bool) -> dict[str, float]:
        """Time to the first word of a room's second turn, while others are answered."""
        engine = self._engine if reuse else self._make(slots=SLOTS, reuse=False)
        first: list[float] = []
        beside = _beside(engine)
        for number in range(100, 100 + trials):
            answer = "".join(event.text for event in _asked(engine, number).events() if isinstance(event, Chunk))
            turns: tuple[Message, ...] = ({"role": "assistant", "content": answer}, {"role": "user", "content": SECOND})
            begun = time.monotonic()
            handle = engine.submit(request(number, 2, turns=turns))
            assert isinstance(handle.poll(120), Chunk)
            first.append(1_000 * (time.monotonic() - begun))
            listen(handle, Watch(came={0: []}), 0)
        _end(beside)
        if not reuse:
            engine.drain(10)
        return {"first_ms": median(first)}

    def small_room(self, tokens: int, *, fair: bool) -> dict[str, float]:
        """Time to the first word of a room with few questions that come just behind another one's many."""
        engine = self._make(slots=FEW_SLOTS, fair=fair)
        large = [engine.submit(request(number, tokens, room="large")) for number in range(LARGE)]
        watch, threads = Watch(), []
        for number in range(SMALL):
            watch.ask(number)
            handle = engine.submit(request(50 + number, tokens, room="small"))
            threads.append(threading.Thread(target=listen, args=(handle, watch, number)))
            threads[-1].start()
        for thread in threads:
            thread.join()
        _end(large)
        engine.drain(10)
        return {"first_ms": median(watch.first_ms())}

    def arrivals(self, prompts: int) -> dict[str, float]:
        """The time between two pieces of a stream, while prompts that nobody has read before arrive."""
        beside = _beside(self._engine)
        watch = Watch()
        threads = []
        for number, handle in enumerate(beside):
            watch.ask(number)
            threads.append(threading.Thread(target=listen, args=(handle, watch, number)))
            threads[-1].start()
        newcomers = []
        for number in range(prompts):
            time.sleep(LATER_S)
            asked = request(200 + number, 24)
            fresh: Message = {"role": "system", "content": f"Room {number}. " + asked.messages[0]["content"]}
            newcomers.append(
                self._engine.submit(
                    type(asked)(asked.id, (fresh, *asked.messages[1:]), asked.sampling, deadline_s=3_600)
                )
            )
        for newcomer in newcomers:
            listen(newcomer, Watch(came={0: []}), 0)
        for handle in beside:
            handle.cancel()
        for thread in threads:
            thread.join()
        watch.first_ms()  # says when one of them failed
        between = watch.between_ms()
        return {"p50_ms": percentile(between, 0.5), "p99_ms": percentile(between, 0.99)}


def _asked(engine: Any, number: int) -> Handle:
    handle: Handle = engine.submit(request(number, 64))
    return handle


def _beside(engine: Any) -> list[Handle]:
    """Others who are being answered, and go on until they are ended."""
    handles = [engine.submit(request(number, ENDLESS)) for number in range(BESIDE)]
    for handle in handles:
        assert isinstance(handle.poll(120), Chunk)
    return handles


def _end(handles: list[Handle]) -> None:
    for handle in handles:
        handle.cancel()
    for handle in handles:
        listen(handle, Watch(came={0: []}), 0)
