"""The jail in which formulas are set, pictures decoded and boards printed: ``python -m classroom.board.child WORK < input``.

One line of JSON comes out, {refused: sentence} or what there is to say, and the bytes that were made behind it. Limits on
memory, CPU seconds and files are set before a byte is read; sockets, programs and files to write are refused.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Any, Final

from classroom.board.printing import PrintError, Sheet, pdf_print, png_print
from classroom.board.raster import PictureError, picture_made
from classroom.board.typesetting import FormulaError, formula_draw

MEMORY: Final = 2 * 1024 * 1024 * 1024  # of addresses: Typst's threads reserve more than they use
CPU_S: Final = {"formula": 4, "picture": 8, "print": 20}
OPEN_FILES: Final = 64  # fonts
_REFUSED: Final = ("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "ctypes.")
_WRITING: Final = frozenset("wxa+")
Made = tuple[dict[str, Any], bytes]


def main() -> int:
    work = sys.argv[1]
    jail(CPU_S[work])
    head, body = answered(work, sys.stdin.buffer.read())
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + body)
    return 0


def jail(cpu_s: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    sys.addaudithook(_audit)


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event.startswith(_REFUSED):
        raise PermissionError(f"{event} is not allowed here")
    if event == "open" and isinstance(arguments[1], str) and _WRITING & set(arguments[1]):
        raise PermissionError("nothing is written here")


def answered(work: str, data: bytes) -> Made:
    """What is refused is said in one sentence; a library's own fault ends the process, which its door tells."""
    try:
        return _WORKS[work](data)
    except (FormulaError, PictureError, PrintError) as refused:
        return {"refused": str(refused)}, b""


def _formula(data: bytes) -> Made:
    return formula_draw(data.decode()), b""


def _picture(data: bytes) -> Made:
    made, kind, w, h = picture_made(data)
    return {"kind": kind, "w": w, "h": h}, made


def _print(data: bytes) -> Made:
    """{format: png | pdf, pixels, title, pages: [Sheet]}."""
    asked = json.loads(data)
    sheets = [Sheet(**sheet) for sheet in asked["pages"]]
    if asked["format"] == "png":
        return {}, png_print(sheets[0], asked["pixels"])
    return {}, pdf_print(sheets, asked["title"])


_WORKS: Final = {"formula": _formula, "picture": _picture, "print": _print}

if __name__ == "__main__":
    sys.exit(main())
