"""The hub: one per web process. It owns the process's one channel in the layer and every viewer's place in the log.

Rules (PROTOCOL.md): H1 only the next seq is delivered; H2 a hole is read from the log; H3 the log's head is compared once
a second, so a lost hint costs a second at most; H4 a slow, late or reconnecting viewer is the same case: it catches up
from ring, log or snapshot and then goes live without a hole; H5 rights are read again (``rights``); H6 without Redis
delivery goes on by H3; H7 a hint of another epoch is never placed.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from typing import Any
from uuid import UUID

import structlog
from channels.layers import get_channel_layer
from django.db import Error

from classroom.rooms import access, broadcast, catchup, figures, frames, journal
from classroom.rooms.around import Around
from classroom.rooms.feed import Feed, Told
from classroom.rooms.layer import LAYER_ERRORS
from classroom.rooms.models import Room
from classroom.rooms.offload import offload
from classroom.rooms.rights import Rights
from classroom.rooms.roster import Roster
from classroom.rooms.tasks import Tasks
from classroom.rooms.viewers import Viewer
from classroom.rooms.watching import Watcher
from classroom.rooms.wiring import Look, around_look

log = structlog.get_logger(__name__)
CHECK_S = 1.0
HOLE_WAIT_S = 0.005  # hints of a person's event and of the scribe may cross


class Hub:
    def __init__(self) -> None:
        self.process = uuid.uuid4().hex
        self.feeds: dict[UUID, Feed] = {}
        self.around = Around(self._everybody_tell)
        self.repaired = 0
        self.draining = False
        self._layer = get_channel_layer()
        self._channel: str | None = None
        self._tasks = Tasks()
        self._flush_due: set[Feed] = set()
        self._ready = asyncio.Event()
        self._begun_at = asyncio.get_running_loop().time()
        self.roster = Roster(self)
        self.rights = Rights(self.viewers, access.rights_of)
        self._opening = asyncio.Lock()
        for work in (self._listen, self._check, self.rights.run, self.roster.run):
            self._tasks.keep(work)

    # ---- viewers

    async def attach(self, viewer: Viewer, *, after: int | None, epoch: str | None) -> None:
        """Let a viewer in at ``after`` (None: with a snapshot). Raises django.db.Error when the log cannot be read."""
        feed = await self._open(viewer.room_id)
        if after is not None and feed.head is not None and after > feed.head:
            await self.repair(feed)  # another process was quicker to hear of it
        fits = after is not None and feed.head is not None and after <= feed.head and epoch in (None, feed.epoch)
        viewer.cursor = after if fits and after is not None else 0
        viewer.wants_snapshot = not fits
        await self.around.ready()
        feed.admit(viewer)
        if self.draining:  # she came in while the others were told
            viewer.close(frames.Close.RESTART, retry_ms=frames.retry_spread(200, 5_000))
            return
        self.roster.come()
        await catchup.viewer_catch_up(self, feed, viewer)
        self.around.welcome(viewer)

    def detach(self, viewer: Viewer) -> None:
        feed = self.feeds.get(viewer.room_id)
        viewer.live = False
        if viewer.catching_up is not None:
            viewer.catching_up.cancel()
        if feed is None or viewer not in feed.viewers:
            return
        feed.viewers.discard(viewer)
        if all(other.user_id != viewer.user_id for other in feed.viewers):
            self.roster.leave(viewer)
        self._close_if_empty(feed)

    def viewers(self) -> list[Viewer]:
        """Everybody who looks at any room through this process."""
        return [viewer for feed in self.feeds.values() for viewer in feed.viewers]

    async def watch(self, room_ids: Iterable[UUID], *, quiet_s: float = 5.0) -> AsyncIterator[set[UUID]]:
        """Which of these rooms have changed, coalesced to four times a second; an empty set after ``quiet_s`` of nothing."""
        watcher = Watcher()
        feeds = [await self._open(room_id) for room_id in room_ids]
        for feed in feeds:
            feed.watchers.add(watcher)
        try:
            while True:
                yield await watcher.wait(quiet_s)
                await asyncio.sleep(0.25)
        finally:
            for feed in feeds:
                feed.watchers.discard(watcher)
                self._close_if_empty(feed)

    async def drain(self, spread_ms: int = 5_000) -> None:
        """Before a restart: every socket gets 1012 and its own moment to come back (F9)."""
        self.draining = True
        for viewer in self.viewers():
            viewer.close(frames.Close.RESTART, retry_ms=frames.retry_spread(200, spread_ms))
        self._tasks.cancel()

    # ---- feeds

    async def _open(self, room_id: UUID) -> Feed:
        async with self._opening:
            feed = self.feeds.get(room_id)
            if feed is None:
                feed = self.feeds[room_id] = Feed(room_id)
                await self._subscribe(feed)
                try:
                    feed.start(*await offload(journal.head, room_id))
                except (Error, Room.DoesNotExist):
                    del self.feeds[room_id]
                    raise
                feed.present = await self.roster.present(room_id)
                self._place(feed, [])
        return feed

    def _close_if_empty(self, feed: Feed) -> None:
        if not feed.viewers and not feed.watchers and self.feeds.get(feed.room_id) is feed:
            del self.feeds[feed.room_id]
            if not self.draining:  # the whole channel ends with its process
                self._tasks.spawn(self._unsubscribe(feed))

    async def _subscribe(self, feed: Feed) -> None:
        loop = asyncio.get_running_loop()
        try:
            with suppress(TimeoutError):  # the first viewer of a process comes before its channel
                async with asyncio.timeout_at(max(loop.time(), self._begun_at + CHECK_S)):
                    await self._ready.wait()
            if self._channel is not None:
                async with asyncio.timeout(CHECK_S):  # a Redis that hangs must not keep people out
                    await self._layer.group_add(broadcast.room_group(feed.room_id), self._channel)
                feed.subscribed = True
        except LAYER_ERRORS as error:
            log.warning("layer_away", room=str(feed.room_id), error=str(error))

    async def _unsubscribe(self, feed: Feed) -> None:
        async with self._opening:
            if self._channel is not None and feed.room_id not in self.feeds:
                try:
                    async with asyncio.timeout(CHECK_S):  # or whoever opens a room next waits for a Redis that hangs
                        await self._layer.group_discard(broadcast.room_group(feed.room_id), self._channel)
                except LAYER_ERRORS as error:
                    log.warning("layer_away", room=str(feed.room_id), error=str(error))

    def _place(self, feed: Feed, told: list[Told]) -> bool:
        hole = feed.ingest(told)
        if feed.outgoing and feed not in self._flush_due:
            self._flush_due.add(feed)
            asyncio.get_running_loop().call_soon(self._flush, feed)
        return hole

    def _flush(self, feed: Feed) -> None:
        self._flush_due.discard(feed)
        for watcher in feed.watchers:
            watcher.changed(feed.room_id)
        last = feed.outgoing[-1] if feed.outgoing else None
        for viewer in feed.flush():
            figures.CATCH_UPS.inc()
            viewer.catching_up = self._tasks.spawn(catchup.viewer_catch_up(self, feed, viewer))
        if feed.viewers and last is not None:
            figures.delivered(last)

    async def repair(self, feed: Feed) -> None:
        """Read what the log has above the head (H2), or begin anew if it is another log by now."""
        feed.foreign = False
        while feed.head is not None:
            events = await offload(journal.read_in, feed.room_id, feed.epoch, after=feed.head)
            if events is None:
                for epoch, head in (await offload(journal.heads, [feed.room_id])).values():
                    self.restart(feed, epoch, head)
                return
            if events:
                self.repaired += len(events)
                figures.REPAIRED.inc(len(events))
                self._place(feed, [Told(e.seq, e.audience, frames.encode(e.frame())) for e in events])
            if len(events) < 500:
                return

    # ---- what goes on by itself

    async def _listen(self) -> None:
        while True:
            try:
                channel = await self._layer.new_channel()
                self._layer.deliver(channel, self._heard)
                await self._layer.group_add(broadcast.EVERYWHERE, channel)
            except LAYER_ERRORS as error:
                log.warning("layer_away", error=str(error))
                await asyncio.sleep(CHECK_S)
            else:
                self._channel = channel
                self._ready.set()
                return

    def _heard(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "tutor.changed":
            self.around.tutor_changed({"available": message["available"], "reason": message["reason"]})
            return
        if kind == "rights.changed":
            self._tasks.spawn(self.rights.read())
            return
        feed = self.feeds.get(UUID(message["room"]))
        if feed is None:
            return
        if kind == "room.events":
            epoch = message.get("epoch", "")
            if self._place(feed, [Told(seq, whom, text, epoch) for seq, whom, text in message["frames"]]):
                self._tasks.spawn(self._fill(feed))
        elif kind == "room.ephemeral":
            feed.tell_ephemeral(message["frame"])
        elif kind == "room.presence":
            self._tasks.spawn(self.roster.read([feed]))

    async def _fill(self, feed: Feed) -> None:
        await asyncio.sleep(HOLE_WAIT_S)
        if feed.early or feed.foreign:
            await self.repair(feed)

    def _everybody_tell(self, text: str) -> None:
        for feed in self.feeds.values():
            feed.tell_ephemeral(text)

    async def _check(self) -> None:
        """H3 and H6: once a second, one query over all rooms that somebody looks at."""
        while True:
            await asyncio.sleep(CHECK_S)
            try:
                figures.watched(viewers=len(self.viewers()), rooms=len(self.feeds))
                known = {room_id: feed.head or 0 for room_id, feed in self.feeds.items()}
                heads, look = await offload(_looked, list(known))
                self.around.looked(look)
                for feed in list(self.feeds.values()):
                    if not feed.subscribed and self._ready.is_set():
                        await self._subscribe(feed)
                    epoch, head = heads.get(feed.room_id, (feed.epoch, feed.head or 0))
                    # Hints may have raised feed.head while the heads were read: only an older one can be "too high".
                    if epoch != feed.epoch or head < known.get(feed.room_id, 0):
                        self.restart(feed, epoch, head)
                    elif feed.head is not None and head > feed.head:
                        await self.repair(feed)
            except Error as error:
                log.warning("log_away", error=str(error))
                self.around.saving_changed(behind=True)

    def restart(self, feed: Feed, epoch: str, head: int) -> None:
        """The log is not the one we knew (a restored backup): everybody starts from a snapshot."""
        feed.start(epoch, head)
        for viewer in feed.viewers:
            was_live, viewer.live, viewer.wants_snapshot = viewer.live, False, True
            if was_live:  # the others are catching up already, and will find that they want one
                viewer.catching_up = self._tasks.spawn(catchup.viewer_catch_up(self, feed, viewer))


def _looked(room_ids: list[UUID]) -> tuple[dict[UUID, tuple[str, int]], Look]:
    """All that is asked once a second, in one visit to the pool."""
    return journal.heads(room_ids), around_look()


class _Holder:
    """The process's hub. It belongs to one event loop: a new loop (tests) gets a new one."""

    loop: asyncio.AbstractEventLoop | None = None
    hub: Hub | None = None


def hub() -> Hub:
    """This process's hub, made on first use inside its event loop."""
    loop = asyncio.get_running_loop()
    if _Holder.hub is None or _Holder.loop is not loop:
        _Holder.loop, _Holder.hub = loop, Hub()
    return _Holder.hub
