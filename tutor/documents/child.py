"""The jail in which files are read: ``python -m tutor.documents.child KIND < file``. One JSON text out, then the end.

{"blocks": […], "pages": n} or {"refused": sentence}. Limits on memory, CPU seconds and files are set before a byte is read;
sockets, programs and files to write are refused by an audit hook, and where the platform allows it the network is gone.
"""

from __future__ import annotations

import ctypes
import json
import resource
import sys
import zipfile
from dataclasses import asdict
from typing import Any, Final

from tutor.documents.readers import KINDS, Refused, document_read

MEMORY: Final = 1024 * 1024 * 1024
CPU_S: Final = 20
OPEN_FILES: Final = 32
_PR_SET_NO_NEW_PRIVS: Final = 38
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_REFUSED: Final = ("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "ctypes.")
_WRITING: Final = frozenset("wxa+")


def main() -> int:
    kind = sys.argv[1]
    jail()
    data = sys.stdin.buffer.read()
    json.dump(answered(kind, data), sys.stdout)
    return 0


def jail() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        # Not every machine lets a process leave its network; the audit hook stands in any case.
        if libc.unshare(_CLONE_NEWNET) != 0:
            libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    sys.addaudithook(_audit)


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event.startswith(_REFUSED):
        raise PermissionError(f"{event} is not allowed here")
    if event == "open" and isinstance(arguments[1], str) and _WRITING & set(arguments[1]):
        raise PermissionError("nothing is written here")


def answered(kind: str, data: bytes) -> dict[str, Any]:
    """Readers say in many ways that a file is damaged; whatever is not in this list ends the process, which says the same."""
    try:
        blocks, pages = document_read(kind, data)
    except Refused as refused:
        return {"refused": str(refused)}
    except (MemoryError, RecursionError):
        return {"refused": "It takes too much memory to read."}
    except (ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError, zipfile.BadZipFile):
        return {"refused": f"The {kind.upper() if len(kind) < 5 else kind} is damaged: it cannot be read."}
    return {"blocks": [asdict(block) for block in blocks], "pages": pages}


if __name__ == "__main__":
    assert sys.argv[1] in KINDS
    sys.exit(main())
