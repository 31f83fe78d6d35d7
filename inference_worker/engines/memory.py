"""Keys and values: of the requests that run, in rows that are read whole, and of contexts kept for later."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from inference_worker.engines.speech import common

GROWTH = 128  # tokens by which rows grow
AHEAD = 32  # and how many tokens before they must
PINNED = 8  # system prompts that are kept for everybody
# By the CPU's allocator, by CUDA and by cuBLAS, which have no class of error for it.
NO_MEMORY_WORDS = (
    "can't allocate memory",
    "not enough memory",
    "CUDA error: out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
)
RUNNING_SHARE = 0.6  # of the memory; the rest keeps contexts


class NoRoom(MemoryError):
    """The budget for keys and values is used up."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Of one token's keys and values in one layer: 2 x ``heads`` x ``width`` numbers."""

    layers: int
    heads: int
    width: int
    dtype: torch.dtype
    device: str

    @classmethod
    def of(cls, config: Any, dtype: torch.dtype, device: str) -> Shape:
        heads = config.num_attention_heads
        width = getattr(config, "head_dim", None) or config.hidden_size // heads
        return cls(
            config.num_hidden_layers, getattr(config, "num_key_value_heads", None) or heads, width, dtype, device
        )

    @property
    def token_bytes(self) -> int:
        return 2 * self.layers * self.heads * self.width * self.dtype.itemsize

    def affordable(self) -> int:
        """Tokens that fit into a quarter of the machine's memory, or most of what the GPU has free."""
        if self.device.startswith("cuda"):
            room = torch.cuda.mem_get_info(self.device)[0] * 8 // 10
        else:
            room = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 4
        return int(room // self.token_bytes)


class Arena:
    """``layers``: for each layer [2, rows, heads, cap, width], keys and values. All rows are as long as the longest,
    so that attention reads them as one contiguous block; what is not written is zero, never NaN. One layer may be
    longer than another for a while, or have more rows.

    ``room``: tokens that all rows together may take. Its methods raise NoRoom and what torch raises without memory.
    """

    def __init__(self, shape: Shape, *, rows: int, room: int) -> None:
        self.shape = shape
        self.room = max(GROWTH, room // GROWTH * GROWTH)
        self.slots = rows
        self._free = list(range(rows))
        self.layers: list[Tensor] = []

    @property
    def cap(self) -> int:
        """Tokens that a row holds in every layer."""
        return min((layer.shape[3] for layer in self.layers), default=0)

    @property
    def rows(self) -> int:
        """How many there are in every layer."""
        return min((layer.shape[1] for layer in self.layers), default=0)

    def take(self) -> int:
        """The lowest free row. There must be one."""
        row = min(self._free)
        self._free.remove(row)
        return row

    def release(self, row: int, *, dirty: bool = False) -> None:
        """``dirty``: it may hold NaN, which would get through the next owner's mask."""
        self._free.append(row)
        if dirty:
            for layer in self.layers:
                layer[:, row : row + 1] = 0
        if len(self._free) == self.slots:
            self.layers = []

    def holds(self, rows: int, length: int) -> bool:
        return rows * rounded(length) <= self.room

    def fit(self, rows: int, length: int, *, trim: bool = False) -> None:
        """Room for ``length`` tokens in the first ``rows`` rows, where everything is that is in use. ``trim``: give back
        what is far too much.
        """
        cap = rounded(length)
        loose = trim and (2 * cap <= self.cap or 4 * rows <= self.rows)
        if rows <= self.rows and cap <= self.cap and not loose:
            return
        if rows * cap > self.room:
            raise NoRoom(f"{rows} requests of up to {cap} tokens; there is room for {self.room}")
        if not loose:
            more = rows if rows <= self.rows else min(self.slots, 1 << (rows - 1).bit_length())
            more = max(more, self.rows)
            if more * max(cap, self.cap) <= self.room:
                rows, cap = more, max(cap, self.cap)
        self.layers = self.layers or [self._new(0, 0)] * self.shape.layers
        for number in range(self.shape.layers):
            self._resize(number, rows, cap)

    def prepare(self, length: int) -> None:
        """Rows that are soon too short for ``length`` grow layer by layer, a few in each step: all at once would be a
        pause that everybody notices.
        """
        cap = rounded(length + AHEAD)
        if cap <= self.cap or self.rows * cap > self.room:
            return
        short = [number for number, layer in enumerate(self.layers) if layer.shape[3] < cap]
        for number in short[: -(-self.shape.layers * 2 // AHEAD)]:
            self._resize(number, self.rows, cap)

    def _resize(self, number: int, rows: int, cap: int) -> None:
        old = self.layers[number]
        if old.shape[1] == rows and old.shape[3] == cap:
            return
        new = self._new(rows, cap)
        high, wide = min(rows, old.shape[1]), min(cap, old.shape[3])
        new[:, :high, :, :wide] = old[:, :high, :, :wide]
        new[:, :high, :, wide:] = 0
        new[:, high:] = 0
        self.layers[number] = new

    def _new(self, rows: int, cap: int) -> Tensor:
        shape = self.shape
        return torch.empty((2, rows, shape.heads, cap, shape.width), dtype=shape.dtype, device=shape.device)

    def read(self, row: int, length: int) -> Tensor:
        """A copy: [layers, 2, heads, length, width]."""
        return torch.stack([layer[:, row, :, :length] for layer in self.layers])

    def write(self, row: int, kept: Tensor, length: int) -> None:
        for layer, part in zip(self.layers, kept, strict=True):
            layer[:, row, :, :length] = part[:, :, :length]

    def copy(self, source: int, row: int, length: int) -> None:
        for layer in self.layers:
            layer[:, row, :, :length] = layer[:, source, :, :length]


def rounded(length: int) -> int:
    return -(-max(length, 1) // GROWTH) * GROWTH


@dataclass(eq=False, slots=True)
class Context:
    """``ids`` and their keys and values. ``owner``: the request that goes on from here; ``spare``: it can do without,
    since it only waits for its turn, while a paused one would have to end.
    """

    ids: list[int]
    memory: Tensor
    pinned: bool = False
    owner: Any = None
    spare: bool = False
    used: int = field(default=0)


class Kept:
    """Contexts kept for later, at most ``room`` tokens: the least recently used ones go first, paused requests only
    when nothing else is left, system prompts only when there are too many.
    """

    def __init__(self, room: int) -> None:
        self.room = room
        self.tokens = 0
        self._all: list[Context] = []
        self._clock = 0

    @property
    def pin_room(self) -> int:
        """Tokens that system prompts may take: paused answers need the rest."""
        return self.room // 2

    def best(self, ids: list[int]) -> tuple[Context | None, int]:
        """The one that shares the most first tokens with ``ids``, and how many."""
        found, most = None, 0
        for context in self._all:
            shared = common(context.ids, ids)
            if shared > most:
                found, most = context, shared
        return found, most

    def touch(self, context: Context) -> None:
        """It was of use, and so was a system prompt that it begins with."""
        self._clock += 1
        for other in self._all:
            if other is context or (other.pinned and context.ids[: len(other.ids)] == other.ids):
                other.used = self._clock

    def add(self, context: Context) -> list[Any]:
        """Says which requests had to go for it."""
        if len(context.ids) > self.room:
            return [] if context.owner is None else [context.owner]
        for other in list(self._all):
            plain = not other.pinned and other.owner is None
            if plain and len(other.ids) <= len(context.ids) and context.ids[: len(other.ids)] == other.ids:
                self._remove(other)
        self._all.append(context)
        self.tokens += len(context.ids)
        self.touch(context)
        return self._shrink()

    def pins(self, ids: Sequence[int]) -> bool:
        """Whether a pinned context begins with ``ids``."""
        return any(context.pinned and context.ids[: len(ids)] == list(ids) for context in self._all)

    def drop(self, owner: Any) -> None:
        for context in [context for context in self._all if context.owner is owner]:
            self._remove(context)

    def clear(self) -> None:
        """Everything that nobody waits for: memory has run out."""
        self._all = [context for context in self._all if context.owner is not None]
        self.tokens = sum(len(context.ids) for context in self._all)

    def _shrink(self) -> list[Any]:
        gone: list[Any] = []
        pinned = sorted((context for context in self._all if context.pinned), key=lambda context: context.used)
        while len(pinned) > PINNED or sum(len(context.ids) for context in pinned) > self.pin_room:
            self._remove(pinned.pop(0))
        while self.tokens > self.room and self._all:
            oldest = min(self._all, key=_worth)
            self._remove(oldest)
            if oldest.owner is not None:
                gone.append(oldest.owner)
        return gone

    def _remove(self, context: Context) -> None:
        self._all.remove(context)
        self.tokens -= len(context.ids)


def _worth(context: Context) -> tuple[bool, bool, bool, int]:
    """The least goes first."""
    owned = context.owner is not None
    return context.pinned, owned and not context.spare, owned, context.used


def out_of_memory(error: BaseException) -> bool:
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    words = str(error)
    return isinstance(error, RuntimeError) and any(said in words for said in NO_MEMORY_WORDS)
