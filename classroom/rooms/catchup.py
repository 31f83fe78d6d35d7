"""Bringing one viewer to the head of her room: from the ring, the log or a snapshot, then live without a hole (H4)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

import structlog
from django.db import Error

from classroom.rooms import frames, journal, projection
from classroom.rooms.access import RoomRights
from classroom.rooms.feed import Feed, Told, batch_for
from classroom.rooms.models import Room
from classroom.rooms.offload import offload, reading
from classroom.rooms.viewers import PENDING_HIGH, PENDING_LOW, Viewer

if TYPE_CHECKING:
    from classroom.rooms.hub import Hub

log = structlog.get_logger(__name__)
GAP_MAX = 2_000  # more missing events than this: a snapshot is smaller
STALLED_S = 30.0  # a client that takes nothing for so long is cut
POLL_S = 0.05
POLL_MAX_S = 0.4  # of a client that takes nothing: a third of a class that sleeps is not looked at 300 times a second


async def viewer_catch_up(hub: Hub, feed: Feed, viewer: Viewer) -> None:
    """Run until the viewer is live, closed, gone or has her page. A database error closes it with 1012: she comes back."""
    try:
        while viewer in feed.viewers and viewer.closed is None:
            if viewer.pending() > PENDING_LOW:
                if viewer.paged:
                    return
                if not await drained(viewer):
                    viewer.close(frames.Close.SLOW_DOWN, retry_ms=2_000)
                    return
            if viewer.wants_snapshot:
                await _snapshot_send(hub, feed, viewer)
            told = await _missing(hub, feed, viewer)
            if told is None or viewer.wants_snapshot:  # the log may have become another one while we read
                viewer.wants_snapshot = True
                continue
            if told:
                _told_write(viewer, told)
            elif viewer.cursor == feed.head:
                viewer.live = True  # no await since `feed.head` was read: nothing can have slipped between
                return
    except Error as error:
        log.warning("catch_up_failed", room=str(feed.room_id), error=str(error))
        viewer.close(frames.Close.RESTART, retry_ms=2_000)


class Taker(Protocol):
    """Somebody whose client may read too slowly."""

    closed: int | None

    def pending(self) -> int: ...


async def drained(viewer: Taker) -> bool:
    """Wait until the client has read most of what it was sent; False if it takes nothing at all."""
    before, still, pause = viewer.pending(), 0.0, POLL_S
    while viewer.closed is None and viewer.pending() > PENDING_LOW:
        await asyncio.sleep(pause)
        if viewer.pending() >= before:
            still, pause = still + pause, min(2 * pause, POLL_MAX_S)
        else:
            still, pause = 0.0, POLL_S
        before = viewer.pending()
        if still > STALLED_S:
            return False
    return True


async def _missing(hub: Hub, feed: Feed, viewer: Viewer) -> list[Told] | None:
    """The next events for this viewer; empty at the head; None if only a snapshot helps."""
    if feed.head is not None and viewer.cursor > feed.head:
        await hub.repair(feed)  # state or log have shown her what this process has not yet heard of
    ring = feed.since(viewer.cursor)
    if ring is not None:
        return ring
    if feed.head is None or viewer.cursor > feed.head or feed.head - viewer.cursor > GAP_MAX:
        return None
    events = await offload(journal.read_in, feed.room_id, feed.epoch, after=viewer.cursor)
    if events is None:
        return None
    return [Told(event.seq, event.audience, frames.encode(event.frame())) for event in events]


def _told_write(viewer: Viewer, told: list[Told]) -> None:
    """Write in pieces that stay below the bound, so that one catch-up cannot fill the memory."""
    size = 0
    for index, item in enumerate(told):
        size += len(item.text)
        if size > PENDING_HIGH // 2:
            told = told[: index + 1]
            break
    if viewer.cut_at is not None:
        told = [item for item in told if item.seq <= viewer.cut_at]
    if told:
        viewer.write(batch_for(told, viewer.audiences))
        viewer.cursor = told[-1].seq
    if viewer.cut_at is not None:
        viewer.close(frames.Close.REVOKED)


async def _snapshot_send(hub: Hub, feed: Feed, viewer: Viewer) -> None:
    state, epoch, seq = await offload(snapshot_read, viewer.rights)
    if epoch != feed.epoch:
        hub.restart(feed, epoch, seq)
    viewer.wants_snapshot, viewer.cursor = False, seq
    viewer.send(snapshot_frame(hub, feed, state, epoch, seq))


def snapshot_read(rights: RoomRights) -> tuple[dict[str, Any], str, int]:
    """State, epoch and seq in one database snapshot."""
    with reading():
        rights.room.refresh_from_db(from_queryset=Room.objects.select_related("school_class", "problem"))
        epoch, seq = rights.room.epoch, rights.room.last_seq  # read first: what is committed behind it comes as events
        return projection.state_read(rights, seq), epoch, seq


def snapshot_frame(hub: Hub, feed: Feed, state: dict[str, Any], epoch: str, seq: int) -> dict[str, Any]:
    data = {"state": state, "epoch": epoch, "present": feed.present, "tutor": hub.around.tutor}
    return frames.event_frame("snapshot", data, seq=seq)
