"""A page's SVG as PNG, and several as one PDF, by Typst: one wheel with its own fonts, and no library of the system.

Chinese, Japanese and Korean are written with Noto Sans CJK, which is a wheel too: no text depends on a machine's fonts.
Pure; the jail's child calls it. SVG comes from ``drawing`` alone and names nothing outside of itself.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Final, Literal

PIXELS_MAX: Final = 2400  # of the longer side of a PNG
POINTS_MAX: Final = 14_000  # of a PDF's side; the format ends at 14,400
CJK: Final = "manimgx_fonts_cjk"  # the package with the font file in it, licensed OFL 1.1
SOURCE: Final = """#let pages = json(bytes(sys.inputs.pages))
#set document(title: sys.inputs.title, date: none)
#for one in pages {
  set page(width: one.w * 1pt, height: one.h * 1pt, margin: 0pt)
  image(bytes(one.svg), format: "svg", width: 100%, height: 100%, alt: one.alt)
}
"""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page to print: its SVG, its size in units of the board, and what it shows in words."""

    svg: str
    w: float
    h: float
    alt: str


class PrintError(Exception):
    """What cannot be printed: a sentence."""


def png_print(sheet: Sheet, pixels: int) -> bytes:
    """One page, its longer side ``pixels`` long at most, and never larger than twice its size. Raises PrintError."""
    scale = min(2.0, min(pixels, PIXELS_MAX) / max(sheet.w, sheet.h))
    return _compiled([sheet], "png", "", 72 * scale)


def pdf_print(sheets: Sequence[Sheet], title: str) -> bytes:
    """All pages, one below the other. Raises PrintError."""
    return _compiled([_within(sheet) for sheet in sheets], "pdf", title, 72)


def _within(sheet: Sheet) -> Sheet:
    scale = min(1.0, POINTS_MAX / max(sheet.w, sheet.h))
    return Sheet(sheet.svg, sheet.w * scale, sheet.h * scale, sheet.alt)


def _compiled(sheets: Sequence[Sheet], kind: Literal["png", "pdf"], title: str, ppi: float) -> bytes:
    import typst

    pages = json.dumps([asdict(sheet) for sheet in sheets])
    try:
        fonts = typst.Fonts(font_paths=font_folders())
        inputs = {"pages": pages, "title": title}
        made = typst.compile(SOURCE.encode(), format=kind, ppi=ppi, sys_inputs=inputs, font_paths=fonts)
    except (RuntimeError, ValueError) as error:
        raise PrintError(f"The board cannot be printed: {str(error)[:200]}") from None
    return made


def font_folders() -> list[str]:
    """Where fonts lie beside those of the machine and of Typst."""
    spec = find_spec(CJK)
    return list(spec.submodule_search_locations or []) if spec else []
