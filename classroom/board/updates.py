"""Reading a Yjs update (v1) before anything is done with it: strict, bounded, and without building a document.

The format is Yjs' own: for each client its structs from a clock on, then the ranges that are deleted. What a board never
has (subdocuments, XML, formatting, binary) is malformed here, and so is a byte too many or too few: bytes of a stranger
never reach the library that integrates them unless they could have come from an honest client.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

CLOCK_MAX: Final = 2**31 - 1
CLIENT_MAX: Final = 2**53 - 1
DEPTH_MAX: Final = 3
EMPTY: Final = b"\x00\x00"
GC, DELETED, STRING, TYPE, ANY = 0, 1, 4, 7, 8
TYPE_MAP = 1


class Malformed(Exception):
    """Bytes that no honest client has written."""


class Reader:
    """lib0 decoding over bytes. Every method raises Malformed at the end of the bytes."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def byte(self) -> int:
        if self.at >= len(self.data):
            raise Malformed("the bytes end too early")
        self.at += 1
        return self.data[self.at - 1]

    def number(self, most: int = CLIENT_MAX) -> int:
        """A varuint of at most ``most``."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if shift > 63 or (value > most):
                raise Malformed("a number is too large")
            if byte < 0x80:
                return value

    def take(self, size: int) -> bytes:
        if size > len(self.data) - self.at:
            raise Malformed("the bytes end too early")
        self.at += size
        return self.data[self.at - size : self.at]

    def block(self) -> bytes:
        """Bytes behind their length."""
        return self.take(self.number())

    def text(self) -> str:
        try:
            return self.block().decode()
        except UnicodeDecodeError:
            raise Malformed("text that is not UTF-8") from None

    def end(self) -> None:
        if self.at != len(self.data):
            raise Malformed("bytes behind the end")


@dataclass(slots=True)
class Change:
    """What an update says: ``structs`` are (client, from clock, to clock), ``deleted`` the same.

    ``roots`` are the document's parts that it names: (name, whether something stands there under a key).
    """

    structs: list[tuple[int, int, int]] = field(default_factory=list)
    deleted: list[tuple[int, int, int]] = field(default_factory=list)
    roots: set[tuple[str, bool]] = field(default_factory=set)

    @property
    def clients(self) -> set[int]:
        return {client for client, _, _ in self.structs}


def change_read(data: bytes) -> Change:
    """Read a whole update. Raises Malformed."""
    reader, change = Reader(data), Change()
    for _ in range(reader.number()):
        count = reader.number()
        client, clock = reader.number(), reader.number(CLOCK_MAX)
        start = clock
        for _ in range(count):
            clock += _struct(reader, change)
            if clock > CLOCK_MAX:
                raise Malformed("a clock is too high")
        change.structs.append((client, start, clock))
    for _ in range(reader.number()):
        client = reader.number()
        for _ in range(reader.number()):
            clock, size = reader.number(CLOCK_MAX), reader.number(CLOCK_MAX)
            if not size:
                raise Malformed("a deletion of nothing")
            change.deleted.append((client, clock, clock + size))
    reader.end()
    if len(change.clients) != len(change.structs):
        raise Malformed("a client stands twice")
    return change


def _struct(reader: Reader, change: Change) -> int:
    """One struct; gives back how many clocks it takes."""
    info = reader.byte()
    kind = info & 0x1F
    if kind == GC:
        return _length(reader.number(CLOCK_MAX))
    for flag in (0x80, 0x40):  # what stands left and right of it
        if info & flag:
            _id(reader)
    if not info & 0xC0:
        root = None
        if reader.number(1):
            root = reader.text()
        else:
            _id(reader)
        key = reader.text() if info & 0x20 else None
        if root is not None:
            change.roots.add((root, key is not None))
    return _content(reader, kind)


def _id(reader: Reader) -> None:
    reader.number()
    reader.number(CLOCK_MAX)


def _content(reader: Reader, kind: int) -> int:
    if kind == DELETED:
        return _length(reader.number(CLOCK_MAX))
    if kind == STRING:
        return _length(len(reader.text().encode("utf-16-le")) // 2)  # clocks count as JavaScript does
    if kind == TYPE:
        if reader.number() != TYPE_MAP:
            raise Malformed("a type that boards do not have")
        return 1
    if kind == ANY:
        count = reader.number()
        for _ in range(count):
            _any(reader, 0)
        return _length(count)
    raise Malformed("content that boards do not have")


def _length(count: int) -> int:
    if not count:
        raise Malformed("a struct of nothing")
    return count


def _any(reader: Reader, depth: int) -> None:
    """One plain value, looked at and thrown away."""
    if depth > DEPTH_MAX:
        raise Malformed("a value nests too deep")
    tag = reader.byte()
    if tag in (120, 121, 126, 127):  # true, false, null, undefined
        return
    if tag == 125:
        _signed(reader)
    elif tag in (122, 123):
        reader.take(8)
    elif tag == 124:
        reader.take(4)
    elif tag == 119:
        reader.text()
    elif tag in (117, 118):
        for _ in range(reader.number()):
            if tag == 118:
                reader.text()
            _any(reader, depth + 1)
    else:
        raise Malformed("a value that boards do not have")


def _signed(reader: Reader) -> None:
    for _ in range(10):
        if reader.byte() < 0x80:
            return
    raise Malformed("a number is too large")


def clocks_read(state: bytes) -> dict[int, int]:
    """A state vector: the next clock of each client. Raises Malformed."""
    reader = Reader(state)
    clocks = {reader.number(): reader.number(CLOCK_MAX) for _ in range(reader.number())}
    reader.end()
    return clocks
