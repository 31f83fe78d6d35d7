"""The door of the jail: a file goes in, blocks or a sentence for people come out, whatever the file does to its reader."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from tutor.documents.chunks import Block
from tutor.documents.readers import Read, Refused

WALL_S: Final = 40.0
REPLY_MAX: Final = 32 * 1024 * 1024
ROOT: Final = Path(__file__).resolve().parent.parent.parent
TOO_LONG: Final = "It takes too long to read."
DAMAGED: Final = "It is damaged: it cannot be read."


def file_read(path: Path, kind: str, wall_s: float = WALL_S) -> Read:
    """Blocks and pages of a file, from a process of its own. Raises Refused with a sentence, OSError if there is no file."""
    with path.open("rb") as file:
        process = subprocess.Popen(
            [sys.executable, "-s", "-E", "-m", "tutor.documents.child", kind],
            stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            cwd=ROOT, env={"LANG": "C.UTF-8"}, start_new_session=True,
        )  # fmt: skip
    try:
        said = _output(process, time.monotonic() + wall_s)
        ended = process.wait(timeout=5.0)
    except (TimeoutError, subprocess.TimeoutExpired):
        raise Refused(TOO_LONG) from None
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
    if ended in (-signal.SIGXCPU, -signal.SIGKILL):
        raise Refused(TOO_LONG)
    try:
        reply = json.loads(said)
        if "refused" in reply:
            raise Refused(str(reply["refused"])[:300])
        return [Block(**block) for block in reply["blocks"]], reply["pages"]
    except (LookupError, TypeError, ValueError):
        raise Refused(DAMAGED) from None


def _output(process: subprocess.Popen[bytes], until: float) -> bytes:
    """All that it says. Raises TimeoutError at the end of its time, Refused if it says too much."""
    assert process.stdout is not None
    said = bytearray()
    while True:
        wait = until - time.monotonic()
        if wait <= 0 or not select.select([process.stdout], [], [], wait)[0]:
            raise TimeoutError
        part = os.read(process.stdout.fileno(), 65_536)  # past the file's buffer, as select is
        if not part:
            return bytes(said)
        said += part
        if len(said) > REPLY_MAX:
            raise Refused(DAMAGED)
