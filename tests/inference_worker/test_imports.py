"""What may be imported where: the model side knows nothing of Django, the teaching side nothing of torch."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "transformers", "tokenizers", "numpy")
OURS = ("classroom", "tutor")


def loaded_by(module: str) -> set[str]:
    """Top-level packages in memory after an import in a fresh process that has no Django (kombu looks for it)."""
    code = f"import sys; sys.modules['django'] = None; import {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_the_contract_imports_nothing_but_the_standard_library() -> None:
    code = "import sys; sys.path = [p for p in sys.path if 'site-packages' not in p]; import inference_worker.job"
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


LIGHT = ["chunker", "transcript", "jobs", "publisher", "control", "runs", "runtime", "checkpoints", "celery_app", "tasks",
         "engines", "engines.scripted"]  # fmt: skip


@pytest.mark.parametrize("module", LIGHT)
def test_no_torch_before_an_engine_wants_it(module: str) -> None:
    assert not loaded_by(f"inference_worker.{module}") & {*HEAVY, *OURS}


def test_the_real_engine_knows_no_people() -> None:
    assert not loaded_by("inference_worker.engines.transformers_generate") & set(OURS)
