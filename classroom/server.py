"""The ASGI server: Daphne with the bounds that it lacks. ``python -m classroom.server --port 8000`` or ``--fd N``.

Stock Daphne bounds nothing in either direction (measured: one flooding socket takes it from 54 to 533 MiB). This subclass
adds: a raw write path with its pending bytes for the hub (``rooms.tcp``), a pause of reading when the application is
behind, frames of 64 KiB at most, and a drain with 1012 on SIGTERM.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import socket
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "classroom.settings")

from daphne import http_protocol
from daphne.server import Server
from twisted.internet import defer

from classroom.env import ENV
from classroom.rooms.frames import MAX_FRAME_BYTES
from classroom.rooms.tcp import Transport

QUEUE_HIGH = 64  # frames of one client that the application has not taken yet: stop reading from it
QUEUE_LOW = 16
USER_TIMEOUT_MS = 10_000  # a peer that acknowledges nothing for so long is cut by the kernel
# Of one request, whoever sends it: all that a class may keep, and the form around it. Both servers would put any body on disk.
BODY_MAX = (ENV.DOCUMENT_QUOTA_MB + 1) * 1024 * 1024
TOO_LARGE = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
# After a close frame, for the client's own: Autobahn's second is shorter than a bad line is slow, and ends with a reset that
# throws away what has not arrived, the close frame among it.
CLOSE_S = 5.0
DRAIN_S = 3.0  # the same before an exit: less than the supervisor waits
LEAST_S = 0.1
APPLICATIONS_S = 0.5
SWITCH_S = 0.001


class BoundedInput(asyncio.Queue[Any]):
    """The application's input: pauses the transport while it is deep."""

    def __init__(self, protocol: Any) -> None:
        super().__init__()
        self._protocol = protocol
        self._paused = False

    def put_nowait(self, item: Any) -> None:
        super().put_nowait(item)
        if not self._paused and self.qsize() >= QUEUE_HIGH:
            self._paused = True
            self._protocol.transport.pauseProducing()

    async def get(self) -> Any:
        item = await super().get()
        if self._paused and self.qsize() <= QUEUE_LOW:
            self._paused = False
            if self._protocol.transport.connected:
                self._protocol.transport.resumeProducing()
        return item


class BoundedRequest(http_protocol.WebRequest):
    """An HTTP request that is refused by its head, or cut where its body grows beyond BODY_MAX."""

    _taken, _refused = 0, False

    def gotLength(self, length: int | None) -> None:
        self._refused = length is not None and length > BODY_MAX
        super().gotLength(0 if self._refused else length)
        if self._refused:
            self._cut()

    def handleContentChunk(self, data: bytes) -> None:
        self._taken += len(data)
        if not self._refused and self._taken <= BODY_MAX:
            super().handleContentChunk(data)
        elif not self._refused:
            self._refused = True
            self._cut()

    def requestReceived(self, *head: bytes) -> None:
        if not self._refused:
            super().requestReceived(*head)

    def _cut(self) -> None:
        self.channel.transport.write(TOO_LARGE)
        self.channel.loseConnection()


http_protocol.WebRequest = BoundedRequest  # its factory takes whatever has this name


def bounded(application: Any) -> Any:
    """The same for a server that hands a body on as it comes: an ASGI application that hears of no more than BODY_MAX."""

    async def run(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if not length.isdigit() or int(length) > BODY_MAX:
            await send({"type": "http.response.start", "status": 413, "headers": [(b"connection", b"close")]})
            await send({"type": "http.response.body", "body": b""})
            return
        taken = 0

        async def counted() -> Any:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            return message if taken <= BODY_MAX else {"type": "http.disconnect"}

        await application(scope, counted, send)

    return run


class ChalkServer(Server):
    def create_application(self, protocol: Any, scope: dict[str, Any]) -> asyncio.Queue[Any] | None:
        """As Daphne's, with a bounded input queue and the raw transport in the scope."""
        queue = BoundedInput(protocol)
        scope.setdefault("asgi", {"version": "3.0"})
        # A proxy's header must never move the application (ASVS V4.1.3): Daphne would take it from anybody.
        scope["root_path"] = self.root_path
        if scope["type"] == "websocket":
            protocol.closeHandshakeTimeout = CLOSE_S
            scope["chalkstream.transport"] = Transport(protocol.transport)
        instance = self.application(scope=scope, receive=queue.get, send=partial(self.handle_reply, protocol))
        if protocol not in self.connections:
            instance.close()
            return None
        self.connections[protocol]["application_instance"] = asyncio.ensure_future(instance)
        return queue

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """As Daphne's, but an open socket closes with any code and its reason, and sends empty messages too.

        Autobahn's ``sendClose`` refuses what RFC 6455 keeps for servers (1009, 1011, 1012), and Daphne drops the reason.
        """
        kind = message["type"]
        if kind == "websocket.send" and not (message.get("bytes") or message.get("text")) and _open(protocol):
            protocol.serverSend(b"" if message.get("text") is None else "", message.get("text") is None)
        elif kind != "websocket.close" or not _open(protocol):
            await super().handle_reply(protocol, message)
        elif protocol in self.connections and "disconnected" not in self.connections[protocol]:
            protocol.sendCloseFrame(
                code=message.get("code") or 1000, reasonUtf8=(message.get("reason") or "").encode(), isReply=False
            )

    def kill_all_applications(self) -> Any:
        """Daphne's trigger before the shutdown, which cuts every socket at once: here everybody is told and has heard first."""
        return defer.Deferred.fromFuture(asyncio.ensure_future(self._end()))

    async def _end(self) -> None:
        for listener in self.listeners:  # whoever connects now waits for the next process, which has the same socket
            listener.addCallback(lambda port: port.stopListening())
        await _drained(lambda: any(map(_talking, self.connections)))
        known = [details.get("application_instance") for details in self.connections.values()]
        running = [instance for instance in known if instance is not None and not instance.done()]
        for instance in running:
            instance.cancel()
        if running:
            await asyncio.wait(running, timeout=APPLICATIONS_S)


async def _drained(talking: Callable[[], bool]) -> None:
    """Tell everybody when to come back, and stay until they have answered: an exit would throw away what is on its way."""
    from classroom.board.relay import relay_made
    from classroom.rooms.doors import doors
    from classroom.rooms.hub import hub

    loop = asyncio.get_running_loop()
    until = loop.time() + DRAIN_S
    doors().close()
    boards = relay_made()
    if boards is not None:
        await boards.drain()
    await hub().drain()
    await asyncio.sleep(LEAST_S)  # whoever asks for a socket just now hears it too
    while loop.time() < until:
        if not (doors().anybody or hub().viewers() or talking()):
            return
        await asyncio.sleep(0.02)


def _talking(protocol: Any) -> bool:
    """Whether this is a WebSocket whose closing is not over."""
    return hasattr(protocol, "STATE_CLOSED") and protocol.state != protocol.STATE_CLOSED


def _open(protocol: Any) -> bool:
    """Whether this is a WebSocket behind its handshake (HTTP protocols have no such state)."""
    return hasattr(protocol, "STATE_OPEN") and protocol.state == protocol.STATE_OPEN


def listening_socket(host: str, port: int) -> socket.socket:
    """A listening TCP socket with the kernel's own cut for dead peers. Raises OSError when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
    listener.bind((host, port))
    listener.listen(512)
    return listener


def run_daphne(fd: int, application: Any) -> None:
    """Serve an ASGI application on a listening socket until SIGTERM."""
    ChalkServer(
        application,
        endpoints=[f"fd:fileno={fd}"],
        ping_interval=25,
        ping_timeout=20,
        websocket_timeout=-1,
        websocket_max_message_size=MAX_FRAME_BYTES,
        websocket_max_frame_size=MAX_FRAME_BYTES,
        application_close_timeout=10,
        server_name="chalkstream",
    ).run()


def run_uvicorn(fd: int, application: Any) -> None:
    """The same on uvicorn, which brings bounds of its own: it reads no further than the application takes."""
    import uvicorn

    class Draining(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            for server in self.servers:
                server.close()  # whoever connects now waits for the next process
            await _drained(lambda: False)  # before uvicorn's own 1012, which names no moment to come back
            await super().shutdown(sockets)

    config = uvicorn.Config(
        bounded(application),
        fd=fd,
        ws="websockets",  # of its three the one without a failed case in tests/servers (sansio: 7.1.5)
        ws_max_size=MAX_FRAME_BYTES,
        ws_per_message_deflate=False,
        ws_ping_interval=25,
        ws_ping_timeout=20,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    Draining(config).run()


SERVERS = {"daphne": run_daphne, "uvicorn": run_uvicorn}


def main() -> None:
    from classroom.asgi import application
    from classroom.env import ENV

    parser = argparse.ArgumentParser(prog="python -m classroom.server")
    parser.add_argument("--fd", type=int, help="a listening socket that the supervisor has opened")
    parser.add_argument("--host", default=ENV.BIND)
    parser.add_argument("--port", type=int, default=ENV.PORT)
    options = parser.parse_args()
    # All is imported: half a million objects that never become garbage. A full look at them takes 50 ms, with nobody served.
    gc.collect()
    gc.freeze()
    # Python's own 5 ms are what the loop, or whoever holds the database's write lock, may wait behind every thread that works
    # on a frame; of many questions at once each then waits for the others at every statement.
    sys.setswitchinterval(SWITCH_S)
    fd = options.fd if options.fd is not None else listening_socket(options.host, options.port).detach()
    SERVERS[ENV.WEB_SERVER](fd, application)


if __name__ == "__main__":
    main()
