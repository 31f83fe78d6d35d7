"""``python -m inference_worker.load_model NAME [--check]``: make a model ready ahead of time, and say what it is.

Without ``--check`` it finds, downloads or converts; with it the model is loaded and speaks, and what it costs is
printed. The exit code is 1 when the model cannot be used; the last line names the file and the reason.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inference_worker.checkpoints import model_folder
from inference_worker.engines import engine_make
from inference_worker.engines.base import EngineOptions, Finish, ModelError, Request
from inference_worker.job import Sampling

log = logging.getLogger(__name__)
STREAMS, TOKENS = 16, 2_048


def main(arguments: Sequence[str] | None = None) -> int:
    from inference_worker.celery_app import settings

    parser = argparse.ArgumentParser(prog="python -m inference_worker.load_model", description=__doc__)
    parser.add_argument("name", nargs="?", default=settings.TUTOR_MODEL, help="demo, a folder, a .gguf or a hub id")
    parser.add_argument("--check", action="store_true", help="load it and let it speak")
    parser.add_argument("--streams", type=int, default=STREAMS, help="for the memory figure")
    parser.add_argument("--tokens", type=int, default=TOKENS, help="for the memory figure")
    options = parser.parse_args(arguments)
    logging.basicConfig(level="INFO", format="%(message)s", stream=sys.stdout)
    data_dir = settings.DATA_DIR.resolve()
    try:
        if options.check:
            _check(options.name, data_dir, streams=options.streams, tokens=options.tokens)
        else:
            log.info("ready in %s", model_folder(options.name, data_dir, log.info))
    except ModelError as error:
        log.error("%s", error)
        return 1
    return 0


def _check(name: str, data_dir: Path, *, streams: int, tokens: int) -> None:
    begun = time.monotonic()
    engine: Any = engine_make("batching", EngineOptions(name, data_dir))
    engine.start(log.info)
    net = engine.net
    weights = sum(weight.numel() * weight.element_size() for weight in net.parameters())
    log.info("loaded in %.1f s on %s", time.monotonic() - begun, engine.device)
    log.info("size: %.0f M parameters, %.0f MB as %s", net.num_parameters() / 1e6, weights / 1e6, net.dtype)
    log.info("context: %s tokens", engine.context)
    cost = streams * tokens * cache_bytes(net.config, net.dtype.itemsize)
    log.info("memory: %.0f MB for %s streams of %s tokens, beside the weights", cost / 1e6, streams, tokens)
    asked = Request("check", ({"role": "user", "content": "Count to ten."},), Sampling(max_tokens=32, temperature=0))
    begun = time.monotonic()
    *_, finish = engine.submit(asked).events()
    if not isinstance(finish, Finish) or finish.reason == "error":
        raise ModelError(f"{name} loads but does not answer: {getattr(finish, 'message', '')}")
    log.info("speed: %.1f tokens/s in one stream", finish.completion_tokens / (time.monotonic() - begun))


def cache_bytes(config: Any, item: int) -> int:
    """Bytes of keys and values for one token of context; ``item``: bytes of one number."""
    heads = config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // heads
    return int(2 * config.num_hidden_layers * (getattr(config, "num_key_value_heads", None) or heads) * width * item)


if __name__ == "__main__":
    sys.exit(main())
