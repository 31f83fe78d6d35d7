"""The peer in Go, where a machine has Debian's packages ``golang-go`` and ``golang-github-gorilla-websocket-dev``.

It is built once for a run, from its own source and the package's: nothing is fetched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).with_name("peer_go.go")
PACKAGES: Final = Path("/usr/share/gocode")
BUILD_S: Final = 300


def installed() -> bool:
    return shutil.which("go") is not None and (PACKAGES / "src/github.com/gorilla/websocket").is_dir()


def built(folder: Path) -> list[str]:
    """The command that starts the peer, built in ``folder``. Raises AssertionError with what the compiler said."""
    program = folder / "peer_go"
    done = subprocess.run(
        ["go", "build", "-o", str(program), str(SOURCE)],
        env={**os.environ, "GO111MODULE": "off", "GOPATH": str(PACKAGES), "GOCACHE": str(folder / "gocache")},
        capture_output=True, text=True, timeout=BUILD_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [str(program)]
