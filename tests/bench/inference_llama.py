"""llama.cpp as a peer: its server in a process of its own, asked through our engine for servers of its protocol."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from inference_worker.engines import openai_api
from inference_worker.engines.endpoint import OpenAIOptions
from inference_worker.engines.openai_api import OpenAIEngine
from tests.bench import processor
from tests.bench.inference_work import DEADLINE_S, Sitting, engine_sit, request
from tests.bench.talk import Talk

PACKAGE = "xllamacpp"
MOST = 32


def package_folder(given: Path | None, kept: Path) -> Path | None:
    """Where the package lies, which the product does not need: in ``given``, or in ``kept``/peers."""
    for folder in (given, kept / "peers"):
        if folder is not None and (folder / PACKAGE).is_dir():
            return folder
    return None


class Llama:
    def __init__(self, folder: Path, gguf: Path, *, cpu: int, log: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path[:1]])}
        words = ["llamacpp", "--model", str(gguf), "--cpu", str(cpu)]
        self._talk = Talk("tests.bench.inference_child", *words, log=log, environment=environment)
        told = self._talk.hear()
        self._clock: Callable[[], float] = lambda: processor.cpu_s(told["pid"])
        options = OpenAIOptions("", Path("nowhere"), MOST, base_url=f"{told['address']}/v1")
        self._engine: Any = OpenAIEngine(options)
        openai_api.FIRST_S = openai_api.STALL_S = DEADLINE_S  # one core for all of them: slow is no fault here
        self._engine.start(lambda _: None)
        self._endless(self._engine._endpoint)
        self._warm, self._asked = 0, 1_000

    def sit(self, streams: int, tokens: int) -> Sitting:
        if streams > self._warm:
            self._warm = streams
            self.sit(streams, 2)  # each of these slots has then read the shared prompt
        first, self._asked = self._asked, self._asked + streams
        asked = [request(number, tokens) for number in range(first, first + streams)]
        return engine_sit(self._engine, "llamacpp", asked, self._clock)

    def close(self) -> None:
        self._engine.drain(5)
        self._talk.close()

    @staticmethod
    def _endless(endpoint: Any) -> None:
        """Nobody ends early, as with the others."""
        body = endpoint.body
        endpoint.body = lambda *words: {**body(*words), "ignore_eos": True, "cache_prompt": True}
