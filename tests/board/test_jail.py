"""The board's jail: one process of its own for each formula, picture and print, under limits."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from classroom.board import child, jail
from classroom.board.jail import Refused, child_ask
from tests.board.pictures import picture_of

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><rect width="40" height="20" fill="#336699"/></svg>'


def printing(kind: str, pages: int = 1) -> bytes:
    page = {"svg": SVG, "w": 40.0, "h": 20.0, "alt": "a box"}
    return json.dumps({"format": kind, "pixels": 80, "title": "Board", "pages": [page] * pages}).encode()


def test_q20_q21_each_work_is_done_in_a_process_of_its_own() -> None:
    assert child_ask("formula", rb"\frac12")[0]["paths"]
    said, made = child_ask("picture", picture_of())
    assert (said, made[:4]) == ({"kind": "image/png", "w": 60, "h": 40}, b"\x89PNG")
    assert child_ask("print", printing("pdf", 2))[1].startswith(b"%PDF")


def test_q20_a_refusal_is_a_sentence() -> None:
    with pytest.raises(Refused, match="is a brace open"):
        child_ask("formula", b"x^")


def test_q20_what_takes_too_long_is_killed() -> None:
    with pytest.raises(Refused, match="too long"):
        child_ask("formula", b"x", wall_s=0.01)


def test_what_breaks_the_child_is_no_fault_of_the_house() -> None:
    with pytest.raises(Refused, match="cannot be drawn"):
        child_ask("print", b"no json")


def test_cpu_seconds_are_bounded() -> None:
    program = "from classroom.board import child; child.jail(1)\nwhile True: pass"
    done = subprocess.run([sys.executable, "-c", program], cwd=jail.ROOT, check=False)
    assert -done.returncode in (9, 24)


def test_nothing_gets_out_of_the_jail() -> None:
    harms = [
        "import socket; socket.socket().connect(('127.0.0.1', 9))",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.system('true')",
        "import os; os.fork()",
        "open('/tmp/x', 'w')",
        "open('/tmp/x', 'r+b')",
        "import ctypes; ctypes.CDLL(None)",
    ]
    program = (
        "from classroom.board import child; child.jail(5)\n"
        f"for harm in {harms!r}:\n try:\n  exec(harm)\n except PermissionError: print('no')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=jail.ROOT, check=False)
    assert done.stdout.split() == ["no"] * len(harms), done.stderr


def test_the_works_are_the_same_within() -> None:
    """What the child does, without the child: its answers are bytes and plain data."""
    assert child.answered("formula", b"x")[0]["w"] > 0
    assert child.answered("formula", b"x^")[0]["refused"]
    assert child.answered("picture", b"no")[0]["refused"]
    assert child.answered("print", printing("png"))[1].startswith(b"\x89PNG")
    bad = json.loads(printing("pdf")) | {"pages": [{"svg": "<svg", "w": 4.0, "h": 4.0, "alt": ""}]}
    assert "cannot be printed" in child.answered("print", json.dumps(bad).encode())[0]["refused"]
