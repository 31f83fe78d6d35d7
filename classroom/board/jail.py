"""The door of the board's jail: bytes go in, what was made of them or a sentence for people comes out, whatever they do."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Final

WALL_S: Final = {"formula": 5.0, "picture": 15.0, "print": 40.0}
AT_ONCE: Final = 2  # children of one process; whoever comes third waits
ROOT: Final = Path(__file__).resolve().parent.parent.parent
TOO_LONG: Final = "This takes too long."
FAILED: Final = "This cannot be drawn."
_turns = threading.BoundedSemaphore(AT_ONCE)


class Refused(Exception):
    """What is not made: a sentence for who asked for it."""


def child_ask(work: str, data: bytes, wall_s: float | None = None) -> tuple[dict[str, Any], bytes]:
    """Have ``work`` (formula, picture, print) done by a process of its own: what it says and what it made. Raises Refused."""
    wall_s = WALL_S[work] if wall_s is None else wall_s
    with _turns:
        try:
            done = subprocess.run(
                [sys.executable, "-s", "-E", "-m", "classroom.board.child", work],
                input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                cwd=ROOT, env={"LANG": "C.UTF-8", "OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1"}, timeout=wall_s,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise Refused(TOO_LONG) from None
    if done.returncode in (-9, -24):  # SIGKILL and SIGXCPU: its CPU seconds are over
        raise Refused(TOO_LONG)
    head, _, body = done.stdout.partition(b"\n")
    try:
        said: dict[str, Any] = json.loads(head)
    except ValueError:
        raise Refused(FAILED) from None
    if "refused" in said:
        raise Refused(str(said["refused"])[:300])
    return said, body
