"""The compiled catalogues of translations: made when a catalogue has changed, by the environment's own Python."""

from __future__ import annotations

from pathlib import Path
from typing import List

from classroom.supervisor import packages
from classroom.supervisor.packages import BASE_DIR
from classroom.supervisor.steps import step

LOCALE = BASE_DIR / "locale"


def catalogues_stale(locale: Path = LOCALE) -> List[Path]:
    """The catalogues whose compiled form is missing or older than they are."""
    found = []
    for path in sorted(locale.glob("*/LC_MESSAGES/django.po")):
        made = path.with_suffix(".mo")
        if not made.is_file() or made.stat().st_mtime_ns <= path.stat().st_mtime_ns:
            found.append(path)
    return found


def catalogues_compile() -> None:
    if catalogues_stale(LOCALE):
        words = [str(packages.venv_python()), "-m", "classroom.catalogue.compile"]
        step("Compiling the translations", words, log=packages.LOG, cwd=BASE_DIR)
