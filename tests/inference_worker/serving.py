"""A real server of the OpenAI protocol for tests: ``transformers serve`` with a tiny checkpoint."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2 as httpx

from classroom.supervisor.ports import listen
from tests.inference_worker.tiny import BEGIN, END, POISON
from tests.services import NO_TLS, wait_until

# Leaves an answer that has begun open, as the templates of some models do; and it can fail.
OPEN_TEMPLATE = (
    "{% for message in messages %}{% if '" + POISON + "' in message['content'] %}{{ raise_exception('poison') }}{% endif %}"
    + BEGIN + "{{ message['role'] }}\n{{ message['content'] }}"
    "{% if not (loop.last and message['role'] == 'assistant') %}" + END + "\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt and messages[-1]['role'] != 'assistant' %}" + BEGIN + "assistant\n{% endif %}"
)  # fmt: skip


def open_copy(tiny: Path, folder: Path) -> Path:
    """The checkpoint with OPEN_TEMPLATE."""
    shutil.copytree(tiny, folder)
    (folder / "chat_template.jinja").write_text(OPEN_TEMPLATE)
    return folder


def endless_copy(checkpoint: Path, folder: Path) -> Path:
    """The checkpoint that never ends by itself: its end is a token behind its vocabulary."""
    shutil.copytree(checkpoint, folder)
    file, size = folder / "generation_config.json", json.loads((folder / "config.json").read_text())["vocab_size"]
    file.write_text(json.dumps({**json.loads(file.read_text()), "eos_token_id": size, "pad_token_id": 0}))
    return folder


@contextmanager
def transformers_serve(home: Path) -> Iterator[str]:
    """Its base URL. It loads whatever model a request names."""
    with listen("127.0.0.1", 0) as probe:
        port = int(probe.getsockname()[1])
    command = [
        sys.executable, "-m", "transformers.cli.transformers", "serve", "--host", "127.0.0.1", "--port", str(port),
        "--device", "cpu", "--dtype", "float32",
    ]  # fmt: skip
    environment = {**os.environ, "HF_HOME": str(home), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with (home / "serve.log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            wait_until(lambda: _healthy(port) or server.poll() is not None, "transformers serve answers", timeout_s=180)
            assert server.poll() is None, (home / "serve.log").read_text()
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.kill()
            server.wait()


def _healthy(port: int) -> bool:
    try:
        return (
            httpx.get(f"http://127.0.0.1:{port}/health", timeout=5, trust_env=False, verify=NO_TLS).status_code == 200
        )
    except httpx.TransportError:
        return False
