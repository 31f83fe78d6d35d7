"""What need not be read again: beginnings that a request has in common with one that runs, or with a context that was
kept. Used by the engine's thread alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from inference_worker.engines.memory import Arena, Context, Kept, out_of_memory
from inference_worker.engines.replies import Running
from inference_worker.engines.speech import common

WORTH = 8  # tokens: fewer are read again sooner than copied
PATIENCE = 16  # tokens that must be gained by waiting for somebody who reads the same beginning


class Beginnings:
    """``reused``: tokens taken from memory so far, by ``hits`` requests."""

    def __init__(self, arena: Arena, kept: Kept) -> None:
        self.kept = kept
        self.reused = self.hits = 0
        self._arena = arena

    def seed(self, item: Running, running: Sequence[Running]) -> int:
        """Take from memory what was read before, and say how many tokens that were. Or leave the item unseeded, while
        another one reads the same beginning. May raise what torch raises without memory.
        """
        ids = item.reply.ids
        item.seeded = True
        if not self.kept.room:
            return 0
        context, found = self.kept.best(ids)
        source, hope = None, 0
        for other in running:
            if other is item or not other.seeded:
                continue
            shared = common(other.reply.ids, ids)
            hope = max(hope, shared)
            if min(shared, other.written) > found:
                source, found = other, min(shared, other.written)
        # The last token is always read: what comes next is known from it alone.
        found, hope = min(found, len(ids) - 1), min(hope, len(ids) - 1)
        item.seeded = hope <= found + PATIENCE
        if not item.seeded or found < WORTH:
            return 0
        rows = max(one.row for one in running) + 1
        self._arena.fit(rows, max(found, *(one.written for one in running)))
        if source is not None:
            self._arena.copy(source.row, item.row, found)
        elif context is not None:
            self._arena.write(item.row, context.memory, found)
            self.kept.touch(context)
        item.written = found
        self.kept.drop(item)
        self.reused += found
        self.hits += 1
        return found

    def copy(self, item: Running, length: int) -> Context | None:
        """The first tokens of its row; None when they are not worth it, are not numbers, or memory has run out."""
        if length < WORTH or not self.kept.room:
            return None
        try:
            memory = self._arena.read(item.row, length)
            # What is no number goes on from layer to layer: the last one shows it. All of them would take six times the copy.
            sound = item.sound or bool(torch.isfinite(memory[-1]).all())
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            self.kept.clear()
            return None
        return Context(item.reply.ids[:length], memory) if sound else None

    def pin(self, item: Running) -> Context | None:
        """The system prompt was read: it stays for all the others that begin with it. None if it is there, or so long
        that there would be no room for contexts of paused answers.
        """
        length = item.reply.system_tokens
        if length > self.kept.pin_room or self.kept.pins(item.reply.ids[:length]):
            return None
        context = self.copy(item, length)
        if context is not None:
            context.pinned = True
        return context
