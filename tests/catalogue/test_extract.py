"""What is found in the sources: texts, plurals and contexts, in each of the three languages that we write."""

from __future__ import annotations

from pathlib import Path

import pytest

from classroom.catalogue import update
from classroom.catalogue.compile import catalogue_read
from classroom.catalogue.extract import messages, python_messages, script_messages, template_messages

EMPTY = 'msgid ""\nmsgstr ""\n"Language: zh_Hans\\n"\n"Plural-Forms: nplurals=1; plural=0;\\n"\n'


def test_python() -> None:
    source = """
from django.utils.translation import gettext as _
say(_("Hello"), _("in " "two parts"), ngettext("%(n)s hint", "%(n)s hints", n), pgettext("a verb", "Close"), other("No"))
"""
    assert set(python_messages(source)) == {
        ("Hello", "", ""), ("in two parts", "", ""), ("%(n)s hint", "%(n)s hints", ""), ("Close", "", "a verb"),
    }  # fmt: skip


def test_templates() -> None:
    source = """{% translate "Hello" %} <p title="{% translate "Tip" %}">{# no #}
    {% blocktranslate count n=list|length %}{{ n }} room{% plural %}{{ n }} rooms{% endblocktranslate %}
    {% include "x.html" with label=_("Label") %}"""
    assert set(template_messages(source)) == {
        ("Hello", "", ""), ("Tip", "", ""), ("%(n)s room", "%(n)s rooms", ""), ("Label", "", ""),
    }  # fmt: skip


def test_scripts() -> None:
    source = r"""
const a = html`<p title=${t("A \"quoted\" text")}>${t("By {name}", { name })}</p>`;
const b = tn("{n} hand", "{n} hands", n), c = mark("later"), d = list.t("no"), e = get("no");
"""
    assert set(script_messages(source)) == {
        ('A "quoted" text', "", ""), ("By {name}", "", ""), ("{n} hand", "{n} hands", ""), ("later", "", ""),
    }  # fmt: skip


@pytest.mark.parametrize("call", ["t(words)", "t(`Hello ${name}`)", "t('Hello')", "tn(one, many, n)", "mark(text)"])
def test_a_text_that_is_not_written_out_is_refused(call: str) -> None:
    with pytest.raises(ValueError, match="written out"):
        list(script_messages(f"const a = {call};"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("templates", "classroom", "static/src", "locale/zh_Hans/LC_MESSAGES"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "templates" / "a.html").write_text('{% translate "Hello" %}{% translate "New" %}')
    (tmp_path / "static" / "src" / "b.ts").write_text('t("Hello"); tn("{n} a", "{n} b", n);')
    (tmp_path / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po").write_text(
        EMPTY + '\nmsgid "Hello"\nmsgstr "你好"\n\nmsgid "Gone"\nmsgstr "没了"\n'
    )
    return tmp_path


def test_an_update_keeps_what_is_translated_and_names_what_is_not(root: Path) -> None:
    path = root / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
    wanted = messages(root)
    assert wanted["Hello", "", ""] == ["static/src/b.ts", "templates/a.html"]
    assert sorted(update.catalogue_update(path, wanted)) == ["New", "{n} a"]
    again = path.read_bytes()
    update.catalogue_update(path, wanted)
    assert path.read_bytes() == again, "nothing changes where nothing has changed"
    found = {message.id: message.string for message in catalogue_read(path) if message.id}
    assert found == {"Hello": "你好", "New": "", ("{n} a", "{n} b"): ("",)}
