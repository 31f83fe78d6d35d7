"""Files to blocks of text. Runs in the jail alone (``child.py``): what is read here was written by anybody.

A reader raises Refused with one sentence for people that says what is wrong with the file. Whatever else it raises counts as
damage. Only the bytes are believed, not the name: the name says what to try, and the content must be that.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from typing import Any, Final

from tutor.documents.chunks import Block

PAGES_MAX: Final = 1_000
TEXT_MAX: Final = 1_000_000  # characters of one document
UNPACKED_MAX: Final = 100 * 1024 * 1024  # of a DOCX
TOO_MUCH: Final = f"It has more than {TEXT_MAX:,} characters of text. Cut it into several documents."
FILES_MAX: Final = 4_000  # in a DOCX
DEPTH_MAX: Final = 40  # of a notebook
_HEADING: Final = re.compile(r"^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_FENCE: Final = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


class Refused(Exception):
    """The file is not what can be read, and why."""


Read = tuple[list[Block], int | None]  # blocks, and how many pages or cells


def text_read(data: bytes) -> str:
    """Raises Refused for what is not UTF-8 text."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(f"This is not UTF-8 text (byte {error.start + 1}). Save it as UTF-8 and try again.") from None
    if "\x00" in text:
        raise Refused("This is not a text file: it has binary content.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def plain(data: bytes) -> Read:
    """Paragraphs, each named by its lines."""
    blocks, kept, begin = [], list[str](), 1
    lines = text_read(data).split("\n")
    for number, line in enumerate([*lines, ""], 1):
        if line.strip() and number <= len(lines):
            kept.append(line)
            continue
        if sum(map(len, kept)) > 600 or (number > len(lines) and any(map(str.strip, kept))):
            anchor = f"Line {begin}" if begin == number - 1 else f"Lines {begin}–{number - 1}"
            blocks.append(Block("\n".join(kept).strip(), anchor))
            kept, begin = [], number + 1
        elif any(map(str.strip, kept)):
            kept.append("")
        else:
            begin = number + 1
    return blocks, None


def markdown(data: bytes) -> Read:
    """Sections, each named by the headings above it."""
    return list(sections(text_read(data))), None


def sections(text: str, above: tuple[str, ...] = ()) -> Iterator[Block]:
    path: list[tuple[int, str]] = []
    kept: list[str] = []
    fence = ""

    def block() -> Block:
        heading = " › ".join([*above, *(title for _, title in path)])
        return Block("\n".join(kept).strip(), heading or "Beginning", heading)

    for line in text.split("\n"):
        if mark := _FENCE.match(line):
            fence = "" if fence and mark[1].startswith(fence) else fence or mark[1][:3]
        heading = None if fence else _HEADING.match(line)
        if heading is None:
            kept.append(line)
            continue
        if "".join(kept).strip():
            yield block()
        kept.clear()
        level = len(heading[1])
        path[:] = [(depth, title) for depth, title in path if depth < level]
        path.append((level, heading[2]))
    if "".join(kept).strip():
        yield block()


def notebook(data: bytes) -> Read:
    """Cells of text and code; what code once printed is left out."""
    text = text_read(data)
    if _depth(data) > DEPTH_MAX:
        raise Refused(f"The notebook nests deeper than {DEPTH_MAX} levels.")
    try:
        root = json.loads(text)
    except ValueError:
        raise Refused("This is not a notebook: it is not JSON.") from None
    cells = root.get("cells") if isinstance(root, dict) else None
    if not isinstance(cells, list):
        raise Refused("This is not a notebook: it has no cells.")
    blocks, heading = list[Block](), ""
    for number, cell in enumerate(cells, 1):
        source = cell.get("source", "") if isinstance(cell, dict) else ""
        words = "".join(filter(lambda part: isinstance(part, str), source)) if isinstance(source, list) else source
        if not isinstance(words, str) or not words.strip():
            continue
        if cell.get("cell_type") == "markdown":
            titles = [found[2] for line in words.split("\n") if (found := _HEADING.match(line))]
            heading = titles[-1] if titles else heading
        blocks.append(Block(words.strip(), f"Cell {number}", heading))
    return blocks, len(cells)


def _depth(data: bytes) -> int:
    """Deepest bracket outside strings, before a parser that recurses sees it."""
    depth = deepest = 0
    for character in _STRING.sub(b"", data):
        if character in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in b"]}":
            depth -= 1
    return deepest


def pdf(data: bytes) -> Read:
    """Pages. One that has no text (a scan) is left out."""
    if b"%PDF-" not in data[:1024]:
        raise Refused("This is not a PDF, whatever its name says.")
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise Refused("The PDF is protected by a password. Save it without one and try again.")
    count = len(reader.pages)
    if count > PAGES_MAX:
        raise Refused(f"The PDF has {count} pages; {PAGES_MAX} at most can be read.")
    blocks, total = [], 0
    for number, page in enumerate(reader.pages, 1):
        text = _unbroken(page.extract_text())
        total += len(text)
        if total > TEXT_MAX:
            raise Refused(TOO_MUCH)
        if text:
            blocks.append(Block(text, f"Page {number}", page=number))
    return blocks, count


def _unbroken(text: str) -> str:
    """A page's lines as paragraphs: words that were cut at a line's end are whole again."""
    text = re.sub(r"(?<=[a-zà-ÿ])-\n(?=[a-zà-ÿ])", "", text.replace("\x00", ""))
    paragraphs = re.split(r"\n\s*\n|(?<=[.!?:。！？：])\s*\n(?=\S)", text)
    return "\n\n".join(filter(None, (" ".join(part.split()) for part in paragraphs)))


def docx(data: bytes) -> Read:
    """Sections by heading styles; tables row by row. Formulas of Word's own kind are not read."""
    if data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise Refused("The file is protected by a password, or is an old .doc. Save it as .docx without one.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            inside = archive.infolist()
    except (zipfile.BadZipFile, EOFError):
        raise Refused("This is not a DOCX, whatever its name says, or it is damaged.") from None
    if "word/document.xml" not in {entry.filename for entry in inside}:
        raise Refused("This is not a DOCX: it is some other archive.")
    if len(inside) > FILES_MAX or sum(entry.file_size for entry in inside) > UNPACKED_MAX:
        raise Refused(f"The DOCX unpacks to more than {UNPACKED_MAX // 2**20} MB.")
    import docx as word

    lines = []
    for part in word.Document(io.BytesIO(data)).iter_inner_content():
        lines += _docx_lines(part)
    return list(sections("\n".join(lines))), None


def _docx_lines(part: Any) -> list[str]:
    """Markdown of one paragraph or table, which ``sections`` then cuts at the headings."""
    if hasattr(part, "rows"):
        rows = (" | ".join(" ".join(cell.text.split()) for cell in row.cells) for row in part.rows)
        return ["", *rows, ""]
    style = re.fullmatch(r"(?:Heading ([1-6])|Title)", (part.style.name or "") if part.style is not None else "")
    text = part.text.strip()
    if style and text:
        return [f"{'#' * int(style[1] or 1)} {' '.join(text.split())}"]
    # A line that only looks like a heading or a fence is none.
    return ["", re.sub(r"(?m)^(\s*)(#|```|~~~)", "\\1\u200b\\2", text)]


KINDS: Final[dict[str, Callable[[bytes], Read]]] = {
    "pdf": pdf, "docx": docx, "ipynb": notebook, "markdown": markdown, "text": plain,
}  # fmt: skip


def document_read(kind: str, data: bytes) -> Read:
    """What ``kind`` makes of the bytes. Raises Refused, also where no text is found or too much of it."""
    blocks, pages = KINDS[kind](data)
    if not any(block.text for block in blocks):
        scan = " Is it a scan? Pictures of text cannot be read." if kind == "pdf" else ""
        raise Refused(f"No text was found in it.{scan}")
    if sum(len(block.text) for block in blocks) > TEXT_MAX:
        raise Refused(TOO_MUCH)
    return blocks, pages
