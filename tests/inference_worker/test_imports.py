"""What may be imported where: the model side knows nothing of people, and no torch before an engine wants it."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {"torch", "transformers", "tokenizers", "numpy"}
OURS = {"classroom", "tutor"}
LIGHT = (
    "job", "presets", "chunker", "transcript", "jobs", "publisher", "control", "heartbeat", "checkpoints", "engines",
    "engines.scripted", "runs", "runtime", "celery_app", "tasks",
)  # fmt: skip
LOADED = "print(*{name.partition('.')[0] for name in sys.modules})"


def python(code: str, *options: str) -> str:
    """What a fresh process prints that has no Django (kombu would look for it)."""
    code = f"import sys; sys.modules['django'] = None\n{code}"
    done = subprocess.run([sys.executable, *options, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_contract_needs_the_standard_library_alone() -> None:
    python("sys.path = [path for path in sys.path if 'site-packages' not in path]\nimport inference_worker.job", "-S")


def test_no_torch_before_an_engine_wants_it() -> None:
    """Module by module, so that the first one that brings it is named."""
    lines = [f"import inference_worker.{module}; print('{module}', end=' '); {LOADED}" for module in LIGHT]
    for line in python("\n".join(lines)).splitlines():
        module, *loaded = line.split()
        assert not set(loaded) & (HEAVY | OURS), module


def test_the_real_engine_knows_no_people() -> None:
    loaded = set(python(f"import inference_worker.engines.batching; {LOADED}").split())
    assert loaded >= {"torch", "transformers"}
    assert not loaded & OURS
