"""The log of a room: the only place where events are inserted and the one place where they are read in order (J1–J5).

``append`` takes the room's row lock by raising ``last_seq``; so the order of commits is the order of ``seq``, a rollback
leaves no gap, and what is told afterwards is already committed ("write, then tell").
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from classroom.people.models import User
from classroom.rooms import broadcast, frames
from classroom.rooms.models import Event, Room
from classroom.rooms.prepared import Prepared, insertion

ALL = "all"
STAFF = "staff"
HEADS = 32  # rooms in one look at their heads
_RAISE = "UPDATE rooms_room SET last_seq = last_seq + %s WHERE id = %s RETURNING last_seq, epoch"
_RAISE_LITE = """UPDATE rooms_room SET last_seq = last_seq + raised.value FROM json_each(%s) AS raised
    WHERE rooms_room.id = raised.key RETURNING rooms_room.id, last_seq, epoch"""
_RAISE_LOCKED = """WITH locked AS MATERIALIZED (
        SELECT room.id, raised.count FROM rooms_room AS room
        JOIN unnest(%s::uuid[], %s::bigint[]) AS raised (id, count) ON raised.id = room.id
        ORDER BY room.id FOR NO KEY UPDATE OF room)
    UPDATE rooms_room SET last_seq = last_seq + locked.count FROM locked
    WHERE rooms_room.id = locked.id RETURNING rooms_room.id, last_seq, epoch"""  # in id order: two who raise never deadlock

_COLUMNS = [field for field in Event._meta.concrete_fields if not field.primary_key]
_SAID: Prepared[Event] = Prepared(
    lambda room, actor, ref: Event.objects.filter(room_id=room, actor_id=actor, ref=ref).order_by()
)
_HEADS: Prepared[tuple[UUID, str, int]] = Prepared(
    lambda *rooms: Room.objects.filter(pk__in=rooms).values_list("pk", "epoch", "last_seq")
)


def only(user_id: UUID | str) -> str:
    """The audience that is one person."""
    return f"user:{user_id}"


def person(user: User, role: str | None = None) -> dict[str, Any]:
    """How a person stands in ``by``: as she was at that moment."""
    return {"id": str(user.pk), "name": user.name, "role": role or user.role}


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that has no seq yet, for ``append_many``."""

    room_id: UUID
    type: str
    data: dict[str, Any]
    trace: str = ""
    audience: str = ALL
    by: dict[str, Any] | None = field(default=None)


def append(
    room_id: UUID,
    *,
    type: str,
    data: dict[str, Any],
    actor: User | None = None,
    by: dict[str, Any] | None = None,
    audience: str = ALL,
    ref: str | None = None,
    trace: str = "",
) -> Event:
    """Append one fact and tell it on commit. Must run inside ``transaction.atomic()``.

    With ``ref`` (a client frame's id) and ``actor`` the same (room, actor, ref) appends once: a repeat returns the first
    event (J4).
    Raises Room.DoesNotExist for a room that is gone and ValueError for a type that PROTOCOL.md does not know.
    """
    _guard([type])
    seq, epoch = _next_seq(room_id, 1)
    if ref is not None and actor is not None:
        earlier = _SAID.first(room_id, actor.pk, ref)
        if earlier is not None:
            Room.objects.filter(pk=room_id).update(last_seq=F("last_seq") - 1)  # still ours: we hold the row lock
            return earlier
    event = Event(
        room_id=room_id,
        seq=seq,
        type=type,
        at=timezone.now(),
        actor=actor,
        by=by if by is not None else (person(actor) if actor else None),
        audience=audience,
        ref=ref,
        trace=trace,
        data=data,
    )
    event.epoch = epoch
    _insert_one(event)
    transaction.on_commit(partial(broadcast.events_tell, [event]))
    return event


def append_many(drafts: Sequence[Draft]) -> list[Event]:
    """Append facts of several rooms in one go: the scribe's path. Tells nothing: the caller tells after commit, then acks.

    Locks rooms in id order, as every writer of more than one room must. Draft order is kept within a room. The events
    that it gives back have no ``id``. Raises as ``append`` does.
    """
    _guard(draft.type for draft in drafts)
    counts: dict[UUID, int] = {}
    for draft in drafts:
        counts[draft.room_id] = counts.get(draft.room_id, 0) + 1
    if not counts:
        return []
    following, epochs = _next_seqs(counts)
    now = timezone.now()
    events = []
    for draft in drafts:
        seq = following[draft.room_id]
        following[draft.room_id] = seq + 1
        events.append(
            Event(
                room_id=draft.room_id, seq=seq, type=draft.type, at=now, by=draft.by,
                audience=draft.audience, trace=draft.trace, data=draft.data,
            )
        )  # fmt: skip
        events[-1].epoch = epochs[draft.room_id]
    _insert(events)
    return events


def _insert(events: Sequence[Event]) -> None:
    statement, rows = insertion(events, _COLUMNS)
    with connection.cursor() as cursor:
        cursor.executemany(statement, rows)


def _insert_one(event: Event) -> None:
    """The same, and the event has its id then."""
    statement, (row,) = insertion([event], _COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(f"{statement} RETURNING id", row)
        (event.pk,) = cursor.fetchone()


def _guard(types: Iterable[str]) -> None:
    """J2: only facts of the protocol, and only inside a transaction."""
    for type in types:
        if type not in frames.FACTS:
            raise ValueError(f"{type} is not a fact of the protocol")
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("the journal needs a transaction around it")


def _next_seq(room_id: UUID, count: int) -> tuple[int, str]:
    """Raise the room's ``last_seq`` by ``count``; give it back, with the epoch. Takes the row lock that orders the log."""
    key = room_id.hex if connection.vendor == "sqlite" else room_id
    with connection.cursor() as cursor:
        cursor.execute(_RAISE, [count, key])
        row = cursor.fetchone()
    if row is None:
        raise Room.DoesNotExist(str(room_id))
    return int(row[0]), str(row[1])


def _next_seqs(counts: Mapping[UUID, int]) -> tuple[dict[UUID, int], dict[UUID, str]]:
    """The same for many rooms, in one statement whatever their number: (first new seq, epoch) of each."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(_RAISE_LITE, [json.dumps({key.hex: count for key, count in counts.items()})])
        else:
            cursor.execute(_RAISE_LOCKED, [list(counts), list(counts.values())])
        rows = [(UUID(str(key)), last, epoch) for key, last, epoch in cursor.fetchall()]
    if len(rows) < len(counts):
        raise Room.DoesNotExist(str(min(counts.keys() - {pk for pk, _, _ in rows})))
    return {pk: last - counts[pk] + 1 for pk, last, _ in rows}, {pk: epoch for pk, _, epoch in rows}


def head(room_id: UUID) -> tuple[str, int]:
    """Epoch and last seq of a room. Raises Room.DoesNotExist."""
    return Room.objects.values_list("epoch", "last_seq").get(pk=room_id)


def heads(room_ids: Iterable[UUID]) -> dict[UUID, tuple[str, int]]:
    """Epoch and last seq of many rooms, HEADS of them in a query; rooms that are gone are missing."""
    ids, found = list(room_ids), {}
    for at in range(0, len(ids), HEADS):
        some = ids[at : at + HEADS]
        filled = some + some[-1:] * (HEADS - len(some))  # one statement for any number
        found.update({pk: (epoch, seq) for pk, epoch, seq in _HEADS(*filled)})
    return found


def read(room_id: UUID, *, after: int, limit: int = 500) -> list[Event]:
    """Events with seq > ``after`` in order, at most ``limit``."""
    return list(Event.objects.filter(room_id=room_id, seq__gt=after).order_by("seq")[:limit])


def read_in(room_id: UUID, epoch: str, *, after: int) -> list[Event] | None:
    """As ``read``; None if the log is another one by now. An epoch never comes back, so it is looked at last."""
    events = read(room_id, after=after)
    now = Room.objects.filter(pk=room_id).values_list("epoch", flat=True).first()
    return events if now in (None, epoch) else None
