"""The web side never loads the model's libraries, and no process what it does not use."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module

import pytest

from classroom.absences import absent

HEAVY = ("torch", "transformers", "tokenizers", "safetensors", "numpy", "sympy", "PIL", "ziamath", "typst")


def loaded(start: str, names: tuple[str, ...]) -> list[str]:
    """Which of ``names`` a process has in it that has started so."""
    program = f"import sys\n{start}\nprint(*[name for name in {names!r} if name in sys.modules], sep=',')"
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return [name for name in done.stdout.splitlines()[-1].split(",") if name]


def test_the_jobs_shape_leaves_the_models_libraries_out() -> None:
    assert loaded("import inference_worker.job", HEAVY) == []


UNUSED = ("rich", "requests", "psycopg", "jinja2")
PAGES = ("classroom.urls", "rest_framework.views", "allauth.account.views")
SCRIBE = """
import runpy
sys.argv = ["manage.py", "scribe", "--help"]
try:
    runpy.run_path("manage.py", run_name="__main__")
except SystemExit:
    pass
from tutor.management.commands.scribe import Command
assert not Command.requires_system_checks
"""
CLASS = "import classroom.celery, os; classroom.celery.app.loader.import_default_modules(); os.environ['CELERY_SKIP_CHECKS']"


@pytest.mark.parametrize(
    ("process", "start", "without"),
    [
        ("web", "import classroom.server, classroom.asgi", UNUSED),  # Autobahn takes cryptography
        ("scribe", SCRIBE, (*UNUSED, *PAGES, "twisted", "cryptography")),
        ("class", CLASS, (*UNUSED, *PAGES, "twisted", "cryptography")),
    ],
)
def test_a_process_loads_only_what_it_uses(process: str, start: str, without: tuple[str, ...]) -> None:
    assert loaded(start, (*HEAVY, *without)) == []


def test_what_was_absent_can_be_had_afterwards() -> None:
    with absent(("wave", "os")):
        assert sys.modules["os"] is os  # it was there
        with pytest.raises(ImportError):
            import_module("wave")
    assert import_module("wave").__name__ == "wave"


FIRST_TICKET = """
import classroom.asgi, sys, tutor.dispatch
from kombu.exceptions import OperationalError
before = {*sys.modules}
try:
    tutor.dispatch.ticket_send()
except OperationalError:
    print("not sent", *sorted({*sys.modules} - before))
"""


def test_the_first_frame_of_a_web_process_loads_nothing() -> None:
    """What its ticket is sent with took 50 ms of it, and all that the verbs import."""
    environment = {**os.environ, "REDIS_URL": "unix:///nowhere/redis.sock"}
    done = subprocess.run([sys.executable, "-c", FIRST_TICKET], capture_output=True, text=True, env=environment)
    assert done.stdout.strip() == "not sent", done.stderr
    verbs = ("tutor.actions", "classroom.board.actions")
    assert loaded("import classroom.asgi", verbs) == [*verbs]
