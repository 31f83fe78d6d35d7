"""What the sources say to people: every text that is marked for translation, and where it stands.

Templates go through Django's own ``templatize`` and Babel's reader of Python; scripts mark theirs with ``t("…")``,
``tn("…", "…", n)`` and, for words that are turned into another language later, ``mark("…")``.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.extract import extract_python
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHON = ("classroom", "tutor")
NAMES = ("_", "gettext", "gettext_lazy", "gettext_noop", "pgettext", "npgettext", "ngettext", "ngettext_lazy")
# A message: its English text, its plural or "", its context or "".
Key = tuple[str, str, str]

_STRING = r'("(?:[^"\\\n]|\\.)*")'
_CALL = re.compile(rf"(?<![\w.$])(?:t|mark)\(\s*{_STRING}")
_PLURAL = re.compile(rf"(?<![\w.$])tn\(\s*{_STRING}\s*,\s*{_STRING}")
_BAD = re.compile(r'(?<![\w.$])(?:t|tn|mark)\(\s*(?!["\s)])')


def python_messages(source: str) -> Iterator[Key]:
    found: Any  # one text, or a tuple of them; Babel's own types know the first alone
    for _line, name, found, _comments in extract_python(io.BytesIO(source.encode()), dict.fromkeys(NAMES), [], {}):
        texts = [str(text or "") for text in (found if isinstance(found, tuple) else (found,))]
        if name == "pgettext":
            yield texts[1], "", texts[0]
        elif name == "npgettext":
            yield texts[1], texts[2], texts[0]
        elif name in ("ngettext", "ngettext_lazy"):
            yield texts[0], texts[1], ""
        elif texts[0]:
            yield texts[0], "", ""


def template_messages(source: str) -> Iterator[Key]:
    yield from python_messages(templatize(source))


def script_messages(source: str) -> Iterator[Key]:
    """Raises ValueError for a call whose text is not written out: it could not be found."""
    if wrong := _BAD.search(re.sub(r"^(export )?function .*$|^\s*(//|\*).*$", "", source, flags=re.MULTILINE)):
        raise ValueError(f"a text to translate must be written out: {wrong.group(0)!r}")
    for one in _CALL.findall(source):
        yield json.loads(one), "", ""
    for one, many in _PLURAL.findall(source):
        yield json.loads(one), json.loads(many), ""


def messages(root: Path = ROOT) -> dict[Key, list[str]]:
    """Every message → the files that say it, relative to ``root``."""
    found: dict[Key, set[str]] = {}
    places = [(path, template_messages) for path in root.glob("templates/**/*.html")]
    places += [(path, python_messages) for name in PYTHON for path in root.glob(f"{name}/**/*.py")]
    places += [(path, script_messages) for path in root.glob("static/src/**/*.ts") if path.name != "translate.ts"]
    for path, reader in places:
        for key in reader(path.read_text(encoding="utf-8")):
            found.setdefault(key, set()).add(str(path.relative_to(root)))
    return {key: sorted(files) for key, files in sorted(found.items())}
