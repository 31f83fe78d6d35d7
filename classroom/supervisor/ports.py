"""The listening socket: bound once, shared by the web processes."""

from __future__ import annotations

import errno
import socket

from classroom.supervisor.checks import Trouble

# A browser that vanished without a word (lid closed, cable pulled) is given up after so long, in ms: its socket's
# unsent frames are then freed. Connections inherit it from the listening socket.
TCP_USER_TIMEOUT_MS = 10_000
BACKLOG = 512


def listen(bind: str, port: int) -> socket.socket:
    """A listening socket on ``bind``:``port`` (0: any free one). Raises Trouble when it cannot be had."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, TCP_USER_TIMEOUT_MS)
    try:
        listener.bind((bind.strip("[]"), port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise Trouble(_sentence(error, bind, port)) from error
    listener.setblocking(False)
    return listener


def _sentence(error: OSError, bind: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken by another program. Stop that, or choose another port: make run PORT={port + 1}"
    if error.errno == errno.EACCES:
        return f"Port {port} may not be opened by this user. Choose one above 1023: make run PORT=8000"
    return (
        f"The address {bind} port {port} cannot be opened ({error.strerror}). Set BIND to an address of this machine."
    )
