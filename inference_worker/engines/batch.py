"""The requests that run: who has which row, who reads how much of a prompt, who leaves, and what to do when a step
fails. Used by the engine's thread alone.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from inference_worker.engines.base import Stats
from inference_worker.engines.beginnings import Beginnings
from inference_worker.engines.drawing import BROKEN, tokens_draw
from inference_worker.engines.memory import Arena, Context, Kept, NoRoom, out_of_memory
from inference_worker.engines.pooled import FAILED
from inference_worker.engines.ragged import Feed, step
from inference_worker.engines.replies import Running
from inference_worker.engines.schedule import GENERATED, FairQueue, Group, Pace, helpings
from inference_worker.job import FinishReason

log = logging.getLogger(__name__)
RECOVERY = 64  # steps after which one more request is tried when memory had run out
NO_MEMORY = "The tutor's machine has too little memory for this conversation."
READERS = 4  # prompts that are read at the same time, however long they are
LAST_STEPS = 0.95  # of the mean step time is the past


class Batch:
    def __init__(self, net: Any, arena: Arena, kept: Kept, pace: Pace, queue: FairQueue[Running]) -> None:
        self.running: list[Running] = []
        self.parked: list[Running] = []
        self._net = net
        self._arena = arena
        self._beginnings = Beginnings(arena, kept)
        self._pace = pace
        self._queue = queue
        self._seats: dict[Running, Group] = {}
        self._limit = self._slots = arena.slots
        self._shrunk_at = 0
        self._made = self._read = self._steps = 0
        self._step_s = 0.0

    def stats(self, *, waiting: int) -> Stats:
        running = list(self.running)
        return Stats(
            running=len(running),
            waiting=waiting,
            tokens=self._made,
            paused=len(self.parked),
            prompt_tokens=self._read,
            reused_tokens=self._beginnings.reused,
            prefix_hits=self._beginnings.hits,
            kv_used=sum(item.written for item in running) + self._beginnings.kept.tokens,
            kv_room=self._arena.room + self._beginnings.kept.room,
            steps=self._steps,
            step_ms=1000 * self._step_s,
        )

    # ---- who is in

    def sweep(self) -> None:
        """Who was cancelled or is late leaves; who pauses gives the row up and keeps what it has; who resumes queues."""
        for item in [*self.running, *self.parked]:
            reason = item.reply.handle.due()
            if reason is not None:
                self._leave(item, reason)
            elif item.row >= 0 and item.reply.handle.paused_at is not None:
                self.parked.append(item)
                self._set_aside(item)
            elif item in self.parked and item.reply.handle.paused_at is None:
                self.parked.remove(item)
                self._queue.push(item, item.group, first=True)

    def _admit(self) -> None:
        """Nobody is let in sooner than the reading of the prompt can begin: whose turn it is then, is known then."""
        if self._limit < self._slots and self._steps - self._shrunk_at >= RECOVERY:
            self._limit, self._shrunk_at = self._limit + 1, self._steps
        while self._reads_more():
            found = self._queue.pop(_ready, self._let_in)
            if found is None:
                return
            item, group = found
            if not item.reply.handle.begin():
                self._queue.leave(group)
                continue
            item.row, item.written, item.seeded, item.sound = self._arena.take(), 0, False, False
            item.charged = len(item.reply.ids)
            self._seats[item] = group
            self._queue.charge(group, item.charged)
            self.running.append(item)
            self._seed(item)

    def _let_in(self, item: Running, group: Group) -> bool:
        """Whether there is a place and memory for it. Where there is not, a group that has many more places gives its
        newest up: what that one has read is kept, and it goes on from there when its turn comes again.
        """
        if len(self.running) < self._limit and self._holds(item, self.running):
            return True
        giver = self._queue.giver(group)
        its = [one for one in self.running if self._seats[one] == giver]
        if not its:
            return False
        newest = min(its, key=lambda one: (one.reply.tokens, -one.arrival))
        if not self._holds(item, [one for one in self.running if one is not newest]):
            return False
        self._set_aside(newest)
        newest.reply.handle.stand_aside()
        self._queue.push(newest, newest.group, first=True)
        return True

    def _holds(self, item: Running, others: list[Running]) -> bool:
        rows = max([len(others) + 1, *(one.row + 1 for one in others)])
        longest = max(len(one.reply.ids) for one in [*others, item]) + 1
        return not others or self._arena.holds(rows, longest)

    def _reads_more(self) -> bool:
        if not all(item.seeded for item in self.running):
            return False
        unread = [item.left for item in self.running if item.left > 1]
        return len(unread) < READERS or sum(unread) < self._pace.budget(len(self.running) - len(unread))

    def fail_all(self, message: str) -> None:
        for item in [*self.running, *self.parked]:
            self._leave(item, "error", message, keep=False)

    def _stand_up(self, item: Running, *, keep: bool) -> Context | None:
        """Gives the row back. ``keep``: what was in it is copied; else it may be broken."""
        kept = self._beginnings.copy(item, item.written) if keep and item.seeded else None
        self.running.remove(item)
        group = self._seats.pop(item)
        self._queue.charge(group, -max(0, item.charged - item.written))  # for what it has not read
        self._queue.leave(group)
        self._arena.release(item.row, dirty=not (keep and item.sound))
        item.row = -1
        return kept

    def _leave(self, item: Running, reason: FinishReason, message: str = "", *, keep: bool = True) -> None:
        if item.row >= 0:
            context = self._stand_up(item, keep=keep)
            if context is not None:
                self._keep(context)
        elif item in self.parked:
            self.parked.remove(item)
        self.forget(item)
        item.reply.end(reason, message)

    def _set_aside(self, item: Running) -> None:
        """Its row is free, and it can go on from what was in it."""
        context = self._stand_up(item, keep=True)
        if context is not None:
            context.owner, context.spare = item, item not in self.parked
            self._keep(context)

    def _keep(self, context: Context) -> None:
        for owner in self._beginnings.kept.add(context):
            if owner in self.parked:  # else it has resumed and waits: then it is read again
                self.parked.remove(owner)
                owner.reply.end("preempted")

    def forget(self, item: Running) -> None:
        """It will not come back."""
        self._beginnings.kept.drop(item)

    # ---- one step

    def advance(self) -> None:
        """Let in whose turn it is, and make one step for everybody."""
        begun = time.perf_counter()
        read, made = self._read, self._made
        try:
            self._admit()
            chosen = self._compose() if self.running else []
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            self._shrink(error)
            return
        if not chosen:
            return
        self._step(chosen)
        seconds = time.perf_counter() - begun
        self._steps += 1
        self._step_s = LAST_STEPS * self._step_s + (1 - LAST_STEPS) * seconds if self._step_s else seconds
        self._pace.note(self._made - made, self._read - read, seconds)

    def _compose(self) -> list[tuple[Running, Feed]]:
        """Everybody's next tokens; room for them is made."""
        self._compact()
        for item in self.running:
            if not item.seeded:
                self._seed(item)
        seeded = [item for item in self.running if item.seeded]
        unread = [item for item in seeded if item.left > 1]
        reads = helpings([item.left for item in unread], self._pace.budget(len(seeded) - len(unread)))
        sizes = {**dict.fromkeys(seeded, 1), **dict(zip(unread, reads, strict=True))}
        chosen = []
        for item, size in sizes.items():
            if size:
                piece = item.reply.ids[item.written : item.written + size]
                chosen.append((item, Feed(item.row, item.written, piece, size == item.left)))
        end = max(feed.end for _, feed in chosen)
        self._fit(end, trim=True)
        self._arena.prepare(end)
        return chosen

    def _fit(self, length: int, *, trim: bool = False) -> None:
        rows = max(item.row for item in self.running) + 1
        self._arena.fit(rows, max(length, *(item.written for item in self.running), 1), trim=trim)

    def _compact(self) -> None:
        """Attention reads all rows up to the last one in use: a hole is filled from behind, one in a step."""
        used = {item.row for item in self.running}
        last = max(self.running, key=lambda item: item.row)
        if last.row + 1 <= len(used) + len(used) // 4 or not last.written:
            return
        row = self._arena.take()
        self._arena.copy(last.row, row, last.written)
        self._arena.release(last.row, dirty=not last.sound)
        last.row = row

    def _seed(self, item: Running) -> None:
        found = self._beginnings.seed(item, self.running)
        self._queue.charge(self._seats[item], -found)

    def _step(self, chosen: list[tuple[Running, Feed]]) -> None:
        """Half of them again, and half of those, until it is known whose fault an error is."""
        chosen = [(item, feed) for item, feed in chosen if item.row >= 0]  # memory may have run out for one meanwhile
        if not chosen:
            return
        try:
            logits = step(self._net, self._arena, [feed for _, feed in chosen])
            drawn = [item for item, feed in chosen if feed.drawn]
            tokens = tokens_draw(logits, [item.reply.draw() for item in drawn])
        except Exception as error:  # an edge: whatever a model raises on this input
            if out_of_memory(error):
                self._shrink(error)
            elif len(chosen) > 1:
                half = len(chosen) // 2
                self._step(chosen[:half])
                self._step(chosen[half:])
            else:
                ((item, _),) = chosen
                log.exception("request %s failed", item.reply.handle.request.id)
                self._leave(item, "error", f"{FAILED} ({type(error).__name__})", keep=False)
            return
        self._apply(chosen, dict(zip(drawn, tokens, strict=True)))

    def _apply(self, chosen: list[tuple[Running, Feed]], tokens: dict[Running, int | None]) -> None:
        for item, feed in chosen:
            first = item.reply.prompt_tokens
            item.written = feed.end
            self._read += max(0, min(feed.end, first) - feed.position)
            if feed.position < item.reply.system_tokens <= feed.end:
                context = self._beginnings.pin(item)
                if context is not None:
                    self._keep(context)
            if not feed.drawn:
                continue
            token = tokens[item]
            if token is None:
                self._leave(item, "error", BROKEN, keep=False)
                continue
            item.sound, item.requeued = True, False
            self._made += 1
            self._queue.charge(self._seats[item], GENERATED)
            try:
                reason = item.reply.take(token)
            except Exception as error:  # an edge: what a tokenizer raises on its own model's tokens
                log.exception("request %s failed", item.reply.handle.request.id)
                self._leave(item, "error", f"{FAILED} ({type(error).__name__})", keep=False)
                continue
            if reason is not None:
                self._leave(item, reason)

    def _shrink(self, error: Exception) -> None:
        """Memory has run out: what nobody waits for is given up, and the newest request tries again later, once."""
        self._beginnings.kept.clear()
        if len(self.running) == 1 and isinstance(error, NoRoom):
            raise error  # alone everything fits
        newest = max(self.running, key=lambda item: item.arrival)
        self._limit, self._shrunk_at = max(1, len(self.running) - 1), self._steps
        log.warning("memory has run out with %s requests: %s", len(self.running), str(error)[:200])
        if newest.requeued and not isinstance(error, NoRoom):
            self._leave(newest, "error", NO_MEMORY, keep=False)
            return
        newest.requeued = True
        self._stand_up(newest, keep=False)
        self._queue.push(newest, newest.group, first=True)


def _ready(item: Running) -> bool:
    return item.ready
