"""Text in PNG and PDF comes out as letters on any machine, Chinese too: no font of the machine is asked."""

from __future__ import annotations

import io

import pypdf
import pytest
import typst
from PIL import Image

from classroom.board import printing
from classroom.board.drawing import page_draw
from classroom.board.printing import PrintError, Sheet, font_folders, pdf_print, png_print
from tests.board.shapes import shape

NOWHERE = "\u0378"  # no font has it: what stands for it is the box


@pytest.fixture(autouse=True)
def _bare_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a font of its own."""
    whole = typst.Fonts

    def bare(font_paths: list[str]) -> typst.Fonts:
        return whole(include_system_fonts=False, font_paths=font_paths)

    monkeypatch.setattr(typst, "Fonts", bare)


def sheet_of(text: str) -> Sheet:
    return page_draw([shape("text", text=text, w=40.0, h=50.0)])


def printed(text: str) -> bytes:
    with Image.open(io.BytesIO(png_print(sheet_of(text), 800))) as image:
        return image.convert("L").tobytes()


def test_q22_a_chinese_character_is_no_box() -> None:
    box = printed(NOWHERE)
    shown = {text: printed(text) for text in ("面", "积", "圆")}
    assert box not in shown.values()
    assert len(set(shown.values())) == 3, "each its own outline"


def test_q22_without_the_font_it_would_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the test above would see: the control."""
    monkeypatch.setattr(printing, "CJK", "no_such_package")
    assert font_folders() == []
    assert printed("面") == printed("积")


def test_q22_a_pdf_has_the_characters_to_be_read_and_searched() -> None:
    pdf = pypdf.PdfReader(io.BytesIO(pdf_print([sheet_of("面积 = 7"), sheet_of("周长")], "桌子 one")))
    assert [page.extract_text().replace(" ", "") for page in pdf.pages] == ["面积=7", "周长"]
    fonts = [str(font.get_object()["/BaseFont"]) for font in pdf.pages[1]["/Resources"]["/Font"].values()]
    assert all("NotoSansCJK" in font for font in fonts), fonts


def test_what_cannot_be_printed_is_a_sentence() -> None:
    with pytest.raises(PrintError, match="cannot be printed"):
        png_print(Sheet("<svg", 10, 10, ""), 100)
