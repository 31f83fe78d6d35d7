"""Every word that people read is marked, and every marked word has a translation that fits it. New words fail here first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.utils import translation

from classroom.catalogue.compile import catalogue_read, catalogues
from classroom.catalogue.extract import ROOT, messages
from tutor import availability, hints
from tutor.checker import check, pairs, pool, solving, statements
from tutor.documents import ingest, jail
from tutor.documents.reasons import REASONS, WITH_NUMBERS, reason_said

marked = cache(messages)
CATALOGUES = {path.parent.parent.name: catalogue_read(path) for path in catalogues()}
HOLES = re.compile(r"%\(\w+\)[sd]|\{\w+\}")
TAGS = re.compile(r"</?\w+[^>]*>")
HOW = "run `make messages`, then fill in locale/{}/LC_MESSAGES/django.po"


def test_there_is_a_catalogue_for_each_language_but_english() -> None:
    assert set(CATALOGUES) == {"zh_Hans"}
    assert len(marked()) > 500


@pytest.mark.parametrize("name", CATALOGUES)
def test_every_message_has_a_translation(name: str) -> None:
    known = {(message.id, message.context): message for message in CATALOGUES[name] if message.id}
    missing = []
    for text, plural, context in marked():
        message = known.get(((text, plural) if plural else text, context or None))
        forms = () if message is None else (message.string,) if isinstance(message.string, str) else message.string
        if message is None or message.fuzzy or not forms or not all(forms):
            missing.append(text)
    assert missing == [], HOW.format(name)


@pytest.mark.parametrize("name", CATALOGUES)
def test_no_translation_is_left_over(name: str) -> None:
    said = {text for text, _plural, _context in marked()}
    ids = [message.id if isinstance(message.id, str) else message.id[0] for message in CATALOGUES[name]]
    assert [text for text in ids if text and text not in said] == [], HOW.format(name)


@pytest.mark.parametrize("name", CATALOGUES)
def test_every_translation_has_the_holes_and_tags_of_its_text(name: str) -> None:
    """A hole that is missing loses a name; one that is not there raises where the page is made."""
    wrong = []
    for message in (message for message in CATALOGUES[name] if message.id):
        texts = [message.id] if isinstance(message.id, str) else list(message.id)
        forms = [message.string] if isinstance(message.string, str) else list(message.string or ())
        wanted = {(frozenset(HOLES.findall(text)), tuple(sorted(TAGS.findall(text)))) for text in texts}
        wrong += [
            form for form in forms if (frozenset(HOLES.findall(form)), tuple(sorted(TAGS.findall(form)))) not in wanted
        ]
    assert [form for form in wrong if form] == []


@pytest.mark.parametrize("name", CATALOGUES)
def test_scripts_know_the_plural_of_the_language(name: str) -> None:
    """static/src/translate.ts has one form, or two as in English; a language with more needs its rule there."""
    catalogue = CATALOGUES[name]
    assert catalogue.num_plurals == 1 or (catalogue.num_plurals, catalogue.plural_expr) == (2, "(n != 1)")


def test_a_text_means_one_thing_with_and_without_a_plural() -> None:
    """Scripts look texts up by their English form alone."""
    plural = {text for text, many, _ in marked() if many}
    assert {text for text, many, _ in marked() if not many} & plural == set()


# ---- what is said without being marked

CODE = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
BLOCK = re.compile(r"\{%\s*blocktranslate.*?endblocktranslate\s*%\}", re.DOTALL)
SAID_BY_ATTRIBUTE = re.compile(r'\b(?:aria-label|title|placeholder|alt|data-confirm)="([^"]*)"')
BARE = {"500.html"}  # stands alone: rendered when nothing else works
OUR_NAME = {"Chalkstream"}


def unmarked(source: str) -> Iterator[str]:
    """Letters of a template that are neither in a tag nor in one of Django's."""
    text = BLOCK.sub("", source)
    # What chooses between two things in a tag is no text, nor is the name of a style.
    text = re.sub(r"\{%\s*block (?:page_class|body_class)\s*%\}[^{]*\{%", "{%", text)
    text = CODE.sub("", text)
    yield from (found for found in SAID_BY_ATTRIBUTE.findall(text) if re.search(r"[A-Za-z]{2}", found))
    for found in re.sub(r"<(?:[^>\"']|\"[^\"]*\"|'[^']*')*>", "\n", text).split("\n"):
        if re.search(r"[A-Za-z]{2}", re.sub(r"&\w+;", "", found)):
            yield found.strip()


@pytest.mark.parametrize("path", sorted(ROOT.glob("templates/**/*.html")), ids=lambda path: path.name)
def test_templates_mark_what_they_say(path: Path) -> None:
    found = set(unmarked(path.read_text())) - OUR_NAME
    assert path.name in BARE or found == set()


def test_the_search_finds_what_is_not_marked() -> None:
    assert list(unmarked('<p class="x">Hello {{ name }}</p>')) == ["Hello"]
    assert list(unmarked('<a aria-label="Hello">{% translate "Hello" %}</a>')) == ["Hello"]
    assert (
        list(unmarked('{% blocktranslate %}Hello{% endblocktranslate %}<i title="{% translate "A B" %}">·</i>')) == []
    )


# What a script shows: text between tags of a template, and what an attribute says. Words in code are found by reading only.
SHOWN = re.compile(
    r'(?:aria-label|title|placeholder)="([^"$]*[A-Za-z]{2}[^"$]*)"|</?[a-z-]+(?: [^<>=]*)?>([A-Z][a-z]+[^<>{}`$=;]*)<'
)
KEYS = {"Enter", "Shift", "Ctrl"}


@pytest.mark.parametrize("path", sorted(ROOT.glob("static/src/**/*.ts")), ids=lambda path: path.name)
def test_scripts_mark_what_they_show(path: Path) -> None:
    lines = [
        line
        for line in path.read_text().splitlines()
        if "html`" in line or line.lstrip().startswith(("<", "$", "?", ":"))
    ]
    found = {text for line in lines for pair in SHOWN.findall(line) for text in pair if text}
    assert found - KEYS == set()


# ---- sentences that the server writes into facts, and pages say in their own language


def sentences() -> set[str]:
    """Reasons of the checker that are written out, and the other sentences of ours that facts carry."""
    found = {check.ALONE, check.NEAR, check.UNITS, pool.TOO_LONG, pool.NOT_STARTED, statements.GAINED, pairs.NOT_ALIKE}
    found |= {solving.FITS, solving.OPEN, solving.SAME, hints.ASK_WHAT, hints.ASKED}
    found |= {availability.UNREACHABLE, availability.NOBODY, availability.BROKEN, availability.LOADING}
    for path in ROOT.glob("tutor/checker/*.py"):
        found |= set(re.findall(r'\b(?:verified|refuted|unknown)\("([^"]*)"', path.read_text()))
    return found


def test_pages_know_every_sentence_of_the_server() -> None:
    table = (ROOT / "static" / "src" / "said.ts").read_text()
    assert {sentence for sentence in sentences() if f'mark("{sentence}")' not in table} == set()


def test_pages_know_every_word_of_what_refutes() -> None:
    """Witnesses are made of maths and of words; a page puts the words into its language by patterns."""
    table = (ROOT / "static" / "src" / "said.ts").read_text()
    listed = re.search(r"const WITNESSES.*?\n\];", table, re.DOTALL)
    assert listed is not None
    shapes = [
        re.compile(re.escape(pattern).replace(r"\{a\}", "(.+?)").replace(r"\{b\}", "(.+)"))
        for pattern in re.findall(r'mark\("([^"]*)"\)', listed[0])
    ]

    def rest(text: str) -> str:
        found = next((match for shape in shapes if (match := shape.fullmatch(text))), None)
        if found is not None:
            return " ".join(map(rest, found.groups()))
        sides = re.split(r" [≠≥≤<>=] ", text, maxsplit=1)
        return " ".join(map(rest, sides)) if len(sides) > 1 else text

    for text, before in REFUTED:
        verdict = check.step_check(text, before)
        assert verdict.witness, (text, before)
        assert re.findall(r"[A-Za-z]{2,}", rest(verdict.witness)) == [], verdict.witness


REFUTED = [
    ("2*3=7", None), ("\\sqrt{2} > 3/2", None), ("2<1", None), ("x^2+1", "(x+1)^2"), ("x=5", "4x-7=21"), ("x=7", "x^2=49"),
    ("x^5=x+2", "x^5-x-1=0"), ("y<2x", "y>2x"), ("x=5, y=8", "x+y=13, x-y=3"), ("r=dt", "d=rt"), ("x=4", "2^x=8"),
    ("i\\sqrt{5}+1", "i\\sqrt{5}"), ("x=1.41", "x^2=2"), ("20!^2 = 1", None), ("x^2+y^2=2", "x^2+y^2=1"), ("m=q/4", "4^m=q"),
]  # fmt: skip


def test_every_reason_to_refuse_a_file_is_in_the_catalogue() -> None:
    said = {ingest.NO_FILE, jail.TOO_LONG, jail.DAMAGED}
    source = (ROOT / "tutor" / "documents" / "readers.py").read_text()
    said |= set(re.findall(r'Refused\("([^"]*)"\)', source))
    assert said - set(REASONS) == set()
    numbered = [
        re.sub(r"\{[^}]*\}", "7", text) for text in re.findall(r'(?:Refused\(|TOO_MUCH: Final = )f"([^"]*)"', source)
    ]
    assert len(numbered) >= len(WITH_NUMBERS)
    with translation.override("zh-hans"):
        for text in {*said, *numbered} - {"No text was found in it.7"}:
            assert not re.search(r"[a-z]{3,}", re.sub(r"UTF-8|docx?", "", reason_said(text))), text
        assert reason_said("A sentence that nobody knows.") == "A sentence that nobody knows."
        assert reason_said("") == ""
    assert reason_said(numbered[0]) == numbered[0]
