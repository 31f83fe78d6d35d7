"""Both servers speak RFC 6455 as the Autobahn suite asks, with our bounds in front."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from classroom.server import SERVERS
from classroom.supervisor.child import BASE_DIR
from classroom.supervisor.ports import listen
from tests.servers.cases import Case, closing, fragments, framing, in_pieces, opcodes, pings, reserved_bits
from tests.servers.raw import BINARY, CLOSE, TEXT, Frame, Raw, built, close
from tests.servers.utf8 import utf8

CASES = [
    case
    for section in (framing, pings, reserved_bits, opcodes, fragments, utf8, closing, in_pieces)
    for case in section()
]


@pytest.fixture(scope="module", params=sorted(SERVERS))
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    listener = listen("127.0.0.1", 0)
    argv = [sys.executable, "-m", "tests.servers.echo", request.param, str(listener.fileno())]
    with subprocess.Popen(argv, cwd=BASE_DIR, pass_fds=[listener.fileno()]) as process:
        yield int(listener.getsockname()[1])
        process.terminate()
    listener.close()


def heard_until_end(raw: Raw) -> tuple[list[Frame], Frame | None]:
    """What came before the close frame, and that frame; None: the line was cut."""
    heard: list[Frame] = []
    while (frame := raw.message()) is not None:
        if frame.opcode == CLOSE:
            return heard, frame
        heard.append(frame)
    return heard, None


@pytest.mark.parametrize("case", CASES, ids=[case.number for case in CASES])
def test_the_server_does_what_the_protocol_says(port: int, case: Case) -> None:
    with Raw(port) as raw:
        raw.write(case.writes, case.piece)
        if case.may_drop or case.closing:
            heard, end = heard_until_end(raw)
        else:
            heard = [frame for _ in case.echoes if (frame := raw.message())]
            raw.write(close())
            late, end = heard_until_end(raw)
            heard += late
    wanted = list(case.echoes)
    assert heard == (wanted[: len(heard)] if case.may_drop or case.partly else wanted)
    if end is None:
        assert case.may_drop, "the line was cut without a close frame"
    else:
        assert (int.from_bytes(end.payload[:2], "big") if end.payload else 1005) in case.closes


def test_the_sections_are_whole() -> None:
    """246 of the suite's 247: its 7.1.6 and 10.1.1 are bounded by our cap, 9 and 12–13 are speed and compression."""
    assert len({case.number for case in CASES}) == len(CASES)
    assert {case.number.split(".")[0] for case in CASES} == {"1", "2", "3", "4", "5", "6", "7", "10"}


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_what_is_larger_than_64_kib_is_refused(port: int, opcode: int) -> None:
    with Raw(port) as raw:
        raw.write(built(opcode, b"*" * 65_537))
        heard, end = heard_until_end(raw)
    assert heard == []
    assert end is None or int.from_bytes(end.payload[:2], "big") == 1009


def test_a_giant_is_refused_by_its_head_alone(port: int) -> None:
    """Its bytes are not waited for: 2^40 of them are announced and none is sent."""
    with Raw(port) as raw:
        raw.write(built(BINARY, b"*" * 70_000)[:2] + (1 << 40).to_bytes(8, "big") + b"mask")
        heard, end = heard_until_end(raw)
    assert heard == []
    assert end is None or int.from_bytes(end.payload[:2], "big") == 1009


def test_compression_is_not_agreed_to(port: int) -> None:
    with Raw(port, headers=("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",)) as raw:
        assert b" 101 " in raw.greeting
        assert b"extensions" not in raw.greeting.lower()
