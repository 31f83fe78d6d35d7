"""The demo model, made ready once for a whole test run: its conversion takes half a minute of a core."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

from classroom.supervisor.child import BASE_DIR

MADE_S = 600.0


def demo_model_home() -> Path:
    """A DATA_DIR with the converted model in ``models`` and what the conversion said in ``told.txt``. To be read only.

    Test processes that want it at the same time wait for the first of them.
    """
    home = Path(os.environ["CHALKSTREAM_TEST_HOME"], "demo-model")
    home.mkdir(exist_ok=True)
    told = home / "told.txt"
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            done = subprocess.run(
                [sys.executable, "-m", "inference_worker.load_model", "demo"],
                cwd=BASE_DIR, env={**os.environ, "DATA_DIR": str(home)}, capture_output=True, text=True, timeout=MADE_S,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
            told.write_text(done.stdout)
    return home
