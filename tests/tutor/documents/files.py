"""Files for the tests of documents, made here: a PDF with pages, a DOCX with headings, a notebook, and hostile ones."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import docx
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject


def pdf(*pages: str) -> bytes:
    """A real PDF, one page for each text; lines by ``\\n``."""
    writer = PdfWriter()
    for text in pages:
        page = writer.add_blank_page(400, 600)
        font = DictionaryObject(
            {NameObject("/Type"): NameObject("/Font"), NameObject("/Subtype"): NameObject("/Type1"),
             NameObject("/BaseFont"): NameObject("/Helvetica")}
        )  # fmt: skip
        page[NameObject("/Resources")] = DictionaryObject(
            {NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})}
        )
        stream = DecodedStreamObject()
        lines = [line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)") for line in text.split("\n")]
        shown = "".join(f"({line}) Tj 0 -20 Td " for line in lines)
        stream.set_data(f"BT /F1 12 Tf 20 560 Td {shown} ET".encode("latin-1"))
        page[NameObject("/Contents")] = writer._add_object(stream)
    return _written(writer)


def locked_pdf(password: str = "secret") -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf("Nobody reads this."))))
    writer.encrypt(password, algorithm="AES-256")
    return _written(writer)


def bomb_pdf(megabytes: int = 600) -> bytes:
    """A page whose content unpacks to so many megabytes."""
    writer = PdfWriter()
    page = writer.add_blank_page(400, 600)
    stream = DecodedStreamObject()
    stream.set_data(b"BT " + b" " * (megabytes * 2**20) + b" ET")
    page[NameObject("/Contents")] = writer._add_object(stream.flate_encode())
    return _written(writer)


def _written(writer: PdfWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def word(*parts: tuple[str, str]) -> bytes:
    """A real DOCX: (style, text) pairs; style ``table`` makes a row of the words between bars."""
    made = docx.Document()
    for style, text in parts:
        if style == "table":
            cells = text.split("|")
            row = made.add_table(rows=1, cols=len(cells)).rows[0]
            for cell, words in zip(row.cells, cells, strict=True):
                cell.text = words
        else:
            made.add_paragraph(text, style=style)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def archive(**entries: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in entries.items():
            made.writestr(name.replace("__", "/").replace("_xml", ".xml"), data)
    return out.getvalue()


def notebook(*cells: tuple[str, Any]) -> bytes:
    made = [{"cell_type": kind, "source": source, "metadata": {}, "outputs": []} for kind, source in cells]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()
