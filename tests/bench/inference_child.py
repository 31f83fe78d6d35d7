"""One peer in a process of its own, tied to the CPU that is measured: asked by the bench, answers with its figures."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from tests.bench.processor import move_to
from tests.bench.talk import answers_only

NAMES = ("ours", "generate_threads", "static_batch", "transformers_cb", "llamacpp")


def peer_make(name: str, model: str, dtype: str) -> Any:
    """Imports only what this peer needs."""
    if name == "ours":
        from tests.bench.inference_ours import Ours

        return Ours(model, dtype)
    from tests.bench import inference_peers as peers

    kinds = (peers.GenerateThreads, peers.StaticBatch, peers.TransformersBatching)
    return next(kind for kind in kinds if kind.name == name)(model, dtype)


def llama_serve(gguf: str, slots: int, context: int) -> Any:
    """llama.cpp's own server in this process, with one thread, and a slot of its own for each stream."""
    import xllamacpp

    options = xllamacpp.CommonParams()
    options.model.path = gguf
    options.n_parallel, options.n_ctx = slots, slots * context
    options.cpuparams.n_threads = options.cpuparams_batch.n_threads = 1
    options.port, options.warmup = 0, False
    return xllamacpp.Server(options)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.inference_child")
    parser.add_argument("peer", choices=NAMES)
    parser.add_argument("--model", required=True, help="a folder with safetensors; for llamacpp the GGUF file")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--cpu", type=int, required=True)
    options = parser.parse_args()
    move_to({options.cpu})
    answer = answers_only()
    if options.peer == "llamacpp":
        server = llama_serve(options.model, 32, 1_024)
        answer({"address": server.listening_address, "pid": os.getpid()})
        sys.stdin.read()
        os._exit(0)  # its threads do not end by themselves
    import torch

    torch.set_num_threads(1)
    peer = peer_make(options.peer, str(Path(options.model)), options.dtype)
    answer({"ready": True})
    for line in sys.stdin:
        message = json.loads(line)
        try:
            made = getattr(peer, message.pop("do"))(**message)
            answer(made.record() if hasattr(made, "record") else made)
        except Exception as error:  # the edge of this process: whoever asked must hear it
            answer({"error": f"{type(error).__name__}: {error}"})
    os._exit(0)  # threads of peers may still wait for something


if __name__ == "__main__":
    main()
