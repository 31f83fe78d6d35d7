"""What one hostile or sleeping client may cost, on both servers: a flood, a reader that does not read, a restart."""

from __future__ import annotations

import json
import socket
import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx2 as httpx
import pytest

from classroom.server import SERVERS
from tests.ledger import Account
from tests.servers.raw import CLOSE, TEXT, Raw, built, close
from tests.services import NO_TLS
from tests.stack import Stack

pytestmark = pytest.mark.stack
GROWTH_KB = 50 * 1024
FLOOD_S = 4.0
MESSAGES = 150  # 1.2 MB: more than the kernels keep for a line whose other end takes 4 kB


@pytest.fixture(scope="module", params=sorted(SERVERS))
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder, servers = tmp_path_factory.mktemp(request.param), (request.param,)
    small = {"DOCUMENT_QUOTA_MB": "1"}
    with Stack(folder, web=1, servers=servers, without=("inference", "class"), settings=small) as made:
        made.wait_answers()
        yield made


@pytest.fixture
def room(stack: Stack) -> str:
    return str(stack.demo["room"])


def joined(stack: Stack, room: str, *, buffer: int = 0) -> Raw:
    """Noah in the room by hand; ``buffer``: bytes that his side of the line takes before he reads."""
    raw = entered(stack, room)
    if buffer:
        raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    raw.write(said("join", after=None, epoch=None))
    return raw


def entered(stack: Stack, room: str, ticket: str = "") -> Raw:
    """Noah at the door: accepted, with a ticket, and nothing said."""
    ticket = ticket or Account(stack, "noah").ticket()
    headers = (f"Sec-WebSocket-Protocol: classroom.v1, ticket.{ticket}",)
    return Raw(stack.ports[0], f"/ws/rooms/{room}/", headers)


def said(verb: str, **data: object) -> bytes:
    return built(TEXT, json.dumps({"type": verb, "id": str(uuid.uuid4()), "data": data}).encode())


def memory_kb(stack: Stack) -> int:
    status = Path(f"/proc/{stack.children['web1'].pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))


def closed(raw: Raw) -> tuple[int, str]:
    while (frame := raw.message()) is not None:
        if frame.opcode == CLOSE:
            raw.write(close(1000))  # as every client does: the server stays until it has heard this
            return int.from_bytes(frame.payload[:2], "big"), frame.payload[2:].decode()
    return 1006, ""


def test_a_flood_is_bounded_and_the_neighbours_go_on(stack: Stack, room: str) -> None:
    """One client writes as fast as it can and reads nothing: the server reads no more from it than it can take."""
    mia = Account(stack, "mia").join(room)
    mia.until("snapshot")
    before = memory_kb(stack)
    with joined(stack, room) as noah:
        noah.socket.setblocking(False)
        flood, written, end = said("typing.show") * 64, 0, time.monotonic() + FLOOD_S
        while time.monotonic() < end:
            try:
                written += noah.socket.send(flood)
            except BlockingIOError:
                time.sleep(0.001)
            except ConnectionError:
                break
        assert mia.reply(mia.send("message.post", text="I am still heard"))["type"] == "ack"
        assert written > len(flood)
        assert memory_kb(stack) - before < GROWTH_KB


def test_what_comes_too_fast_is_refused_by_its_id(stack: Stack, room: str) -> None:
    """F6: whoever sent it must know which of her frames to send again."""
    mia = Account(stack, "mia").join(room)
    mia.until("snapshot")
    sent = [mia.send("ping") for _ in range(70)]
    replies = [mia.until(lambda frame, ref=ref: frame.get("ref") == ref) for ref in sent]
    refused = [reply for reply in replies if reply["type"] != "pong"]
    assert {reply["code"] for reply in refused} == {"slow_down"}
    assert all(reply["retryable"] and reply["retry_ms"] > 0 for reply in refused)


def test_who_does_not_read_is_cut_even_while_she_writes(stack: Stack, room: str) -> None:
    """Stock Daphne never cuts her, and keeps all she did not read; here the kernel's own limit ends the line (H7)."""
    mia = Account(stack, "mia").join(room)
    mia.until("snapshot")
    before = memory_kb(stack)
    with joined(stack, room, buffer=4_096) as noah:
        with httpx.Client(base_url=stack.urls[0], headers=Account(stack, "mia").headers, verify=NO_TLS) as line:
            for number in range(MESSAGES):
                frame = {"type": "message.post", "id": str(uuid.uuid4()), "data": {"text": f"{number} " + "x" * 7_900}}
                assert line.post(f"/api/rooms/{room}/events/", json=frame).json()["type"] == "ack"
        while not cut(noah):
            noah.write(said("ping"))
            time.sleep(0.25)
    assert memory_kb(stack) - before < GROWTH_KB
    assert mia.reply(mia.send("message.post", text="on we go"))["type"] == "ack"


def cut(raw: Raw) -> bool:
    """Whether the server has ended the line: the kernel knows without reading what came before."""
    return raw.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != 1  # TCP_ESTABLISHED


def test_a_restart_spreads_those_who_come_back(stack: Stack, room: str) -> None:
    """F9: 1012 to each with a moment of its own, however far it has come: in the room, behind hello, or at the door."""
    sockets = [joined(stack, room) for _ in range(8)]
    for raw in sockets:
        while json.loads(raw.message().payload)["type"] != "snapshot":
            pass
    sockets += [entered(stack, room) for _ in range(2)]
    for raw in sockets[8:]:
        assert json.loads(raw.message().payload)["type"] == "hello"
    tickets = [Account(stack, "noah").ticket() for _ in range(2)]
    with sqlite3.connect(stack.data / "chalkstream.sqlite3", isolation_level=None) as database:
        database.execute("BEGIN IMMEDIATE")  # no ticket can be spent meanwhile
        sockets += [entered(stack, room, ticket) for ticket in tickets]
        stack.children["web1"].terminate()
        ends = [closed(raw) for raw in sockets]
        database.execute("ROLLBACK")
    for raw in sockets:
        raw.socket.close()
    stack.stop("web1")
    stack.start("web1")
    stack.wait_answers()
    assert {code for code, _ in ends} == {1012}
    assert len({reason for _, reason in ends}) > 4
    assert all(reason.startswith("retry_ms=") for _, reason in ends)


def test_d3_a_body_without_end_is_refused_by_its_head_or_cut(stack: Stack) -> None:
    """Whoever sends it, signed in or not: 2 MB are all that a form may have in this house."""
    head = b"POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    with socket.create_connection(("127.0.0.1", stack.ports[0]), timeout=20) as line:
        line.sendall(head + b"Content-Length: 10000000000\r\n\r\n")
        assert line.recv(100).startswith(b"HTTP/1.1 413 ")
    before = memory_kb(stack)
    with socket.create_connection(("127.0.0.1", stack.ports[0]), timeout=20) as line:
        line.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
        piece = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
        sent = 0
        with suppress(OSError):  # it is cut
            while sent < 64 * 2**20:
                line.sendall(piece)
                sent += len(piece)
    assert sent < 32 * 2**20
    assert memory_kb(stack) - before < GROWTH_KB
    assert httpx.get(f"{stack.urls[0]}/livez").status_code == 200
