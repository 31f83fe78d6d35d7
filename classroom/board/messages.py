"""The binary frames of a board's socket: messages of y-protocols, one a frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from classroom.board.updates import Malformed, Reader

SYNC, AWARENESS = 0, 1
STEP1, STEP2, UPDATE = 0, 1, 2
STATE_MAX: Final = 3_500  # bytes of one state's JSON


@dataclass(frozen=True, slots=True)
class Sync:
    """``step`` is STEP1 (data: a state vector), STEP2 or UPDATE (data: an update)."""

    step: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Awareness:
    """One client's volatile state; ``state`` is JSON text, ``null`` once it is gone."""

    client: int
    clock: int
    state: str


def message_read(frame: bytes) -> Sync | list[Awareness]:
    """Read one frame of a client. Raises Malformed."""
    reader = Reader(frame)
    kind = reader.number()
    if kind == SYNC:
        step = reader.number(UPDATE)
        data = reader.block()
        reader.end()
        return Sync(step, data)
    if kind == AWARENESS:
        inner = Reader(reader.block())
        reader.end()
        states = [Awareness(inner.number(), inner.number(), inner.text()) for _ in range(inner.number(8))]
        inner.end()
        return states
    raise Malformed("a message that boards do not have")


def sync_frame(step: int, data: bytes) -> bytes:
    return number(SYNC) + number(step) + number(len(data)) + data


def awareness_frame(states: list[Awareness]) -> bytes:
    inner = number(len(states))
    for one in states:
        text = one.state.encode()
        inner += number(one.client) + number(one.clock) + number(len(text)) + text
    return number(AWARENESS) + number(len(inner)) + inner


def number(value: int) -> bytes:
    """lib0's varuint."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
