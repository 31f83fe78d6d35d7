"""``python -m inference_worker.load_model NAME [--check]``: make a model ready ahead of time, and say what it is.

Without ``--check`` it finds, downloads or converts; with it the model is loaded and speaks, and what it costs is
printed. The exit code is 1 when the model cannot be used; the last line names the file and the reason.
"""

from __future__ import annotations

import argparse
import io
import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inference_worker.checkpoints import NAME_MAX, model_folder
from inference_worker.engines import engine_make
from inference_worker.engines.base import Engine, EngineOptions, Event, Finish, Request
from inference_worker.engines.errors import ModelError, blamed
from inference_worker.job import Sampling
from inference_worker.presets import card_for

log = logging.getLogger(__name__)
STREAMS, TOKENS = 16, 2_048
TOGETHER = 8
DRAIN_S = 5.0


def main(arguments: Sequence[str] | None = None) -> int:
    from inference_worker.celery_app import settings

    parser = argparse.ArgumentParser(prog="python -m inference_worker.load_model", description=__doc__)
    parser.add_argument("name", nargs="?", default=settings.TUTOR_MODEL, help="demo, a folder, a .gguf or a hub id")
    parser.add_argument("--check", action="store_true", help="load it and let it speak")
    parser.add_argument("--streams", type=_count, default=STREAMS, help="for the memory figure")
    parser.add_argument("--tokens", type=_count, default=TOKENS, help="for the memory figure")
    options = parser.parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a file's name may be no text, and is said all the same
    logging.basicConfig(level="INFO", format="%(message)s", stream=sys.stdout)
    try:
        with blamed(options.name[:NAME_MAX]):
            data_dir = settings.DATA_DIR.resolve()
            if options.check:
                _check(options.name, data_dir, streams=options.streams, tokens=options.tokens)
            else:
                log.info("ready in %s", model_folder(options.name, data_dir, log.info))
    except ModelError as error:
        log.error("%s", " ".join(str(error).splitlines()))
        return 1
    return 0


def _check(name: str, data_dir: Path, *, streams: int, tokens: int) -> None:
    begun = time.monotonic()
    engine: Any = engine_make("batching", EngineOptions(name, data_dir))
    engine.start(log.info)
    try:
        net, weights = engine.net, engine.weights
        log.info("loaded in %.1f s on %s", time.monotonic() - begun, engine.device)
        log.info("size: %.0f M parameters, %.0f MB as %s", weights.parameters / 1e6, weights.size / 1e6, net.dtype)
        log.info("context: %s tokens", engine.context)
        each = cache_bytes(net.config, net.dtype.itemsize)
        cost = streams * tokens * each
        log.info(
            "memory: %.0f MB for %s streams of %s tokens (%s bytes a token), %.0f MB with the weights",
            *(cost / 1e6, streams, tokens, each, (cost + weights.size) / 1e6),
        )
        card = card_for(name)
        log.info("presets: %s; chat template: %s", " or ".join(card.names) or "the default ones", card.template)
        alone, together = _speed(engine, name, 1), _speed(engine, name, TOGETHER)
        log.info("speed: %.1f tokens/s in one stream, %.1f in %s streams together", alone, together, TOGETHER)
    finally:
        engine.drain(DRAIN_S)


def _speed(engine: Engine, name: str, streams: int) -> float:
    """Tokens a second over all streams, from the first word of the first to the end of the last."""
    sampling = Sampling(max_tokens=32, temperature=0)
    asked = [Request(f"check-{n}", ({"role": "user", "content": f"Count to {n}."},), sampling) for n in range(streams)]
    handles = [engine.submit(request) for request in asked]
    events: list[Event | None] = [handles[0].poll(None)]
    begun = time.monotonic()
    for handle in handles:
        if not isinstance(events[0], Finish) or handle is not handles[0]:
            events += handle.events()
    finishes = [event for event in events if isinstance(event, Finish)]
    if failed := [finish for finish in finishes if finish.reason == "error"]:
        raise ModelError(f"{name} loads but does not answer: {failed[0].message}")
    return sum(finish.completion_tokens for finish in finishes) / max(1e-9, time.monotonic() - begun)


def cache_bytes(config: Any, item: int) -> int:
    """Bytes of keys and values for one token of context; ``item``: bytes of one number."""
    heads = config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // heads
    return int(2 * config.num_hidden_layers * (getattr(config, "num_key_value_heads", None) or heads) * width * item)


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise ValueError(text)  # argparse says which option it is
    return count


if __name__ == "__main__":
    sys.exit(main())
