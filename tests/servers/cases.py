"""What RFC 6455 asks of a server, as data: the cases of the Autobahn suite's sections 1–7 and 10, under its numbers.

That suite needs Python 2.7 and is no dependency of ours. A case is what a client writes and what an echo must answer.
Messages stop at our own cap of 64 KiB: 7.1.6 has four of them instead of one of 256 KiB.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.servers.raw import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Frame, built, close

CLEAN, WRONG, NOT_UTF8 = frozenset({1000}), frozenset({1002}), frozenset({1007})
K = "κόσμε".encode()


@dataclass(frozen=True, slots=True)
class Case:
    """``writes``: the client's bytes. ``echoes``: what must come back. ``closes``: the codes the line may end with.

    ``closing``: the writes end the line themselves. ``partly``: what was on its way when the line ended may be missing.
    """

    number: str
    writes: bytes
    echoes: tuple[Frame, ...] = ()
    closes: frozenset[int] = CLEAN
    piece: int = 0
    closing: bool = False
    partly: bool = False

    @property
    def may_drop(self) -> bool:
        """Whether the server may cut the line without a code: it has been told something wrong."""
        return self.closes != CLEAN


def text(payload: bytes, **how: object) -> bytes:
    return built(TEXT, payload, **how)  # the keywords are those of `built`


def parts(*payloads: bytes, opcode: int = TEXT) -> bytes:
    """One message in as many fragments."""
    last = len(payloads) - 1
    frames = [built(CONTINUATION if at else opcode, one, fin=at == last) for at, one in enumerate(payloads)]
    return b"".join(frames)


def bytewise(payload: bytes) -> bytes:
    return parts(*[payload[at : at + 1] for at in range(len(payload))])


def framing() -> Iterator[Case]:
    for section, opcode, letter in ((1, TEXT, b"*"), (2, BINARY, b"\xfe")):
        for number, size in enumerate((0, 125, 126, 127, 128, 65_535, 65_536, 65_536), 1):
            payload = letter * size
            piece = 997 if number == 8 else 0
            yield Case(f"1.{section}.{number}", built(opcode, payload), (Frame(opcode, payload),), piece=piece)


def pings() -> Iterator[Case]:
    odd = b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff"
    for number, payload in enumerate((b"", b"Hello, world!", odd, b"\xfe" * 125), 1):
        yield Case(f"2.{number}", built(PING, payload), (Frame(PONG, payload),))
    yield Case("2.5", built(PING, b"\xfe" * 126), closes=WRONG)
    yield Case("2.6", built(PING, b"\xfe" * 125), (Frame(PONG, b"\xfe" * 125),), piece=1)
    yield Case("2.7", built(PONG))
    yield Case("2.8", built(PONG, b"unsolicited"))
    yield Case("2.9", built(PONG, b"unsolicited") + built(PING, b"ping"), (Frame(PONG, b"ping"),))
    many = [b"payload-%d" % number for number in range(10)]
    asked, pongs = b"".join(built(PING, one) for one in many), tuple(Frame(PONG, one) for one in many)
    yield Case("2.10", asked, pongs)
    yield Case("2.11", asked, pongs, piece=1)


def reserved_bits() -> Iterator[Case]:
    yield Case("3.1", built(TEXT, b"x", rsv=1), closes=WRONG)
    mixed = text(b"good") + built(TEXT, b"bad", rsv=2) + built(PING)
    for number, piece in ((2, 0), (3, 12), (4, 1)):
        yield Case(f"3.{number}", mixed, (Frame(TEXT, b"good"),), WRONG, piece)
    yield Case("3.5", built(BINARY, b"\x00\xff\xfe", rsv=5), closes=WRONG)
    yield Case("3.6", built(PING, b"x", rsv=6), closes=WRONG)
    yield Case("3.7", built(CLOSE, b"\x03\xe8", rsv=7), closes=WRONG)


def opcodes() -> Iterator[Case]:
    for section, opcodes_ in ((1, range(3, 8)), (2, range(11, 16))):
        for number, opcode in enumerate(opcodes_, 1):
            before = text(b"good") if number > 2 else b""
            echoes = (Frame(TEXT, b"good"),) if before else ()
            writes = before + built(opcode, b"" if number % 2 else b"reserved") + built(PING)
            yield Case(f"4.{section}.{number}", writes, echoes, WRONG, piece=1 if number == 4 else 0)


def fragments() -> Iterator[Case]:
    echo, both = (Frame(TEXT, b"onetwo"),), (Frame(PONG, b"p"), Frame(TEXT, b"onetwo"))
    yield Case("5.1", parts(b"one", b"two", opcode=PING), closes=WRONG)
    yield Case("5.2", parts(b"one", b"two", opcode=PONG), closes=WRONG)
    between = built(TEXT, b"one", fin=False) + built(PING, b"p") + built(CONTINUATION, b"two")
    for number, piece in ((3, 0), (4, 9), (5, 1)):
        yield Case(f"5.{number}", parts(b"one", b"two"), echo, piece=piece)
        yield Case(f"5.{number + 3}", between, both, piece=piece)
    for number, piece in ((9, 0), (10, 9), (11, 1)):
        yield Case(f"5.{number}", built(CONTINUATION, b"x") + text(b"y"), closes=WRONG, piece=piece)
        lost = built(CONTINUATION, b"x", fin=False) + text(b"y")
        yield Case(f"5.{number + 3}", lost, closes=WRONG, piece=piece)
    more = parts(b"one", b"two") + built(CONTINUATION, b"x", fin=False) + text(b"y")
    yield Case("5.15", more, echo, WRONG)
    yield Case("5.16", (built(CONTINUATION, b"x", fin=False) + parts(b"a", b"b")) * 2, closes=WRONG)
    yield Case("5.17", (built(CONTINUATION, b"x") + parts(b"a", b"b")) * 2, closes=WRONG)
    yield Case("5.18", built(TEXT, b"a", fin=False) + built(TEXT, b"b"), closes=WRONG)
    first, second = built(TEXT, b"1", fin=False) + built(CONTINUATION, b"2", fin=False), built(PING, b"p")
    five = first + second + built(CONTINUATION, b"3", fin=False) * 2 + second + built(CONTINUATION, b"5")
    heard = (Frame(PONG, b"p"), Frame(PONG, b"p"), Frame(TEXT, b"12335"))
    yield Case("5.19", five, heard, piece=5)
    yield Case("5.20", five, heard)


def closing() -> Iterator[Case]:
    yield Case("7.1.1", text(b"Hello"), (Frame(TEXT, b"Hello"),))
    yield Case("7.1.2", close() + close(), closing=True)
    yield Case("7.1.3", close() + built(PING), closing=True)
    yield Case("7.1.4", close() + text(b"late"), closing=True)
    late = built(TEXT, b"a", fin=False) + close() + built(CONTINUATION, b"b")
    yield Case("7.1.5", late, closing=True)
    big = b"*" * 65_536
    yield Case("7.1.6", text(big) * 4 + close(), (Frame(TEXT, big),) * 4, closing=True, partly=True)
    yield Case("7.3.1", close(None), closes=frozenset({1000, 1005}), closing=True)
    yield Case("7.3.2", built(CLOSE, b"a"), closes=WRONG, closing=True)
    yield Case("7.3.3", close(), closing=True)
    yield Case("7.3.4", close(1000, b"Hello"), closing=True)
    yield Case("7.3.5", close(1000, b"*" * 123), closing=True)
    yield Case("7.3.6", close(1000, b"*" * 124), closes=WRONG, closing=True)
    yield Case("7.5.1", close(1000, K + b"\xed\xa0\x80edited"), closes=NOT_UTF8 | WRONG, closing=True)
    good = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)
    for number, code in enumerate(good, 1):
        yield Case(f"7.7.{number}", close(code), closes=frozenset({code, 1000}), closing=True)
    for number, code in enumerate((0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999), 1):
        yield Case(f"7.9.{number}", close(code), closes=WRONG, closing=True)
    for number, code in enumerate((5000, 65_535), 1):
        yield Case(f"7.13.{number}", close(code), closes=WRONG | {code}, closing=True)


def in_pieces() -> Iterator[Case]:
    payload = b"*" * 65_536
    cut = parts(*[payload[at : at + 1_300] for at in range(0, len(payload), 1_300)])
    yield Case("10.1.1", cut, (Frame(TEXT, payload),))
