"""The web side never loads the model's libraries."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

HEAVY = ("torch", "transformers", "tokenizers", "safetensors", "numpy", "sympy", "PIL", "ziamath", "typst")


@pytest.mark.parametrize("module", ["classroom.asgi", "classroom.celery", "tutor.scribe", "inference_worker.job"])
def test_importing_it_leaves_the_models_libraries_out(module: str) -> None:
    program = (
        "import sys, django; "
        + ("" if module == "inference_worker.job" else "django.setup(); ")
        + f"import {module}; print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env={**os.environ})
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
