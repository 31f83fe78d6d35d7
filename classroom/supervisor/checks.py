"""What must hold before anything is started. Each failure is one sentence that says what to do."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from pathlib import Path
from typing import TextIO

from pydantic import ValidationError

from classroom.supervisor import redis

FREE_MB = 300  # less than this, and SQLite or the AOF would soon be cut off in the middle of a lesson
FIRST_MB = 1000  # the first start also unpacks the demo model


class Trouble(Exception):
    """Something that the person at the keyboard can put right. Its text is the whole message: no traceback."""


def folder_make(data: Path) -> None:
    try:
        data.mkdir(parents=True, exist_ok=True)
        probe = data / ".writable"
        probe.write_bytes(b"\0" * 4096)
        probe.unlink()
    except OSError as error:
        raise Trouble(disk_sentence(error, data)) from error


def settings_sentence(error: ValidationError) -> str:
    """``PORT: Input should be …``, a setting a clause."""
    return "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())


def system_sentence(error: OSError) -> str:
    """What an OSError that came out of nowhere means to the person at the keyboard."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "The disk is full. Free some space, or set DATA_DIR to another disk."
    return f"The system refused something: {error}"


def disk_sentence(error: OSError, data: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full: nothing can be written in {data}. Free some space, or set DATA_DIR to another disk."
    return f"DATA_DIR {data} cannot be written ({error.strerror}). Set DATA_DIR to a folder of yours."


def space_needed(data: Path, *, model: str) -> int:
    """Megabytes that must be free before anything is started."""
    return FIRST_MB if model == "demo" and not (data / "models").is_dir() else FREE_MB


def space_check(data: Path, *, free_mb: int = FREE_MB) -> None:
    free = shutil.disk_usage(data).free // 1_000_000
    if free < free_mb:
        raise Trouble(
            f"The disk is nearly full: {free} MB are free in {data}, {free_mb} MB are needed. "
            "Free some space, or set DATA_DIR to another disk."
        )


def socket_check(data: Path) -> None:
    path = redis.socket_path(data)
    if len(os.fsencode(path)) > redis.LONGEST_SOCKET_PATH:
        raise Trouble(
            f"DATA_DIR {data} is too long for a socket's name ({redis.LONGEST_SOCKET_PATH} bytes). "
            "Set DATA_DIR to a shorter path, or REDIS_URL to a Redis of your own."
        )
    if not redis.server_binary():
        raise Trouble(
            "No embedded Redis for this kind of machine, and no redis-server on PATH. "
            "Install redis-server, or set REDIS_URL to a running Redis."
        )


def lock_take(data: Path) -> TextIO:
    """Whoever holds the returned file runs on this DATA_DIR; the system lets go of it when the process ends."""
    file = open(data / "supervisor.lock", "a+")  # noqa: SIM115  (held open as long as the process lives)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise Trouble(
            f"Chalkstream already runs on {data} (process {holder}). "
            "Stop it with Ctrl-C there, or start a second one with its own DATA_DIR and PORT."
        ) from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file
