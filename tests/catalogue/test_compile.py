"""A catalogue becomes what Django and the pages' scripts read; nothing that is unfinished gets into either."""

from __future__ import annotations

import gettext
import json
import os
from pathlib import Path

import pytest

from classroom.catalogue import compile as catalogue
from classroom.supervisor import languages

PO = """
msgid ""
msgstr ""
"Language: zh_Hans\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

#: static/src/words.ts templates/base.html
msgid "Today"
msgstr "今天"

#: static/src/room/head.ts
msgid "{n} hand up"
msgid_plural "{n} hands up"
msgstr[0] "{n} 人举手"

#: templates/base.html
msgid "Sign in"
msgstr "登录"

#: static/src/words.ts
msgid "Yesterday"
msgstr ""

#: static/src/words.ts
#, fuzzy
msgid "Tomorrow"
msgstr "昨天"
"""


@pytest.fixture
def locale(tmp_path: Path) -> Path:
    folder = tmp_path / "zh_Hans" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text(PO)
    return tmp_path


def test_the_scripts_get_what_they_ask_for_and_is_finished(locale: Path) -> None:
    assert catalogue.main(locale) == 0
    words = json.loads((locale / "zh_Hans" / "pages.json").read_text())
    assert words == {"Today": ["今天"], "{n} hand up": ["{n} 人举手"]}


def test_django_gets_all_that_is_finished(locale: Path) -> None:
    catalogue.main(locale)
    with (locale / "zh_Hans" / "LC_MESSAGES" / "django.mo").open("rb") as file:
        found = gettext.GNUTranslations(file)
    asked = ["Today", "Sign in", "Yesterday", "Tomorrow"]
    assert [found.gettext(text) for text in asked] == ["今天", "登录", "Yesterday", "Tomorrow"]
    assert found.ngettext("{n} hand up", "{n} hands up", 3) == "{n} 人举手"


def test_nothing_is_compiled_twice_and_a_change_is_seen(locale: Path) -> None:
    source = locale / "zh_Hans" / "LC_MESSAGES" / "django.po"
    os.utime(source, (1, 1))
    assert languages.catalogues_stale(locale) == [source]
    catalogue.main(locale)
    made = source.with_suffix(".mo")
    os.utime(made, (2, 2))
    os.utime(locale / "zh_Hans" / "pages.json", (2, 2))
    catalogue.main(locale)
    assert made.stat().st_mtime == 2
    assert languages.catalogues_stale(locale) == []
    os.utime(source, (3, 3))
    assert languages.catalogues_stale(locale) == [source]
    catalogue.main(locale)
    assert made.stat().st_mtime > 3
    assert not list(locale.rglob("*.new"))


def test_a_set_up_compiles_what_is_stale_alone(locale: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[list[str]] = []
    monkeypatch.setattr(languages, "LOCALE", locale)
    monkeypatch.setattr(languages, "step", lambda title, words, **_: told.append(words))
    languages.catalogues_compile()
    catalogue.main(locale)
    languages.catalogues_compile()
    assert [words[1:] for words in told] == [["-m", "classroom.catalogue.compile"]]
