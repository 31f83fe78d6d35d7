"""From ``django.po`` to what runs: ``python -m classroom.catalogue.compile``.

Each language gets ``django.mo`` for Django and ``pages.json`` for the scripts of the pages: {msgid: [forms]}, only what
they ask for. Both are made where the house is installed and never committed; without them the house speaks English.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE = Path(__file__).resolve().parent.parent.parent / "locale"
SCRIPTS = "static/src/"


def catalogues(locale: Path = LOCALE) -> list[Path]:
    """Every ``django.po``, in a fixed order."""
    return sorted(locale.glob("*/LC_MESSAGES/django.po"))


def catalogue_read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name, domain="django")


def page_words(catalogue: Catalog) -> dict[str, list[str]]:
    """What the scripts ask for: each English text (of a plural its first form) with its forms in this language."""
    found = {}
    for message in catalogue:
        if not message.id or not any(place.startswith(SCRIPTS) for place, _ in message.locations):
            continue
        forms = [message.string] if isinstance(message.string, str) else list(message.string or [""])
        if all(forms) and not message.fuzzy:
            found[message.id if isinstance(message.id, str) else message.id[0]] = forms
    return found


def is_fresh(path: Path) -> bool:
    """Whether both files of this catalogue are younger than it is."""
    changed = path.stat().st_mtime_ns
    made = [path.with_suffix(".mo"), path.parent.parent / "pages.json"]
    return all(file.is_file() and file.stat().st_mtime_ns > changed for file in made)


def catalogue_compile(path: Path) -> None:
    """Write both files whole: whoever reads one meanwhile sees the old or the new one."""
    catalogue = catalogue_read(path)
    words = json.dumps(page_words(catalogue), ensure_ascii=False, sort_keys=True).encode()
    compiled = path.with_suffix(f".{os.getpid()}.new")
    with compiled.open("wb") as file:
        write_mo(file, catalogue)
    compiled.replace(path.with_suffix(".mo"))
    pages = path.parent.parent / f"pages.{os.getpid()}.new"
    pages.write_bytes(words)
    pages.replace(path.parent.parent / "pages.json")


def main(locale: Path = LOCALE) -> int:
    for path in catalogues(locale):
        if not is_fresh(path):
            catalogue_compile(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
