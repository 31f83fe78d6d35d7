"""Files to blocks (rule D2): what each kind gives, in which places, and what is refused by name with the reason."""

from __future__ import annotations

import json

import pytest

from tests.tutor.documents import files
from tutor.documents.chunks import Block
from tutor.documents.readers import PAGES_MAX, TEXT_MAX, Refused, document_read, sections


def read(kind: str, data: bytes) -> list[Block]:
    return document_read(kind, data)[0]


def refused(kind: str, data: bytes) -> str:
    with pytest.raises(Refused) as caught:
        document_read(kind, data)
    return str(caught.value)


# ---- what is read


def test_d2_a_pdf_is_read_page_by_page() -> None:
    data = files.pdf("Angles add up.\nA straight line has 180 degrees.", "", "Page three (last).")
    blocks, pages = document_read("pdf", data)
    assert pages == 3
    assert [(block.page, block.anchor) for block in blocks] == [(1, "Page 1"), (3, "Page 3")]
    assert "180 degrees" in blocks[0].text
    assert blocks[1].text == "Page three (last)."


def test_d2_a_word_cut_at_the_end_of_a_line_is_whole_again() -> None:
    (block,) = read("pdf", files.pdf("The hypot-\nenuse is the\nlongest side."))
    assert block.text == "The hypotenuse is the longest side."


def test_d2_markdown_is_read_by_its_headings() -> None:
    text = "Before.\n\n# Circles\nRound.\n## Tangents ##\nTouching.\n```\n# no heading\n```\n# Lines\nStraight."
    assert [(block.heading, block.text) for block in read("markdown", text.encode())] == [
        ("", "Before."),
        ("Circles", "Round."),
        ("Circles › Tangents", "Touching.\n```\n# no heading\n```"),
        ("Lines", "Straight."),
    ]
    assert read("markdown", b"only text")[0].anchor == "Beginning"


def test_d2_a_fence_ends_with_its_own_kind() -> None:
    text = "~~~~\n# in\n```\n# in\n~~~~\n# out\nWords."
    assert [block.heading for block in sections(text)] == ["", "out"]


def test_d2_text_is_named_by_its_lines() -> None:
    text = "\ufeffone\r\ntwo\r\n\r\n\r\nthree\n" + "x" * 700 + "\n\n\nlast"
    blocks = read("text", text.encode())
    assert [block.anchor for block in blocks] == ["Lines 1–6", "Line 9"]
    assert blocks[0].text.startswith("one\ntwo")
    assert blocks[1].text == "last"


def test_d2_a_docx_is_read_by_its_heading_styles_and_tables() -> None:
    data = files.word(
        ("Title", "Handbook"), ("Normal", "Hello."), ("Heading 1", "Circles"), ("Normal", "# not a heading"),
        ("table", "radius|diameter"), ("Heading 2", "圆"), ("Normal", "半径"),
    )  # fmt: skip
    blocks = read("docx", data)
    assert [block.heading for block in blocks] == ["Handbook", "Circles", "Circles › 圆"]
    assert "radius | diameter" in blocks[1].text
    assert "# not a heading" in blocks[1].text.replace("\u200b", "")
    assert blocks[2].text == "半径"


def test_d2_a_notebook_is_read_cell_by_cell() -> None:
    data = files.notebook(("markdown", ["# Loops\n", "Again."]), ("code", "for i in range(3): pass"), ("code", " "))
    blocks, cells = document_read("ipynb", data)
    assert cells == 3
    assert [(block.anchor, block.heading) for block in blocks] == [("Cell 1", "Loops"), ("Cell 2", "Loops")]
    assert blocks[0].text == "# Loops\nAgain."


def test_d2_odd_cells_are_left_out() -> None:
    cells = [None, 7, {"source": 5}, {"source": [1, "a", None, "b"]}, {"cell_type": "code"}]
    blocks = read("ipynb", json.dumps({"cells": cells}).encode())
    assert [(block.text, block.anchor) for block in blocks] == [("ab", "Cell 4")]


# ---- what is refused, and in which words


@pytest.mark.parametrize(
    ("kind", "data", "why"),
    [
        ("pdf", b"hello", "not a PDF"),
        ("pdf", files.word(("Normal", "hello")), "not a PDF"),
        ("pdf", files.pdf("", ""), "Is it a scan?"),
        ("pdf", files.locked_pdf(), "protected by a password"),
        ("docx", b"hello", "not a DOCX"),
        ("docx", files.pdf("hello"), "not a DOCX"),
        ("docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "password, or is an old .doc"),
        ("docx", files.archive(sheet_xml=b"<x/>"), "some other archive"),
        ("docx", files.archive(word__document_xml=b"", big=b"\0" * (101 * 2**20)), "unpacks to more than 100 MB"),
        ("docx", files.word(("Heading 1", "")), "No text was found"),
        ("ipynb", b"[" * 100_000, "nests deeper than 40"),
        ("ipynb", b'{"cells": ' + b"[" * 50 + b"]" * 50 + b"}", "nests deeper than 40"),
        ("ipynb", b"not json", "not JSON"),
        ("ipynb", b"[]", "no cells"),
        ("ipynb", b'{"cells": {}}', "no cells"),
        ("ipynb", b'{"cells": []}', "No text was found"),
        ("ipynb", b"\xff\xfe{}", "not UTF-8 text (byte 1)"),
        ("markdown", "Größe".encode("latin-1"), "not UTF-8 text (byte 3)"),
        ("markdown", b"a\x00b", "binary content"),
        ("text", b" \n\t\n", "No text was found"),
        ("text", b"word " * (TEXT_MAX // 4), "more than 1,000,000 characters"),
    ],
)  # fmt: skip
def test_d2_what_cannot_be_read_is_refused_with_the_reason(kind: str, data: bytes, why: str) -> None:
    assert why in refused(kind, data)


def test_d2_brackets_inside_strings_do_not_count() -> None:
    assert read("ipynb", files.notebook(("markdown", '[[[[ \\" {{{{' * 20)))[0].anchor == "Cell 1"


def test_d2_a_pdf_has_so_many_pages_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tutor.documents.readers.PAGES_MAX", 2)
    assert refused("pdf", files.pdf("a", "b", "c")) == "The PDF has 3 pages; 2 at most can be read."
    assert PAGES_MAX == 1_000


def test_d2_a_pdf_of_too_much_text_is_refused_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tutor.documents.readers.TEXT_MAX", 5)
    assert "characters of text" in refused("pdf", files.pdf("one", "two", "three"))


def test_d2_an_empty_password_is_none() -> None:
    assert read("pdf", files.locked_pdf(""))[0].text == "Nobody reads this."
