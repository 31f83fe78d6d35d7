"""The jail (rule D2): hostile files end their reader and nothing else, and each is refused in words."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.tutor.documents import files
from tutor.documents import child, jail
from tutor.documents.jail import file_read
from tutor.documents.readers import Refused


def kept(folder: Path, data: bytes) -> Path:
    path = folder / "file"
    path.write_bytes(data)
    return path


def refused(folder: Path, kind: str, data: bytes, wall_s: float = jail.WALL_S) -> str:
    with pytest.raises(Refused) as caught:
        file_read(kept(folder, data), kind, wall_s)
    return str(caught.value)


def test_d2_a_good_file_comes_out_as_blocks(tmp_path: Path) -> None:
    blocks, pages = file_read(kept(tmp_path, files.pdf("One.", "Two.")), "pdf")
    assert ([(block.page, block.text) for block in blocks], pages) == ([(1, "One."), (2, "Two.")], 2)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("pdf", b"%PDF-1.7\n" + b"garbage " * 50),
        ("pdf", files.pdf("hello")[:300]),
        ("docx", files.archive(word__document_xml=b"<unclosed")),
        ("docx", files.word(("Normal", "hello"))[:-200]),
        ("docx", files.archive(
            word__document_xml=b'<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "' + b"&b;" * 99 + b'">]><a>&c;</a>'
        )),
    ],
    ids=["no pdf", "half a pdf", "no xml", "half a docx", "entities"],
)  # fmt: skip
def test_d2_a_damaged_file_is_refused(tmp_path: Path, kind: str, data: bytes) -> None:
    said = refused(tmp_path, kind, data)
    assert "damaged" in said or "not a DOCX" in said


def test_d2_a_huge_stream_does_not_take_the_machine(tmp_path: Path) -> None:
    begin = time.monotonic()
    data = files.bomb_pdf(100)
    assert len(data) < 1_000_000
    said = refused(tmp_path, "pdf", data)
    assert any(word in said for word in ("memory", "damaged", "too long", "No text")), said
    assert time.monotonic() - begin < jail.WALL_S


def test_d2_what_takes_too_long_is_killed(tmp_path: Path) -> None:
    assert refused(tmp_path, "text", b"hello", wall_s=0.01) == jail.TOO_LONG


def test_d2_what_says_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jail, "REPLY_MAX", 100)
    assert refused(tmp_path, "text", b"hello " * 100) == jail.DAMAGED


def test_d2_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        file_read(tmp_path / "gone", "text")


@pytest.mark.parametrize(
    "harm",
    [
        "import socket; socket.socket().connect(('127.0.0.1', 9))",
        "import socket; socket.getaddrinfo('localhost', 80)",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.system('true')",
        "import os; os.fork()",
        "import os; os.execv('/bin/true', ['true'])",
        "open('/tmp/x', 'w')",
        "open('/tmp/x', 'r+b')",
        "import ctypes; ctypes.CDLL(None)",
    ],
)
def test_d2_nothing_gets_out_of_the_jail(harm: str) -> None:
    program = (
        f"from tutor.documents import child; child.jail()\ntry:\n exec({harm!r})\nexcept PermissionError: print('no')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=jail.ROOT)
    assert done.stdout.strip() == "no", done.stderr


def test_d2_memory_and_time_are_bounded() -> None:
    program = (
        "import resource as r; from tutor.documents import child; child.jail(); "
        "print([r.getrlimit(x)[0] for x in (r.RLIMIT_AS, r.RLIMIT_CPU, r.RLIMIT_FSIZE, r.RLIMIT_CORE)])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=jail.ROOT)
    assert done.stdout.strip() == str([child.MEMORY, child.CPU_S, 0, 0])


def test_d2_readers_that_fail_say_so_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(error: BaseException) -> str:
        def reader(kind: str, data: bytes) -> None:
            raise error

        monkeypatch.setattr(child, "document_read", reader)
        return str(child.answered("pdf", b"")["refused"])

    assert "too much memory" in fails(MemoryError())
    assert "too much memory" in fails(RecursionError())
    assert fails(KeyError("/Root")) == "The PDF is damaged: it cannot be read."
    assert fails(Refused("No.")) == "No."
