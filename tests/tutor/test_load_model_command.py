"""``manage.py load_model``: the model side does it in a process of its own; the exit code and the reason come through."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from classroom.settings import BASE_DIR


def load_model(data: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DATA_DIR": str(data), "HF_HUB_OFFLINE": "1", **settings}
    command = [sys.executable, "manage.py", "load_model", *words]
    return subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True, timeout=120)


def test_a_missing_folder_is_named_and_the_exit_code_says_so(tmp_path: Path) -> None:
    done = load_model(tmp_path, "./no/such/folder")
    assert done.returncode == 1
    assert "./no/such/folder" in done.stdout
    assert "cannot be used" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_model_that_is_too_large_for_the_memory_is_said(tmp_path: Path) -> None:
    """What a kernel that has run out of memory does to a process."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\nif 'inference_worker.load_model' in sys.orig_argv: os.kill(os.getpid(), 9)"
    )
    done = load_model(tmp_path, "demo", PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert "was killed (signal 9)" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stdout + done.stderr


def test_a_data_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = load_model(tmp_path / "file", "demo", "--check")
    assert done.returncode == 1
    assert f"DATA_DIR={tmp_path / 'file'} is no folder" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stdout + done.stderr


def test_without_a_name_it_is_the_model_of_the_settings(tmp_path: Path) -> None:
    assert "./of/the/settings" in load_model(tmp_path, TUTOR_MODEL="./of/the/settings").stdout


def test_a_pickle_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04")
    done = load_model(tmp_path, str(tmp_path))
    assert done.returncode == 1
    assert str(tmp_path / "pytorch_model.bin") in done.stdout


def test_a_name_that_begins_with_a_dash_is_a_name(tmp_path: Path) -> None:
    done = load_model(tmp_path, "--", "--check")
    assert done.returncode == 1
    assert "--check" in done.stdout


def test_django_never_imports_torch(tmp_path: Path) -> None:
    code = (
        "import sys, django; django.setup()\n"
        "from django.core.management import CommandError, call_command\n"
        "try: call_command('load_model', './no/such/folder')\n"
        "except CommandError: print('refused')\n"
        "assert not {'torch', 'transformers', 'tokenizers'} & set(sys.modules)"
    )
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "classroom.settings"}
    done = subprocess.run([sys.executable, "-c", code], cwd=BASE_DIR, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "refused" in done.stdout
