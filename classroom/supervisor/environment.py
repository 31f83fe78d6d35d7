"""What a child process is told: every setting, in full, so that no two processes can read a default differently."""

from __future__ import annotations

import os
from pathlib import Path

from classroom.env import Env
from classroom.supervisor.redis import socket_path


def environment_make(env: Env) -> dict[str, str]:
    data = data_folder(env)
    settings = {name: str(value) for name, value in env.model_dump().items()}
    return {
        **os.environ,  # passed on, not read
        **settings,
        "DATA_DIR": str(data),
        "REDIS_URL": env.REDIS_URL or f"unix://{socket_path(data)}",
        "PYTHONUNBUFFERED": "1",
    }


def data_folder(env: Env) -> Path:
    return env.DATA_DIR.expanduser().resolve()
