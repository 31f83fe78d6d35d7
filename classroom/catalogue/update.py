"""Brings each ``django.po`` up to date with the sources: ``python -m classroom.catalogue.update`` (``make messages``).

Translations are kept, what nobody says any more goes, what is new stands there with an empty translation: fill it in.
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from classroom.catalogue.compile import catalogue_read, catalogues
from classroom.catalogue.extract import Key, messages

HEADER = "# What Chalkstream says, in one language: pages, messages and scripts. See CONTRIBUTING.md."


def catalogue_update(path: Path, wanted: dict[Key, list[str]]) -> list[str]:
    """Rewrite one catalogue; gives back the English texts that lack a translation."""
    old = catalogue_read(path)
    new = Catalog(locale=old.locale, domain="django", header_comment=HEADER, charset="utf-8", fuzzy=False)
    missing = []
    for (text, plural, context), files in wanted.items():
        known = old.get(text, context or None)
        words = known.string if known is not None and isinstance(known.id, str) == (not plural) else ""
        if plural and not words:
            words = ("",) * old.num_plurals
        places = [(file, 0) for file in files]
        new.add((text, plural) if plural else text, words, locations=places, context=context or None)
        if not all(words if isinstance(words, tuple) else (words,)):
            missing.append(text)
    catalogue_write(path, new)
    return missing


def catalogue_write(path: Path, catalogue: Catalog) -> None:
    text = io.BytesIO()
    write_po(text, catalogue, width=0, sort_output=True, include_lineno=False)
    # Dates and translators' names of the header would change each time; version control has them.
    dull = rb'^"(?!Language:|MIME|Content|Plural)[A-Za-z-]+: .*\n'
    fresh = path.with_suffix(".new")
    fresh.write_bytes(re.sub(dull, b"", text.getvalue(), flags=re.MULTILINE))
    fresh.replace(path)


def main() -> int:
    wanted = messages()
    for path in catalogues():
        missing = catalogue_update(path, wanted)
        print(f"{path.parent.parent.name}: {len(wanted)} messages, {len(missing)} without a translation")
        for text in missing:
            print(f"  {text!r}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
