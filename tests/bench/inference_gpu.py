"""The engine on a GPU: tokens a second beside what the GPU's memory could give (its roofline).

Each step reads every weight once, and the keys and values of every stream. So no engine can make more tokens a second
than ``streams x bandwidth / (weights + streams x context x bytes of a token)``. Random weights of the shape of
VibeThinker-1.5B: speed does not depend on their values. The bandwidth is measured by a copy on the same device.

``python -m tests.bench.inference_gpu``; ``make bench-inference`` runs it where there is a GPU.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

from classroom.env import ENV
from inference_worker.engines import engine_make
from inference_worker.engines.base import EngineOptions, Finish, Handle, Request
from inference_worker.job import Sampling
from inference_worker.load_model import cache_bytes
from tests.bench.figures import Figure, figures_keep
from tests.inference_worker.tiny import tokenizer_make

# Qwen2.5-Math-1.5B's config.json, which VibeThinker-1.5B was trained from.
VIBETHINKER: Final[Mapping[str, Any]] = {
    "vocab_size": 151_936, "hidden_size": 1_536, "intermediate_size": 8_960, "num_hidden_layers": 28,
    "num_attention_heads": 12, "num_key_value_heads": 2, "max_position_embeddings": 131_072, "tie_word_embeddings": True,
}  # fmt: skip
STREAMS: Final = (1, 8, 32, 128)
GOALS: Final = {1: 0.5, 32: 0.4}  # of the roofline, on an H200
PROMPT, TOKENS = 300, 256
COPIED, COPIES = 1 << 30, 20  # bytes, times
POLL_S: Final = 0.001
DEADLINE_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class Sitting:
    """``tokens_s``: of all streams together, while all of them write; ``roofline``: what memory would allow."""

    streams: int
    tokens_s: float
    roofline: float

    @property
    def share(self) -> float:
        return self.tokens_s / self.roofline

    def line(self) -> str:
        return f"{self.streams:7} {self.tokens_s:10.0f} {self.roofline:10.0f} {100 * self.share:8.1f} %"


def checkpoint_make(folder: Path, shape: Mapping[str, Any]) -> Path:
    """A Qwen2 checkpoint of random numbers; kept, since the large one takes a minute."""
    if (folder / "config.json").exists():
        return folder
    tokenizer = tokenizer_make()
    torch.manual_seed(7)
    net: Any = Qwen2ForCausalLM(Qwen2Config(**{"eos_token_id": 0, "pad_token_id": 0, "dtype": "bfloat16", **shape}))
    tokenizer.save_pretrained(folder)
    net.to(torch.bfloat16).save_pretrained(folder)
    return folder


def bandwidth(device: str, size: int = COPIED) -> float:
    """Bytes a second that the device's memory reads and writes."""
    source, target = (
        torch.ones(size, dtype=torch.uint8, device=device),
        torch.empty(size, dtype=torch.uint8, device=device),
    )
    target.copy_(source)
    _wait(device)
    begun = time.perf_counter()
    for _ in range(COPIES):
        target.copy_(source)
    _wait(device)
    return 2 * size * COPIES / (time.perf_counter() - begun)


def roofline(streams: int, *, per_s: float, weights: int, context: float, token: int) -> float:
    """Tokens a second. ``weights``, ``token``: bytes; ``context``: tokens that a stream looks back at, on average."""
    return streams * per_s / (weights + streams * context * token)


def measured(model: Path, device: str, streams: Iterable[int], *, tokens: int, copied: int = COPIED) -> list[Sitting]:
    per_s = bandwidth(device, copied)
    counts = tuple(streams)
    engine: Any = engine_make(
        "batching", EngineOptions(str(model), model.parent, slots=max(counts), device=device, dtype="bfloat16")
    )
    engine.start(_say)
    engine.speech.eos = frozenset()  # nobody ends early
    token = cache_bytes(engine.net.config, engine.net.dtype.itemsize)
    made = []
    try:
        for count in counts:
            rate = _sit(engine, count, tokens)
            limit = roofline(count, per_s=per_s, weights=engine.weights.size, context=PROMPT + tokens / 2, token=token)
            made.append(Sitting(count, rate, limit))
            _say(made[-1].line())
    finally:
        engine.drain(30)
    return made


def _sit(engine: Any, streams: int, tokens: int) -> float:
    """Tokens a second while all of them write: from when the last has read its prompt until the first one ends."""
    before = engine.stats().tokens
    handles = [engine.submit(_request(engine, number, tokens)) for number in range(streams)]
    stats = engine.stats()
    while (stats.running < streams or stats.tokens - before < streams) and not handles[0].over:
        time.sleep(POLL_S)
        stats = engine.stats()
    begun, first = time.perf_counter(), stats.tokens
    while stats.running == streams:
        time.sleep(POLL_S)
        stats = engine.stats()
    spent = time.perf_counter() - begun
    _end(handles)
    if stats.tokens - first < streams:
        raise RuntimeError(f"the first of {streams} had ended before the last began: give them more tokens")
    return float((stats.tokens - first) / spent)


def _end(handles: list[Handle]) -> None:
    for handle in handles:
        *_, end = handle.events()
        if not isinstance(end, Finish) or end.reason != "length":
            raise RuntimeError(f"a request failed: {end}")


def _request(engine: Any, number: int, tokens: int) -> Request:
    """A prompt of PROMPT tokens of which all but the last are everybody's."""
    size = engine.speech.tokenizer.vocab_size
    ids = tuple((7 * place) % size for place in range(PROMPT - 1)) + (number % size,)
    return Request(f"bench-{number}", (), Sampling(max_tokens=tokens, temperature=0.0), ids=ids, deadline_s=DEADLINE_S)


def figures_of(sittings: Iterable[Sitting]) -> list[Figure]:
    shares = {sitting.streams: sitting.share for sitting in sittings}
    return [Figure(f"gpu_roofline_{streams}", shares.get(streams), ">=", goal) for streams, goal in GOALS.items()]


def options_read(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.inference_gpu", description=__doc__)
    parser.add_argument("--device", default="cuda", help="cuda, or cpu to see whether it runs")
    parser.add_argument("--streams", type=int, nargs="+", default=STREAMS)
    parser.add_argument("--tokens", type=int, default=TOKENS, help=f"new tokens of each stream ({TOKENS})")
    parser.add_argument(
        "--layers", type=int, default=VIBETHINKER["num_hidden_layers"], help="fewer: another, smaller model"
    )
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Without a GPU its figures are unmeasured, and that is no failure."""
    options = options_read(arguments)
    if options.device.startswith("cuda") and not torch.cuda.is_available():
        print("no GPU here", *(figure.line() for figure in figures_of([])), sep="\n")
        return 0
    kept = ENV.DATA_DIR.expanduser().resolve() / "bench"
    shape = {**VIBETHINKER, "num_hidden_layers": options.layers}
    model = checkpoint_make(kept / f"vibethinker-shape-{options.layers}", shape)
    sittings = measured(model, options.device, options.streams, tokens=options.tokens)
    name = torch.cuda.get_device_name(options.device) if options.device.startswith("cuda") else "CPU"
    figures = figures_of(sittings)
    print(f"{name}, {options.layers} layers, bfloat16, {options.tokens} new tokens a stream")
    print("streams   tokens/s   roofline    of it")
    print(*(sitting.line() for sitting in sittings), *(figure.line() for figure in figures), sep="\n")
    behind = {"device": name, "layers": options.layers, "tokens": options.tokens, "sittings": [*map(asdict, sittings)]}
    print(f"kept in {figures_keep(kept, 'inference_gpu', figures, behind)}")
    return 0


def _wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
